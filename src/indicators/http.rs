//! Indicators on HTTP.

use super::model::{Definition, Indicator, IndicatorFilters, Target, TargetFilters};
use super::store;
use crate::access::Access;
use crate::access::policy::ReadCatalogue;
use crate::db::Db;
use crate::error::{Error, Fault, FaultCode, Result};
use crate::http::answers::{Paged, Resource, Rows, Single};
use crate::http::list::{Filters, List};
use crate::http::parts::{Path, Query};
use crate::http::registrar::Registrar;
use crate::ids::Key;
use crate::units::store::own_or_referred;

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("indicators", "Chỉ tiêu: what the plan measures, how it is counted and by whom, and what must be reached.");
    api.path("/indicators").get(list_indicators, "List indicators", "With their definition of today and the plan's own targets.").done();
    api.path("/indicators/{indicator}").get(get_indicator, "Read an indicator", "By id or code.").done();
    api.path("/indicators/{indicator}/definitions")
        .get(list_definitions, "List an indicator's definitions", "By version; results say which of them they were counted by.")
        .done();
    api.path("/indicators/{indicator}/targets")
        .get(list_targets, "List the targets in force", "For a unit of the scope: its own, or the nearest above it.")
        .done();
}

impl Resource for Indicator {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
    fn location(&self) -> String {
        format!("/api/v1/indicators/{}", self.id)
    }
}

impl Filters for IndicatorFilters {
    const SORTS: &'static [&'static str] = &["code", "updated_at"];
    const SEARCH: bool = true;
    const UPDATED: bool = true;
    fn several(&self) -> bool {
        true
    }
}

async fn list_indicators(access: Access<ReadCatalogue>, list: List<IndicatorFilters>) -> Result<Paged<Indicator>> {
    list.answer(&access, move |db, list| store::list(db, &list.filters, list.q.as_deref(), list.updated_since, &list.page)).await
}

async fn get_indicator(access: Access<ReadCatalogue>, Path(key): Path<Key>) -> Result<Single<Indicator>> {
    access.snapshot(move |db| store::get(db, &key)).await.map(Single)
}

async fn list_definitions(access: Access<ReadCatalogue>, Path(key): Path<Key>) -> Result<Rows<Definition>> {
    access.snapshot(move |db| store::definitions(db, &key)).await.map(Rows)
}

async fn list_targets(access: Access<ReadCatalogue>, Path(key): Path<Key>, Query(query): Query<TargetFilters>) -> Result<Rows<Target>> {
    access.snapshot(move |db| targets(db, &key, &query)).await.map(Rows)
}

fn targets(db: &mut Db<'_>, key: &Key, query: &TargetFilters) -> Result<Vec<Target>> {
    let indicator = store::find_id(db, key)?.ok_or_else(Error::not_found)?;
    let mut faults = Vec::new();
    let unit = own_or_referred(db, Fault::of("unit", FaultCode::UnknownReference), query.unit.as_deref(), &mut faults)?;
    let unit = unit.ok_or_else(|| Error::invalid(faults))?;
    let mut found = store::in_force(db, &[unit.to_ref()], Some(indicator), query.year)?;
    let found = found.remove(&unit.id).unwrap_or_default();
    Ok(found.into_iter().map(|(_, target)| target).filter(|target| query.year.is_none_or(|year| target.year == year)).collect())
}

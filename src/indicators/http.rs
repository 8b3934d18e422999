//! Indicators on HTTP.

use chrono::Datelike;

use super::model::{
    Baseline, BaselineBody, Definition, Indicator, IndicatorFilters, NewDefinition, Target, TargetBody, TargetFilters, TargetRevision,
};
use super::rules::{Measured, faults_of_baseline, faults_of_target};
use super::store;
use crate::access::Access;
use crate::access::policy::{Duty, ReadCatalogue, ReadResults, WriteIndicators, WriteTargets};
use crate::db::{Db, Tx};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::http::answers::{Created, NoContent, Paged, Put, Resource, Rows, Single};
use crate::http::list::{Filters, List};
use crate::http::parts::{Body, IfMatch, Path, Putting, Query};
use crate::http::registrar::Registrar;
use crate::ids::{IndicatorId, Key};
use crate::journal::{self, Entry};
use crate::units::model::Unit;
use crate::units::store::{get as get_unit, own_or_referred};

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("indicators", "Chỉ tiêu: what the plan measures, how it is counted and by whom, and what must be reached.");
    api.path("/indicators").get(list_indicators, "List indicators", "With their definition of today and the plan's own targets.").done();
    api.path("/indicators/{indicator}").get(get_indicator, "Read an indicator", "By id or code.").done();
    api.path("/indicators/{indicator}/definitions")
        .get(list_definitions, "List an indicator's definitions", "By version; results say which of them they were counted by.")
        .post(
            add_definition,
            "Define an indicator anew",
            "From a day on, after the last that figures were recorded for: what was recorded keeps the definition that it was recorded under.",
        )
        .done();
    api.path("/indicators/{indicator}/definitions/{number}").get(get_definition, "Read a definition", "By its version.").done();
    api.path("/indicators/{indicator}/targets")
        .get(list_targets, "List the targets in force", "For a unit of the scope: its own, or the nearest above it.")
        .done();
    api.path("/indicators/{indicator}/targets/{unit}/{year}")
        .put(
            set_target,
            "Set a target",
            "Of a unit below, or at the department the plan's own; an easier one than inherited, or where none is one against the direction of \
             its indicator, needs a reason.",
        )
        .delete(end_target, "End a unit's own target", "What is inherited holds again.")
        .done();
    api.path("/indicators/{indicator}/targets/{unit}/{year}/history")
        .get(list_target_history, "Read a target's history", "Every state that a unit's own target for the year was in, with who and when.")
        .done();
    api.path("/indicators/{indicator}/baselines/{unit}")
        .get(get_baseline, "Read a baseline", "That was set; where none was, the unit's own result of 2024 is what it started from. Of a sensitive indicator there is none for a \
             machine account without `small_cells:read`.")
        .put(set_baseline, "Set a baseline", "With its source, as a fraction or, where only that is known, as a number.")
        .delete(end_baseline, "End a baseline", "The unit's own result of 2024 holds again.")
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

impl Resource for Definition {
    fn version(&self) -> Option<i64> {
        Some(self.version.into())
    }
    fn location(&self) -> String {
        format!("/api/v1/indicators/{}/definitions/{}", self.indicator, self.version)
    }
}

impl Resource for Baseline {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
    fn location(&self) -> String {
        format!("/api/v1/indicators/{}/baselines/{}", self.indicator, self.unit.code)
    }
}

impl Resource for Target {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
    fn location(&self) -> String {
        format!("/api/v1/indicators/{}/targets?unit={}&year={}", self.indicator, self.unit.code, self.year)
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

async fn get_definition(access: Access<ReadCatalogue>, Path((key, number)): Path<(Key, i32)>) -> Result<Single<Definition>> {
    access.snapshot(move |db| store::definition(db, &key, number)).await.map(Single)
}

async fn add_definition(
    access: Access<WriteIndicators>,
    Path(key): Path<Key>,
    Body(new): Body<NewDefinition>,
) -> Result<Created<Definition>> {
    access
        .write(move |tx| {
            let tree = tx.take_tree()?;
            let definition = store::add_definition(tx, &tree, &key, &new)?;
            let entry = Entry::new("indicator.define", Some("indicator.defined"), "indicator", definition.indicator.any());
            let unit = tx.scope()?.root();
            journal::append(tx, Entry { unit: Some(unit), ..entry.told(None, Some(&definition), None)? })?;
            Ok(Created(definition))
        })
        .await
}

async fn list_targets(access: Access<ReadResults>, Path(key): Path<Key>, Query(query): Query<TargetFilters>) -> Result<Rows<Target>> {
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

/// The indicator and the unit of the path, which the caller sets targets for: one below its own, or at the department its own.
fn placed(tx: &mut Tx<'_>, key: &Key, unit: &Key) -> Result<(IndicatorId, Unit)> {
    let indicator = store::find_id(tx, key)?.ok_or_else(Error::not_found)?;
    let unit = get_unit(tx, unit, None)?.whole()?.clone();
    let person = tx.context.caller.person().ok_or_else(Error::forbidden)?;
    let below = !person.scope.is_own(unit.id) && person.duties.has(Duty::Approver);
    let plans = unit.parent.is_none() && person.duties.has(Duty::Admin);
    if below || plans { Ok((indicator, unit)) } else { Err(Error::forbidden()) }
}

/// Targets are of years that a plan could reach.
fn known(year: i32) -> Result<()> {
    if (2000..=2100).contains(&year) { Ok(()) } else { Err(Error::not_found()) }
}

fn faults_of(tx: &mut Tx<'_>, indicator: IndicatorId, unit: &Unit, year: i32, new: &TargetBody) -> Result<Vec<Fault>> {
    let above = unit.parent.as_ref().map(|parent| store::target_of(tx, indicator, parent, year)).transpose()?.flatten();
    let above = above.map(|target| (target.operator, target.value));
    let (kind, direction) = store::kinds(tx, vec![indicator])?.remove(&indicator).ok_or_else(Error::not_found)?;
    Ok(faults_of_target("", (new.operator, new.value), new.reason.as_deref(), Measured { kind, direction, above }))
}

async fn set_target(
    access: Access<WriteTargets>,
    Path((key, unit, year)): Path<(Key, Key, i32)>,
    putting: Putting,
    Body(new): Body<TargetBody>,
) -> Result<Put<Target>> {
    access
        .write(move |tx| {
            tx.hold_tree()?;
            let (indicator, unit) = placed(tx, &key, &unit)?;
            known(year)?;
            putting.check(store::own_version(tx, indicator, unit.id, year)?)?;
            let faults = faults_of(tx, indicator, &unit, year, &new)?;
            if !faults.is_empty() {
                return Err(Error::invalid(faults));
            }
            let (before, after) = store::set_target(tx, indicator, &unit.to_ref(), year, &new)?;
            Ok(if before.is_some() { Put::Changed(after) } else { Put::New(after) })
        })
        .await
}

async fn end_target(
    access: Access<WriteTargets>,
    Path((key, unit, year)): Path<(Key, Key, i32)>,
    IfMatch(matching): IfMatch,
) -> Result<NoContent> {
    access
        .write(move |tx| {
            tx.hold_tree()?;
            let (indicator, unit) = placed(tx, &key, &unit)?;
            known(year)?;
            matching.check(store::own_version(tx, indicator, unit.id, year)?.ok_or_else(Error::not_found)?)?;
            store::end_target(tx, indicator, &unit.to_ref(), year)
        })
        .await?;
    Ok(NoContent)
}

async fn list_target_history(access: Access<ReadResults>, Path((key, unit, year)): Path<(Key, Key, i32)>) -> Result<Rows<TargetRevision>> {
    access
        .snapshot(move |db| {
            let indicator = store::find_id(db, &key)?.ok_or_else(Error::not_found)?;
            let unit = get_unit(db, &unit, None)?.whole()?.id;
            known(year)?;
            store::target_history(db, indicator, unit, year)
        })
        .await
        .map(Rows)
}

async fn get_baseline(access: Access<ReadResults>, Path((key, unit)): Path<(Key, Key)>) -> Result<Single<Baseline>> {
    access
        .snapshot(move |db| {
            let indicator = store::find_id(db, &key)?.ok_or_else(Error::not_found)?;
            let unit = get_unit(db, &unit, None)?.whole()?.id;
            store::baseline(db, indicator, unit)
        })
        .await
        .map(Single)
}

async fn set_baseline(
    access: Access<WriteTargets>,
    Path((key, unit)): Path<(Key, Key)>,
    putting: Putting,
    Body(new): Body<BaselineBody>,
) -> Result<Put<Baseline>> {
    access
        .write(move |tx| {
            tx.hold_tree()?;
            let (indicator, unit) = placed(tx, &key, &unit)?;
            let before = store::lock_baseline(tx, indicator, unit.id)?;
            putting.check(before.as_ref().map(|baseline| baseline.version))?;
            let of = store::get(tx, &key)?;
            let faults = faults_of_baseline(of.kind, &of.definition, &new, tx.today().year());
            if !faults.is_empty() {
                return Err(Error::invalid(faults));
            }
            store::set_baseline(tx, indicator, unit.id, &new)?;
            let after = store::baseline(tx, indicator, unit.id)?;
            let entry = Entry::new("baseline.set", Some("baseline.updated"), "baseline", after.id.any());
            let entry = entry.told(before.as_ref(), Some(&after), None)?;
            journal::append(tx, Entry { unit: Some(unit.id), ..entry })?;
            Ok(if before.is_some() { Put::Changed(after) } else { Put::New(after) })
        })
        .await
}

async fn end_baseline(access: Access<WriteTargets>, Path((key, unit)): Path<(Key, Key)>, IfMatch(matching): IfMatch) -> Result<NoContent> {
    access
        .write(move |tx| {
            tx.hold_tree()?;
            let (indicator, unit) = placed(tx, &key, &unit)?;
            let before = store::lock_baseline(tx, indicator, unit.id)?.ok_or_else(Error::not_found)?;
            matching.check(before.version)?;
            store::end_baseline(tx, before.id)?;
            let entry =
                Entry::new("baseline.end", Some("baseline.deleted"), "baseline", before.id.any()).told(Some(&before), None, None)?;
            journal::append(tx, Entry { unit: Some(unit.id), deleted: true, ..entry })
        })
        .await?;
    Ok(NoContent)
}

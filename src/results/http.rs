//! Results on HTTP.

use super::model::{
    IndicatorResult, Milestone, MilestoneFilters, Provenance, ProvenanceFilters, Ranked, RankingFilters, ResultFilters, UnitResultFilters,
};
use super::store;
use crate::access::Access;
use crate::access::policy::ReadResults;
use crate::error::Result;
use crate::http::answers::{Paged, Rows};
use crate::http::list::{Filters, List};
use crate::http::parts::{Path, Query};
use crate::http::registrar::Registrar;
use crate::ids::Key;

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("results", "Kết quả: values added up over a unit and all below it, and held against the targets.");
    api.path("/results")
        .get(list_unit_results, "Read the results of a unit", "Of all indicators, each at its own period of the year.")
        .done();
    api.path("/indicators/{indicator}/results")
        .get(
            list_indicator_results,
            "Read the results of an indicator",
            "Of one period, of a year, or a series from one period to another; `breakdown` for each unit directly below, or for each category of a dimension of its definition.",
        )
        .done();
    api.path("/indicators/{indicator}/ranking")
        .get(list_ranking, "Rank the units below one", "By their results for a period: the best first, equal ones on one place.")
        .done();
    api.path("/indicators/{indicator}/milestones")
        .get(
            list_milestones,
            "Read the milestones of a unit",
            "What it should have reached in each year: the targets of the years, and the straight line between them.",
        )
        .done();
    api.path("/indicators/{indicator}/provenance")
        .get(list_provenance, "Read what a result was made of", "Each unit and locality that was to give something, and what it gave.")
        .done();
}

impl Filters for UnitResultFilters {
    const SORTS: &'static [&'static str] = &["code"];
    fn several(&self) -> bool {
        true
    }
}

impl Filters for ResultFilters {
    const SORTS: &'static [&'static str] = &["name"];
    fn several(&self) -> bool {
        true
    }
}

impl Filters for RankingFilters {
    const SORTS: &'static [&'static str] = &["rank"];
    const ONE_WAY: bool = true;
    fn several(&self) -> bool {
        true
    }
}

impl Filters for ProvenanceFilters {
    const SORTS: &'static [&'static str] = &["code"];
    const ONE_WAY: bool = true;
    fn several(&self) -> bool {
        true
    }
}

async fn list_unit_results(access: Access<ReadResults>, list: List<UnitResultFilters>) -> Result<Paged<IndicatorResult>> {
    list.answer(&access, |db, list| store::unit_results(db, &list.filters, &list.page)).await
}

async fn list_indicator_results(
    access: Access<ReadResults>,
    Path(key): Path<Key>,
    list: List<ResultFilters>,
) -> Result<Paged<IndicatorResult>> {
    list.answer(&access, move |db, list| store::indicator_results(db, &key, &list.filters, &list.page)).await
}

async fn list_ranking(access: Access<ReadResults>, Path(key): Path<Key>, list: List<RankingFilters>) -> Result<Paged<Ranked>> {
    list.answer(&access, move |db, list| store::ranking(db, &key, &list.filters, &list.page)).await
}

async fn list_milestones(
    access: Access<ReadResults>,
    Path(key): Path<Key>,
    Query(query): Query<MilestoneFilters>,
) -> Result<Rows<Milestone>> {
    access.snapshot(move |db| store::unit_milestones(db, &key, &query)).await.map(Rows)
}

async fn list_provenance(access: Access<ReadResults>, Path(key): Path<Key>, list: List<ProvenanceFilters>) -> Result<Paged<Provenance>> {
    list.answer(&access, move |db, list| store::sources(db, &key, &list.filters, &list.page)).await
}

//! Reporting rounds on HTTP.

use super::model::{
    Completeness, CompletenessQuery, Debtor, DebtorFilters, NewException, NewRound, ReportingRound, RoundAction, RoundException,
    RoundFilters, RoundPatch, RoundStatus, SeriesFilters,
};
use super::store::{self, Words};
use crate::access::Access;
use crate::access::policy::{GrantExceptions, ReadCatalogue, ReadReports, WriteRounds};
use crate::db::Tx;
use crate::error::{Code, Result};
use crate::http::answers::{Created, Paged, Plain, Resource, Rows, Single};
use crate::http::list::{Filters, List};
use crate::http::parts::{Body, IfMatch, MayMatch, Path, Query};
use crate::http::registrar::Registrar;
use crate::ids::Key;
use crate::journal::{self, Entry};
use crate::patch::Nothing;

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("reporting-rounds", "Đợt báo cáo: which units owe which report by when, and how far that is.");
    api.path("/reporting-rounds")
        .get(list_reporting_rounds, "List reporting rounds", "Those in preparation are shown to the department only.")
        .post(create_reporting_round, "Prepare a reporting round", "By an admin of the department; it asks the last version of its form.")
        .refuses(&[Code::Duplicate])
        .done();
    api.path("/reporting-rounds/completeness")
        .get(list_completeness, "Follow completeness over rounds", "Of a unit of the scope and all below it; the earliest period first.")
        .done();
    api.path("/reporting-rounds/{round}")
        .get(get_reporting_round, "Read a reporting round", "By id or code.")
        .patch(update_reporting_round, "Change a reporting round", "Once it is open only its titles and dates.")
        .refuses(&[Code::IllegalTransition, Code::Conflict])
        .done();
    api.path("/reporting-rounds/{round}/open")
        .post(open_reporting_round, "Open a reporting round", "It takes reports, and what it expects is counted.")
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/reporting-rounds/{round}/close")
        .post(
            close_reporting_round,
            "Close a reporting round",
            "It takes no more reports but of units with more time; what was submitted is still decided on.",
        )
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/reporting-rounds/{round}/exceptions")
        .get(list_round_exceptions, "List exceptions", "For units of the scope.")
        .post(create_round_exception, "Give a unit more time", "By an approver above it: past its lock, until the end of a day.")
        .refuses(&[Code::Conflict])
        .done();
    api.path("/reporting-rounds/{round}/completeness")
        .get(read_completeness, "Read the completeness of a round", "Of a unit of the scope and all below it, by level.")
        .done();
    api.path("/reporting-rounds/{round}/completeness/units")
        .get(
            list_debtors,
            "List the units of a round",
            "Of the scope, with what became of each one's report; `state=missing` names who is missing.",
        )
        .done();
}

impl Resource for ReportingRound {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
    fn location(&self) -> String {
        format!("/api/v1/reporting-rounds/{}", self.id)
    }
}

impl Resource for RoundException {
    fn version(&self) -> Option<i64> {
        None
    }
    fn location(&self) -> String {
        format!("/api/v1/reporting-rounds/{}/exceptions", self.round.id)
    }
}

impl Filters for RoundFilters {
    const SORTS: &'static [&'static str] = &["code", "updated_at"];
    const SEARCH: bool = true;
    const UPDATED: bool = true;
    fn several(&self) -> bool {
        true
    }
}

impl Filters for SeriesFilters {
    const SORTS: &'static [&'static str] = &["as_of"];
    fn several(&self) -> bool {
        true
    }
}

impl Filters for DebtorFilters {
    const SORTS: &'static [&'static str] = &["name", "code"];
    fn several(&self) -> bool {
        true
    }
}

async fn list_reporting_rounds(access: Access<ReadCatalogue>, list: List<RoundFilters>) -> Result<Paged<ReportingRound>> {
    list.answer(&access, move |db, list| store::list(db, &list.filters, list.q.as_deref(), list.updated_since, &list.page)).await
}

async fn get_reporting_round(access: Access<ReadCatalogue>, Path(key): Path<Key>) -> Result<Single<ReportingRound>> {
    access.snapshot(move |db| store::get(db, &key)).await.map(Single)
}

async fn list_round_exceptions(access: Access<ReadReports>, Path(key): Path<Key>) -> Result<Rows<RoundException>> {
    access.snapshot(move |db| store::exceptions(db, &key)).await.map(Rows)
}

async fn list_completeness(access: Access<ReadReports>, list: List<SeriesFilters>) -> Result<Paged<Completeness>> {
    list.answer(&access, move |db, list| store::series(db, &list.filters, &list.page)).await
}

async fn read_completeness(
    access: Access<ReadReports>,
    Path(key): Path<Key>,
    Query(query): Query<CompletenessQuery>,
) -> Result<Plain<Completeness>> {
    access.snapshot(move |db| store::completeness(db, &key, &query)).await.map(Plain)
}

async fn list_debtors(access: Access<ReadReports>, Path(key): Path<Key>, list: List<DebtorFilters>) -> Result<Paged<Debtor>> {
    list.answer(&access, move |db, list| store::debtors(db, &key, &list.filters, &list.page)).await
}

async fn create_reporting_round(access: Access<WriteRounds>, Body(new): Body<NewRound>) -> Result<Created<ReportingRound>> {
    let round = access
        .write(move |tx| {
            let (words, period) = Words::of(tx, &new)?;
            let id = store::insert(tx, &new.code, period, &words)?;
            let round = store::get(tx, &Key::from(id))?;
            tell(tx, "reporting_round.create", None, None, &round)?;
            Ok(round)
        })
        .await?;
    Ok(Created(round))
}

async fn update_reporting_round(
    access: Access<WriteRounds>,
    Path(key): Path<Key>,
    IfMatch(matching): IfMatch,
    Body(patch): Body<RoundPatch>,
) -> Result<Single<ReportingRound>> {
    let round = access
        .write(move |tx| {
            let locked = store::lock(tx, &key)?;
            locked.allows(tx, RoundAction::Update, |version| matching.check(version))?;
            let words = Words::after(tx, &locked.round, &patch)?;
            store::update(tx, &locked, &words)?;
            let after = store::get(tx, &Key::from(locked.round.id))?;
            // What is in preparation is not everybody's to follow.
            let event = (after.status != RoundStatus::Draft).then_some("reporting_round.updated");
            tell(tx, "reporting_round.update", event, Some(&locked.round), &after)?;
            Ok(after)
        })
        .await?;
    Ok(Single(round))
}

async fn open_reporting_round(
    access: Access<WriteRounds>,
    Path(key): Path<Key>,
    Body(_): Body<Nothing>,
    may: MayMatch,
) -> Result<Single<ReportingRound>> {
    turn(access, key, may, RoundAction::Open).await
}

async fn close_reporting_round(
    access: Access<WriteRounds>,
    Path(key): Path<Key>,
    Body(_): Body<Nothing>,
    may: MayMatch,
) -> Result<Single<ReportingRound>> {
    turn(access, key, may, RoundAction::Close).await
}

async fn turn(access: Access<WriteRounds>, key: Key, may: MayMatch, action: RoundAction) -> Result<Single<ReportingRound>> {
    let round = access
        .write(move |tx| {
            let locked = store::lock(tx, &key)?;
            locked.allows(tx, action, |version| may.check(version))?;
            let (name, event) = match action {
                RoundAction::Close => ("reporting_round.close", "reporting_round.closed"),
                RoundAction::Open | RoundAction::Update => ("reporting_round.open", "reporting_round.opened"),
            };
            match action {
                RoundAction::Close => store::close(tx, &locked)?,
                RoundAction::Open | RoundAction::Update => store::open(tx, &locked)?,
            }
            let after = store::get(tx, &Key::from(locked.round.id))?;
            tell(tx, name, Some(event), Some(&locked.round), &after)?;
            Ok(after)
        })
        .await?;
    Ok(Single(round))
}

async fn create_round_exception(
    access: Access<GrantExceptions>,
    Path(key): Path<Key>,
    Body(new): Body<NewException>,
) -> Result<Created<RoundException>> {
    let exception = access
        .write(move |tx| {
            tx.hold_tree()?;
            let round = store::get(tx, &key)?;
            let exception = store::except(tx, &round, &new)?;
            let entry = Entry::new("round_exception.create", Some("round_exception.created"), "round_exception", exception.id.any());
            let entry = entry.told(None, Some(&exception), None)?;
            journal::append(tx, Entry { unit: Some(exception.unit.id), ..entry })?;
            Ok(exception)
        })
        .await?;
    Ok(Created(exception))
}

/// The department's: what is in preparation is nobody else's to know, and what is open everybody's.
fn tell(
    tx: &mut Tx<'_>,
    action: &'static str,
    event: Option<&'static str>,
    before: Option<&ReportingRound>,
    after: &ReportingRound,
) -> Result<()> {
    let entry = Entry::new(action, event, "reporting_round", after.id.any()).told(before, Some(after), None)?;
    let unit = Some(tx.scope()?.root());
    journal::append(tx, Entry { code: Some(after.code.clone()), unit, ..entry })
}

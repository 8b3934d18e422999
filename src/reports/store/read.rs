//! Reading reports: cards for lists, whole ones, and what was submitted of them.

use std::collections::HashMap;

use diesel::dsl::count_star;
use diesel::prelude::*;
use serde_json::Value;

use super::live;
use super::row::{Row, amount, row, visible};
use crate::access::policy::{Permission, Role};
use crate::clock::Instant;
use crate::db::Db;
use crate::db::page::{Condition, CursorValue, Page, PageRequest, keyset};
use crate::db::schema::{report_amounts, report_levels, report_revisions, report_sources, reporting_rounds, reports, units, users};
use crate::difference::differences;
use crate::error::{Error, Fault, FaultCode, Result};
use crate::forms;
use crate::ids::{AnyId, Key, ReportId, RoundId, UnitId, UserId};
use crate::indicators;
use crate::indicators::model::IndicatorKind;
use crate::indicators::store::Which;
use crate::refs::{NamedPerson, PersonRef};
use crate::reports::model::{
    Content, Done, IssuedDocument, Report, ReportAction, ReportCard, ReportFilters, ReportRecord, ReportRevision, ReportRevisionContent,
    ReportSource, ReportStatus, Returned, SourcesQuery, Told,
};
use crate::reports::rules::{self, Parties, Relation};
use crate::results;
use crate::rounds::rules::{day_of, is_over};
use crate::rounds::store::{self as rounds, Bare};
use crate::sums::values::Amount;
use crate::units::model::Kind;
use crate::units::store::{referred_unit, unit_refs, within};

/// What stands around rows: their rounds, units and people, each read once.
pub(super) struct Around {
    rounds: HashMap<RoundId, Bare>,
    kinds: HashMap<UnitId, Kind>,
    people: HashMap<UserId, PersonRef>,
    excepted: Vec<(RoundId, UnitId)>,
    /// Whose reports are being replaced already.
    replaced: Vec<(RoundId, UnitId)>,
}

impl Around {
    pub(super) fn read(db: &mut Db<'_>, rows: &[Row]) -> Result<Self> {
        let rounds = rounds::bare(db, rows.iter().map(|row| row.round).collect())?;
        let of: Vec<UnitId> = rows.iter().map(|row| row.unit).collect();
        let kinds: Vec<(UnitId, Kind)> = units::table.filter(units::id.eq_any(of)).select((units::id, units::kind)).load(db.conn)?;
        let asked: Vec<UserId> = rows.iter().flat_map(|row| [row.submitted_by, row.accepted_by]).flatten().collect();
        let people: Vec<NamedPerson> =
            users::table.filter(users::id.eq_any(asked)).select((users::id, users::username, users::full_name)).load(db.conn)?;
        let kinds: HashMap<UnitId, Kind> = kinds.into_iter().collect();
        let now = db.now();
        let shut = |row: &&Row| {
            let role = kinds.get(&row.unit).map(|kind| kind.role());
            rounds.get(&row.round).zip(role).is_some_and(|(round, role)| round.is_shut(role, now))
        };
        let shut: Vec<(RoundId, UnitId)> = rows.iter().filter(shut).map(|row| (row.round, row.unit)).collect();
        let taken = |row: &&Row| matches!(row.status, ReportStatus::Accepted | ReportStatus::Issued);
        let taken: Vec<(RoundId, UnitId)> = rows.iter().filter(taken).map(|row| (row.round, row.unit)).collect();
        Ok(Self {
            excepted: rounds::excepted(db, &shut)?,
            replaced: replaced(db, &taken)?,
            kinds,
            people: people.into_iter().map(|named| (named.0, PersonRef::of(named))).collect(),
            rounds,
        })
    }

    pub(super) fn round(&self, row: &Row) -> Result<&Bare> {
        self.rounds.get(&row.round).ok_or_else(|| Error::internal("a report without its round"))
    }

    pub(super) fn kind(&self, row: &Row) -> Result<Kind> {
        self.kinds.get(&row.unit).copied().ok_or_else(|| Error::internal("a report without its unit"))
    }

    pub(super) fn role(&self, row: &Row) -> Role {
        self.kinds.get(&row.unit).map_or(Role::School, |kind| kind.role())
    }

    fn person(&self, id: Option<UserId>) -> Option<PersonRef> {
        self.people.get(&id?).cloned()
    }

    /// Whether the unit cannot write any more: past its lock, or the round is closed, and nobody gave it more time.
    pub(super) fn is_locked(&self, row: &Row, now: Instant) -> bool {
        let shut = self.rounds.get(&row.round).is_some_and(|round| round.is_shut(self.role(row), now));
        shut && !self.excepted.contains(&(row.round, row.unit))
    }

    /// What the caller may do now.
    fn actions(&self, db: &Db<'_>, row: &Row, now: Instant) -> Vec<ReportAction> {
        let mut actions = rules::LIFE.actions(row.status, self.relation(db, row));
        let (locked, replaced) = (self.is_locked(row, now), self.replaced.contains(&(row.round, row.unit)));
        let kept_from = |action: ReportAction| (locked && rules::is_locked_away(action)) || (replaced && action == ReportAction::Replace);
        actions.retain(|action| !kept_from(*action));
        actions
    }

    /// How the caller stands to a report.
    pub(super) fn relation(&self, db: &Db<'_>, row: &Row) -> Relation {
        let kind = self.kinds.get(&row.unit).copied().unwrap_or(Kind::School);
        Relation::of(&db.context.caller, Parties { unit: row.unit, kind, submitted_by: row.submitted_by })
    }
}

/// Those of these whose report is being replaced.
fn replaced(db: &mut Db<'_>, taken: &[(RoundId, UnitId)]) -> Result<Vec<(RoundId, UnitId)>> {
    if taken.is_empty() {
        return Ok(Vec::new());
    }
    let being_written = reports::table
        .filter(reports::slot.eq(2))
        .filter(reports::round_id.eq_any(taken.iter().map(|one| one.0).collect::<Vec<_>>()))
        .filter(reports::unit_id.eq_any(taken.iter().map(|one| one.1).collect::<Vec<_>>()));
    Ok(being_written.select((reports::round_id, reports::unit_id)).load(db.conn)?)
}

fn cards(db: &mut Db<'_>, rows: Vec<Row>) -> Result<Vec<ReportCard>> {
    let around = Around::read(db, &rows)?;
    let names = unit_refs(db, rows.iter().map(|row| row.unit).collect())?;
    let now = db.now();
    rows.into_iter()
        .map(|row| {
            let round = around.round(&row)?;
            let due_on = day_of(&round.due_on, around.role(&row));
            let actions = around.actions(db, &row, now);
            let returned: Option<Returned> = row.returned.as_deref().map(serde_json::from_str).transpose()?;
            Ok(ReportCard {
                id: row.id,
                round: round.named.clone(),
                unit: names.get(&row.unit).cloned().ok_or_else(|| Error::internal("a report without its unit"))?,
                status: row.status,
                revision: row.revision,
                late: row.late.unwrap_or_else(|| is_over(due_on, now)),
                due_on,
                submitted: row.submitted_at.map(|at| Done { by: around.person(row.submitted_by), at }),
                accepted: row.accepted_at.map(|at| Done { by: around.person(row.accepted_by), at }),
                returned_reason: returned.map(|returned| returned.reason),
                previous: row.previous,
                actions,
                version: row.version,
                created_at: row.created_at,
                updated_at: row.updated_at,
            })
        })
        .collect()
}

/// The name of a report's file without its ending: the codes of round and unit.
pub(super) fn file_name(db: &mut Db<'_>, id: ReportId) -> Result<String> {
    let (round, unit): (String, String) = visible!(db.scope()?)
        .inner_join(reporting_rounds::table)
        .inner_join(units::table)
        .filter(reports::id.eq(id))
        .select((reporting_rounds::code, units::code))
        .first(db.conn)?;
    Ok(format!("{round}-{unit}"))
}

/// Where a report stands: what the journal tells of it.
///
/// # Errors
/// 404 if there is none.
pub fn told(db: &mut Db<'_>, id: ReportId) -> Result<Told> {
    let columns = (reports::status, reports::revision, reports::late, reports::version);
    let (status, revision, late, version) = reports::table.filter(reports::id.eq(id)).select(columns).first(db.conn)?;
    Ok(Told { status, revision, late, version })
}

/// The unit that a report is of.
///
/// # Errors
/// 404 if it is absent or out of scope.
pub fn unit_of(db: &mut Db<'_>, id: ReportId) -> Result<UnitId> {
    row(db, id).map(|row| row.unit)
}

/// The report with this id.
///
/// # Errors
/// 404 if it is absent or out of scope.
pub fn get(db: &mut Db<'_>, id: ReportId) -> Result<Report> {
    let row = row(db, id)?;
    whole(db, row)
}

/// [`get`], where nothing is no fault.
///
/// # Errors
/// Database errors.
pub fn find(db: &mut Db<'_>, id: ReportId) -> Result<Option<Report>> {
    let row: Option<Row> = visible!(db.scope()?).filter(reports::id.eq(id)).first(db.conn).optional()?;
    row.map(|row| whole(db, row)).transpose()
}

fn whole(db: &mut Db<'_>, row: Row) -> Result<Report> {
    let card = cards(db, vec![row.clone()])?.pop().ok_or_else(Error::not_found)?;
    let content = content(db, &row)?;
    put_together(card, &row, content)
}

/// A card with what the report says.
pub(super) fn put_together(card: ReportCard, row: &Row, content: Content) -> Result<Report> {
    let returned: Option<Returned> = row.returned.as_deref().map(serde_json::from_str).transpose()?;
    let document: Option<IssuedDocument> = row.document.as_deref().map(serde_json::from_str).transpose()?;
    let records: Vec<ReportRecord> = serde_json::from_str(&row.records)?;
    Ok(Report {
        id: card.id,
        round: content.round,
        unit: content.unit,
        parent: content.parent,
        status: card.status,
        revision: card.revision,
        late: card.late,
        due_on: card.due_on,
        values: content.values,
        results: content.results,
        sections: content.sections,
        notes: content.notes,
        remarks: returned.map(|returned| returned.remarks).unwrap_or_default(),
        returned_reason: card.returned_reason,
        submitted: card.submitted,
        accepted: card.accepted,
        consolidation: content.consolidation,
        document,
        records,
        previous: card.previous,
        actions: card.actions,
        version: card.version,
        created_at: card.created_at,
        updated_at: card.updated_at,
    })
}

/// What a report says: as it was submitted, or as it stands while it is written.
pub(super) fn content(db: &mut Db<'_>, row: &Row) -> Result<Content> {
    if rules::is_frozen(row.status) {
        return frozen(db, row.id, row.revision);
    }
    let round = rounds::bare(db, vec![row.round])?.remove(&row.round).ok_or_else(Error::not_found)?;
    let content = live::live(db, row, &round)?.content;
    discreet(db, content)
}

/// The same without what is withheld from the caller.
fn discreet(db: &mut Db<'_>, mut content: Content) -> Result<Content> {
    let withheld = indicators::store::withheld(db)?;
    let is_withheld = |id: AnyId| withheld.iter().any(|one| one.any() == id);
    for value in content.values.iter_mut().filter(|value| is_withheld(value.indicator.id)) {
        (value.numerator, value.denominator, value.count, value.note) = (None, None, None, None);
        value.parts.clear();
        // What was said about odd figures tells them.
        content.notes.clear();
    }
    content.results.iter_mut().filter(|result| is_withheld(result.indicator.id)).for_each(results::store::conceal);
    Ok(content)
}

/// Whether something that a report says is withheld from the caller.
pub(super) fn is_withheld_in_part(db: &mut Db<'_>, id: ReportId) -> Result<bool> {
    let withheld = indicators::store::withheld(db)?;
    if withheld.is_empty() {
        return Ok(false);
    }
    let row = row(db, id)?;
    let content = content(db, &row)?;
    let values = content.values.iter().map(|value| value.indicator.id);
    let mut told = values.chain(content.results.iter().map(|result| result.indicator.id));
    Ok(told.any(|id| withheld.iter().any(|one| one.any() == id)))
}

/// What was submitted as a revision.
pub(super) fn frozen(db: &mut Db<'_>, id: ReportId, number: i32) -> Result<Content> {
    let text: String = report_revisions::table
        .filter(report_revisions::report_id.eq(id))
        .filter(report_revisions::number.eq(number))
        .select(report_revisions::content)
        .first(db.conn)?;
    let content = serde_json::from_str(&text)?;
    discreet(db, content)
}

/// A report with the title of its form: what a paper is made of.
///
/// # Errors
/// 404 if it is absent or out of scope.
pub(super) fn paper_of(db: &mut Db<'_>, id: ReportId) -> Result<(Report, String)> {
    let report = get(db, id)?;
    let round: RoundId = report.round.id.of();
    let (form, number) = rounds::bare(db, vec![round])?.remove(&round).ok_or_else(Error::not_found)?.form;
    Ok((report, forms::store::asked(db, form, number)?.title_vi))
}

/// A page of reports.
///
/// # Errors
/// 422 for a filter that names nothing in scope.
pub fn list(db: &mut Db<'_>, filters: &ReportFilters, since: Option<Instant>, page: &PageRequest) -> Result<Page<ReportCard>> {
    let (scope, day) = (db.scope()?, db.today());
    let mut faults = Vec::new();
    let unknown = |parameter: &'static str| Fault::of(parameter, FaultCode::UnknownReference);
    let round = filters.round.as_deref().map(|text| rounds::referred(db, unknown("round"), text, &mut faults)).transpose()?.flatten();
    let unit = filters.unit.as_deref().map(|text| referred_unit(db, unknown("unit"), text, &mut faults)).transpose()?.flatten();
    let root = filters.within.as_deref().map(|text| referred_unit(db, unknown("within"), text, &mut faults)).transpose()?.flatten();
    if !faults.is_empty() {
        return Err(Error::invalid(faults));
    }
    let decided = decided(db);
    let narrowed = || {
        let mut query = visible!(scope).into_boxed();
        if let Some(round) = round {
            query = query.filter(reports::round_id.eq(round));
        }
        if let Some(unit) = &unit {
            query = query.filter(reports::unit_id.eq(unit.id));
        }
        if let Some(root) = &root {
            query = query.filter(reports::unit_id.eq_any(within(root.id, day)));
        }
        if let Some(status) = filters.status {
            query = query.filter(reports::status.eq(status));
        }
        if let Some(late) = filters.late {
            query = query.filter(reports::late.eq(late));
        }
        if filters.to_decide == Some(true) {
            query = match &decided {
                Some(decided) => query.filter(awaits(decided)),
                None => query.filter(reports::id.eq_any(Vec::<ReportId>::new())),
            };
        }
        if let Some(since) = since {
            query = query.filter(reports::updated_at.ge(since));
        }
        query
    };
    let total = if page.count { Some(narrowed().select(count_star()).first(db.conn)?) } else { None };
    let query = keyset!(narrowed(), page, reports::table, { "updated_at" => reports::updated_at: Instant }, reports::id);
    let rows: Vec<Row> = query.load(db.conn)?;
    let cut = Page::cut(rows, page, total, |row: &Row, name| if name == "updated_at" { row.updated_at.write() } else { row.id.write() });
    let (rows, empty) = cut.split();
    Ok(empty.with(cards(db, rows)?))
}

/// Units and accounts whose reports the caller does not decide on.
type Decided = (Vec<UnitId>, Vec<UserId>);

/// Whether a report waits for a decision of somebody else than these.
fn awaits((own, accounts): &Decided) -> Condition<reports::table> {
    let others = reports::submitted_by.is_null().or(reports::submitted_by.assume_not_null().ne_all(accounts.clone()));
    Box::new(reports::status.eq(ReportStatus::Submitted).and(reports::unit_id.ne_all(own.clone())).and(others))
}

/// Whose reports the caller does not decide on: units, and accounts that are its own. `None` where it decides on nothing.
fn decided(db: &Db<'_>) -> Option<Decided> {
    let person = db.context.caller.person().filter(|person| person.may(Permission::DecideReports))?;
    let own = if person.role == Role::Department { Vec::new() } else { vec![person.scope.root(), person.scope.home()] };
    Some((own, person.accounts()))
}

/// The reports that wait for the caller's decision, the first one first.
///
/// # Errors
/// Database errors.
pub fn waiting(db: &mut Db<'_>) -> Result<Vec<ReportId>> {
    let scope = db.scope()?;
    let Some(decided) = decided(db) else { return Ok(Vec::new()) };
    Ok(visible!(scope).filter(awaits(&decided)).order_by(reports::id).select(reports::id).load(db.conn)?)
}

/// How many reports wait for the caller's decision.
///
/// # Errors
/// Database errors.
pub fn count_to_decide(db: &mut Db<'_>) -> Result<i64> {
    let scope = db.scope()?;
    let Some(decided) = decided(db) else { return Ok(0) };
    Ok(visible!(scope).filter(awaits(&decided)).select(count_star()).first(db.conn)?)
}

/// How many reports of a unit itself were sent back.
///
/// # Errors
/// Database errors.
pub fn count_returned(db: &mut Db<'_>, unit: UnitId) -> Result<i64> {
    let returned = reports::table.filter(reports::unit_id.eq(unit)).filter(reports::status.eq(ReportStatus::Returned));
    Ok(returned.select(count_star()).first(db.conn)?)
}

type RevisionRow = (i32, Option<NamedPerson>, Instant, bool);

/// Everything that was submitted of a report, the first one first.
///
/// # Errors
/// 404 if it is absent or out of scope.
pub fn revisions(db: &mut Db<'_>, id: ReportId) -> Result<Vec<ReportRevision>> {
    row(db, id)?;
    let rows: Vec<RevisionRow> = report_revisions::table
        .left_join(users::table)
        .filter(report_revisions::report_id.eq(id))
        .order_by(report_revisions::number)
        .select((
            report_revisions::number,
            (users::id, users::username, users::full_name).nullable(),
            report_revisions::submitted_at,
            report_revisions::late,
        ))
        .load(db.conn)?;
    let told =
        |(number, by, submitted_at, late): RevisionRow| ReportRevision { number, submitted_by: by.map(PersonRef::of), submitted_at, late };
    Ok(rows.into_iter().map(told).collect())
}

/// One of them, with what differs from another.
///
/// # Errors
/// 404 if there is no such report or revision; 422 if there is none to compare with.
pub fn revision(db: &mut Db<'_>, id: ReportId, number: i32, compare: Option<i32>) -> Result<ReportRevisionContent> {
    let told = revisions(db, id)?.into_iter().find(|revision| revision.number == number).ok_or_else(Error::not_found)?;
    let sees = db.context.caller.sees_small_cells();
    let text = |db: &mut Db<'_>, number: i32| -> Result<Option<Value>> {
        if !sees {
            return Ok(Some(serde_json::to_value(frozen(db, id, number)?)?));
        }
        let text: Option<String> = report_revisions::table
            .filter(report_revisions::report_id.eq(id))
            .filter(report_revisions::number.eq(number))
            .select(report_revisions::content)
            .first(db.conn)
            .optional()?;
        Ok(text.as_deref().map(serde_json::from_str).transpose()?)
    };
    let content = text(db, number)?.ok_or_else(Error::not_found)?;
    let changes = match compare {
        None => None,
        Some(other) => {
            let unknown = || Error::invalid(vec![Fault::of("compare", FaultCode::UnknownReference)]);
            Some(differences(&text(db, other)?.ok_or_else(unknown)?, &content))
        }
    };
    let ReportRevision { number, submitted_by, submitted_at, late } = told;
    Ok(ReportRevisionContent { number, submitted_by, submitted_at, late, content, changes })
}

/// What a figure of a report is put together of: what the unit itself recorded, and each accepted report.
///
/// # Errors
/// 404 if the report is absent or out of scope; 422 for an indicator that is none.
pub fn sources(db: &mut Db<'_>, id: ReportId, query: &SourcesQuery) -> Result<Vec<ReportSource>> {
    type Row = (ReportId, i32, Amount);
    let row = row(db, id)?;
    let indicator = match Key::parse(&query.indicator) {
        Some(key) => indicators::store::defined(db, Which::Named(&[key]))?.pop(),
        None => None,
    };
    let indicator = indicator.ok_or_else(|| Error::invalid(vec![Fault::of("indicator", FaultCode::UnknownReference)]))?;
    let revision = if rules::is_frozen(row.status) { row.revision } else { 0 };
    let rows: Vec<Row> =
        report_sources::table
            .inner_join(report_amounts::table.on(
                report_amounts::report_id.eq(report_sources::source_id).and(report_amounts::revision.eq(report_sources::source_revision)),
            ))
            .filter(report_sources::report_id.eq(id))
            .filter(report_sources::revision.eq(revision))
            .filter(report_amounts::indicator_id.eq(indicator.id))
            .order_by(report_sources::source_id)
            .select((report_sources::source_id, report_sources::source_revision, amount!()))
            .load(db.conn)?;
    let withheld = indicator.sensitive && !db.context.caller.sees_small_cells();
    let content = content(db, &row)?;
    let mut by_report: Vec<(ReportId, i32, Amount)> = Vec::new();
    for (report, revision, amount) in rows {
        match by_report.last_mut().filter(|last| last.0 == report) {
            Some(last) => last.2.add(amount, 1),
            None => by_report.push((report, revision, amount)),
        }
    }
    let included = content.consolidation.as_ref().map(|one| one.included.clone()).unwrap_or_default();
    let counts = indicator.kind == IndicatorKind::Count;
    // Levels are not added up: who tells any is named.
    let levelled: Vec<(ReportId, i32)> =
        report_sources::table
            .inner_join(report_levels::table.on(
                report_levels::report_id.eq(report_sources::source_id).and(report_levels::revision.eq(report_sources::source_revision)),
            ))
            .filter(report_sources::report_id.eq(id))
            .filter(report_sources::revision.eq(revision))
            .filter(report_levels::indicator_id.eq(indicator.id))
            .order_by(report_sources::source_id)
            .select((report_sources::source_id, report_sources::source_revision))
            .distinct()
            .load(db.conn)?;
    by_report.extend(levelled.into_iter().map(|(report, revision)| (report, revision, Amount::default())));
    let of_report = |(report, revision, amount): (ReportId, i32, Amount)| {
        let unit = included.iter().find(|one| one.report == report)?.unit.clone();
        let above = (amount.numerator_rows > 0).then_some(amount.numerator);
        let denominator = (amount.denominator_rows > 0).then_some(amount.denominator);
        let (above, denominator) = if withheld { (None, None) } else { (above, denominator) };
        let (numerator, count) = if counts { (None, above) } else { (above, None) };
        Some(ReportSource { unit, report, revision, numerator, denominator, count })
    };
    let mut sources: Vec<ReportSource> = by_report.into_iter().filter_map(of_report).collect();
    let own = content.values.into_iter().filter(|value| value.indicator.code == indicator.code && !value.is_empty());
    let unit = content.unit;
    sources.extend(own.map(|value| ReportSource {
        unit: unit.clone(),
        report: id,
        revision,
        numerator: value.numerator,
        denominator: value.denominator,
        count: value.count,
    }));
    Ok(sources)
}

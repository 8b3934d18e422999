//! Queries on plans: those of the scope, and every approved one (design section 4, exception 2).

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use diesel::dsl::{InnerJoinQuerySource, count_star};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::policy::Permission;
use crate::access::scope::Scope;
use crate::assignments::rules as assignment_rules;
use crate::clock::Instant;
use crate::db::Db;
use crate::db::page::{CursorValue, Page, PageRequest, keyset, octet_length};
use crate::db::schema::{indicators, plan_items, plan_revisions, plans, tasks, unit_spells, units, users};
use crate::difference::differences;
use crate::error::{Error, Fault, FaultCode, Result};
use crate::ids::of::{Indicator, Task};
use crate::ids::{IndicatorId, PlanId, PlanItemId, UnitId, UserId};
use crate::indicators::decimal::Decimal;
use crate::indicators::model::Operator;
use crate::plans::model::{
    MissingFilters, Plan, PlanAction, PlanFilters, PlanItem, PlanKind, PlanRevision, PlanRevisionContent, PlanStatus, PlanTarget,
    PlanlessUnit,
};
use crate::plans::rules::{self, Relation};
use crate::refs::{CatalogueRef, Named, NamedPerson, PersonRef};
use crate::sums::progress;
use crate::text;
use crate::units::model::Kind;
use crate::units::store::{referred_card, referred_unit, unit_refs, within};

/// Plans of the scope, and those in force of all. A macro, because the type has no name.
macro_rules! visible {
    ($scope:expr) => {{
        let scope: Scope = $scope;
        plans::table.filter(plans::status.eq(PlanStatus::Approved).or(plans::unit_id.eq_any(within(scope.root(), scope.today()))))
    }};
}

#[derive(Debug, Queryable)]
pub(super) struct Row {
    id: PlanId,
    unit: UnitId,
    kind: PlanKind,
    from_year: i32,
    to_year: i32,
    title: String,
    _title_key: String,
    status: PlanStatus,
    revision: i32,
    number: Option<String>,
    symbol: Option<String>,
    issued_on: Option<NaiveDate>,
    issued_text: Option<String>,
    place: Option<String>,
    signatory: Option<String>,
    recipients: String,
    sections: String,
    targets: String,
    submitted_by: Option<UserId>,
    _submitted_at: Option<Instant>,
    _approved_by: Option<UserId>,
    _approved_at: Option<Instant>,
    returned: Option<String>,
    previous: Option<PlanId>,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

/// Rows with their units, items and targets.
pub(super) fn filled(db: &mut Db<'_>, rows: Vec<Row>) -> Result<Vec<Plan>> {
    let ids: Vec<PlanId> = rows.iter().map(|row| row.id).collect();
    let amended = amended(db, &rows)?;
    let units = unit_refs(db, rows.iter().map(|row| row.unit).collect())?;
    let mut items = items(db, ids)?;
    let named = named_indicators(db)?;
    let works = progress::read(db, &rows.iter().map(|row| row.id.any()).collect::<Vec<_>>())?;
    let (ours, today) = (ours(db, rows.iter().map(|row| row.unit).collect())?, db.today());
    let reads_work = db.context.caller.may(Permission::ReadAssignments);
    rows.into_iter()
        .map(|row| {
            let set: Vec<KeptTarget> = serde_json::from_str(&row.targets)?;
            let relation = relation(db, &row);
            let is_ours = ours.contains(&row.unit);
            Ok(Plan {
                unit: units.get(&row.unit).cloned().ok_or_else(|| Error::internal("a plan without its unit"))?,
                items: items.remove(&row.id).unwrap_or_default(),
                targets: set.into_iter().filter_map(|kept| kept.shown(&named)).collect(),
                // What was wrong with what was not approved is between the unit and those above it.
                returned: row.returned.as_deref().filter(|_| is_ours).map(serde_json::from_str).transpose()?,
                progress: (is_ours && reads_work).then(|| {
                    let works = works.get(&row.id.any()).map(Vec::as_slice).unwrap_or_default();
                    assignment_rules::progress(works.iter(), today)
                }),
                actions: {
                    let mut actions = rules::LIFE.actions(row.status, relation);
                    actions.retain(|action| *action != PlanAction::Amend || !amended.contains(&row.id));
                    actions
                },
                id: row.id,
                kind: row.kind,
                from_year: row.from_year,
                to_year: row.to_year,
                title: row.title,
                status: row.status,
                revision: row.revision,
                number: row.number,
                symbol: row.symbol,
                issued_on: row.issued_on,
                issued_text: row.issued_text,
                place: row.place,
                signatory: row.signatory.as_deref().map(serde_json::from_str).transpose()?,
                recipients: serde_json::from_str(&row.recipients)?,
                sections: serde_json::from_str(&row.sections)?,
                previous: row.previous,
                version: row.version,
                created_at: row.created_at,
                updated_at: row.updated_at,
            })
        })
        .collect()
}

/// Those of these plans in force of which a new version is being written.
fn amended(db: &mut Db<'_>, rows: &[Row]) -> Result<HashSet<PlanId>> {
    let in_force: Vec<PlanId> = rows.iter().filter(|row| row.status == PlanStatus::Approved).map(|row| row.id).collect();
    if in_force.is_empty() {
        return Ok(HashSet::new());
    }
    let written = [PlanStatus::Draft, PlanStatus::Submitted, PlanStatus::Returned];
    let units: Vec<UnitId> = rows.iter().map(|row| row.unit).collect();
    // Found by its unit, which is the same.
    let query = plans::table.filter(plans::unit_id.eq_any(units)).filter(plans::status.eq_any(written));
    let query = query.filter(plans::previous_id.eq_any(in_force));
    Ok(query.select(plans::previous_id.assume_not_null()).load::<PlanId>(db.conn)?.into_iter().collect())
}

/// Those of these units that are in the scope.
pub(super) fn ours(db: &mut Db<'_>, of: Vec<UnitId>) -> Result<Vec<UnitId>> {
    let Ok(scope) = db.scope() else { return Ok(Vec::new()) };
    let query = units::table.filter(units::id.eq_any(of)).filter(units::id.eq_any(within(scope.root(), scope.today())));
    Ok(query.select(units::id).load(db.conn)?)
}

#[derive(Debug, Queryable)]
struct ItemRow {
    plan: PlanId,
    id: PlanItemId,
    task: Option<Named<Task>>,
    title: String,
    lead: UnitId,
    cooperating: String,
    due_on: Option<NaiveDate>,
    expected_result: Option<String>,
    money: Option<i64>,
}

fn items(db: &mut Db<'_>, plans: Vec<PlanId>) -> Result<HashMap<PlanId, Vec<PlanItem>>> {
    let rows: Vec<ItemRow> = plan_items::table
        .left_join(tasks::table.on(plan_items::task_id.eq(tasks::id.nullable())))
        .filter(plan_items::plan_id.eq_any(plans))
        .order_by((plan_items::plan_id, plan_items::place))
        .select((
            plan_items::plan_id,
            plan_items::id,
            (tasks::id, tasks::code, tasks::title_vi, tasks::title_en).nullable(),
            plan_items::title,
            plan_items::lead_id,
            plan_items::cooperating,
            plan_items::due_on,
            plan_items::expected_result,
            plan_items::money,
        ))
        .load(db.conn)?;
    let mut named: Vec<UnitId> = Vec::new();
    let mut cooperating: Vec<Vec<UnitId>> = Vec::with_capacity(rows.len());
    for row in &rows {
        let with: Vec<UnitId> = serde_json::from_str(&row.cooperating)?;
        named.push(row.lead);
        named.extend(&with);
        cooperating.push(with);
    }
    named.sort_unstable();
    named.dedup();
    let units = unit_refs(db, named)?;
    let mut by_plan: HashMap<PlanId, Vec<PlanItem>> = HashMap::new();
    for (row, with) in rows.into_iter().zip(cooperating) {
        let item = PlanItem {
            id: row.id,
            task: row.task.map(CatalogueRef::of),
            title: row.title,
            lead: units.get(&row.lead).cloned().ok_or_else(|| Error::internal("an item without its lead"))?,
            cooperating: with.iter().filter_map(|unit| units.get(unit).cloned()).collect(),
            due_on: row.due_on,
            expected_result: row.expected_result,
            money: row.money,
        };
        by_plan.entry(row.plan).or_default().push(item);
    }
    Ok(by_plan)
}

/// A target as a plan keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeptTarget {
    /// The indicator.
    pub indicator: IndicatorId,
    /// The year.
    pub year: i32,
    /// How the result is held against it.
    pub operator: Operator,
    /// What must be reached.
    pub value: Option<Decimal>,
    /// Why it is easier than what would be inherited.
    pub reason: Option<String>,
    /// The version of the unit's own target that it replaces; 0 where there was none, nothing where it is not known.
    #[serde(default)]
    pub replaces: Option<i64>,
}

impl KeptTarget {
    fn shown(self, named: &HashMap<IndicatorId, CatalogueRef>) -> Option<PlanTarget> {
        let Self { indicator, year, operator, value, reason, .. } = self;
        Some(PlanTarget { indicator: named.get(&indicator)?.clone(), year, operator, value, reason })
    }
}

fn named_indicators(db: &mut Db<'_>) -> Result<HashMap<IndicatorId, CatalogueRef>> {
    let rows: Vec<Named<Indicator>> =
        indicators::table.select((indicators::id, indicators::code, indicators::title_vi, indicators::title_en)).load(db.conn)?;
    Ok(rows.into_iter().map(|named| (named.0, CatalogueRef::of(named))).collect())
}

/// The row with this id.
pub(super) fn row(db: &mut Db<'_>, id: PlanId) -> Result<Row> {
    Ok(visible!(db.scope()?).filter(plans::id.eq(id)).first(db.conn)?)
}

/// How the caller stands to it.
pub(super) fn relation(db: &Db<'_>, row: &Row) -> Relation {
    Relation::of(&db.context.caller, row.unit, row.submitted_by)
}

/// The plan with this id.
///
/// # Errors
/// 404 if there is none, or it is neither of the scope nor in force.
pub fn get(db: &mut Db<'_>, id: PlanId) -> Result<Plan> {
    find(db, id)?.ok_or_else(Error::not_found)
}

/// [`get`], where nothing is no fault.
///
/// # Errors
/// Database errors.
pub fn find(db: &mut Db<'_>, id: PlanId) -> Result<Option<Plan>> {
    let row: Option<Row> = visible!(db.scope()?).filter(plans::id.eq(id)).first(db.conn).optional()?;
    Ok(filled(db, row.into_iter().collect())?.pop())
}

/// Whether a plan is in force and the caller's own unit's.
///
/// # Errors
/// Database errors.
pub fn is_own_in_force(db: &mut Db<'_>, id: PlanId) -> Result<bool> {
    let scope = db.scope()?;
    let own = plans::table
        .filter(plans::id.eq(id))
        .filter(plans::status.eq(PlanStatus::Approved))
        .filter(plans::unit_id.eq_any([scope.root(), scope.home()]));
    Ok(diesel::select(diesel::dsl::exists(own)).get_result(db.conn)?)
}

/// What a piece of work takes in a page, about: its title, its result and what it refers to.
const ITEM_BYTES: i64 = 1500;

/// A page of plans.
///
/// # Errors
/// 422 for a filter that names nothing.
pub fn list(db: &mut Db<'_>, filters: &PlanFilters, q: Option<&str>, since: Option<Instant>, page: &PageRequest) -> Result<Page<Plan>> {
    let (scope, day) = (db.scope()?, db.today());
    let mut faults = Vec::new();
    let mut named = |parameter: &'static str, text: &Option<String>| match text {
        Some(text) => referred_card(db, Fault::of(parameter, FaultCode::UnknownReference), text, &mut faults),
        None => Ok(None),
    };
    let (unit, root) = (named("unit", &filters.unit)?, named("within", &filters.within)?);
    if !faults.is_empty() {
        return Err(Error::invalid(faults));
    }
    let narrowed = || {
        let mut query = visible!(scope).into_boxed();
        if let Some(unit) = unit {
            query = query.filter(plans::unit_id.eq(unit));
        }
        if let Some(root) = root {
            query = query.filter(plans::unit_id.eq_any(within(root, day)));
        }
        if let Some(kind) = filters.kind {
            query = query.filter(plans::kind.eq(kind));
        }
        if let Some(year) = filters.year {
            query = query.filter(plans::from_year.le(year)).filter(plans::to_year.ge(year));
        }
        if let Some(status) = filters.status {
            query = query.filter(plans::status.eq(status));
        }
        if let Some(q) = q {
            query = query.filter(plans::title_key.like(text::like(q)));
        }
        if let Some(since) = since {
            query = query.filter(plans::updated_at.ge(since));
        }
        query
    };
    let total = if page.count { Some(narrowed().select(count_star()).first(db.conn)?) } else { None };
    macro_rules! of_page {
        ($page:expr) => {
            keyset!(narrowed(), $page, plans::table, { "updated_at" => plans::updated_at: Instant }, plans::id)
        };
    }
    let lengths: Vec<(PlanId, Option<i32>, Option<i32>)> = of_page!(page)
        .select((plans::id, octet_length(plans::sections.nullable()), octet_length(plans::targets.nullable())))
        .load(db.conn)?;
    let pieces = plan_items::table.filter(plan_items::plan_id.eq_any(lengths.iter().map(|row| row.0).collect::<Vec<_>>()));
    let pieces: Vec<(PlanId, i64)> = pieces.group_by(plan_items::plan_id).select((plan_items::plan_id, count_star())).load(db.conn)?;
    let pieces: HashMap<PlanId, i64> = pieces.into_iter().collect();
    let lengths = lengths.into_iter().map(|(id, sections, targets)| {
        let texts = i64::from(sections.unwrap_or_default()) + i64::from(targets.unwrap_or_default());
        texts + pieces.get(&id).copied().unwrap_or_default() * ITEM_BYTES
    });
    let (asked, page) = (page.limit, &page.fitting(lengths));
    let rows: Vec<Row> = of_page!(page).load(db.conn)?;
    let cut = Page::cut(rows, page, total, |row: &Row, name| if name == "updated_at" { row.updated_at.write() } else { row.id.write() });
    let (rows, empty) = cut.asked(asked).split();
    Ok(empty.with(filled(db, rows)?))
}

/// The versions of a plan from this one back to the first.
fn line_of(db: &mut Db<'_>, id: PlanId) -> Result<Vec<PlanId>> {
    let mut line = vec![get(db, id)?.id];
    while let Some(last) = line.last().copied() {
        let previous: Option<Option<PlanId>> =
            plans::table.filter(plans::id.eq(last)).select(plans::previous_id).first(db.conn).optional()?;
        match previous.flatten() {
            Some(previous) if !line.contains(&previous) => line.push(previous),
            _ => break,
        }
    }
    Ok(line)
}

type RevisionRow = (i32, PlanId, Option<NamedPerson>, Instant);

/// Everything that was submitted of a plan and of the versions that it replaces, the first one first; of a unit elsewhere what was approved,
/// and not by whom it was submitted.
///
/// # Errors
/// 404 if there is no such plan.
pub fn revisions(db: &mut Db<'_>, id: PlanId) -> Result<Vec<PlanRevision>> {
    let line = line_of(db, id)?;
    let units = plans::table.filter(plans::id.eq_any(line.clone())).select(plans::unit_id).load(db.conn)?;
    let is_ours = !ours(db, units)?.is_empty();
    let approved = plans::status.eq_any([PlanStatus::Approved, PlanStatus::Amended]).and(plans::revision.eq(plan_revisions::number));
    let rows: Vec<RevisionRow> = plan_revisions::table
        .inner_join(plans::table.on(plans::id.eq(plan_revisions::plan_id)))
        .left_join(users::table)
        .filter(plan_revisions::plan_id.eq_any(line))
        .filter(approved.or(is_ours.into_sql::<diesel::sql_types::Bool>()))
        .order_by(plan_revisions::number)
        .select((
            plan_revisions::number,
            plan_revisions::plan_id,
            (users::id, users::username, users::full_name).nullable(),
            plan_revisions::submitted_at,
        ))
        .load(db.conn)?;
    let told = |(number, plan, by, submitted_at): RevisionRow| PlanRevision {
        number,
        plan,
        submitted_by: by.filter(|_| is_ours).map(PersonRef::of),
        submitted_at,
    };
    Ok(rows.into_iter().map(told).collect())
}

/// One of them, with what differs from another.
///
/// # Errors
/// 404 if there is no such plan or revision; 422 if there is none to compare with.
pub fn revision(db: &mut Db<'_>, id: PlanId, number: i32, compare: Option<i32>) -> Result<PlanRevisionContent> {
    let told = revisions(db, id)?;
    let content = |db: &mut Db<'_>, number: i32| -> Result<Option<(PlanRevision, Value)>> {
        let Some(revision) = told.iter().find(|revision| revision.number == number) else { return Ok(None) };
        let text: String = plan_revisions::table
            .filter(plan_revisions::plan_id.eq(revision.plan))
            .filter(plan_revisions::number.eq(number))
            .select(plan_revisions::content)
            .first(db.conn)?;
        Ok(Some((revision.clone(), serde_json::from_str(&text)?)))
    };
    let (revision, after) = content(db, number)?.ok_or_else(Error::not_found)?;
    let changes = match compare {
        None => None,
        Some(other) => {
            let unknown = || Error::invalid(vec![Fault::of("compare", FaultCode::UnknownReference)]);
            let (_, before) = content(db, other)?.ok_or_else(unknown)?;
            Some(differences(&before, &after))
        }
    };
    let PlanRevision { number, plan, submitted_by, submitted_at } = revision;
    Ok(PlanRevisionContent { number, plan, submitted_by, submitted_at, content: after, changes })
}

/// A page of the units of the scope that have no approved plan of a kind for a year; divisions are among them.
///
/// # Errors
/// 422 for a filter that names nothing in scope.
pub fn missing(db: &mut Db<'_>, filters: &MissingFilters, page: &PageRequest) -> Result<Page<PlanlessUnit>> {
    type Source = InnerJoinQuerySource<units::table, unit_spells::table>;
    let (scope, day) = (db.scope()?, db.today());
    let mut faults = Vec::new();
    let root = match filters.within.as_deref() {
        Some(text) => referred_unit(db, Fault::of("within", FaultCode::UnknownReference), text, &mut faults)?.map(|unit| unit.id),
        None => Some(scope.root()),
    };
    let root = root.ok_or_else(|| Error::invalid(faults))?;
    let narrowed = || {
        let planned = plans::table
            .filter(plans::status.eq(PlanStatus::Approved))
            .filter(plans::kind.eq(filters.kind))
            .filter(plans::from_year.le(filters.year))
            .filter(plans::to_year.ge(filters.year))
            .select(plans::unit_id);
        let mut query = units::table
            .inner_join(unit_spells::table)
            .filter(unit_spells::valid_from.le(day))
            .filter(unit_spells::valid_to.gt(day))
            .filter(units::valid_from.le(day))
            .filter(units::valid_to.gt(day))
            .filter(units::id.eq_any(within(scope.root(), day)))
            .filter(units::id.eq_any(within(root, day)))
            .filter(units::id.ne_all(planned))
            .into_boxed();
        if let Some(role) = filters.role {
            query = query.filter(units::kind.eq_any(Kind::ALL.iter().copied().filter(|kind| kind.role() == role).collect::<Vec<_>>()));
        }
        query
    };
    let total = if page.count { Some(narrowed().select(count_star()).first(db.conn)?) } else { None };
    let query = keyset!(narrowed(), page, Source, { "name" => unit_spells::sort_key: Vec<u8>, "code" => units::code: String }, units::id);
    let rows: Vec<(UnitId, String, String, Kind, Vec<u8>)> =
        query.select((units::id, units::code, unit_spells::name, units::kind, unit_spells::sort_key)).load(db.conn)?;
    let cut = Page::cut(rows, page, total, |row: &(UnitId, String, String, Kind, Vec<u8>), name| match name {
        "name" => row.4.write(),
        "code" => row.1.write(),
        _ => row.0.write(),
    });
    Ok(cut.map(|(id, code, name, kind, _)| PlanlessUnit { id, code, name, kind, role: kind.role() }))
}

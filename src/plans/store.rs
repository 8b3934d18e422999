//! Queries on plans: those of the scope, and every approved one (design section 4, exception 2).

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::dsl::count_star;
use diesel::prelude::*;

use super::model::{NewPlan, Plan, PlanFilters, PlanItem, PlanKind, PlanStatus, PlanTarget};
use crate::access::scope::Scope;
use crate::clock::Instant;
use crate::db::page::{CursorValue, Page, PageRequest, keyset};
use crate::db::schema::{indicators, plan_items, plans, targets, tasks};
use crate::db::{Db, Tx};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::ids::of::{Indicator, Task};
use crate::ids::{Id, PlanId, PlanItemId, TaskId, UnitId};
use crate::indicators::model::Operator;
use crate::indicators::rules::Decimal;
use crate::refs::{CatalogueRef, Named};
use crate::text;
use crate::units::store::{referred_card, refs, within};

/// Plans of the scope, and those in force of all. A macro, because the type has no name.
macro_rules! visible {
    ($scope:expr) => {{
        let scope: Scope = $scope;
        plans::table.filter(plans::status.eq(PlanStatus::Approved).or(plans::unit_id.eq_any(within(scope.root(), scope.today()))))
    }};
}

#[derive(Debug, Queryable)]
struct Row {
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
    _returned: Option<String>,
    previous: Option<PlanId>,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

/// Rows with their units, items and targets.
fn filled(db: &mut Db<'_>, rows: Vec<Row>) -> Result<Vec<Plan>> {
    let ids: Vec<PlanId> = rows.iter().map(|row| row.id).collect();
    let owners: Vec<UnitId> = rows.iter().map(|row| row.unit).collect();
    let units = refs(db, owners.clone())?;
    let mut items = items(db, ids)?;
    let set = set_by(db, owners)?;
    rows.into_iter()
        .map(|row| {
            let own = set.get(&row.unit).into_iter().flatten().filter(|target| (row.from_year..=row.to_year).contains(&target.year));
            Ok(Plan {
                unit: units.get(&row.unit).cloned().ok_or_else(|| Error::internal("a plan without its unit"))?,
                items: items.remove(&row.id).unwrap_or_default(),
                targets: own.cloned().collect(),
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
    let units = refs(db, named)?;
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

/// The targets that these units set themselves, by indicator and year.
fn set_by(db: &mut Db<'_>, units: Vec<UnitId>) -> Result<HashMap<UnitId, Vec<PlanTarget>>> {
    type Row = (UnitId, Named<Indicator>, i32, Operator, Option<i64>, Option<String>);
    let rows: Vec<Row> = targets::table
        .inner_join(indicators::table)
        .filter(targets::unit_id.eq_any(units))
        .order_by((indicators::code, targets::year))
        .select((
            targets::unit_id,
            (indicators::id, indicators::code, indicators::title_vi, indicators::title_en),
            targets::year,
            targets::operator,
            targets::value,
            targets::reason,
        ))
        .load(db.conn)?;
    let mut by_unit: HashMap<UnitId, Vec<PlanTarget>> = HashMap::new();
    for (unit, indicator, year, operator, value, reason) in rows {
        let target = PlanTarget { indicator: CatalogueRef::of(indicator), year, operator, value: value.map(Decimal::hundredths), reason };
        by_unit.entry(unit).or_default().push(target);
    }
    Ok(by_unit)
}

/// The plan with this id.
///
/// # Errors
/// 404 if there is none, or it is neither of the scope nor in force.
pub fn get(db: &mut Db<'_>, id: PlanId) -> Result<Plan> {
    let row: Row = visible!(db.scope()?).filter(plans::id.eq(id)).first(db.conn)?;
    filled(db, vec![row])?.pop().ok_or_else(Error::not_found)
}

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
    let query = keyset!(narrowed(), page, plans::table, { "updated_at" => plans::updated_at: Instant }, plans::id);
    let rows: Vec<Row> = query.load(db.conn)?;
    let cut = Page::cut(rows, page, total, |row: &Row, name| if name == "updated_at" { row.updated_at.write() } else { row.id.write() });
    let (rows, empty) = cut.split();
    Ok(empty.with(filled(db, rows)?))
}

/// Records the department's plan, approved, with every task of the catalogue as its work.
///
/// # Errors
/// Database errors.
pub fn insert_department_plan(tx: &mut Tx<'_>, unit: UnitId, new: &NewPlan, work: &[(TaskId, String)]) -> Result<PlanId> {
    let id: PlanId = Id::new();
    let row = (
        (
            plans::id.eq(id),
            plans::unit_id.eq(unit),
            plans::kind.eq(PlanKind::Horizon),
            plans::from_year.eq(new.from_year),
            plans::to_year.eq(new.to_year),
            plans::title.eq(&new.title),
            plans::title_key.eq(text::fold(&new.title)),
            plans::status.eq(PlanStatus::Approved),
            plans::revision.eq(1),
            plans::number.eq(&new.number),
        ),
        (
            plans::symbol.eq(&new.symbol),
            plans::issued_on.eq(new.issued_on),
            plans::issued_text.eq(&new.issued_text),
            plans::place.eq(&new.place),
            plans::signatory.eq(new.signatory.as_ref().map(serde_json::to_string).transpose()?),
            plans::recipients.eq(serde_json::to_string(&new.recipients)?),
            plans::sections.eq(serde_json::to_string(&new.sections)?),
            plans::version.eq(1_i64),
            plans::created_at.eq(tx.now()),
            plans::updated_at.eq(tx.now()),
        ),
    );
    diesel::insert_into(plans::table).values(row).execute(tx.conn)?;
    for (place, (task, title)) in (1_i32..).zip(work) {
        let item: PlanItemId = Id::new();
        let row = (
            plan_items::id.eq(item),
            plan_items::plan_id.eq(id),
            plan_items::place.eq(place),
            plan_items::task_id.eq(*task),
            plan_items::title.eq(title),
            // The plan names no leads; until a unit is assigned, what the department planned is its own to do.
            plan_items::lead_id.eq(unit),
            plan_items::cooperating.eq("[]"),
        );
        diesel::insert_into(plan_items::table).values(row).execute(tx.conn)?;
    }
    Ok(id)
}

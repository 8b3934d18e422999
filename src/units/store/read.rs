//! Reading units as of a day. One statement answers a unit or a page whole: refs, counts and whether it is in scope.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::dsl::{InnerJoinQuerySource, count_star, exists, max, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use serde_json::Value;

use crate::access::scope::Scope;
use crate::clock::Instant;
use crate::db::page::{Condition, CursorValue, Page, PageRequest, keyset};
use crate::db::schema::{localities, unit_closure, unit_spells, units};
use crate::db::{Conn, Db, Tx, by_key, open_end};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::ids::{Key, LocalityId, UnitId};
use crate::localities::model::LocalityRef;
use crate::localities::store::within as localities_within;
use crate::refs;
use crate::registers::ExternalCode;
use crate::text;
use crate::units::model::{Kind, Level, Ownership, TreeNode, Unit, UnitFilters, UnitRef, UnitSpell, UnitType};

diesel::alias! {
    const PARENTS: Alias<Parents> = units as parents;
    const PARENT_SPELLS: Alias<ParentSpells> = unit_spells as parent_spells;
    const CHILD_SPELLS: Alias<ChildSpells> = unit_spells as child_spells;
}

/// Units with their spells.
pub type Source = InnerJoinQuerySource<units::table, unit_spells::table>;

#[derive(Debug, Queryable)]
struct Row {
    id: UnitId,
    code: String,
    kind: Kind,
    unit_type: UnitType,
    external_codes: String,
    valid_from: NaiveDate,
    valid_to: NaiveDate,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
    spell: Spell,
    parent_code: Option<String>,
    parent_name: Option<String>,
    locality_code: Option<String>,
    locality_name: Option<String>,
    children_count: Option<i64>,
    depth: Option<i32>,
    in_scope: bool,
}

#[derive(Debug, Queryable)]
struct Spell {
    name: String,
    sort_key: Vec<u8>,
    short_name: Option<String>,
    parent_id: Option<UnitId>,
    locality_id: Option<LocalityId>,
    levels: String,
    ownership: Option<Ownership>,
}

/// A unit and whether it is in the caller's scope.
#[derive(Debug)]
pub struct Found {
    /// All of it.
    pub unit: Unit,
    /// Whether the caller may see all of it.
    pub in_scope: bool,
    sort_key: Vec<u8>,
}

impl Found {
    /// As the caller may see it: whole in the scope, its card elsewhere.
    #[must_use]
    pub fn shown(self) -> Unit {
        if self.in_scope { self.unit } else { self.unit.card() }
    }

    /// All of it, if it is in scope.
    ///
    /// # Errors
    /// 404 if not.
    pub fn whole(&self) -> Result<&Unit> {
        if self.in_scope { Ok(&self.unit) } else { Err(Error::not_found()) }
    }

    fn sorted(&self, name: &str) -> Value {
        match name {
            "name" => self.sort_key.write(),
            "code" => self.unit.code.write(),
            "updated_at" => self.unit.updated_at.map(|at| at.write()).unwrap_or_default(),
            _ => self.unit.id.write(),
        }
    }
}

impl TryFrom<Row> for Found {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let external_codes: Vec<ExternalCode> = serde_json::from_str(&row.external_codes)?;
        let named = |id: UnitId| Some(UnitRef { id, code: row.parent_code.clone()?, name: row.parent_name.clone()? });
        let located = |id: LocalityId| Some(LocalityRef { id, code: row.locality_code.clone()?, name: row.locality_name.clone()? });
        let unit = Unit {
            id: row.id,
            kind: row.kind,
            unit_type: row.unit_type,
            levels: Level::from_words(&row.spell.levels),
            ownership: row.spell.ownership,
            name: row.spell.name,
            short_name: row.spell.short_name,
            role: row.kind.role(),
            parent: row.spell.parent_id.and_then(named),
            locality: row.spell.locality_id.and_then(located),
            depth: row.depth.unwrap_or_default(),
            external_codes: Some(external_codes),
            valid_from: Some(row.valid_from),
            valid_to: open_end(row.valid_to),
            children_count: Some(row.children_count.unwrap_or_default()),
            version: Some(row.version),
            created_at: Some(row.created_at),
            updated_at: Some(row.updated_at),
            code: row.code,
        };
        Ok(Self { unit, in_scope: row.in_scope, sort_key: row.spell.sort_key })
    }
}

/// Whether a spell teaches one of these levels; true where none is asked.
#[must_use]
pub fn teaches(levels: &[Level]) -> Condition<Source> {
    let mut any: Option<Condition<Source>> = None;
    for level in levels {
        let one = unit_spells::levels.like(format!("% {} %", level.as_str()));
        any = Some(match any {
            Some(any) => Box::new(any.or(one)),
            None => Box::new(one),
        });
    }
    any.unwrap_or_else(|| Box::new(sql::<Bool>("1 = 1")))
}

/// All units as of a day, each with what an answer needs; to be narrowed and read. A macro, because the type has no name.
macro_rules! units_as_of {
    ($day:expr, $scope:expr) => {{
        let (day, scope): (NaiveDate, Scope) = ($day, $scope);
        units::table
            .inner_join(unit_spells::table)
            .filter(unit_spells::valid_from.le(day))
            .filter(unit_spells::valid_to.gt(day))
            .select((
                units::id,
                units::code,
                units::kind,
                units::type_,
                units::external_codes,
                units::valid_from,
                units::valid_to,
                units::version,
                units::created_at,
                units::updated_at,
                (
                    unit_spells::name,
                    unit_spells::sort_key,
                    unit_spells::short_name,
                    unit_spells::parent_id,
                    unit_spells::locality_id,
                    unit_spells::levels,
                    unit_spells::ownership,
                ),
                PARENTS
                    .filter(PARENTS.field(units::id).nullable().eq(unit_spells::parent_id))
                    .select(PARENTS.field(units::code))
                    .single_value(),
                PARENT_SPELLS
                    .filter(PARENT_SPELLS.field(unit_spells::unit_id).nullable().eq(unit_spells::parent_id))
                    .filter(PARENT_SPELLS.field(unit_spells::valid_from).le(day))
                    .filter(PARENT_SPELLS.field(unit_spells::valid_to).gt(day))
                    .select(PARENT_SPELLS.field(unit_spells::name))
                    .single_value(),
                localities::table.filter(localities::id.nullable().eq(unit_spells::locality_id)).select(localities::code).single_value(),
                localities::table.filter(localities::id.nullable().eq(unit_spells::locality_id)).select(localities::name).single_value(),
                CHILD_SPELLS
                    .filter(CHILD_SPELLS.field(unit_spells::parent_id).eq(units::id.nullable()))
                    .filter(CHILD_SPELLS.field(unit_spells::valid_from).le(day))
                    .filter(CHILD_SPELLS.field(unit_spells::valid_to).gt(day))
                    .select(count_star())
                    .single_value(),
                unit_closure::table
                    .filter(unit_closure::descendant.eq(units::id))
                    .filter(unit_closure::valid_from.le(day))
                    .filter(unit_closure::valid_to.gt(day))
                    .select(max(unit_closure::depth))
                    .single_value(),
                exists(over(scope.root(), scope.today())),
            ))
            .into_boxed()
    }};
}

/// The ids of a subtree on a day: what every scoped query narrows itself with.
#[must_use]
#[diesel::dsl::auto_type(no_type_alias)]
pub fn within(root: UnitId, day: NaiveDate) -> _ {
    unit_closure::table
        .filter(unit_closure::ancestor.eq(root))
        .filter(unit_closure::valid_from.le(day))
        .filter(unit_closure::valid_to.gt(day))
        .select(unit_closure::descendant)
}

/// What stands between a unit above and the unit of the outer query on a day. To ask `exists` of it is one look at the closure for one unit,
/// where [`within`] makes the whole subtree first.
#[diesel::dsl::auto_type(no_type_alias)]
fn over(root: UnitId, day: NaiveDate) -> _ {
    unit_closure::table
        .filter(unit_closure::descendant.eq(units::id))
        .filter(unit_closure::ancestor.eq(root))
        .filter(unit_closure::valid_from.le(day))
        .filter(unit_closure::valid_to.gt(day))
}

/// The unit with this key as of a day, as a card or whole: cards are wider than the scope.
///
/// # Errors
/// Database errors.
pub fn find(db: &mut Db<'_>, key: &Key, as_of: Option<NaiveDate>) -> Result<Option<Found>> {
    let query = units_as_of!(as_of.unwrap_or(db.today()), db.scope()?);
    by_key!(query, key, units).first::<Row>(db.conn).optional()?.map(Found::try_from).transpose()
}

/// A unit whole, as it was on a day, if it was there: for what is told of it to whoever may see it.
///
/// # Errors
/// Database errors.
pub(super) fn on(db: &mut Db<'_>, id: UnitId, day: NaiveDate) -> Result<Option<Unit>> {
    let query = units_as_of!(day, Scope::new(id, id, day)).filter(units::id.eq(id));
    let row: Option<Row> = query.first(db.conn).optional()?;
    Ok(row.map(Found::try_from).transpose()?.map(|found| found.unit))
}

/// The id of the unit with this code: for commands and loading, which have no scope.
///
/// # Errors
/// Database errors.
pub fn find_by_code(db: &mut Db<'_>, code: &str) -> Result<Option<UnitId>> {
    Ok(units::table.filter(units::code.eq(code)).select(units::id).first(db.conn).optional()?)
}

/// Units by id, named as of today: for answers that name units whose cards anyone may see.
///
/// # Errors
/// Database errors.
pub fn unit_refs(db: &mut Db<'_>, ids: Vec<UnitId>) -> Result<HashMap<UnitId, UnitRef>> {
    let today = db.today();
    unit_refs_on(db, ids, today)
}

fn unit_refs_on(db: &mut Db<'_>, ids: Vec<UnitId>, day: NaiveDate) -> Result<HashMap<UnitId, UnitRef>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(UnitId, String, String)> = units::table
        .inner_join(unit_spells::table)
        .filter(unit_spells::valid_from.le(day))
        .filter(unit_spells::valid_to.gt(day))
        .filter(units::id.eq_any(ids))
        .select((units::id, units::code, unit_spells::name))
        .load(db.conn)?;
    Ok(rows.into_iter().map(|(id, code, name)| (id, UnitRef { id, code, name })).collect())
}

/// [`unit_refs`]; units that are gone are named as they were on a day.
///
/// # Errors
/// Database errors.
pub fn unit_refs_since(db: &mut Db<'_>, ids: &[UnitId], day: NaiveDate) -> Result<HashMap<UnitId, UnitRef>> {
    let mut found = unit_refs(db, ids.to_vec())?;
    let gone: Vec<UnitId> = ids.iter().copied().filter(|id| !found.contains_key(id)).collect();
    found.extend(unit_refs_on(db, gone, day)?);
    Ok(found)
}

/// Keeps what a unit records as it is until the end of the transaction: whoever records locks its row first.
///
/// # Errors
/// Database errors.
pub fn hold(tx: &mut Tx<'_>, id: UnitId) -> Result<()> {
    if let Conn::Pg(pg) = &mut *tx.conn {
        let _: Option<UnitId> = units::table.filter(units::id.eq(id)).select(units::id).for_no_key_update().first(pg).optional()?;
    }
    Ok(())
}

/// The unit with this key, as the caller may see it.
///
/// # Errors
/// 404 if there is none.
pub fn get(db: &mut Db<'_>, key: &Key, as_of: Option<NaiveDate>) -> Result<Found> {
    find(db, key, as_of)?.ok_or_else(Error::not_found)
}

/// The unit that a parameter names.
fn referred(db: &mut Db<'_>, parameter: &'static str, text: &str, as_of: NaiveDate, faults: &mut Vec<Fault>) -> Result<Option<UnitId>> {
    let fault = Fault::of(parameter, FaultCode::UnknownReference);
    let found = refs::referred(text, fault, faults, |key| find(db, key, Some(as_of)))?;
    Ok(found.map(|found| found.unit.id))
}

/// The unit of the scope that a text names; `fault` is told where it names nothing, or a unit out of scope: the same for both.
///
/// # Errors
/// Database errors.
pub fn referred_unit(db: &mut Db<'_>, fault: Fault, text: &str, faults: &mut Vec<Fault>) -> Result<Option<Unit>> {
    let found = refs::referred(text, fault, faults, |key| Ok(find(db, key, None)?.filter(|found| found.in_scope)))?;
    Ok(found.map(|found| found.unit))
}

/// The id of any unit that a text names: its card is readable by whoever is signed in.
///
/// # Errors
/// Database errors.
pub fn referred_card(db: &mut Db<'_>, fault: Fault, text: &str, faults: &mut Vec<Fault>) -> Result<Option<UnitId>> {
    refs::referred(text, fault, faults, |key| {
        Ok(by_key!(units::table.select(units::id).into_boxed(), key, units).first(db.conn).optional()?)
    })
}

/// [`referred_unit`], or the caller's own unit where none is named.
///
/// # Errors
/// Database errors.
pub fn own_or_referred(db: &mut Db<'_>, fault: Fault, text: Option<&str>, faults: &mut Vec<Fault>) -> Result<Option<Unit>> {
    if let Some(text) = text {
        return referred_unit(db, fault, text, faults);
    }
    // For people of a division that is their department.
    let own = db.scope()?.root();
    Ok(find(db, &Key::from(own), None)?.map(|found| found.unit))
}

/// [`own_or_referred`], named and no more.
///
/// # Errors
/// Database errors.
pub fn own_or_referred_ref(db: &mut Db<'_>, fault: Fault, text: Option<&str>, faults: &mut Vec<Fault>) -> Result<Option<UnitRef>> {
    let (scope, day) = (db.scope()?, db.today());
    let own = scope.root().to_string();
    refs::referred(text.unwrap_or(&own), fault, faults, |key| {
        let query = units::table
            .inner_join(unit_spells::table)
            .filter(unit_spells::valid_from.le(day))
            .filter(unit_spells::valid_to.gt(day))
            .filter(exists(over(scope.root(), scope.today())))
            .select((units::id, units::code, unit_spells::name))
            .into_boxed();
        let row: Option<(UnitId, String, String)> = by_key!(query, key, units).first(db.conn).optional()?;
        Ok(row.map(|(id, code, name)| UnitRef { id, code, name }))
    })
}

/// A page of units as of a day.
///
/// # Errors
/// 422 for a filter that names nothing.
pub fn list(db: &mut Db<'_>, filters: &UnitFilters, q: Option<&str>, since: Option<Instant>, page: &PageRequest) -> Result<Page<Unit>> {
    let day = filters.as_of.unwrap_or(db.today());
    let scope = db.scope()?;
    let mut faults = Vec::new();
    let parent = filters.parent.as_deref().map(|text| referred(db, "parent", text, day, &mut faults)).transpose()?.flatten();
    let root = filters.within.as_deref().map(|text| referred(db, "within", text, day, &mut faults)).transpose()?.flatten();
    let places = match filters.locality.as_deref() {
        Some(text) => {
            let places = localities_within(db, text)?;
            if places.is_empty() {
                faults.push(Fault::of("locality", FaultCode::UnknownReference));
            }
            Some(places)
        }
        None => None,
    };
    if !faults.is_empty() {
        return Err(Error::invalid(faults));
    }
    let narrowed = || {
        let mut query = units_as_of!(day, scope).filter(units::valid_from.le(day)).filter(units::valid_to.gt(day));
        if let Some(kind) = filters.kind {
            query = query.filter(units::kind.eq(kind));
        }
        if let Some(unit_type) = filters.unit_type {
            query = query.filter(units::type_.eq(unit_type));
        }
        if let Some(level) = filters.level {
            query = query.filter(unit_spells::levels.like(format!("% {} %", level.as_str())));
        }
        if let Some(parent) = parent {
            query = query.filter(unit_spells::parent_id.eq(parent));
        }
        if let Some(root) = root {
            query = query.filter(units::id.eq_any(within(root, day)));
        }
        if let Some(places) = &places {
            query = query.filter(unit_spells::locality_id.eq_any(places.clone()));
        }
        if let Some(q) = q {
            query = query.filter(unit_spells::name_key.like(text::like(q)));
        }
        if let Some(since) = since {
            query = query.filter(units::updated_at.ge(since));
        }
        query
    };
    let total = if page.count { Some(narrowed().select(count_star()).first::<i64>(db.conn)?) } else { None };
    let query = keyset!(narrowed(), page, Source, {
        "name" => unit_spells::sort_key: Vec<u8>, "code" => units::code: String, "updated_at" => units::updated_at: Instant,
    }, units::id);
    let rows = query.load::<Row>(db.conn)?.into_iter().map(Found::try_from).collect::<Result<Vec<_>>>()?;
    Ok(Page::cut(rows, page, total, Found::sorted).map(Found::shown))
}

/// A page of the units directly below one.
///
/// # Errors
/// 404 if there is no such unit.
pub fn children(db: &mut Db<'_>, key: &Key, as_of: Option<NaiveDate>, page: &PageRequest) -> Result<Page<Unit>> {
    let parent = get(db, key, as_of)?.unit.id;
    let filters = UnitFilters { parent: Some(parent.to_string()), as_of, ..UnitFilters::default() };
    list(db, &filters, None, None, page)
}

/// Cards of the units above one, from the top down.
///
/// # Errors
/// 404 if there is no such unit.
pub fn ancestors(db: &mut Db<'_>, key: &Key, as_of: Option<NaiveDate>) -> Result<Vec<Unit>> {
    let unit = get(db, key, as_of)?.unit.id;
    let day = as_of.unwrap_or(db.today());
    let above = unit_closure::table
        .filter(unit_closure::descendant.eq(unit))
        .filter(unit_closure::depth.gt(0))
        .filter(unit_closure::valid_from.le(day))
        .filter(unit_closure::valid_to.gt(day))
        .select(unit_closure::ancestor);
    let rows = units_as_of!(day, db.scope()?).filter(units::id.eq_any(above)).load::<Row>(db.conn)?;
    let mut found = rows.into_iter().map(Found::try_from).collect::<Result<Vec<_>>>()?;
    found.sort_by_key(|found| found.unit.depth);
    Ok(found.into_iter().map(|found| found.unit.card()).collect())
}

/// What a unit of the scope was, from its first day on.
///
/// # Errors
/// 404 if it is absent or out of scope.
pub fn history(db: &mut Db<'_>, key: &Key) -> Result<Vec<UnitSpell>> {
    type Told = (NaiveDate, NaiveDate, String, Option<UnitId>, Option<String>, Option<String>);
    let found = find(db, key, None)?.filter(|found| found.in_scope).ok_or_else(Error::not_found)?;
    let (first, last) = (found.unit.valid_from, found.unit.valid_to);
    let rows: Vec<Told> = unit_spells::table
        .filter(unit_spells::unit_id.eq(found.unit.id))
        .order_by(unit_spells::valid_from)
        .select((
            unit_spells::valid_from,
            unit_spells::valid_to,
            unit_spells::name,
            unit_spells::parent_id,
            PARENTS
                .filter(PARENTS.field(units::id).nullable().eq(unit_spells::parent_id))
                .select(PARENTS.field(units::code))
                .single_value(),
            PARENT_SPELLS
                .filter(PARENT_SPELLS.field(unit_spells::unit_id).nullable().eq(unit_spells::parent_id))
                .filter(PARENT_SPELLS.field(unit_spells::valid_from).le(unit_spells::valid_from))
                .filter(PARENT_SPELLS.field(unit_spells::valid_to).gt(unit_spells::valid_from))
                .select(PARENT_SPELLS.field(unit_spells::name))
                .single_value(),
        ))
        .load(db.conn)?;
    let spells = rows.into_iter().map(|(from, to, name, parent, code, parent_name)| UnitSpell {
        valid_from: first.map_or(from, |first| first.max(from)),
        valid_to: open_end(last.map_or(to, |last| last.min(to))),
        name,
        parent: parent.zip(code).zip(parent_name).map(|((id, code), name)| UnitRef { id, code, name }),
        document: None,
    });
    Ok(spells.collect())
}

/// More nodes than this are too many for one answer.
const MOST_NODES: i64 = 2000;

/// The tree from a unit down.
///
/// # Errors
/// 422 for a root that is not there and for more than 2,000 nodes.
pub fn tree(db: &mut Db<'_>, root: Option<&str>, depth: i32, kind: Option<Kind>, as_of: Option<NaiveDate>) -> Result<Vec<TreeNode>> {
    let day = as_of.unwrap_or(db.today());
    let scope = db.scope()?;
    let mut query = units_as_of!(day, scope).filter(units::valid_from.le(day)).filter(units::valid_to.gt(day));
    let mut faults = Vec::new();
    let root = match root {
        Some(text) => referred(db, "root", text, day, &mut faults)?,
        None => top(db, day)?,
    };
    if !faults.is_empty() {
        return Err(Error::invalid(faults));
    }
    let Some(root) = root else { return Ok(Vec::new()) };
    query = query
        .filter(units::id.eq_any(within(root, day).filter(unit_closure::depth.le(depth))))
        .order_by((unit_spells::sort_key, units::id))
        .limit(MOST_NODES + 1);
    let rows = query.load::<Row>(db.conn)?;
    if i64::try_from(rows.len()).unwrap_or(i64::MAX) > MOST_NODES {
        return Err(Error::invalid(vec![Fault::of("depth", FaultCode::OutOfRange).with(format!("{MOST_NODES}"))]));
    }
    let units = rows.into_iter().map(|row| Found::try_from(row).map(Found::shown)).collect::<Result<Vec<_>>>()?;
    Ok(grow(&units, root, kind).into_iter().collect())
}

fn top(db: &mut Db<'_>, day: NaiveDate) -> Result<Option<UnitId>> {
    Ok(unit_spells::table
        .filter(unit_spells::parent_id.is_null())
        .filter(unit_spells::valid_from.le(day))
        .filter(unit_spells::valid_to.gt(day))
        .order_by(unit_spells::valid_from)
        .select(unit_spells::unit_id)
        .first(db.conn)
        .optional()?)
}

/// The node of a unit and those below it; without a kind asked for, all of them, else those that lead to one of that kind.
fn grow(units: &[Unit], id: UnitId, kind: Option<Kind>) -> Option<TreeNode> {
    let mut below: HashMap<UnitId, Vec<&Unit>> = HashMap::new();
    for unit in units {
        if let Some(parent) = &unit.parent {
            below.entry(parent.id).or_default().push(unit);
        }
    }
    let root = units.iter().find(|unit| unit.id == id)?;
    Some(node(root, &below, kind).unwrap_or_else(|| leaf(root)))
}

fn node(unit: &Unit, below: &HashMap<UnitId, Vec<&Unit>>, kind: Option<Kind>) -> Option<TreeNode> {
    let children: Vec<TreeNode> = below.get(&unit.id).into_iter().flatten().filter_map(|child| node(child, below, kind)).collect();
    let kept = kind.is_none_or(|kind| unit.kind == kind) || !children.is_empty();
    kept.then(|| TreeNode { children, ..leaf(unit) })
}

fn leaf(unit: &Unit) -> TreeNode {
    TreeNode {
        id: unit.id,
        code: unit.code.clone(),
        kind: unit.kind,
        name: unit.name.clone(),
        children_count: unit.children_count,
        children: Vec::new(),
    }
}

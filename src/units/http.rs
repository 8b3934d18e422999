//! Units on HTTP.

use chrono::NaiveDate;

use super::model::{AsOf, Kind, NewUnit, TreeNode, TreeQuery, Unit, UnitFilters, UnitPatch, UnitSpell};
use super::{rules, store, told};
use crate::access::Access;
use crate::access::policy::{ReadUnits, WriteUnits};
use crate::db::Tx;
use crate::error::{Code, Error, Fault, FaultCode, Result};
use crate::http::answers::{Created, Paged, Resource, Rows, Single};
use crate::http::list::{Filters, List};
use crate::http::parts::{Body, IfMatch, Path, Query};
use crate::http::registrar::Registrar;
use crate::ids::{Id, Key, LocalityId, UnitId};
use crate::localities;
use crate::patch::Field;

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("units", "Đơn vị: the department, its divisions, offices, schools, centres and colleges, in a dated tree.");
    api.path("/units")
        .get(list_units, "List units", "Cards of all units, whole inside the caller's scope, as of a day.")
        .post(create_unit, "Create a unit", "Below one's own unit; an office with a locality of one's own territory. The code is for good.")
        .refuses(&[Code::Duplicate])
        .done();
    api.path("/units/tree").get(read_unit_tree, "Read the tree", "From a unit down, at most 2,000 nodes.").done();
    api.path("/units/{unit}")
        .get(get_unit, "Read a unit", "Whole inside the caller's scope, its card elsewhere.")
        .patch(
            update_unit,
            "Change a unit",
            "From a day on which it was one's own already; what lay before it stays. A move takes all units below with it; an office lies in the \
             territory of the one above it on every day from then on, and what it was in charge of elsewhere is not read or recorded there.",
        )
        .refuses(&[Code::Conflict])
        .done();
    api.path("/units/{unit}/children").get(list_unit_children, "List the units directly below", "As of a day.").done();
    api.path("/units/{unit}/ancestors").get(list_unit_ancestors, "List the units above", "Cards, from the top down.").done();
    api.path("/units/{unit}/history")
        .get(list_unit_history, "Read a unit's history", "What it was called and where it stood, from when until when.")
        .done();
}

impl Resource for Unit {
    fn version(&self) -> Option<i64> {
        self.version
    }
    fn location(&self) -> String {
        format!("/api/v1/units/{}", self.id)
    }
}

impl Filters for UnitFilters {
    const SORTS: &'static [&'static str] = &["name", "code", "updated_at"];
    const SEARCH: bool = true;
    const UPDATED: bool = true;
    fn several(&self) -> bool {
        self.parent.is_some() || self.within.is_some() || self.locality.is_some()
    }
}

impl Filters for AsOf {
    const SORTS: &'static [&'static str] = &["name", "code", "updated_at"];
    fn several(&self) -> bool {
        true
    }
}

async fn list_units(access: Access<ReadUnits>, list: List<UnitFilters>) -> Result<Paged<Unit>> {
    list.answer(&access, move |db, list| store::list(db, &list.filters, list.q.as_deref(), list.updated_since, &list.page)).await
}

async fn get_unit(access: Access<ReadUnits>, Path(key): Path<Key>, Query(query): Query<AsOf>) -> Result<Single<Unit>> {
    access.read(move |db| store::get(db, &key, query.as_of)).await.map(|found| Single(found.shown()))
}

async fn list_unit_children(access: Access<ReadUnits>, Path(key): Path<Key>, list: List<AsOf>) -> Result<Paged<Unit>> {
    list.answer(&access, move |db, list| store::children(db, &key, list.filters.as_of, &list.page)).await
}

async fn list_unit_ancestors(access: Access<ReadUnits>, Path(key): Path<Key>, Query(query): Query<AsOf>) -> Result<Rows<Unit>> {
    access.snapshot(move |db| store::ancestors(db, &key, query.as_of)).await.map(Rows)
}

async fn list_unit_history(access: Access<ReadUnits>, Path(key): Path<Key>) -> Result<Rows<UnitSpell>> {
    access.snapshot(move |db| store::history(db, &key)).await.map(Rows)
}

async fn read_unit_tree(access: Access<ReadUnits>, Query(query): Query<TreeQuery>) -> Result<Rows<TreeNode>> {
    access.snapshot(move |db| store::tree(db, query.root.as_deref(), query.depth.unwrap_or(2), query.kind, query.as_of)).await.map(Rows)
}

async fn create_unit(access: Access<WriteUnits>, Body(new): Body<NewUnit>) -> Result<Created<Unit>> {
    let unit = access
        .write(move |tx| {
            let tree = tx.take_tree()?;
            let row = resolve_new(tx, &new)?;
            store::insert(tx, &tree, &row)?;
            must_lie_within(tx, row.id, row.valid_from.min(tx.today()))?;
            let unit = store::get(tx, &Key::from(row.id), None)?.unit;
            told::created(tx, &unit)?;
            Ok(unit)
        })
        .await?;
    Ok(Created(unit))
}

async fn update_unit(
    access: Access<WriteUnits>,
    Path(key): Path<Key>,
    IfMatch(matching): IfMatch,
    Body(patch): Body<UnitPatch>,
) -> Result<Single<Unit>> {
    let unit = access
        .write(move |tx| {
            let tree = tx.take_tree()?;
            let locked = store::lock(tx, &key)?;
            let before = locked.found.whole()?.clone();
            if rules::is_from_above(&patch, before.kind) && tx.scope()?.is_own(before.id) && before.parent.is_some() {
                let (vi, en) = ("Cấp trên quyết định việc này.", "The unit above decides on that.");
                return Err(Error::forbidden().because(vi, en));
            }
            matching.check(before.version.unwrap_or_default())?;
            let change = resolve_patch(tx, &before, &patch)?;
            let day = patch.effective_on.unwrap_or(tx.today());
            store::update(tx, &tree, &locked, &change, day)?;
            if change.parent.is_some() || change.locality.is_some() {
                must_lie_within(tx, before.id, day)?;
            }
            let after = store::get(tx, &Key::from(before.id), None)?.unit;
            told::changed(tx, &before, &after)?;
            Ok(after)
        })
        .await?;
    Ok(Single(unit))
}

/// The new unit with what it names looked up; all faults at once.
fn resolve_new(tx: &mut Tx<'_>, new: &NewUnit) -> Result<store::NewRow> {
    let mut faults = rules::faults_of_new(new, tx.today());
    let parent = store::referred_unit(tx, Fault::at("/parent", FaultCode::UnknownReference), &new.parent, &mut faults)?;
    faults.extend(parent.as_ref().and_then(|parent| rules::fault_of_parent(new.kind, parent.kind)));
    let from = new.valid_from.unwrap_or(tx.today());
    if let Some(parent) = &parent {
        faults.extend(match rules::fault_of_orphan("/valid_from", parent, from) {
            None => fault_of_day(tx, "/valid_from", parent, from)?,
            orphan => orphan,
        });
    }
    let unknown = Fault::at("/locality", FaultCode::UnknownReference);
    let locality = new.locality.as_deref().map(|text| localities::store::referred(tx, unknown, text, &mut faults)).transpose()?.flatten();
    if !faults.is_empty() {
        return Err(Error::invalid(faults));
    }
    may_give(tx, new.kind, locality, from)?;
    Ok(store::NewRow {
        id: Id::new(),
        code: new.code.clone(),
        kind: new.kind,
        unit_type: new.unit_type,
        external_codes: new.external_codes.clone(),
        valid_from: new.valid_from.unwrap_or(tx.today()),
        spell: store::SpellRow {
            name: new.name.clone(),
            short_name: new.short_name.clone(),
            parent: parent.map(|parent| parent.id),
            locality,
            levels: new.levels.clone().unwrap_or_else(|| rules::levels(new.unit_type).to_vec()),
            ownership: new.ownership,
        },
    })
}

/// An office reads and records whatever is of its territory, so that lies in that of whoever gives it.
///
/// # Errors
/// 403 for a locality elsewhere.
fn may_give(tx: &mut Tx<'_>, kind: Kind, locality: Option<LocalityId>, from: NaiveDate) -> Result<()> {
    let Some(locality) = locality.filter(|_| kind.is_in_charge()) else { return Ok(()) };
    let around = localities::store::around(tx, locality)?;
    let root = tx.scope()?.root();
    let own = store::territories(tx, vec![root], from)?.iter().all(|(.., own)| own.is_some_and(|own| around.contains(&own)));
    if own { Ok(()) } else { Err(elsewhere()) }
}

/// Whatever was planned before, in whichever order: an office lies in the territory of the one above it from that day on.
///
/// # Errors
/// 403 where it does not, or one below it.
fn must_lie_within(tx: &mut Tx<'_>, unit: UnitId, from: NaiveDate) -> Result<()> {
    if store::lies_within(tx, unit, from)? { Ok(()) } else { Err(elsewhere()) }
}

fn elsewhere() -> Error {
    let (vi, en) =
        ("Địa bàn này không thuộc phạm vi phụ trách của đơn vị cấp trên.", "This locality is not in the charge of the unit above.");
    Error::forbidden().because(vi, en)
}

/// A change counts from its day on: what was, or will be, another's then is not changed by who has it now.
fn fault_of_day(tx: &mut Tx<'_>, pointer: &'static str, unit: &Unit, day: NaiveDate) -> Result<Option<Fault>> {
    let (today, first) = (tx.today(), unit.valid_from.unwrap_or(day));
    let stands = store::stands_here(tx, unit.id, day.min(today).max(first), day.max(today).max(first))?;
    Ok((!stands).then(|| Fault::at(pointer, FaultCode::OutOfRange).with("of one's own on that day and since")))
}

/// The change with what it names looked up; all faults at once.
fn resolve_patch(tx: &mut Tx<'_>, unit: &Unit, patch: &UnitPatch) -> Result<store::Change> {
    // Every member stands here: a new one does not compile until it is handled.
    let UnitPatch { name, short_name, parent, levels, ownership, locality, external_codes, effective_on } = patch.clone();
    let mut faults = external_codes.as_deref().map(rules::faults_of_codes).unwrap_or_default();
    if let Some(day) = effective_on {
        faults.extend(rules::fault_of_date("/effective_on", day, tx.today()));
        if unit.valid_from.is_some_and(|first| day < first) {
            faults.push(Fault::at("/effective_on", FaultCode::OutOfRange).with("≥ valid_from"));
        }
    }
    let parent = match parent.as_deref() {
        Some(text) => store::referred_unit(tx, Fault::at("/parent", FaultCode::UnknownReference), text, &mut faults)?,
        None => None,
    };
    faults.extend(parent.as_ref().and_then(|parent| rules::fault_of_parent(unit.kind, parent.kind)));
    let from = effective_on.unwrap_or(tx.today());
    faults.extend(parent.as_ref().and_then(|parent| rules::fault_of_orphan("/effective_on", parent, from)));
    let changed = [Some(unit), parent.as_ref()];
    for changed in changed.into_iter().flatten() {
        // One fault of the day is enough.
        if faults.is_empty() {
            faults.extend(fault_of_day(tx, "/effective_on", changed, from)?);
        }
    }
    let locality = match &locality {
        Field::Absent => None,
        Field::Null => Some(None),
        Field::Value(text) => {
            Some(localities::store::referred(tx, Fault::at("/locality", FaultCode::UnknownReference), text, &mut faults)?)
        }
    };
    if !faults.is_empty() {
        return Err(Error::invalid(faults));
    }
    may_give(tx, unit.kind, locality.flatten(), from)?;
    Ok(store::Change {
        name,
        short_name: short_name.given(),
        parent: parent.map(|parent| parent.id),
        locality,
        levels,
        ownership: ownership.given(),
        external_codes,
    })
}

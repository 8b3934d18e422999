//! Queries on groups and tasks: the catalogue's are readable by whoever is signed in, a unit's own in the scope.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::dsl::{InnerJoinQuerySource, count_star};
use diesel::prelude::*;

use super::model::{Cadence, GroupFilters, Nature, NewGroup, NewLocalTask, NewTask, Origin, Task, TaskFilters, TaskGroup, TaskPatch};
use crate::access::policy::Permission;
use crate::access::scope::Scope;
use crate::assignments::rules::progress;
use crate::clock::Instant;
use crate::db::page::{CursorValue, Page, PageRequest, keyset};
use crate::db::schema::{indicators, task_groups, task_indicators, tasks};
use crate::db::{Conn, Db, Tx, by_key, each};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::ids::of::Indicator;
use crate::ids::{GroupId, Id, IndicatorId, Key, TaskId, UnitId};
use crate::indicators::store::referred as referred_indicator;
use crate::refs::{self, CatalogueRef, Named, Source};
use crate::sums::progress::Work;
use crate::text;
use crate::units::store::{unit_refs, within};

type Joined = InnerJoinQuerySource<tasks::table, task_groups::table>;

/// Tasks of the catalogue and of the scope. A macro, because the type has no name.
macro_rules! visible {
    ($scope:expr) => {{
        let scope: Scope = $scope;
        tasks::table
            .inner_join(task_groups::table)
            .filter(tasks::unit_id.is_null().or(tasks::unit_id.eq_any(within(scope.root(), scope.today()).nullable())))
    }};
}

#[derive(Debug, Queryable)]
struct Row {
    id: TaskId,
    code: String,
    group: Named<crate::ids::of::Group>,
    titles: (String, String, Vec<u8>),
    nature: Nature,
    cadence: Option<Cadence>,
    due_on: Option<NaiveDate>,
    lead_proposed: Option<String>,
    origin: Origin,
    unit: Option<UnitId>,
    source: Option<String>,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

type Columns = (
    tasks::id,
    tasks::code,
    (task_groups::id, task_groups::code, task_groups::title_vi, task_groups::title_en),
    (tasks::title_vi, tasks::title_en, tasks::sort_key),
    tasks::nature,
    tasks::cadence,
    tasks::due_on,
    tasks::lead_proposed,
    tasks::origin,
    tasks::unit_id,
    tasks::source,
    tasks::version,
    tasks::created_at,
    tasks::updated_at,
);

const COLUMNS: Columns = (
    tasks::id,
    tasks::code,
    (task_groups::id, task_groups::code, task_groups::title_vi, task_groups::title_en),
    (tasks::title_vi, tasks::title_en, tasks::sort_key),
    tasks::nature,
    tasks::cadence,
    tasks::due_on,
    tasks::lead_proposed,
    tasks::origin,
    tasks::unit_id,
    tasks::source,
    tasks::version,
    tasks::created_at,
    tasks::updated_at,
);

/// Rows with the indicators that they serve and the units that added them.
fn filled(db: &mut Db<'_>, rows: Vec<Row>) -> Result<Vec<Task>> {
    let ids: Vec<TaskId> = rows.iter().map(|row| row.id).collect();
    let served: Vec<(TaskId, Named<Indicator>)> = task_indicators::table
        .inner_join(indicators::table)
        .filter(task_indicators::task_id.eq_any(ids))
        .order_by(indicators::code)
        .select((task_indicators::task_id, (indicators::id, indicators::code, indicators::title_vi, indicators::title_en)))
        .load(db.conn)?;
    let mut by_task: HashMap<TaskId, Vec<CatalogueRef>> = HashMap::new();
    for (task, named) in served {
        by_task.entry(task).or_default().push(CatalogueRef::of(named));
    }
    let units = unit_refs(db, rows.iter().filter_map(|row| row.unit).collect())?;
    rows.into_iter()
        .map(|row| {
            Ok(Task {
                indicators: by_task.remove(&row.id).unwrap_or_default(),
                id: row.id,
                code: row.code,
                group: CatalogueRef::of(row.group),
                title_vi: row.titles.0,
                title_en: row.titles.1,
                nature: row.nature,
                cadence: row.cadence,
                due_on: row.due_on,
                lead_proposed: row.lead_proposed,
                origin: row.origin,
                unit: row.unit.and_then(|unit| units.get(&unit).cloned()),
                source: row.source.as_deref().map(serde_json::from_str).transpose()?,
                version: row.version,
                created_at: row.created_at,
                updated_at: row.updated_at,
            })
        })
        .collect()
}

/// The task with this id or code, of the catalogue or of a unit of the scope.
///
/// # Errors
/// Database errors.
pub fn find(db: &mut Db<'_>, key: &Key) -> Result<Option<Task>> {
    let query = by_key!(visible!(db.scope()?).select(COLUMNS).into_boxed(), key, tasks);
    let row: Option<Row> = query.first(db.conn).optional()?;
    Ok(filled(db, row.into_iter().collect())?.pop())
}

/// The task with this key.
///
/// # Errors
/// 404 if there is none, or it is of a unit out of scope.
pub fn get(db: &mut Db<'_>, key: &Key) -> Result<Task> {
    find(db, key)?.ok_or_else(Error::not_found)
}

/// The task that a member of a body names: of the catalogue, or of a unit of the scope.
///
/// # Errors
/// Database errors; a name of nothing is `fault`.
pub fn referred(db: &mut Db<'_>, fault: Fault, text: &str, faults: &mut Vec<Fault>) -> Result<Option<Task>> {
    refs::referred(text, fault, faults, |key| find(db, key))
}

/// A page of tasks.
///
/// # Errors
/// 422 for a filter that names nothing.
pub fn list(db: &mut Db<'_>, filters: &TaskFilters, q: Option<&str>, since: Option<Instant>, page: &PageRequest) -> Result<Page<Task>> {
    let mut faults = Vec::new();
    let unknown = |parameter: &'static str| Fault::of(parameter, FaultCode::UnknownReference);
    let group = filters.group.as_deref().map(|text| referred_group(db, unknown("group"), text, &mut faults)).transpose()?.flatten();
    let served = filters.indicator.as_deref().map(|text| referred_indicator(db, unknown("indicator"), text, &mut faults));
    let indicator = served.transpose()?.flatten();
    if !faults.is_empty() {
        return Err(Error::invalid(faults));
    }
    let scope = db.scope()?;
    let narrowed = || {
        let mut query = visible!(scope).into_boxed();
        if let Some(group) = group {
            query = query.filter(tasks::group_id.eq(group));
        }
        if let Some(nature) = filters.nature {
            query = query.filter(tasks::nature.eq(nature));
        }
        if let Some(origin) = filters.origin {
            query = query.filter(tasks::origin.eq(origin));
        }
        if let Some(indicator) = indicator {
            let serving = task_indicators::table.filter(task_indicators::indicator_id.eq(indicator)).select(task_indicators::task_id);
            query = query.filter(tasks::id.eq_any(serving));
        }
        if let Some(q) = q {
            query = query.filter(tasks::title_key.like(text::like(q)));
        }
        if let Some(since) = since {
            query = query.filter(tasks::updated_at.ge(since));
        }
        query
    };
    let total = if page.count { Some(narrowed().select(count_star()).first(db.conn)?) } else { None };
    let query = keyset!(narrowed(), page, Joined, {
        "code" => tasks::code: String, "title_vi" => tasks::sort_key: Vec<u8>, "updated_at" => tasks::updated_at: Instant,
    }, tasks::id);
    let rows: Vec<Row> = query.select(COLUMNS).load(db.conn)?;
    let cut = Page::cut(rows, page, total, |row: &Row, name| match name {
        "code" => row.code.write(),
        "title_vi" => row.titles.2.write(),
        "updated_at" => row.updated_at.write(),
        _ => row.id.write(),
    });
    let (rows, empty) = cut.split();
    Ok(empty.with(filled(db, rows)?))
}

/// The group that a text names.
///
/// # Errors
/// Database errors; a name of nothing is `fault`.
pub fn referred_group(db: &mut Db<'_>, fault: Fault, text: &str, faults: &mut Vec<Fault>) -> Result<Option<GroupId>> {
    refs::referred(text, fault, faults, |key| {
        Ok(by_key!(task_groups::table.select(task_groups::id).into_boxed(), key, task_groups).first(db.conn).optional()?)
    })
}

type GroupRow = (GroupId, String, i32, String, String, String, i64, Instant, Instant);

fn group(row: GroupRow, counts: &HashMap<GroupId, i64>, works: &[Work], today: NaiveDate) -> Result<TaskGroup> {
    let (id, code, number, title_vi, title_en, source, version, created_at, updated_at) = row;
    let source: Source = serde_json::from_str(&source)?;
    let tasks_count = counts.get(&id).copied().unwrap_or_default();
    let progress = progress(works.iter().filter(|(group, ..)| *group == id), today);
    Ok(TaskGroup { id, code, number, title_vi, title_en, source, tasks_count, progress, version, created_at, updated_at })
}

fn counts(db: &mut Db<'_>) -> Result<HashMap<GroupId, i64>> {
    let rows: Vec<(GroupId, i64)> =
        visible!(db.scope()?).group_by(tasks::group_id).select((tasks::group_id, count_star())).load(db.conn)?;
    Ok(rows.into_iter().collect())
}

/// The work of the scope; none where the caller may not read assignments.
fn works(db: &mut Db<'_>) -> Result<Vec<Work>> {
    if !db.context.caller.may(Permission::ReadAssignments) {
        return Ok(Vec::new());
    }
    let root = db.scope()?.root().any();
    Ok(crate::sums::progress::read(db, &[root])?.remove(&root).unwrap_or_default())
}

/// A page of the groups.
///
/// # Errors
/// Database errors.
pub fn groups(db: &mut Db<'_>, _: &GroupFilters, page: &PageRequest) -> Result<Page<TaskGroup>> {
    let total = if page.count { Some(task_groups::table.count().get_result(db.conn)?) } else { None };
    let (counts, works, today) = (counts(db)?, works(db)?, db.today());
    let query =
        keyset!(task_groups::table.into_boxed(), page, task_groups::table, { "code" => task_groups::code: String }, task_groups::id);
    let rows: Vec<TaskGroup> =
        query.load::<GroupRow>(db.conn)?.into_iter().map(|row| group(row, &counts, &works, today)).collect::<Result<_>>()?;
    Ok(Page::cut(rows, page, total, |group: &TaskGroup, name| if name == "code" { group.code.write() } else { group.id.write() }))
}

/// The group with this key.
///
/// # Errors
/// 404 if there is none.
pub fn get_group(db: &mut Db<'_>, key: &Key) -> Result<TaskGroup> {
    let row: GroupRow = by_key!(task_groups::table.into_boxed(), key, task_groups).first(db.conn)?;
    group(row, &counts(db)?, &works(db)?, db.today())
}

/// Records a group.
///
/// # Errors
/// Database errors.
pub fn insert_group(tx: &mut Tx<'_>, new: &NewGroup) -> Result<GroupId> {
    let id: GroupId = Id::new();
    diesel::insert_into(task_groups::table)
        .values((
            task_groups::id.eq(id),
            task_groups::code.eq(&new.code),
            task_groups::number.eq(new.number),
            task_groups::title_vi.eq(&new.title_vi),
            task_groups::title_en.eq(&new.title_en),
            task_groups::source.eq(serde_json::to_string(&new.source)?),
            task_groups::version.eq(1_i64),
            task_groups::created_at.eq(tx.now()),
            task_groups::updated_at.eq(tx.now()),
        ))
        .execute(tx.conn)?;
    Ok(id)
}

#[derive(Insertable)]
#[diesel(table_name = tasks, treat_none_as_default_value = false)]
struct NewRow<'n> {
    id: TaskId,
    code: &'n str,
    group_id: GroupId,
    title_vi: &'n str,
    title_en: &'n str,
    title_key: String,
    sort_key: Vec<u8>,
    nature: Nature,
    cadence: Option<Cadence>,
    due_on: Option<NaiveDate>,
    lead_proposed: Option<String>,
    origin: Origin,
    unit_id: Option<UnitId>,
    source: Option<String>,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

fn write(tx: &mut Tx<'_>, row: NewRow<'_>, serves: &[IndicatorId]) -> Result<()> {
    let (conn, task) = (&mut *tx.conn, row.id);
    let inserted = each!(conn => diesel::insert_into(tasks::table).values(row).on_conflict(tasks::code).do_nothing().execute(conn))?;
    if inserted == 0 {
        return Err(Error::duplicate("/code"));
    }
    let pairs: Vec<_> =
        serves.iter().map(|indicator| (task_indicators::task_id.eq(task), task_indicators::indicator_id.eq(*indicator))).collect();
    each!(conn => diesel::insert_into(task_indicators::table).values(&pairs).execute(conn))?;
    Ok(())
}

/// Records a task of the catalogue.
///
/// # Errors
/// Database errors.
pub fn insert(tx: &mut Tx<'_>, new: &NewTask, group: GroupId, serves: &[IndicatorId]) -> Result<TaskId> {
    let (id, now) = (Id::new(), tx.now());
    let row = NewRow {
        id,
        code: &new.code,
        group_id: group,
        title_vi: &new.title_vi,
        title_en: &new.title_en,
        title_key: text::fold(&new.title_vi),
        sort_key: text::sort_key(&new.title_vi),
        nature: new.nature,
        cadence: new.cadence,
        due_on: new.due_on,
        lead_proposed: new.lead_proposed.clone(),
        origin: Origin::Catalogue,
        unit_id: None,
        source: Some(serde_json::to_string(&new.source)?),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    write(tx, row, serves)?;
    Ok(id)
}

/// A task of a unit with all that it names looked up.
#[derive(Clone, Debug)]
pub struct LocalTask {
    /// Its id.
    pub id: TaskId,
    /// Its code.
    pub code: String,
    /// The group that it belongs to.
    pub group: GroupId,
    /// The unit that adds it.
    pub unit: UnitId,
    /// The indicators that it serves.
    pub serves: Vec<IndicatorId>,
}

/// Records a task of a unit.
///
/// # Errors
/// 409 `duplicate` for a code that is taken.
pub fn insert_local(tx: &mut Tx<'_>, local: &LocalTask, new: &NewLocalTask) -> Result<()> {
    let now = tx.now();
    let row = NewRow {
        id: local.id,
        code: &local.code,
        group_id: local.group,
        title_vi: &new.title_vi,
        title_en: new.title_en.as_ref().unwrap_or(&new.title_vi),
        title_key: text::fold(&new.title_vi),
        sort_key: text::sort_key(&new.title_vi),
        nature: new.nature,
        cadence: new.cadence,
        due_on: new.due_on,
        lead_proposed: None,
        origin: Origin::Local,
        unit_id: Some(local.unit),
        source: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    write(tx, row, &local.serves)
}

/// A task whose row is locked until the end of the transaction.
pub struct Locked {
    /// The task as it stands.
    pub task: Task,
}

/// Locks a task.
///
/// # Errors
/// 404 if there is none that the caller may see.
pub fn lock(tx: &mut Tx<'_>, key: &Key) -> Result<Locked> {
    let id = get(tx, key)?.id;
    if let Conn::Pg(pg) = &mut *tx.conn {
        let _: TaskId = tasks::table.filter(tasks::id.eq(id)).select(tasks::id).for_no_key_update().first(pg)?;
    }
    Ok(Locked { task: get(tx, &Key::from(id))? })
}

/// Changes a task of a unit.
///
/// # Errors
/// Database errors.
pub fn update(tx: &mut Tx<'_>, locked: &Locked, patch: &TaskPatch) -> Result<()> {
    let task = &locked.task;
    let title_vi = patch.title_vi.as_ref().unwrap_or(&task.title_vi);
    let due_on = patch.due_on.clone().given().unwrap_or(task.due_on);
    diesel::update(tasks::table.filter(tasks::id.eq(task.id)))
        .set((
            tasks::title_vi.eq(title_vi),
            tasks::title_en.eq(patch.title_en.as_ref().unwrap_or(&task.title_en)),
            tasks::title_key.eq(text::fold(title_vi)),
            tasks::sort_key.eq(text::sort_key(title_vi)),
            tasks::due_on.eq(due_on),
            tasks::version.eq(tasks::version + 1),
            tasks::updated_at.eq(tx.now()),
        ))
        .execute(tx.conn)?;
    Ok(())
}

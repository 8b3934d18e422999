//! Groups and tasks on HTTP.

use super::model::{GroupFilters, Nature, NewLocalTask, Task, TaskFilters, TaskGroup, TaskPatch};
use super::store::{self, LocalTask};
use crate::access::policy::{ReadCatalogue, WriteTasks};
use crate::access::{Access, token};
use crate::db::Tx;
use crate::error::{Code, Error, Fault, FaultCode, Result};
use crate::http::answers::{Created, Paged, Resource, Single};
use crate::http::list::{Filters, List};
use crate::http::parts::{Body, IfMatch, Path};
use crate::http::registrar::Registrar;
use crate::ids::{Id, Key};
use crate::indicators::store::referred as referred_indicator;
use crate::journal::{self, Entry};

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("tasks", "Nhiệm vụ: the seven groups of section III and their tasks.");
    api.path("/task-groups").get(list_task_groups, "List the groups", "The seven of section III, in their order.").done();
    api.path("/task-groups/{group}").get(get_task_group, "Read a group", "By id or code: `1` to `7`.").done();
    api.path("/tasks")
        .get(list_tasks, "List tasks", "Of the catalogue, and those that units of the scope added.")
        .post(create_task, "Add a task", "Of one's own unit, under one of the seven groups.")
        .refuses(&[Code::Duplicate])
        .done();
    api.path("/tasks/{task}")
        .get(get_task, "Read a task", "By id or code: `1.01` to `7.09`, or a unit's own.")
        .patch(update_task, "Change a task", "One that one's own unit added; those of the catalogue are the plan's.")
        .done();
}

impl Resource for TaskGroup {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
    fn location(&self) -> String {
        format!("/api/v1/task-groups/{}", self.id)
    }
}

impl Resource for Task {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
    fn location(&self) -> String {
        format!("/api/v1/tasks/{}", self.id)
    }
}

impl Filters for GroupFilters {
    const SORTS: &'static [&'static str] = &["code"];
    fn several(&self) -> bool {
        true
    }
}

impl Filters for TaskFilters {
    const SORTS: &'static [&'static str] = &["code", "title_vi", "updated_at"];
    const SEARCH: bool = true;
    const UPDATED: bool = true;
    fn several(&self) -> bool {
        true
    }
}

async fn list_task_groups(access: Access<ReadCatalogue>, list: List<GroupFilters>) -> Result<Paged<TaskGroup>> {
    list.answer(&access, move |db, list| store::groups(db, &list.filters, &list.page)).await
}

async fn get_task_group(access: Access<ReadCatalogue>, Path(key): Path<Key>) -> Result<Single<TaskGroup>> {
    access.snapshot(move |db| store::get_group(db, &key)).await.map(Single)
}

async fn list_tasks(access: Access<ReadCatalogue>, list: List<TaskFilters>) -> Result<Paged<Task>> {
    list.answer(&access, move |db, list| store::list(db, &list.filters, list.q.as_deref(), list.updated_since, &list.page)).await
}

async fn get_task(access: Access<ReadCatalogue>, Path(key): Path<Key>) -> Result<Single<Task>> {
    access.snapshot(move |db| store::get(db, &key)).await.map(Single)
}

async fn create_task(access: Access<WriteTasks>, Body(new): Body<NewLocalTask>) -> Result<Created<Task>> {
    let (secret, _) = token::opaque()?;
    let made: String = secret.chars().filter(char::is_ascii_alphanumeric).take(8).collect::<String>().to_ascii_uppercase();
    let task = access
        .write(move |tx| {
            let local = resolve(tx, &new, &made)?;
            store::insert_local(tx, &local, &new)?;
            let task = store::get(tx, &Key::from(local.id))?;
            journal::append(tx, entry("task.create", "task.created", None, &task)?)?;
            Ok(task)
        })
        .await?;
    Ok(Created(task))
}

fn resolve(tx: &mut Tx<'_>, new: &NewLocalTask, made: &str) -> Result<LocalTask> {
    let mut faults = Vec::new();
    if (new.nature == Nature::Recurring) != new.cadence.is_some() {
        let code = if new.cadence.is_some() { FaultCode::OutOfRange } else { FaultCode::Required };
        faults.push(Fault::at("/cadence", code).with("nature = recurring"));
    }
    let group = store::referred_group(tx, Fault::at("/group", FaultCode::UnknownReference), &new.group, &mut faults)?;
    let mut serves = Vec::with_capacity(new.indicators.len());
    for (index, text) in new.indicators.iter().enumerate() {
        let fault = Fault::at(format!("/indicators/{index}"), FaultCode::UnknownReference);
        serves.extend(referred_indicator(tx, fault, text, &mut faults)?);
    }
    serves.sort_unstable();
    serves.dedup();
    let (Some(group), true) = (group, faults.is_empty()) else { return Err(Error::invalid(faults)) };
    let code = new.code.clone().unwrap_or_else(|| format!("L-{made}"));
    Ok(LocalTask { id: Id::new(), code, group, unit: tx.scope()?.root(), serves })
}

async fn update_task(
    access: Access<WriteTasks>,
    Path(key): Path<Key>,
    IfMatch(matching): IfMatch,
    Body(patch): Body<TaskPatch>,
) -> Result<Single<Task>> {
    let task = access
        .write(move |tx| {
            let locked = store::lock(tx, &key)?;
            let before = &locked.task;
            let scope = tx.scope()?;
            if !before.unit.as_ref().is_some_and(|unit| scope.is_own(unit.id)) {
                return Err(Error::forbidden());
            }
            matching.check(before.version)?;
            store::update(tx, &locked, &patch)?;
            let after = store::get(tx, &Key::from(before.id))?;
            journal::append(tx, entry("task.update", "task.updated", Some(before), &after)?)?;
            Ok(after)
        })
        .await?;
    Ok(Single(task))
}

fn entry(action: &'static str, event: &'static str, before: Option<&Task>, after: &Task) -> Result<Entry> {
    let entry = Entry::new(action, Some(event), "task", after.id.any()).told(before, Some(after), None)?;
    Ok(Entry { code: Some(after.code.clone()), unit: after.unit.as_ref().map(|unit| unit.id), ..entry })
}

//! Groups and tasks on HTTP.

use super::model::{GroupFilters, Task, TaskFilters, TaskGroup};
use super::store;
use crate::access::Access;
use crate::access::policy::ReadCatalogue;
use crate::error::Result;
use crate::http::answers::{Paged, Resource, Single};
use crate::http::list::{Filters, List};
use crate::http::parts::Path;
use crate::http::registrar::Registrar;
use crate::ids::Key;

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("tasks", "Nhiệm vụ: the seven groups of section III and their tasks.");
    api.path("/task-groups").get(list_task_groups, "List the groups", "The seven of section III, in their order.").done();
    api.path("/task-groups/{group}").get(get_task_group, "Read a group", "By id or code: `1` to `7`.").done();
    api.path("/tasks").get(list_tasks, "List tasks", "Of the catalogue, and those that units of the scope added.").done();
    api.path("/tasks/{task}").get(get_task, "Read a task", "By id or code: `1.01` to `7.09`, or a unit's own.").done();
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

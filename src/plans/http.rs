//! Plans on HTTP.

use super::model::{Plan, PlanFilters};
use super::store;
use crate::access::Access;
use crate::access::policy::ReadPlans;
use crate::error::Result;
use crate::http::answers::{Paged, Resource, Single};
use crate::http::list::{Filters, List};
use crate::http::parts::Path;
use crate::http::registrar::Registrar;
use crate::ids::PlanId;

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("plans", "Kế hoạch: the department's plan 2025-2030 and what each unit plans to do of it.");
    api.path("/plans").get(list_plans, "List plans", "Of the scope, and every approved one.").done();
    api.path("/plans/{plan}").get(get_plan, "Read a plan", "With its sections, items and targets.").done();
}

impl Resource for Plan {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
    fn location(&self) -> String {
        format!("/api/v1/plans/{}", self.id)
    }
}

impl Filters for PlanFilters {
    const SORTS: &'static [&'static str] = &["updated_at"];
    const SEARCH: bool = true;
    const UPDATED: bool = true;
    fn several(&self) -> bool {
        true
    }
}

async fn list_plans(access: Access<ReadPlans>, list: List<PlanFilters>) -> Result<Paged<Plan>> {
    list.answer(&access, move |db, list| store::list(db, &list.filters, list.q.as_deref(), list.updated_since, &list.page)).await
}

async fn get_plan(access: Access<ReadPlans>, Path(id): Path<PlanId>) -> Result<Single<Plan>> {
    access.snapshot(move |db| store::get(db, id)).await.map(Single)
}

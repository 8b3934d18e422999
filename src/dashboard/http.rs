//! The dashboard on HTTP.

use super::model::{Dashboard, DashboardQuery};
use super::store;
use crate::access::Access;
use crate::access::policy::ReadAssignments;
use crate::error::Result;
use crate::http::answers::Plain;
use crate::http::parts::Query;
use crate::http::registrar::Registrar;

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("dashboard", "Bảng điều khiển: a front end's first screen in one call.");
    api.path("/dashboard")
        .get(
            read_dashboard,
            "Read the dashboard of a unit",
            "Indicators, the seven groups and the work of the unit and of all below it. A client is counted no indicators without a scope for \
             results, and no rounds and reports without one for reports.",
        )
        .done();
}

async fn read_dashboard(access: Access<ReadAssignments>, Query(query): Query<DashboardQuery>) -> Result<Plain<Dashboard>> {
    access.snapshot(move |db| store::dashboard(db, &query)).await.map(Plain)
}

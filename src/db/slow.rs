//! The slow-query log: statements over a threshold, their SQL without the bound values.

use std::time::{Duration, Instant};

use diesel::Connection;
use diesel::connection::InstrumentationEvent;

use super::conn::Conn;

/// Makes the connection log its slow statements.
pub fn watch(conn: &mut Conn, threshold: Duration) {
    let mut started: Option<Instant> = None;
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| match event {
        InstrumentationEvent::StartQuery { .. } => started = Some(now()),
        InstrumentationEvent::FinishQuery { query, .. } => {
            let Some(start) = started.take() else { return };
            let took = now().duration_since(start);
            if took >= threshold {
                let text = query.to_string();
                let sql = crate::text::cut(text.split(" -- binds:").next().unwrap_or_default());
                tracing::warn!(target: "tiendo::slow_query", ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX), sql, "slow query");
            }
        }
        _ => {}
    });
}

#[expect(clippy::disallowed_methods, reason = "measures a duration; no rule hangs on it")]
fn now() -> Instant {
    Instant::now()
}

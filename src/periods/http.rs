//! Periods on HTTP.

use super::model::{LockReason, Period, PeriodAction, PeriodFilters};
use super::store;
use crate::access::Access;
use crate::access::policy::{LockPeriods, ReadCatalogue};
use crate::error::{Code, Error, Result};
use crate::http::answers::{Paged, Resource, Single};
use crate::http::list::{Filters, List};
use crate::http::parts::{Body, MayMatch, Path};
use crate::http::registrar::Registrar;
use crate::ids::Key;
use crate::journal::{self, Entry};

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("periods", "Kỳ: months to years and the school calendar, with windows and due dates.");
    api.path("/periods").get(list_periods, "List periods", "By the day that their figures are of.").done();
    api.path("/periods/{period}").get(get_period, "Read a period", "By id, code or an alias such as `202503`.").done();
    api.path("/periods/{period}/lock")
        .post(lock_period, "Lock a period", "It takes no more values: writing one answers 423. Admins of the department.")
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/periods/{period}/unlock")
        .post(unlock_period, "Unlock a period", "It takes values again. Admins of the department.")
        .refuses(&[Code::IllegalTransition])
        .done();
}

impl Resource for Period {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
    fn location(&self) -> String {
        format!("/api/v1/periods/{}", self.id)
    }
}

impl Filters for PeriodFilters {
    const SORTS: &'static [&'static str] = &["as_of", "code", "updated_at"];
    const UPDATED: bool = true;
}

async fn list_periods(access: Access<ReadCatalogue>, list: List<PeriodFilters>) -> Result<Paged<Period>> {
    list.answer(&access, move |db, list| store::list(db, &list.filters, list.updated_since, &list.page)).await
}

async fn get_period(access: Access<ReadCatalogue>, Path(key): Path<Key>) -> Result<Single<Period>> {
    access.read(move |db| store::get(db, &key)).await.map(Single)
}

async fn lock_period(
    access: Access<LockPeriods>,
    Path(key): Path<Key>,
    Body(reason): Body<LockReason>,
    may: MayMatch,
) -> Result<Single<Period>> {
    turn(access, key, reason, may, PeriodAction::Lock).await
}

async fn unlock_period(
    access: Access<LockPeriods>,
    Path(key): Path<Key>,
    Body(reason): Body<LockReason>,
    may: MayMatch,
) -> Result<Single<Period>> {
    turn(access, key, reason, may, PeriodAction::Unlock).await
}

async fn turn(access: Access<LockPeriods>, key: Key, reason: LockReason, may: MayMatch, action: PeriodAction) -> Result<Single<Period>> {
    let period = access
        .write(move |tx| {
            let locked = store::lock(tx, &key)?;
            may.check(locked.period.version)?;
            if !locked.period.actions.contains(&action) {
                return Err(Error::illegal_transition(locked.period.actions.iter().map(|action| action.as_str()).collect()));
            }
            let (at, name, event) = match action {
                PeriodAction::Lock => (Some(tx.now()), "period.lock", "period.locked"),
                PeriodAction::Unlock => (None, "period.unlock", "period.unlocked"),
            };
            store::set_locked(tx, &locked, at)?;
            let after = store::get(tx, &Key::from(locked.period.id))?;
            let entry =
                Entry::new(name, Some(event), "period", after.id.any()).told(Some(&locked.period), Some(&after), Some(&reason.reason))?;
            journal::append(tx, Entry { code: Some(after.code.clone()), unit: Some(tx.scope()?.root()), ..entry })?;
            Ok(after)
        })
        .await?;
    Ok(Single(period))
}

//! Indicator values on HTTP.

use super::model::{IndicatorValue, NewValues, Outcome, Recorded, RecordedRow, Summary, ValueFilters, ValueRevision, Warning};
use super::store::{self, Done};
use crate::access::Access;
use crate::access::policy::{ReadValues, WriteValues};
use crate::error::{Code, Language, Result};
use crate::http::answers::{NoContent, Paged, Plain, Resource, Rows, Single};
use crate::http::list::{Filters, List};
use crate::http::parts::{Body, IfMatch, Path, Spoken};
use crate::http::registrar::Registrar;
use crate::ids::ValueId;
use crate::journal::{self, Entry};

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("values", "Số liệu: what units record for indicators and periods.");
    api.path("/indicator-values")
        .get(list_values, "List values", "Of units of the scope.")
        .post(
            record_values,
            "Record values",
            "Up to 1,000 rows, all or none. A figure that is absent keeps what is stored, null clears it; a row's `version` says which one it means. \
             Of a sensitive indicator a machine account without `small_cells:read` records figures of its own school alone, says every stored \
             figure again, and is told `updated` also where nothing changed; so does, of any indicator, a program that may not read values.",
        )
        .refuses(&[Code::StaleVersion, Code::Locked])
        .done();
    api.path("/indicator-values/validate")
        .post(validate_values, "Check values", "Says what recording them would say, and stores nothing.")
        .changes_nothing()
        .refuses(&[Code::StaleVersion, Code::Locked])
        .done();
    api.path("/indicator-values/{value}")
        .get(get_value, "Read a value", "Of a unit of the scope.")
        .delete(withdraw_value, "Withdraw a value", "It counts no more; what it said stays in the journal.")
        .refuses(&[Code::Locked])
        .done();
    api.path("/indicator-values/{value}/history")
        .get(list_value_history, "Read a value's history", "Every state that it was in, with who and when.")
        .done();
}

impl Resource for IndicatorValue {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
    fn location(&self) -> String {
        format!("/api/v1/indicator-values/{}", self.id)
    }
}

impl Filters for ValueFilters {
    const SORTS: &'static [&'static str] = &["updated_at"];
    const UPDATED: bool = true;
    fn several(&self) -> bool {
        true
    }
}

async fn list_values(access: Access<ReadValues>, list: List<ValueFilters>) -> Result<Paged<IndicatorValue>> {
    list.answer(&access, move |db, list| store::list(db, &list.filters, list.updated_since, &list.page)).await
}

async fn get_value(access: Access<ReadValues>, Path(id): Path<ValueId>) -> Result<Single<IndicatorValue>> {
    access.read(move |db| store::get(db, id)).await.map(Single)
}

async fn list_value_history(access: Access<ReadValues>, Path(id): Path<ValueId>) -> Result<Rows<ValueRevision>> {
    access.snapshot(move |db| store::history(db, id)).await.map(Rows)
}

async fn record_values(access: Access<WriteValues>, Body(new): Body<NewValues>, Spoken(language): Spoken) -> Result<Plain<Recorded>> {
    let dry_run = new.dry_run;
    let done = access.write(move |tx| store::record(tx, &new.rows, dry_run)).await?;
    Ok(Plain(told(done, dry_run, language)))
}

async fn validate_values(access: Access<WriteValues>, Body(new): Body<NewValues>, Spoken(language): Spoken) -> Result<Plain<Recorded>> {
    let done = access.write(move |tx| store::record(tx, &new.rows, true)).await?;
    Ok(Plain(told(done, true, language)))
}

fn told(done: Vec<Done>, dry_run: bool, language: Language) -> Recorded {
    let count = |outcome: Outcome| done.iter().filter(|row| row.outcome == outcome).count();
    let summary = Summary { created: count(Outcome::Created), updated: count(Outcome::Updated), unchanged: count(Outcome::Unchanged) };
    let row = |(index, row): (usize, Done)| {
        let told = row.warnings.iter().map(|fault| fault.told(language));
        let warnings = told.map(|fault| Warning { code: fault.code, detail: fault.detail }).collect();
        RecordedRow { index, outcome: row.outcome, id: row.id, version: Some(row.version), warnings }
    };
    Recorded { dry_run, summary, rows: done.into_iter().enumerate().map(row).collect() }
}

async fn withdraw_value(access: Access<WriteValues>, Path(id): Path<ValueId>, IfMatch(matching): IfMatch) -> Result<NoContent> {
    access
        .write(move |tx| {
            let before = store::withdraw(tx, id, |version| matching.check(version))?;
            let entry = Entry::new("indicator_value.delete", Some("indicator_value.deleted"), "indicator_value", id.any());
            let entry = entry.told(Some(&before), None, None)?;
            journal::append(tx, Entry { unit: Some(before.unit.id), deleted: true, ..entry })
        })
        .await?;
    Ok(NoContent)
}

//! Report forms on HTTP.

use super::model::{FormFilters, FormPatch, NewForm, ReportForm};
use super::store::{self, Words};
use crate::access::Access;
use crate::access::policy::{ReadCatalogue, WriteForms};
use crate::error::{Code, Result};
use crate::http::answers::{Created, Paged, Resource, Rows, Single};
use crate::http::list::{Filters, List};
use crate::http::parts::{Body, IfMatch, Path};
use crate::http::registrar::Registrar;
use crate::ids::Key;
use crate::journal::{self, Entry};

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("report-forms", "Mẫu báo cáo: what a reporting round asks.");
    api.path("/report-forms")
        .get(list_report_forms, "List report forms", "Each by its last version.")
        .post(create_report_form, "Make a report form", "By an admin of the department.")
        .refuses(&[Code::Duplicate])
        .done();
    api.path("/report-forms/{form}")
        .get(get_report_form, "Read a report form", "Its last version; by id or code.")
        .patch(update_report_form, "Change a report form", "A new version: rounds keep the one that they were made with.")
        .done();
    api.path("/report-forms/{form}/versions")
        .get(list_report_form_versions, "List the versions of a report form", "The first one first.")
        .done();
}

impl Resource for ReportForm {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
    fn location(&self) -> String {
        format!("/api/v1/report-forms/{}", self.id)
    }
}

impl Filters for FormFilters {
    const SORTS: &'static [&'static str] = &["code", "updated_at"];
    const SEARCH: bool = true;
    const UPDATED: bool = true;
    fn several(&self) -> bool {
        true
    }
}

async fn list_report_forms(access: Access<ReadCatalogue>, list: List<FormFilters>) -> Result<Paged<ReportForm>> {
    list.answer(&access, move |db, list| store::list(db, &list.filters, list.q.as_deref(), list.updated_since, &list.page)).await
}

async fn get_report_form(access: Access<ReadCatalogue>, Path(key): Path<Key>) -> Result<Single<ReportForm>> {
    access.snapshot(move |db| store::get(db, &key)).await.map(Single)
}

async fn list_report_form_versions(access: Access<ReadCatalogue>, Path(key): Path<Key>) -> Result<Rows<ReportForm>> {
    access.snapshot(move |db| store::versions(db, &key)).await.map(Rows)
}

async fn create_report_form(access: Access<WriteForms>, Body(new): Body<NewForm>) -> Result<Created<ReportForm>> {
    let form = access
        .write(move |tx| {
            let words = Words::of(tx, &new)?;
            let id = store::insert(tx, &new.code, &words)?;
            let form = store::get(tx, &Key::from(id))?;
            let entry = entry("report_form.create", "report_form.created", None, &form)?;
            journal::append(tx, Entry { unit: Some(tx.scope()?.root()), ..entry })?;
            Ok(form)
        })
        .await?;
    Ok(Created(form))
}

async fn update_report_form(
    access: Access<WriteForms>,
    Path(key): Path<Key>,
    IfMatch(matching): IfMatch,
    Body(patch): Body<FormPatch>,
) -> Result<Single<ReportForm>> {
    let form = access
        .write(move |tx| {
            let locked = store::lock(tx, &key)?;
            matching.check(locked.form.version)?;
            let words = Words::now(&locked.form).after(tx, &patch)?;
            store::update(tx, &locked, &words)?;
            let after = store::get(tx, &Key::from(locked.form.id))?;
            let entry = entry("report_form.update", "report_form.updated", Some(&locked.form), &after)?;
            journal::append(tx, Entry { unit: Some(tx.scope()?.root()), ..entry })?;
            Ok(after)
        })
        .await?;
    Ok(Single(form))
}

fn entry(action: &'static str, event: &'static str, before: Option<&ReportForm>, after: &ReportForm) -> Result<Entry> {
    let entry = Entry::new(action, Some(event), "report_form", after.id.any()).told(before, Some(after), None)?;
    Ok(Entry { code: Some(after.code.clone()), ..entry })
}

//! Reports on HTTP.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use actix_web::web;
use futures_util::StreamExt;

use super::model::{
    Because, Correction, DecisionError, DecisionItem, DecisionOutcome, DecisionRow, DecisionSummary, Decisions, DocumentQuery, Issue,
    NewDecisions, NewReport, Report, ReportAction, ReportCard, ReportDecision, ReportFilters, ReportPatch, ReportReturn, ReportRevision,
    ReportRevisionContent, ReportSource, SourcesQuery, Submission, Told, Validation,
};
use super::store::{self, Bytes, Locked, Printed};
use crate::access::Access;
use crate::access::policy::{DecideReports, IssueReports, Permission, Permit, ReadReports, WriteReports};
use crate::db::Tx;
use crate::error::{Code, Error, Fault, FaultCode, Language, Result};
use crate::files::spool::{Spool, Spooled};
use crate::http::answers::{Created, Download, FileTypes, NoContent, Paged, Plain, Resource, Rows, Single};
use crate::http::gate::Weight;
use crate::http::list::{Filters, List};
use crate::http::parts::{Body, IfMatch, MayMatch, Path, Query, Spoken};
use crate::http::registrar::Registrar;
use crate::ids::{ReportId, UnitId};
use crate::journal::{self, Entry};
use crate::patch::Nothing;
use crate::plans::model::CompareQuery;
use crate::print::Format;
use crate::sums::completeness::{self, Totals};
use crate::text::{hexadecimal, sha256};

/// Declares the operations.
pub fn routes(api: &mut Registrar) {
    api.tag("reports", "Báo cáo: what units answer to a round, up to the department's signed document.");
    api.path("/reports")
        .get(list_reports, "List reports", "Of the scope, without what they say.")
        .post(create_report, "Begin a report", "Of one's own unit, with its values and what its assignments tell.")
        .refuses(&[Code::Duplicate, Code::Conflict, Code::Locked])
        .done();
    api.path("/reports/bulk")
        .post(
            decide_reports,
            "Decide on many reports",
            "Up to 500, each on its own: what is refused keeps nothing else from being decided.",
        )
        .weighs(Weight::Heavy)
        .done();
    api.path("/reports/{report}")
        .get(get_report, "Read a report", "As it stands while it is written, then as it was submitted.")
        .patch(
            update_report,
            "Change a report",
            "Sections, and values as by `POST /indicator-values`, which a program must be granted for them.",
        )
        .refuses(&[Code::IllegalTransition, Code::Locked])
        .delete(delete_report, "Throw a draft away", "One that was never submitted.")
        .refuses(&[Code::IllegalTransition, Code::Locked])
        .done();
    api.path("/reports/{report}/validate")
        .post(validate_report, "Check a report", "Says what submitting it would say.")
        .changes_nothing()
        .refuses(&[Code::IllegalTransition, Code::Locked])
        .done();
    moves(api);
    api.path("/reports/{report}/revisions").get(list_report_revisions, "List what was submitted", "The first one first.").done();
    api.path("/reports/{report}/revisions/{number}")
        .get(get_report_revision, "Read what was submitted once", "`compare` tells what differs from another revision.")
        .done();
    api.path("/reports/{report}/sources")
        .get(list_report_sources, "Trace a figure", "The reports that it was put together of, each by its revision, and the unit's own.")
        .done();
    api.path("/reports/{report}/document")
        .get(
            download_report,
            "Download a report",
            "As a formal document or as sheets, on record; one that is issued is the same bytes for ever.",
        )
        .weighs(Weight::Heavy)
        .done();
}

fn moves(api: &mut Registrar) {
    api.path("/reports/{report}/submit")
        .post(submit_report, "Hand a report in", "What it says is kept as a numbered revision.")
        .refuses(&[Code::IllegalTransition, Code::Locked])
        .done();
    api.path("/reports/{report}/return")
        .post(return_report, "Send a report back", "With a reason, and remarks that point at what is to be mended.")
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/reports/{report}/accept")
        .post(accept_report, "Accept a report", "What it says is frozen, and counts in the report above it.")
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/reports/{report}/consolidate")
        .post(consolidate_report, "Consolidate a report", "Of what is accepted of the units below; sections that were edited stay.")
        .refuses(&[Code::IllegalTransition, Code::Locked])
        .weighs(Weight::Heavy)
        .done();
    api.path("/reports/{report}/issue")
        .post(issue_report, "Issue a report", "The department's: it takes its number in the year, and its document is kept.")
        .refuses(&[Code::IllegalTransition])
        .weighs(Weight::Heavy)
        .done();
    api.path("/reports/{report}/replace")
        .post(replace_report, "Replace a report", "Begins one that takes its place once that is accepted, at the department issued.")
        .refuses(&[Code::IllegalTransition, Code::Duplicate, Code::Locked])
        .done();
    api.path("/reports/{report}/correct")
        .post(correct_report, "Correct an issued report", "On record beside it; the document stays as it is.")
        .refuses(&[Code::IllegalTransition])
        .done();
    api.path("/reports/{report}/recall")
        .post(recall_report, "Recall an issued report", "On record; its document can still be read.")
        .refuses(&[Code::IllegalTransition])
        .done();
}

impl Resource for Report {
    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
    fn location(&self) -> String {
        format!("/api/v1/reports/{}", self.id)
    }
}

impl Filters for ReportFilters {
    const SORTS: &'static [&'static str] = &["updated_at"];
    const UPDATED: bool = true;
    fn several(&self) -> bool {
        true
    }
}

async fn list_reports(access: Access<ReadReports>, list: List<ReportFilters>) -> Result<Paged<ReportCard>> {
    list.answer(&access, move |db, list| store::list(db, &list.filters, list.updated_since, &list.page)).await
}

async fn get_report(access: Access<ReadReports>, Path(id): Path<ReportId>) -> Result<Single<Report>> {
    access.snapshot(move |db| store::get(db, id)).await.map(Single)
}

async fn list_report_revisions(access: Access<ReadReports>, Path(id): Path<ReportId>) -> Result<Rows<ReportRevision>> {
    access.snapshot(move |db| store::revisions(db, id)).await.map(Rows)
}

async fn get_report_revision(
    access: Access<ReadReports>,
    Path((id, number)): Path<(ReportId, i32)>,
    Query(query): Query<CompareQuery>,
) -> Result<Plain<ReportRevisionContent>> {
    access.snapshot(move |db| store::revision(db, id, number, query.compare)).await.map(Plain)
}

async fn list_report_sources(
    access: Access<ReadReports>,
    Path(id): Path<ReportId>,
    Query(query): Query<SourcesQuery>,
) -> Result<Rows<ReportSource>> {
    access.snapshot(move |db| store::sources(db, id, &query)).await.map(Rows)
}

async fn create_report(access: Access<WriteReports>, Body(new): Body<NewReport>) -> Result<Created<Report>> {
    let report = access
        .write(move |tx| {
            let id = store::create(tx, &new)?;
            let report = store::get(tx, id)?;
            tell(tx, "report.create", "report.created", None, (id, report.unit.id), None)?;
            Ok(report)
        })
        .await?;
    Ok(Created(report))
}

async fn update_report(
    access: Access<WriteReports>,
    Path(id): Path<ReportId>,
    IfMatch(matching): IfMatch,
    Body(patch): Body<ReportPatch>,
) -> Result<Single<Report>> {
    let report = access
        .write(move |tx| {
            if !patch.values.is_empty() {
                tx.context.caller.must(Permission::WriteValues)?;
            }
            let locked = store::lock(tx, id)?;
            locked.allows(ReportAction::Update, |version| matching.check(version))?;
            let before = locked.sections()?;
            store::say(tx, &locked, &patch)?;
            let after = store::get(tx, id)?;
            // Values have entries of their own.
            let said: BTreeMap<&str, &str> = after.sections.iter().map(|section| (section.key.as_str(), section.body.as_str())).collect();
            let before = before.iter().map(|(key, body)| (key.as_str(), body.as_str())).collect();
            let entry = Entry::new("report.update", Some("report.updated"), "report", id.any());
            let entry = entry.told(Some(&before), Some(&said), None)?;
            journal::append(tx, Entry { unit: Some(locked.unit()), ..entry })?;
            Ok(after)
        })
        .await?;
    Ok(Single(report))
}

async fn delete_report(access: Access<WriteReports>, Path(id): Path<ReportId>, IfMatch(matching): IfMatch) -> Result<NoContent> {
    access
        .write(move |tx| {
            let locked = store::lock(tx, id)?;
            locked.allows(ReportAction::Delete, |version| matching.check(version))?;
            store::delete(tx, &locked)?;
            let entry = Entry::new("report.delete", Some("report.deleted"), "report", id.any());
            let entry = entry.told(Some(&locked.told()), None, None)?;
            journal::append(tx, Entry { unit: Some(locked.unit()), deleted: true, ..entry })
        })
        .await?;
    Ok(NoContent)
}

async fn validate_report(
    access: Access<WriteReports>,
    Path(id): Path<ReportId>,
    Body(submission): Body<Submission>,
    Spoken(language): Spoken,
) -> Result<Plain<Validation>> {
    let checked = access
        .write(move |tx| {
            let locked = store::lock(tx, id)?;
            locked.allows(ReportAction::Submit, |_| Ok(()))?;
            let checked = store::check(tx, &locked, &submission)?;
            Ok((checked.errors, checked.warnings))
        })
        .await?;
    let told = |faults: Vec<Fault>| faults.iter().map(|fault| fault.told(language)).collect();
    Ok(Plain(Validation { errors: told(checked.0), warnings: told(checked.1) }))
}

async fn submit_report(
    access: Access<WriteReports>,
    Path(id): Path<ReportId>,
    Body(submission): Body<Submission>,
    may: MayMatch,
) -> Result<Single<Report>> {
    turn(access, id, may, ReportAction::Submit, None, move |tx, locked| {
        let checked = store::check(tx, locked, &submission)?;
        store::submit(tx, locked, checked, &submission)
    })
    .await
}

async fn return_report(
    access: Access<DecideReports>,
    Path(id): Path<ReportId>,
    Body(why): Body<ReportReturn>,
    may: MayMatch,
) -> Result<Single<Report>> {
    let reason = why.reason.clone();
    turn(access, id, may, ReportAction::Return, Some(reason), move |tx, locked| store::send_back(tx, locked, &why)).await
}

async fn accept_report(
    access: Access<DecideReports>,
    Path(id): Path<ReportId>,
    Body(_): Body<Nothing>,
    may: MayMatch,
) -> Result<Single<Report>> {
    turn(access, id, may, ReportAction::Accept, None, store::accept).await
}

async fn consolidate_report(
    access: Access<WriteReports>,
    Path(id): Path<ReportId>,
    Body(_): Body<Nothing>,
    may: MayMatch,
) -> Result<Single<Report>> {
    turn(access, id, may, ReportAction::Consolidate, None, store::consolidate).await
}

async fn issue_report(
    access: Access<IssueReports>,
    Path(id): Path<ReportId>,
    Body(how): Body<Issue>,
    may: MayMatch,
) -> Result<Single<Report>> {
    let printed = printed(&access, id, &how).await?;
    turn(access, id, may, ReportAction::Issue, None, move |tx, locked| store::issue(tx, locked, &how, printed.as_ref())).await
}

/// The document that issuing would make now, set before anything is locked; none where it may not be issued, which issuing then tells.
async fn printed(access: &Access<IssueReports>, id: ReportId, how: &Issue) -> Result<Option<Printed>> {
    let how = how.clone();
    let Ok(paper) = access.snapshot(move |db| store::to_issue(db, id, &how)).await else { return Ok(None) };
    let docx = access.press().print(&paper, Format::Docx).await?;
    let pdf = access.press().print(&paper, Format::Pdf).await?;
    Ok(Some(Printed { paper, docx, pdf }))
}

async fn correct_report(
    access: Access<IssueReports>,
    Path(id): Path<ReportId>,
    Body(correction): Body<Correction>,
    may: MayMatch,
) -> Result<Single<Report>> {
    let reason = correction.reason.clone();
    turn(access, id, may, ReportAction::Correct, Some(reason), move |tx, locked| store::correct(tx, locked, &correction)).await
}

async fn recall_report(
    access: Access<IssueReports>,
    Path(id): Path<ReportId>,
    Body(why): Body<Because>,
    may: MayMatch,
) -> Result<Single<Report>> {
    let reason = why.reason.clone();
    turn(access, id, may, ReportAction::Recall, Some(reason), move |tx, locked| store::recall(tx, locked, &why)).await
}

async fn replace_report(
    access: Access<WriteReports>,
    Path(id): Path<ReportId>,
    Body(why): Body<Because>,
    may: MayMatch,
) -> Result<Created<Report>> {
    let report = access
        .write(move |tx| {
            let locked = store::lock(tx, id)?;
            locked.allows(ReportAction::Replace, |version| may.check(version))?;
            let (before, unit) = (locked.told(), locked.unit());
            let draft = store::replace(tx, &locked, &why.reason)?;
            tell(tx, "report.replace", "report.replaced", Some(&before), (id, unit), Some(&why.reason))?;
            tell(tx, "report.create", "report.created", None, (draft, unit), None)?;
            store::get(tx, draft)
        })
        .await?;
    Ok(Created(report))
}

async fn turn<P: Permit>(
    access: Access<P>,
    id: ReportId,
    may: MayMatch,
    action: ReportAction,
    reason: Option<String>,
    change: impl Fn(&mut Tx<'_>, &Locked) -> Result<Totals> + Send + 'static,
) -> Result<Single<Report>> {
    let report = access
        .write(move |tx| {
            let totals = make(tx, id, action, reason.as_deref(), |version| may.check(version), &change)?;
            let report = store::get(tx, id)?;
            // Last, so that the busiest row is locked as briefly as can be.
            completeness::fold(tx, totals)?;
            Ok(report)
        })
        .await?;
    Ok(Single(report))
}

/// One move, with its entry. Answers what it changes in the totals above, which are still to be changed.
fn make(
    tx: &mut Tx<'_>,
    id: ReportId,
    action: ReportAction,
    reason: Option<&str>,
    is_meant: impl FnOnce(i64) -> Result<()>,
    change: &impl Fn(&mut Tx<'_>, &Locked) -> Result<Totals>,
) -> Result<Totals> {
    let (name, event) = match action {
        ReportAction::Submit => ("report.submit", "report.submitted"),
        ReportAction::Return => ("report.return", "report.returned"),
        ReportAction::Accept => ("report.accept", "report.accepted"),
        ReportAction::Consolidate => ("report.consolidate", "report.consolidated"),
        ReportAction::Issue => ("report.issue", "report.issued"),
        ReportAction::Correct => ("report.correct", "report.corrected"),
        ReportAction::Recall => ("report.recall", "report.recalled"),
        ReportAction::Update | ReportAction::Replace | ReportAction::Delete => ("report.update", "report.updated"),
    };
    let locked = store::lock(tx, id)?;
    locked.allows(action, is_meant)?;
    let totals = change(tx, &locked)?;
    tell(tx, name, event, Some(&locked.told()), (id, locked.unit()), reason)?;
    Ok(totals)
}

fn tell(
    tx: &mut Tx<'_>,
    action: &'static str,
    event: &'static str,
    before: Option<&Told>,
    (id, unit): (ReportId, UnitId),
    reason: Option<&str>,
) -> Result<()> {
    let after = store::told(tx, id)?;
    let entry = Entry::new(action, Some(event), "report", id.any()).told(before, Some(&after), reason)?;
    journal::append(tx, Entry { unit: Some(unit), ..entry })
}

async fn decide_reports(
    access: Access<DecideReports>,
    Body(bulk): Body<NewDecisions>,
    Spoken(language): Spoken,
) -> Result<Plain<Decisions>> {
    let mut answer = Decisions { dry_run: false, summary: DecisionSummary::default(), rows: Vec::with_capacity(bulk.items.len()) };
    for (index, item) in bulk.items.into_iter().enumerate() {
        let id = item.id;
        let decided = decide(&access, bulk.action, item).await;
        let (outcome, errors) = match (decided, bulk.action) {
            (Ok(()), ReportDecision::Accept) => (DecisionOutcome::Accepted, Vec::new()),
            (Ok(()), ReportDecision::Return) => (DecisionOutcome::Returned, Vec::new()),
            // What nobody foresaw ends the call; what was decided until then is decided.
            (Err(error), _) if error.code().status() >= 500 => return Err(error),
            (Err(error), _) => (DecisionOutcome::Refused, refused(&error, language)),
        };
        match outcome {
            DecisionOutcome::Accepted => answer.summary.accepted += 1,
            DecisionOutcome::Returned => answer.summary.returned += 1,
            DecisionOutcome::Refused => answer.summary.refused += 1,
        }
        answer.rows.push(DecisionRow { index, outcome, id, errors });
    }
    Ok(Plain(answer))
}

async fn decide(access: &Access<DecideReports>, action: ReportDecision, item: DecisionItem) -> Result<()> {
    let meant = move |version: i64| match item.version {
        Some(wanted) if wanted != version => Err(Error::new(Code::StaleVersion)),
        _ => Ok(()),
    };
    access
        .write(move |tx| match (action, &item.reason) {
            (ReportDecision::Accept, _) => {
                let totals = make(tx, item.id, ReportAction::Accept, None, meant, &store::accept)?;
                completeness::fold(tx, totals)
            }
            (ReportDecision::Return, None) => Err(Error::invalid(vec![Fault::at("/reason", FaultCode::ReasonRequired)])),
            (ReportDecision::Return, Some(reason)) => {
                let why = ReportReturn { reason: reason.clone(), remarks: Vec::new() };
                let send_back = |tx: &mut Tx<'_>, locked: &Locked| store::send_back(tx, locked, &why);
                let totals = make(tx, item.id, ReportAction::Return, Some(reason), meant, &send_back)?;
                completeness::fold(tx, totals)
            }
        })
        .await
}

fn refused(error: &Error, language: Language) -> Vec<DecisionError> {
    if error.faults().is_empty() {
        return vec![DecisionError { code: error.code().code(), detail: error.detail(language).to_owned() }];
    }
    let told = error.faults().iter().map(|fault| fault.told(language));
    told.map(|fault| DecisionError { code: fault.code.to_owned(), detail: fault.detail }).collect()
}

impl FileTypes for Format {
    const TYPES: &'static [&'static str] =
        &[Self::Pdf.media_type(), Self::Docx.media_type(), Self::Xlsx.media_type(), "text/csv; charset=utf-8"];
}

async fn download_report(
    access: Access<ReadReports>,
    Path(id): Path<ReportId>,
    Query(query): Query<DocumentQuery>,
) -> Result<Download<Format>> {
    let download = match query.format {
        Format::Docx | Format::Pdf => document(&access, id, query.format).await,
        Format::Xlsx | Format::Csv => sheets(&access, id, query.format).await,
    }?;
    // Made first: what is on record was handed out.
    let sha256 = download.sha256.clone();
    access
        .write(move |tx| {
            let unit = store::unit_of(tx, id)?;
            let entry = Entry::new("report.read", None, "report", id.any());
            let entry = entry.told(None, Some(&Handed { format: query.format, sha256: &sha256 }), None)?;
            journal::append(tx, Entry { unit: Some(unit), ..entry })
        })
        .await?;
    Ok(download)
}

/// What was handed out of a report.
#[derive(serde::Serialize)]
struct Handed<'a> {
    format: Format,
    sha256: &'a str,
}

async fn document(access: &Access<ReadReports>, id: ReportId, format: Format) -> Result<Download<Format>> {
    let (found, name) = access.snapshot(move |db| store::document(db, id, format)).await?;
    let (bytes, digest) = match found {
        Bytes::Kept { bytes, sha256 } => (bytes, sha256),
        Bytes::Made(paper) => {
            let bytes = access.press().print(&paper, format).await?;
            let digest = sha256(&bytes);
            (bytes, digest)
        }
    };
    let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let body = futures_util::stream::once(async move { Ok(web::Bytes::from(bytes)) }).boxed();
    let name = format!("{name}.{}", format.extension());
    Ok(Download { types: PhantomData, body, name, media_type: format.media_type().to_owned(), size, sha256: hexadecimal(&digest) })
}

/// Sheets go to a file of their own first: what they take in memory does not grow with them, and no slow client holds the database.
async fn sheets(access: &Access<ReadReports>, id: ReportId, format: Format) -> Result<Download<Format>> {
    let spool = Spool::new()?;
    let out = spool.out()?;
    let name = access.snapshot(move |db| store::sheets(db, id, format, out)).await?;
    let Spooled { body, size, sha256 } = spool.finish().await?;
    let name = format!("{name}.{}", format.extension());
    Ok(Download { types: PhantomData, body, name, media_type: format.media_type().to_owned(), size, sha256 })
}

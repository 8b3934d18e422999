//! Issuing: numbers without holes, documents that are the same bytes for ever, and what is on record afterwards.

use chrono::Datelike;
use diesel::prelude::*;
use diesel::upsert::excluded;

use super::locked::{Locked, touched};
use super::read::{self, frozen};
use super::write::{record, supersede};
use crate::clock::Instant;
use crate::db::schema::{issue_numbers, report_documents, reports};
use crate::db::{Db, Tx, each};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::ids::{ReportId, UnitId};
use crate::indicators::model::IndicatorKind;
use crate::print::Format;
use crate::print::model::Paper;
use crate::reports::model::{Because, Correction, Issue, IssuedDocument, RecordKind, Report, ReportAction, ReportStatus};
use crate::reports::paper::{Compared, paper};
use crate::sums::completeness::Totals;
use crate::text::{hexadecimal, sha256};

/// More charts than this make a document no clearer.
const MOST_CHARTS: usize = 3;

/// The next number of an issuer in a year (Decree 30/2020/NĐ-CP article 15): its row is waited for, so none is missing or given twice.
fn next_number(tx: &mut Tx<'_>, issuer: UnitId, year: i32) -> Result<i32> {
    let first = (issue_numbers::issuer_id.eq(issuer), issue_numbers::year.eq(year), issue_numbers::last.eq(1));
    let conn = &mut *tx.conn;
    each!(conn => diesel::insert_into(issue_numbers::table)
        .values(first)
        .on_conflict((issue_numbers::issuer_id, issue_numbers::year))
        .do_update()
        .set(issue_numbers::last.eq(issue_numbers::last + excluded(issue_numbers::last)))
        .execute(conn))?;
    let row = issue_numbers::table.filter(issue_numbers::issuer_id.eq(issuer)).filter(issue_numbers::year.eq(year));
    Ok(row.select(issue_numbers::last).first(tx.conn)?)
}

/// A document that is set, and what it was set of.
pub struct Printed {
    /// The paper.
    pub paper: Paper,
    /// It as a file to go on writing in.
    pub docx: Vec<u8>,
    /// It as a file to keep.
    pub pdf: Vec<u8>,
}

/// The paper that issuing would keep now: with the number that is next.
///
/// # Errors
/// 404 if the report is absent or out of scope; 409 where the caller may not issue it as it stands.
pub fn to_issue(db: &mut Db<'_>, id: ReportId, how: &Issue) -> Result<Paper> {
    let (report, title) = read::paper_of(db, id)?;
    if !report.actions.contains(&ReportAction::Issue) {
        return Err(Error::illegal_transition(Vec::new()));
    }
    let compared = compared(db, &report)?;
    let (issuer, year) = (report.unit.id, how.issued_on.year());
    let row = issue_numbers::table.filter(issue_numbers::issuer_id.eq(issuer)).filter(issue_numbers::year.eq(year));
    let last: Option<i32> = row.select(issue_numbers::last).first(db.conn).optional()?;
    let document = issued(how, last.unwrap_or_default() + 1);
    Ok(paper(&Report { document: Some(document), ..report }, &title, &compared))
}

/// What is told of a document with this number.
fn issued(how: &Issue, number: i32) -> IssuedDocument {
    let recipients =
        if how.recipients.is_empty() { ["UBND tỉnh", "Lưu: VT, VP"].map(str::to_owned).to_vec() } else { how.recipients.clone() };
    IssuedDocument {
        number,
        symbol: how.symbol.clone(),
        issued_on: how.issued_on,
        place: how.place.clone(),
        signatory: how.signatory.clone(),
        recipients,
        sha256: String::new(),
    }
}

/// Issues a report: it takes its number, and its document, which was set before, is kept as it is.
///
/// # Errors
/// 422 for a day that has not come, or before it was accepted; 503 where what was set is not what it is now, by another that was issued
/// meanwhile.
pub fn issue(tx: &mut Tx<'_>, locked: &Locked, how: &Issue, printed: Option<&Printed>) -> Result<Totals> {
    let row = &locked.row;
    let accepted = row.accepted_at.map(Instant::business_day);
    let today = tx.today();
    if how.issued_on > today || accepted.is_some_and(|day| how.issued_on < day) {
        let from = accepted.map(|day| format!("{day} – ")).unwrap_or_default();
        return Err(Error::invalid(vec![Fault::at("/issued_on", FaultCode::OutOfRange).with(format!("{from}{today}"))]));
    }
    let unfit = |name: &String| name.trim().is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control);
    let unfit = how.recipients.iter().enumerate().filter(|(_, name)| unfit(name));
    let unfit: Vec<Fault> =
        unfit.map(|(index, _)| Fault::at(format!("/recipients/{index}"), FaultCode::BadFormat).with("1 – 200")).collect();
    if !unfit.is_empty() {
        return Err(Error::invalid(unfit));
    }
    let (mut report, title) = read::paper_of(tx, row.id)?;
    let compared = compared(tx, &report)?;
    let mut document = issued(how, next_number(tx, row.unit, how.issued_on.year())?);
    report.document = Some(document.clone());
    let paper = paper(&report, &title, &compared);
    let Some(printed) = printed.filter(|printed| printed.paper == paper) else {
        return Err(Error::unavailable("the document is not what was set before"));
    };
    for (format, bytes) in [(Format::Docx, &printed.docx), (Format::Pdf, &printed.pdf)] {
        let digest = sha256(bytes);
        if format == Format::Pdf {
            document.sha256 = hexadecimal(&digest);
        }
        let kept = (
            report_documents::report_id.eq(row.id),
            report_documents::format.eq(format),
            report_documents::sha256.eq(digest),
            report_documents::bytes.eq(bytes),
        );
        diesel::insert_into(report_documents::table).values(kept).execute(tx.conn)?;
    }
    let change = (reports::status.eq(ReportStatus::Issued), reports::document.eq(Some(serde_json::to_string(&document)?)));
    diesel::update(reports::table.filter(reports::id.eq(row.id))).set(change).execute(tx.conn)?;
    touched(tx, row.id)?;
    supersede(tx, row)?;
    Ok(locked.turned(ReportStatus::Issued, row.late))
}

/// The first ratios that several of the included reports tell, side by side.
fn compared(db: &mut Db<'_>, report: &Report) -> Result<Vec<Compared>> {
    let Some(consolidation) = &report.consolidation else { return Ok(Vec::new()) };
    let mut told = Vec::with_capacity(consolidation.included.len());
    for one in &consolidation.included {
        told.push(frozen(db, one.report, one.revision)?.results);
    }
    let ratios = report.results.iter().filter(|result| result.kind == IndicatorKind::Ratio && result.rate.is_some());
    let side_by_side = ratios.filter_map(|own| {
        let is = |other: &&crate::results::model::IndicatorResult| other.indicator.id == own.indicator.id && other.rate.is_some();
        let children: Vec<_> = told.iter().filter_map(|results| results.iter().find(is).cloned()).collect();
        (children.len() > 1).then(|| Compared { own: own.clone(), children })
    });
    Ok(side_by_side.take(MOST_CHARTS).collect())
}

/// A formal document, or what it is to be made of.
pub enum Bytes {
    /// Kept since it was issued.
    Kept {
        /// The document.
        bytes: Vec<u8>,
        /// SHA-256.
        sha256: Vec<u8>,
    },
    /// Of a report that is not issued.
    Made(Box<Paper>),
}

/// The formal document of a report, and the name of its file without its ending.
///
/// # Errors
/// 404 if the report is absent or out of scope; 403 for one that was issued with figures that are withheld from the caller.
pub fn document(db: &mut Db<'_>, id: ReportId, format: Format) -> Result<(Bytes, String)> {
    let name = read::file_name(db, id)?;
    let kept: Option<(Vec<u8>, Vec<u8>)> = report_documents::table
        .filter(report_documents::report_id.eq(id))
        .filter(report_documents::format.eq(format))
        .select((report_documents::bytes, report_documents::sha256))
        .first(db.conn)
        .optional()?;
    if let Some((bytes, sha256)) = kept {
        // What was issued is these bytes and no others: a copy with less in it would not be the document that its number stands for.
        if read::is_withheld_in_part(db, id)? {
            return Err(Error::forbidden().because(
                "Văn bản đã ban hành có số liệu nhạy cảm; cần quyền small_cells:read.",
                "The issued document holds figures that take the scope small_cells:read.",
            ));
        }
        return Ok((Bytes::Kept { bytes, sha256 }, name));
    }
    let (report, title) = read::paper_of(db, id)?;
    let compared = compared(db, &report)?;
    Ok((Bytes::Made(Box::new(paper(&report, &title, &compared))), name))
}

/// Puts a correction on record; the document stays as it is (Decree 30/2020/NĐ-CP article 18).
///
/// # Errors
/// Database errors.
pub fn correct(tx: &mut Tx<'_>, locked: &Locked, correction: &Correction) -> Result<Totals> {
    record(tx, &locked.row, RecordKind::Corrected, &correction.reason, Some(&correction.text))?;
    Ok(Totals::default())
}

/// Takes an issued report back; its document stays on record.
///
/// # Errors
/// Database errors.
pub fn recall(tx: &mut Tx<'_>, locked: &Locked, why: &Because) -> Result<Totals> {
    let row = &locked.row;
    let change = (reports::status.eq(ReportStatus::Recalled), reports::slot.eq(None::<i32>));
    diesel::update(reports::table.filter(reports::id.eq(row.id))).set(change).execute(tx.conn)?;
    // What was to replace it stands in its place now.
    let next = reports::table.filter(reports::previous_id.eq(row.id)).filter(reports::slot.eq(2));
    diesel::update(next).set(reports::slot.eq(Some(1))).execute(tx.conn)?;
    record(tx, row, RecordKind::Recalled, &why.reason, None)?;
    Ok(locked.turned(ReportStatus::Recalled, row.late))
}

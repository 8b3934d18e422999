//! Formal documents (văn bản hành chính): one model, several writers.
//!
//! [`model::Paper`] is a document under Decree 30/2020/NĐ-CP. Its nine parts (article 8): the name of the state and its motto; the issuer
//! below its superior; number and symbol; place and date; kind and subject (trích yếu); the content; who signs; room for the seal; the
//! recipients. [`model::Sheet`] is bulk data, whose rows are read as they are written.
//!
//! - `words` is how the Decree writes numbers and dates, and how figures are shown;
//! - `docx` and `pdf` write papers, `xlsx` and `csv` write sheets;
//! - `press` has papers set by a process of their own, with limits, and `child` is what that does;
//! - `fonts` are the letters, `picture` paints charts for writers that do not take SVG.
//!
//! The same paper is the same bytes, and nothing of it is ever read as markup or as a formula.

pub mod child;
mod csv;
mod docx;
mod fonts;
pub mod model;
mod pdf;
mod picture;
pub mod press;
#[cfg(test)]
mod samples;
mod words;
mod xlsx;

use std::io::Write;

use chrono::NaiveDate;

pub use self::model::Format;
use self::model::{Paper, Sheet};
use crate::error::Result;

/// A paper to go on writing in.
fn docx(paper: &Paper) -> Result<Vec<u8>> {
    docx::write(paper)
}

/// A paper to sign and to keep.
fn pdf(paper: &Paper) -> Result<Vec<u8>> {
    pdf::write(paper)
}

/// A workbook of these sheets, made on this day.
pub fn xlsx<'a>(sheets: impl IntoIterator<Item = Sheet<'a>>, day: NaiveDate, out: impl Write + Send) -> Result<()> {
    xlsx::write(sheets, day, out)
}

/// One sheet as text.
pub fn csv(sheet: Sheet<'_>, out: impl Write) -> Result<()> {
    csv::write(sheet, out)
}

//! Every figure of a report as sheets: what it says, and behind that each value of each report that it was put together of. Reports are
//! read one by one as their rows are written.

use std::collections::{HashSet, VecDeque};
use std::io::Write;

use diesel::prelude::*;

use super::read::{self, frozen};
use crate::db::Db;
use crate::db::schema::report_sources;
use crate::error::Result;
use crate::ids::ReportId;
use crate::print;
use crate::print::Format;
use crate::print::model::{Align, Cell, Column, Sheet};
use crate::reports::model::ReportValue;
use crate::reports::rules::is_frozen;
use crate::results::model::IndicatorResult;
use crate::units::model::UnitRef;

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

fn whole(number: Option<i64>) -> Cell {
    number.map_or(Cell::Empty, Cell::Whole)
}

fn decimal(number: Option<crate::indicators::decimal::Decimal>) -> Cell {
    number.and_then(|number| i64::try_from(number.0).ok()).map_or(Cell::Empty, Cell::Decimal)
}

fn result_columns() -> Vec<Column> {
    vec![
        Column::new("Mã chỉ tiêu", Align::Center, 12),
        Column::new("Chỉ tiêu", Align::Start, 60),
        Column::new("Kỳ", Align::Center, 18),
        Column::new("Tử số", Align::End, 14),
        Column::new("Mẫu số", Align::End, 14),
        Column::new("Số lượng", Align::End, 12),
        Column::new("Mức độ", Align::End, 10),
        Column::new("Trạng thái", Align::Center, 16),
        Column::new("Tỉ lệ (%)", Align::End, 12),
        Column::new("Mục tiêu", Align::End, 12),
        Column::new("Chênh lệch", Align::End, 12),
        Column::new("Đạt", Align::Center, 10),
        Column::new("Kết quả", Align::Start, 80),
    ]
}

fn result_row(result: &IndicatorResult) -> Vec<Cell> {
    let attained = match result.attained {
        Some(true) => text("Đạt"),
        Some(false) => text("Chưa đạt"),
        None => Cell::Empty,
    };
    vec![
        text(&result.indicator.code),
        text(&result.indicator.title_vi),
        text(&result.period.code),
        whole(result.numerator),
        whole(result.denominator),
        whole(result.count),
        whole(result.level.map(i64::from)),
        result.state.map_or(Cell::Empty, |state| text(state.as_str())),
        decimal(result.rate),
        decimal(result.target.as_ref().and_then(|target| target.value)),
        decimal(result.gap),
        attained,
        result.sentence_vi.as_deref().map_or(Cell::Empty, text),
    ]
}

fn figure_columns() -> Vec<Column> {
    vec![
        Column::new("Mã đơn vị", Align::Center, 16),
        Column::new("Đơn vị", Align::Start, 45),
        Column::new("Mã chỉ tiêu", Align::Center, 12),
        Column::new("Chỉ tiêu", Align::Start, 60),
        Column::new("Kỳ", Align::Center, 18),
        Column::new("Địa bàn", Align::Start, 24),
        Column::new("Tử số", Align::End, 14),
        Column::new("Mẫu số", Align::End, 14),
        Column::new("Số lượng", Align::End, 12),
        Column::new("Mức độ", Align::End, 10),
        Column::new("Trạng thái", Align::Center, 16),
        Column::new("Ghi chú", Align::Start, 40),
        Column::new("Lần nộp", Align::End, 10),
    ]
}

fn figure_row(unit: &UnitRef, revision: i32, value: &ReportValue) -> Vec<Cell> {
    vec![
        text(&unit.code),
        text(&unit.name),
        text(&value.indicator.code),
        text(&value.indicator.title_vi),
        text(&value.period.code),
        value.locality.as_ref().map_or(Cell::Empty, |place| text(&place.name)),
        whole(value.numerator),
        whole(value.denominator),
        whole(value.count),
        whole(value.level.map(i64::from)),
        value.state.map_or(Cell::Empty, |state| text(state.as_str())),
        value.note.as_deref().map_or(Cell::Empty, text),
        whole(Some(i64::from(revision))),
    ]
}

/// The values of a report and of all that it was put together of, one report at a time.
struct Figures<'d, 'c> {
    db: &'d mut Db<'c>,
    rows: VecDeque<Vec<Cell>>,
    /// Reports that are still to be read.
    todo: Vec<(ReportId, i32)>,
    seen: HashSet<ReportId>,
}

impl Figures<'_, '_> {
    fn tell(&mut self, unit: &UnitRef, values: &[ReportValue], id: ReportId, revision: i32) -> Result<()> {
        let rows = values.iter().filter(|value| !value.is_empty()).map(|value| figure_row(unit, revision, value));
        self.rows.extend(rows);
        let mut sources: Vec<(ReportId, i32)> = report_sources::table
            .filter(report_sources::report_id.eq(id))
            .filter(report_sources::revision.eq(revision))
            .order_by(report_sources::source_id.desc())
            .select((report_sources::source_id, report_sources::source_revision))
            .load(self.db.conn)?;
        sources.retain(|(source, _)| self.seen.insert(*source));
        self.todo.extend(sources);
        Ok(())
    }

    fn read_next(&mut self) -> Result<Option<Vec<Cell>>> {
        loop {
            if let Some(row) = self.rows.pop_front() {
                return Ok(Some(row));
            }
            let Some((id, revision)) = self.todo.pop() else { return Ok(None) };
            self.db.is_awaited()?;
            let content = frozen(self.db, id, revision)?;
            self.tell(&content.unit, &content.values, id, revision)?;
        }
    }
}

impl Iterator for Figures<'_, '_> {
    type Item = Result<Vec<Cell>>;
    fn next(&mut self) -> Option<Self::Item> {
        self.read_next().transpose()
    }
}

/// Writes every figure of a report: as a workbook, or the values behind it as one sheet of text. Answers the name of the file without its
/// ending.
///
/// # Errors
/// 404 if the report is absent or out of scope; what `out` refuses.
pub fn sheets(db: &mut Db<'_>, id: ReportId, format: Format, out: impl Write + Send) -> Result<String> {
    let name = read::file_name(db, id)?;
    let report = read::get(db, id)?;
    let day = report.document.as_ref().map_or(report.updated_at.business_day(), |document| document.issued_on);
    let revision = if is_frozen(report.status) { report.revision } else { 0 };
    let results: Vec<Vec<Cell>> = report.results.iter().map(result_row).collect();
    let mut figures = Figures { db, rows: VecDeque::new(), todo: Vec::new(), seen: HashSet::from([id]) };
    figures.tell(&report.unit, &report.values, id, revision)?;
    let figures = Sheet { name: "Số liệu".to_owned(), columns: figure_columns(), rows: Box::new(figures) };
    if format == Format::Csv {
        print::csv(figures, out)?;
    } else {
        let results = Sheet { name: "Kết quả".to_owned(), columns: result_columns(), rows: Box::new(results.into_iter().map(Ok)) };
        print::xlsx([results, figures], day, out)?;
    }
    Ok(name)
}

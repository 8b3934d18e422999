//! Sheets as a workbook. Each row goes to a temporary file as soon as it is written, so a sheet of any length takes little memory.

use std::collections::HashSet;
use std::io::Write;

use chrono::NaiveDate;
use rust_xlsxwriter::{DocProperties, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError};

use super::model::{Align, Cell, Column, Sheet};
use super::words;
use crate::error::{Error, Result};

/// The longest name that Excel gives a sheet.
const LONGEST_NAME: usize = 31;
/// The longest text that a cell holds, in units of UTF-16.
const LONGEST_TEXT: usize = 32_767;
/// The paper size A4, as Excel counts them.
const A4: u8 = 9;

impl From<XlsxError> for Error {
    #[track_caller]
    fn from(error: XlsxError) -> Self {
        Self::internal(error)
    }
}

/// Writes sheets as a workbook made on this day.
pub fn write<'a>(sheets: impl IntoIterator<Item = Sheet<'a>>, day: NaiveDate, out: impl Write + Send) -> Result<()> {
    let mut workbook = Workbook::new();
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&day));
    let mut taken = HashSet::new();
    for sheet in sheets {
        let page = workbook.add_worksheet_with_constant_memory()?;
        page.set_name(name(&sheet.name, &mut taken))?;
        fill(page, sheet)?;
    }
    Ok(workbook.save_to_writer(out)?)
}

/// Header, then rows, from top to bottom: what is written is out of reach.
fn fill(page: &mut Worksheet, sheet: Sheet<'_>) -> Result<()> {
    let mut looks = Vec::with_capacity(sheet.columns.len());
    let header = Format::new().set_bold().set_align(FormatAlign::Center).set_align(FormatAlign::VerticalCenter);
    let header = header.set_text_wrap().set_border_bottom(FormatBorder::Thin);
    for (place, column) in (0..).zip(&sheet.columns) {
        page.set_column_width(place, column.share.max(4))?;
        page.write_string_with_format(0, place, fitting(&column.title), &header)?;
        looks.push(Look::of(column));
    }
    for (line, row) in (1..).zip(sheet.rows) {
        for ((place, look), cell) in (0..).zip(&looks).zip(row?) {
            look.put(page, line, place, &cell)?;
        }
    }
    page.set_freeze_panes(1, 0)?.set_repeat_rows(0, 0)?;
    page.set_paper_size(A4).set_landscape().set_print_fit_to_pages(1, 0);
    Ok(())
}

/// How the cells of a column look.
struct Look {
    text: Format,
    whole: Format,
    decimal: Format,
}

impl Look {
    fn of(column: &Column) -> Self {
        let align = match column.align {
            Align::Start => FormatAlign::Left,
            Align::Center => FormatAlign::Center,
            Align::End => FormatAlign::Right,
        };
        let format = Format::new().set_align(align).set_align(FormatAlign::Top);
        Self { text: format.clone(), whole: format.clone().set_num_format("#,##0"), decimal: format.set_num_format("#,##0.00") }
    }

    /// Text is always of the type of text, and so never a formula.
    fn put(&self, page: &mut Worksheet, line: u32, place: u16, cell: &Cell) -> Result<()> {
        let number = || words::plain(cell).parse::<f64>().map_err(Error::internal);
        match cell {
            Cell::Empty => {}
            Cell::Text(text) => {
                page.write_string_with_format(line, place, fitting(text), &self.text)?;
            }
            Cell::Whole(_) => {
                page.write_number_with_format(line, place, number()?, &self.whole)?;
            }
            Cell::Decimal(_) => {
                page.write_number_with_format(line, place, number()?, &self.decimal)?;
            }
        }
        Ok(())
    }
}

/// A text that Excel takes: its end is cut off where it is too long.
fn fitting(text: &str) -> &str {
    let mut units = 0;
    let too_much = |(_, letter): &(usize, char)| {
        units += letter.len_utf16();
        units > LONGEST_TEXT
    };
    match text.char_indices().find(too_much) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}

/// A name that Excel takes: short, without its special signs, and another for each sheet.
fn name(wanted: &str, taken: &mut HashSet<String>) -> String {
    let clean = wanted.replace(['[', ']', ':', '*', '?', '/', '\\'], "-");
    let clean = clean.trim().trim_matches('\'');
    let clean = if clean.is_empty() { "-" } else { clean };
    let cut = |room: usize| clean.chars().take(room).collect::<String>();
    let mut name = cut(LONGEST_NAME);
    let mut turn = 2;
    while !taken.insert(name.to_lowercase()) {
        name = format!("{} ({turn})", cut(LONGEST_NAME - 6));
        turn += 1;
    }
    name
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use calamine::{Data, Reader, Xlsx};

    use super::*;
    use crate::print::samples::{self, ODD};

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2025, 3, 5).expect("a day")
    }

    fn written<'a>(sheets: impl IntoIterator<Item = Sheet<'a>>) -> Vec<u8> {
        let mut out = Vec::new();
        write(sheets, day(), &mut out).expect("written");
        out
    }

    fn read(file: Vec<u8>) -> Vec<(String, Vec<Vec<Data>>)> {
        let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(file)).expect("a workbook");
        book.worksheets().into_iter().map(|(name, cells)| (name, cells.rows().map(<[Data]>::to_vec).collect())).collect()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let sheets = read(written([samples::sheet(3).0, samples::sheet(0).0]));
        let names: Vec<&str> = sheets.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["Số liệu 2024-2025", "Số liệu 2024-2025 (2)"]);
        let text = |text: &str| Data::String(text.to_owned());
        let rows = &sheets[0].1;
        assert_eq!(rows[0], ["STT", "Trường", "Số trẻ", "Tỉ lệ (%)", "Ghi chú"].map(text));
        assert_eq!(rows[2][..4], [Data::Float(2.0), text("Trường Mầm non Đồng Chum 2"), Data::Float(13_575.0), Data::Float(46.85)]);
        assert_eq!((rows.len(), sheets[1].1.len()), (4, 1));
    }

    #[test]
    fn text_is_never_a_formula() {
        let rows = ODD.map(|text| Ok(vec![Cell::Text(text.to_owned())]));
        let file =
            written([Sheet { name: "A".to_owned(), columns: vec![Column::new("=A", Align::Start, 20)], rows: Box::new(rows.into_iter()) }]);
        let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(file.clone())).expect("a workbook");
        assert!(book.worksheet_formula("A").expect("a sheet").is_empty());
        let found: Vec<Data> = read(file).remove(0).1.concat();
        let expected: Vec<Data> = ["=A"].into_iter().chain(ODD).map(|text| Data::String(text.to_owned())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_same_sheets_are_the_same_bytes() {
        assert_eq!(written([samples::sheet(50).0]), written([samples::sheet(50).0]));
    }

    #[test]
    fn rows_are_asked_for_as_they_are_written() {
        let (sheet, asked) = samples::sheet(100_000);
        let rows = sheet
            .rows
            .map(|row| if row.as_ref().is_ok_and(|row| row[0] == Cell::Whole(99_000)) { Err(Error::internal("away")) } else { row });
        assert!(write([Sheet { rows: Box::new(rows), ..samples::sheet(0).0 }], day(), Vec::new()).is_err());
        assert_eq!(asked.get(), 99_000, "no row after one that cannot be read");
        let file = written([samples::sheet(100_000).0]);
        assert_eq!(read(file)[0].1.len(), 100_001);
    }

    #[test]
    fn names_of_sheets_are_those_that_excel_takes() {
        let mut taken = HashSet::new();
        assert_eq!(name("Năm học 2024/2025", &mut taken), "Năm học 2024-2025");
        assert_eq!(name("năm học 2024:2025", &mut taken), "năm học 2024-2025 (2)");
        assert_eq!(name(" '' ", &mut taken), "-");
        let long = "Kết quả thực hiện các chỉ tiêu của kế hoạch";
        assert_eq!(name(long, &mut taken), "Kết quả thực hiện các chỉ tiêu ");
        assert_eq!(name(long, &mut taken), "Kết quả thực hiện các chỉ (2)");
    }

    #[test]
    fn the_end_of_a_text_without_end_is_cut_off() {
        assert_eq!(fitting("Hoà Bình"), "Hoà Bình");
        assert_eq!(fitting(&"ệ".repeat(40_000)).chars().count(), LONGEST_TEXT);
        assert_eq!(fitting(&"😀".repeat(40_000)).chars().count(), LONGEST_TEXT / 2);
    }
}

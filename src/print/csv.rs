//! One sheet as text: RFC 4180 in UTF-8, with a byte order mark so that Excel reads it as such.

use std::borrow::Cow;
use std::io::Write;

use csv::{Terminator, WriterBuilder};

use super::model::{Cell, Sheet};
use super::words;
use crate::error::{Error, Result};

/// Writes a sheet row by row.
pub fn write(sheet: Sheet<'_>, mut out: impl Write) -> Result<()> {
    out.write_all("\u{feff}".as_bytes()).map_err(Error::internal)?;
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).flexible(true).from_writer(out);
    writer.write_record(sheet.columns.iter().map(|column| harmless(&column.title).into_owned())).map_err(Error::internal)?;
    for row in sheet.rows {
        writer.write_record(row?.iter().map(field)).map_err(Error::internal)?;
    }
    writer.flush().map_err(Error::internal)
}

fn field(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => harmless(text).into_owned(),
        number => words::plain(number),
    }
}

/// Text that no program takes for a formula (OWASP, "CSV injection"): what looks like the beginning of one is told to be text.
fn harmless(text: &str) -> Cow<'_, str> {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if formula { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::model::{Align, Column};
    use crate::print::samples::{self, ODD};

    #[test]
    fn what_is_written_is_read_back() {
        let mut out = Vec::new();
        write(samples::sheet(2).0, &mut out).expect("written");
        let expected = "\u{feff}STT,Trường,Số trẻ,Tỉ lệ (%),Ghi chú\r\n\
            1,Trường Mầm non Đồng Chum 1,13574,46.84,\r\n2,Trường Mầm non Đồng Chum 2,13575,46.85,\r\n";
        assert_eq!(String::from_utf8(out).expect("text"), expected);
    }

    #[test]
    fn text_is_never_a_formula_and_numbers_are_numbers() {
        let rows = ODD.map(|text| Ok(vec![Cell::Text(text.to_owned()), Cell::Whole(-5), Cell::Decimal(-5)]));
        let titles = ["=A", "a,\"b\"\nc", ""].map(|title| Column::new(title, Align::Start, 1)).to_vec();
        let sheet = Sheet { name: String::new(), columns: titles, rows: Box::new(rows.into_iter()) };
        let mut out = Vec::new();
        write(sheet, &mut out).expect("written");
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&out[3..]);
        let records: Vec<csv::StringRecord> = reader.records().map(|record| record.expect("a record")).collect();
        assert_eq!(&records[0], ["'=A", "a,\"b\"\nc", ""].as_slice());
        for (record, text) in records[1..].iter().zip(ODD) {
            let told = if text.starts_with('#') { text.to_owned() } else { format!("'{text}") };
            assert_eq!(record, [told.as_str(), "-5", "-0.05"].as_slice());
        }
    }

    #[test]
    fn rows_are_asked_for_as_they_are_written() {
        struct Lines {
            written: i64,
            asked: std::rc::Rc<std::cell::Cell<i64>>,
        }
        impl Write for Lines {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.written += i64::try_from(bytes.split(|byte| *byte == b'\n').count() - 1).expect("a count");
                assert!(self.asked.get() - self.written < 500, "{} asked, {} written", self.asked.get(), self.written);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let (sheet, asked) = samples::sheet(100_000);
        let mut out = Lines { written: 0, asked };
        write(sheet, &mut out).expect("written");
        assert_eq!(out.written, 100_001);
    }

    #[test]
    fn a_row_that_cannot_be_read_is_the_end() {
        let rows = [Ok(samples::row(1)), Err(Error::internal("away"))];
        let sheet = Sheet { rows: Box::new(rows.into_iter()), ..samples::sheet(0).0 };
        assert!(write(sheet, Vec::new()).is_err());
    }
}

//! How Decree 30/2020 writes numbers and dates, and how Vietnamese documents write figures.

use std::borrow::Cow;

use chrono::{Datelike, NaiveDate};

use super::model::Cell;

/// The name of the state.
pub const STATE: &str = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM";
/// Its motto.
pub const MOTTO: &str = "Độc lập - Tự do - Hạnh phúc";
/// What a draft says.
pub const DRAFT: &str = "DỰ THẢO";
/// What stands above the recipients.
pub const RECIPIENTS: &str = "Nơi nhận:";

/// What is left free for a number that is written in by hand; spaces that no program folds into one.
const ROOM: &str = "\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}";

/// Number and symbol: `Số: 05/BC-SGDĐT` (a number below 10 takes a zero).
#[must_use]
pub fn number(number: Option<i32>, symbol: &str) -> String {
    match number {
        Some(number) => format!("Số: {number:02}/{symbol}"),
        None => format!("Số:{ROOM}/{symbol}"),
    }
}

/// Place and date: `Hoà Bình, ngày 05 tháng 3 năm 2025` (days below 10 and the months 1 and 2 take a zero, other months do not).
#[must_use]
pub fn date(place: &str, date: Option<NaiveDate>) -> String {
    let Some(date) = date else { return format!("{place}, ngày … tháng … năm …") };
    let month = match date.month() {
        month @ 1..=2 => format!("0{month}"),
        month => month.to_string(),
    };
    format!("{place}, ngày {:02} tháng {month} năm {}", date.day(), date.year())
}

/// The recipients as they are listed: `- Như trên;`, the last with a full stop.
#[must_use]
pub fn recipients(recipients: &[String]) -> Vec<String> {
    let last = recipients.len().saturating_sub(1);
    let line = |(place, recipient): (usize, &String)| {
        let name = recipient.trim().trim_start_matches("- ").trim_end_matches([';', '.']);
        format!("- {name}{}", if place == last { "." } else { ";" })
    };
    recipients.iter().enumerate().map(line).collect()
}

/// A cell in a document: `13.573`, `46,83`.
#[must_use]
pub fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => text.clone(),
        Cell::Whole(number) => grouped(*number < 0, number.unsigned_abs()),
        Cell::Decimal(hundredths) => {
            let size = hundredths.unsigned_abs();
            format!("{},{:02}", grouped(*hundredths < 0, size / 100), size % 100)
        }
    }
}

/// A cell for programs: `13573`, `46.83`.
#[must_use]
pub fn plain(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => text.clone(),
        Cell::Whole(number) => number.to_string(),
        Cell::Decimal(hundredths) => {
            let (sign, size) = (if *hundredths < 0 { "-" } else { "" }, hundredths.unsigned_abs());
            format!("{sign}{}.{:02}", size / 100, size % 100)
        }
    }
}

/// A whole number with a full stop between its thousands.
fn grouped(negative: bool, size: u64) -> String {
    let sign = if negative { "-" } else { "" };
    format!("{sign}{}", crate::text::grouped(&size.to_string(), '.'))
}

/// Text that XML and a printer can hold: of the control characters only tabs and line breaks stay, others become U+FFFD.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    let odd = |letter: char| (letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')) || matches!(letter, '\u{fffe}' | '\u{ffff}');
    if text.contains(odd) { Cow::Owned(text.replace(odd, "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// The lines of a text that say something.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_below_ten_take_a_zero() {
        assert_eq!(number(Some(5), "BC-SGDĐT"), "Số: 05/BC-SGDĐT");
        assert_eq!(number(Some(10), "BC-SGDĐT"), "Số: 10/BC-SGDĐT");
        assert_eq!(number(Some(1234), "KH-UBND"), "Số: 1234/KH-UBND");
        let open = number(None, "BC-SGDĐT");
        assert_eq!(open.replace('\u{a0}', ""), "Số:/BC-SGDĐT");
    }

    #[test]
    fn days_below_ten_and_the_first_two_months_take_a_zero() {
        let on = |year, month, day| date("Hoà Bình", NaiveDate::from_ymd_opt(year, month, day));
        assert_eq!(on(2025, 3, 5), "Hoà Bình, ngày 05 tháng 3 năm 2025");
        assert_eq!(on(2025, 2, 20), "Hoà Bình, ngày 20 tháng 02 năm 2025");
        assert_eq!(on(2026, 1, 9), "Hoà Bình, ngày 09 tháng 01 năm 2026");
        assert_eq!(on(2025, 12, 31), "Hoà Bình, ngày 31 tháng 12 năm 2025");
        assert_eq!(date("Hoà Bình", None), "Hoà Bình, ngày … tháng … năm …");
    }

    #[test]
    fn figures_are_vietnamese_on_paper_and_plain_for_programs() {
        for (cell, paper, program) in [
            (Cell::Empty, "", ""),
            (Cell::Text("=1+1".to_owned()), "=1+1", "=1+1"),
            (Cell::Whole(0), "0", "0"),
            (Cell::Whole(999), "999", "999"),
            (Cell::Whole(13_573), "13.573", "13573"),
            (Cell::Whole(-1_234_567), "-1.234.567", "-1234567"),
            (Cell::Whole(i64::MIN), "-9.223.372.036.854.775.808", "-9223372036854775808"),
            (Cell::Decimal(4683), "46,83", "46.83"),
            (Cell::Decimal(5), "0,05", "0.05"),
            (Cell::Decimal(-5), "-0,05", "-0.05"),
            (Cell::Decimal(10_000), "100,00", "100.00"),
            (Cell::Decimal(123_456_789), "1.234.567,89", "1234567.89"),
        ] {
            assert_eq!((shown(&cell).as_str(), plain(&cell).as_str()), (paper, program));
        }
    }

    #[test]
    fn recipients_are_a_list() {
        let given = ["UBND tỉnh (b/c)", "- Như trên;", "Lưu: VT, VP."].map(str::to_owned);
        assert_eq!(recipients(&given), ["- UBND tỉnh (b/c);", "- Như trên;", "- Lưu: VT, VP."]);
        assert!(recipients(&[]).is_empty());
    }

    #[test]
    fn what_cannot_be_printed_is_seen() {
        assert_eq!(printable("Hoà Bình\t1\n2"), "Hoà Bình\t1\n2");
        assert_eq!(printable("a\u{0}b\u{1b}"), "a\u{fffd}b\u{fffd}");
        assert_eq!(lines(" một \n\n hai").collect::<Vec<_>>(), ["một", "hai"]);
    }
}

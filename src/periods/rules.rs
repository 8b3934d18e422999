//! The calendar: which periods there are, how their codes are written, and which of them a word such as `this_year` means.

use chrono::{Datelike, Days, NaiveDate};
use serde::Deserialize;

use super::model::{DueDates, PeriodAction, PeriodKind, PeriodStatus};

/// The calendar's data: the school years, and how many days after `as_of` each level's figures are due.
#[derive(Debug, Deserialize)]
pub struct Calendar {
    /// In their order.
    pub school_years: Vec<SchoolYear>,
    /// By kind; semesters apart, for their due dates differ.
    pub due: std::collections::BTreeMap<String, DueDays>,
}

/// A school year as the province's decision sets it.
#[derive(Debug, Deserialize)]
pub struct SchoolYear {
    /// `2024-2025`.
    pub code: String,
    /// Khai giảng.
    pub starts_on: NaiveDate,
    /// The last day of the first semester.
    pub semester1_ends_on: NaiveDate,
    /// Kết thúc năm học.
    pub ends_on: NaiveDate,
}

/// Days after `as_of`.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct DueDays {
    school: Option<u64>,
    district: Option<u64>,
    department: Option<u64>,
}

/// A period to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPeriod {
    /// Its code.
    pub code: String,
    /// What it is.
    pub kind: PeriodKind,
    /// Its title in Vietnamese.
    pub title_vi: String,
    /// Its title in English.
    pub title_en: String,
    /// The first day of its window.
    pub starts_on: NaiveDate,
    /// The last day of its window; its `as_of` as well.
    pub ends_on: NaiveDate,
    /// When its figures are due.
    pub due_on: DueDates,
}

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default()
}

impl Calendar {
    /// All periods: of each calendar year that a school year touches, and of each school year.
    #[must_use]
    pub fn periods(&self) -> Vec<NewPeriod> {
        let first = self.school_years.first().map_or(0, |year| year.starts_on.year());
        let last = self.school_years.last().map_or(-1, |year| year.ends_on.year());
        let mut periods: Vec<NewPeriod> = (first..=last).flat_map(|year| self.of_year(year)).collect();
        periods.extend(self.school_years.iter().flat_map(|year| self.of_school_year(year)));
        periods
    }

    /// Decree 09/2019/NĐ-CP article 12: windows run from the 15th to the 14th, those of a year from 15 December of the year before.
    fn of_year(&self, year: i32) -> Vec<NewPeriod> {
        const ROMAN: [&str; 4] = ["I", "II", "III", "IV"];
        let start = day(year - 1, 12, 15);
        let mut periods = Vec::new();
        for month in 1..=12 {
            let from = if month == 1 { start } else { day(year, month - 1, 15) };
            let titles = (format!("Tháng {month} năm {year}"), format!("{year}-{month:02}"));
            periods.push(self.period(format!("{year}-{month:02}"), PeriodKind::Month, titles, from, day(year, month, 14)));
        }
        for (quarter, roman) in (1_u32..).zip(ROMAN) {
            let from = if quarter == 1 { start } else { day(year, quarter * 3 - 3, 15) };
            let titles = (format!("Quý {roman} năm {year}"), format!("Quarter {quarter} of {year}"));
            periods.push(self.period(format!("{year}-Q{quarter}"), PeriodKind::Quarter, titles, from, day(year, quarter * 3, 14)));
        }
        let halves = [
            ("H1", "6 tháng đầu", "First", start, day(year, 6, 14)),
            ("H2", "6 tháng cuối", "Second", day(year, 6, 15), day(year, 12, 14)),
        ];
        for (end, vi, en, from, to) in halves {
            let titles = (format!("{vi} năm {year}"), format!("{en} half of {year}"));
            periods.push(self.period(format!("{year}-{end}"), PeriodKind::Half, titles, from, to));
        }
        let titles = (format!("9 tháng đầu năm {year}"), format!("First nine months of {year}"));
        periods.push(self.period(format!("{year}-9M"), PeriodKind::NineMonths, titles, start, day(year, 9, 14)));
        let titles = (format!("Năm {year}"), format!("Year {year}"));
        periods.push(self.period(year.to_string(), PeriodKind::Year, titles, start, day(year, 12, 14)));
        let titles = (format!("Phổ cập giáo dục, xóa mù chữ năm {year}"), format!("Universalisation year {year}"));
        periods.push(self.period(format!("{year}-PC"), PeriodKind::UniversalisationYear, titles, day(year - 1, 10, 1), day(year, 9, 30)));
        periods
    }

    fn of_school_year(&self, year: &SchoolYear) -> Vec<NewPeriod> {
        let code = &year.code;
        let (starts, ends, middle) = (year.starts_on, year.ends_on, year.semester1_ends_on);
        let second = middle.checked_add_days(Days::new(1)).unwrap_or(middle);
        let titled = |vi: &str, en: &str| (format!("{vi} {code}"), format!("{en} {code}"));
        vec![
            self.period(code.clone(), PeriodKind::SchoolYear, titled("Năm học", "School year"), starts, ends),
            self.period(
                format!("{code}-START"),
                PeriodKind::SchoolYearStart,
                titled("Đầu năm học", "Start of school year"),
                starts,
                day(starts.year(), 9, 30),
            ),
            self.period(
                format!("{code}-S1"),
                PeriodKind::Semester,
                titled("Học kì I năm học", "First semester of school year"),
                starts,
                middle,
            ),
            self.period(
                format!("{code}-S2"),
                PeriodKind::Semester,
                titled("Học kì II năm học", "Second semester of school year"),
                second,
                ends,
            ),
            self.period(
                format!("{code}-END"),
                PeriodKind::SchoolYearEnd,
                titled("Cuối năm học", "End of school year"),
                starts,
                day(ends.year(), 5, 31),
            ),
        ]
    }

    fn period(
        &self,
        code: String,
        kind: PeriodKind,
        (title_vi, title_en): (String, String),
        starts_on: NaiveDate,
        ends_on: NaiveDate,
    ) -> NewPeriod {
        let key = match kind {
            PeriodKind::Semester if code.ends_with("S1") => "semester_1",
            PeriodKind::Semester => "semester_2",
            kind => kind.as_str(),
        };
        let days = self.due.get(key).copied().unwrap_or_default();
        let due = |days: Option<u64>| ends_on.checked_add_days(Days::new(days?));
        let due_on = DueDates { school: due(days.school), district: due(days.district), department: due(days.department) };
        NewPeriod { code, kind, title_vi, title_en, starts_on, ends_on, due_on }
    }
}

/// The code that an alias stands for: `202503` → `2025-03`, `2025Q1` → `2025-Q1`, `2024-2025-HK1` → `2024-2025-S1`.
#[must_use]
pub fn canonical(code: &str) -> String {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((year, end)) = code.split_at_checked(4)
        && digits(year)
    {
        if end.len() == 2 && digits(end) {
            return format!("{year}-{end}");
        }
        if ["Q1", "Q2", "Q3", "Q4", "H1", "H2", "9M", "PC"].contains(&end) {
            return format!("{year}-{end}");
        }
    }
    if let Some((year, semester)) = code.rsplit_once("-HK") {
        return format!("{year}-S{semester}");
    }
    code.to_owned()
}

/// The kind that a relative word means: the latest period of it that has begun.
#[must_use]
pub fn relative(word: &str) -> Option<PeriodKind> {
    match word {
        "this_year" => Some(PeriodKind::Year),
        "this_quarter" => Some(PeriodKind::Quarter),
        "this_school_year" => Some(PeriodKind::SchoolYear),
        _ => None,
    }
}

/// Whether a period takes values on a day.
#[must_use]
pub fn status(starts_on: NaiveDate, locked: bool, today: NaiveDate) -> PeriodStatus {
    if locked {
        PeriodStatus::Locked
    } else if today < starts_on {
        PeriodStatus::Future
    } else {
        PeriodStatus::Open
    }
}

/// What may be done with a period by whom may do it.
#[must_use]
pub fn actions(locked: bool) -> Vec<PeriodAction> {
    vec![if locked { PeriodAction::Unlock } else { PeriodAction::Lock }]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar() -> Calendar {
        serde_json::from_str(include_str!("../catalogue/data/periods.json")).expect("the calendar")
    }

    #[test]
    fn windows_are_those_of_the_contract() {
        let periods = calendar().periods();
        for (code, starts, ends) in [
            ("2025-03", "2025-02-15", "2025-03-14"),
            ("2025-01", "2024-12-15", "2025-01-14"),
            ("2025-Q1", "2024-12-15", "2025-03-14"),
            ("2025-Q4", "2025-09-15", "2025-12-14"),
            ("2025-H1", "2024-12-15", "2025-06-14"),
            ("2025-9M", "2024-12-15", "2025-09-14"),
            ("2025", "2024-12-15", "2025-12-14"),
            ("2024-2025", "2024-09-05", "2025-05-31"),
            ("2024-2025-START", "2024-09-05", "2024-09-30"),
            ("2024-2025-END", "2024-09-05", "2025-05-31"),
            ("2025-PC", "2024-10-01", "2025-09-30"),
        ] {
            let period = periods.iter().find(|period| period.code == code).unwrap_or_else(|| panic!("{code} is missing"));
            assert_eq!((period.starts_on.to_string().as_str(), period.ends_on.to_string().as_str()), (starts, ends), "{code}");
        }
        let mut codes: Vec<_> = periods.iter().map(|period| &period.code).collect();
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), periods.len(), "a code stands twice");
    }

    #[test]
    fn aliases_are_read_as_their_codes() {
        for (alias, code) in [("202503", "2025-03"), ("2025Q1", "2025-Q1"), ("2024-2025-HK1", "2024-2025-S1"), ("2025", "2025")] {
            assert_eq!(canonical(alias), code);
        }
    }
}

//! The figures of the demo: made up, but of the size that the province's were, and mostly but not all complete.
//!
//! Known totals are met where all schools are made: 13,573 children in nurseries at the opening of 2024-2025, which with a derived
//! population of 28,983 is the published 46.83 %.

use super::province::{Made, communes, split};
use crate::catalogue::DEPARTMENT;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::ids::Key;
use crate::indicators::model::{BaselineBody, Category};
use crate::patch::Field;
use crate::units::model::{Kind, Level};
use crate::values::model::{NewValue, Part, State};
use crate::{indicators, units};

/// School years and by how many per mille of today's size schools were smaller then.
const YEARS: [(&str, i64); 2] = [("2023-2024", 970), ("2024-2025", 1000)];
/// Calendar years before the plan.
const CALENDAR: [&str; 2] = ["2023", "2024"];
/// Published totals, for 520 schools: children in nurseries and kindergartens, children of these ages.
const NURSERY: i64 = 13_573;
const NURSERY_AGE: i64 = 28_983;
const KINDERGARTEN: i64 = 41_827;
const KINDERGARTEN_AGE: i64 = 42_280;

/// A school's own size, from which all its figures follow.
struct Size {
    nursery: i64,
    kindergarten: i64,
    primary: i64,
    lower: i64,
    upper: i64,
    rooms: i64,
    teachers: i64,
}

struct Rows<'r> {
    rows: Vec<NewValue>,
    rng: &'r mut fastrand::Rng,
}

fn row(indicator: &str, unit: &str, period: &str) -> NewValue {
    NewValue { indicator: indicator.to_owned(), unit: unit.to_owned(), period: period.to_owned(), ..NewValue::default() }
}

impl Rows<'_> {
    /// About so many per mille, give or take a few.
    fn about(&mut self, whole: i64, per_mille: i64, spread: i64) -> i64 {
        let rate = (per_mille + self.rng.i64(-spread..=spread)).clamp(0, 1000);
        (whole * rate + 500) / 1000
    }

    fn ratio(&mut self, indicator: &str, unit: &str, period: &str, numerator: i64, denominator: i64) {
        let missing = self.rng.u8(0..100) < 3;
        if !missing {
            let (numerator, denominator) = (Field::Value(numerator), Field::Value(denominator));
            self.rows.push(NewValue { numerator, denominator, ..row(indicator, unit, period) });
        }
    }

    /// The same, told by sex: of those who are missing above the line two in five are girls.
    fn ratio_by_sex(&mut self, indicator: &str, unit: &str, period: &str, numerator: i64, denominator: i64) {
        let before = self.rows.len();
        self.ratio(indicator, unit, period, numerator, denominator);
        let girls = self.about(denominator, 490, 20);
        let (boys, missing) = (denominator - girls, denominator - numerator);
        let lacking = (missing * 2 / 5).clamp((missing - boys).max(0), girls);
        let part =
            |category, numerator, denominator| Part { category, numerator: Some(numerator), denominator: Some(denominator), count: None };
        let parts = vec![part(Category::Female, girls - lacking, girls), part(Category::Male, boys - (missing - lacking), boys)];
        if let Some(row) = self.rows.get_mut(before) {
            row.parts = Field::Value(parts);
        }
    }

    fn numerator(&mut self, indicator: &str, unit: &str, period: &str, numerator: i64) {
        self.rows.push(NewValue { numerator: Field::Value(numerator), ..row(indicator, unit, period) });
    }
}

fn weights(rng: &mut fastrand::Rng, count: usize) -> Vec<i64> {
    (0..count).map(|_| rng.i64(60..=140)).collect()
}

/// All figures, school by school, then commune by commune, then the department's own.
pub fn figures(rng: &mut fastrand::Rng, schools: &[Made]) -> Result<Vec<NewValue>> {
    let all = i64::try_from(schools.len()).unwrap_or_default();
    let scaled = |total: i64| total * all / 520;
    let sizes = sizes(rng, schools, scaled(NURSERY), scaled(KINDERGARTEN));
    let mut rows = Rows { rows: Vec::with_capacity(schools.len() * 30), rng };
    for (school, size) in schools.iter().zip(&sizes) {
        if school.kind == Kind::College {
            continue;
        }
        for (year, per_mille) in YEARS {
            of_year(&mut rows, school, size, year, per_mille);
        }
        of_calendar(&mut rows, school);
    }
    let pupils = sizes.iter().map(|size| size.primary).sum::<i64>() / 5;
    of_communes(&mut rows, scaled(NURSERY_AGE), scaled(KINDERGARTEN_AGE), pupils)?;
    of_department(&mut rows);
    Ok(rows.rows)
}

fn sizes(rng: &mut fastrand::Rng, schools: &[Made], nursery: i64, kindergarten: i64) -> Vec<Size> {
    let share = |rng: &mut fastrand::Rng, level: Level| -> Vec<i64> {
        let weights = weights(rng, schools.len());
        schools.iter().zip(weights).map(|(school, weight)| if school.teaches(level) { weight } else { 0 }).collect()
    };
    let nursery = split(nursery, &share(rng, Level::Nursery));
    let kindergarten = split(kindergarten, &share(rng, Level::Kindergarten));
    let of = |nursery: i64, kindergarten: i64, school: &Made, rng: &mut fastrand::Rng| {
        let pupils =
            |rng: &mut fastrand::Rng, level: Level, few: i64, many: i64| if school.teaches(level) { rng.i64(few..=many) } else { 0 };
        let primary = pupils(rng, Level::Primary, 180, 550);
        let lower = pupils(rng, Level::LowerSecondary, 120, 460);
        let upper = pupils(rng, Level::UpperSecondary, 320, 800) + pupils(rng, Level::Continuing, 200, 500);
        let total = nursery + kindergarten + primary + lower + upper;
        Size { nursery, kindergarten, primary, lower, upper, rooms: (total / 26).max(4), teachers: (total / 17).max(5) }
    };
    schools
        .iter()
        .zip(nursery.iter().zip(kindergarten))
        .map(|(school, (nursery, kindergarten))| of(*nursery, kindergarten, school, rng))
        .collect()
}

fn of_year(rows: &mut Rows<'_>, school: &Made, size: &Size, year: &str, per_mille: i64) {
    let (unit, start, end) = (school.code.as_str(), format!("{year}-START"), format!("{year}-END"));
    let then = |number: i64| (number * per_mille + 500) / 1000;
    if school.teaches(Level::Nursery) {
        let (nursery, kindergarten) = (then(size.nursery), then(size.kindergarten));
        rows.numerator("MN01", unit, &start, nursery);
        rows.numerator("MN02", unit, &start, kindergarten);
        let young = rows.about(kindergarten, 640, 20);
        rows.numerator("MN07", unit, &start, young);
        let groups = (nursery + 19) / 20 + (kindergarten + 27) / 28;
        let lacking = i64::from(rows.rng.u8(0..100) < 9);
        let full = groups - lacking;
        rows.ratio("MN03", unit, &start, full, groups);
        let weighed = rows.about(nursery + kindergarten, 990, 8);
        for (indicator, rate) in [("MN04a", 56), ("MN04b", 63), ("MN05", 24)] {
            let number = rows.about(weighed, rate, 14);
            rows.ratio(indicator, unit, &end, number, weighed);
        }
    }
    if school.teaches(Level::Primary) {
        let pupils = then(size.primary);
        let first = rows.about(pupils, 205, 6);
        rows.numerator("TH01", unit, &start, first);
        let included = rows.about(pupils, 9, 3);
        rows.numerator("TH02", unit, &start, included);
        let full = rows.about(pupils, 880, 60);
        rows.ratio("TH04", unit, &start, full, pupils);
        let last = rows.about(pupils, 190, 6);
        let done = rows.about(last, 993, 6);
        rows.ratio_by_sex("TH03", unit, &end, done, last);
        let teachers = (pupils / 22).max(3);
        let degree = rows.about(teachers, 840, 80);
        rows.ratio("GV01a", unit, &start, degree, teachers);
    }
    if school.teaches(Level::LowerSecondary) {
        let last = then(size.lower) / 4;
        let done = rows.about(last, 991, 8);
        rows.ratio_by_sex("CS01", unit, &end, done, last);
        let teachers = (then(size.lower) / 18).max(3);
        let degree = rows.about(teachers, 900, 60);
        rows.ratio("GV01b", unit, &start, degree, teachers);
    }
    if school.teaches(Level::UpperSecondary) || school.kind == Kind::Centre {
        let last = then(size.upper) / 3;
        let passed = rows.about(last, 985, 12);
        rows.ratio("TN01", unit, &end, passed, last);
    }
    if school.kind == Kind::School {
        of_school(rows, school, size, &start, &end);
    }
}

fn of_school(rows: &mut Rows<'_>, school: &Made, size: &Size, start: &str, end: &str) {
    let unit = school.code.as_str();
    let solid = rows.about(size.rooms, 900, 90);
    rows.ratio("CSVC01", unit, start, solid, size.rooms);
    let makeshift = if rows.rng.u8(0..100) < 12 { rows.rng.i64(1..=3) } else { 0 };
    rows.rows.push(NewValue { count: Field::Value(makeshift), ..row("CSVC02", unit, start) });
    let there = rows.about(size.teachers, 950, 70);
    rows.ratio("GV02", unit, start, there, size.teachers);
    let qualified = rows.about(there, 930, 60);
    rows.ratio("GV03", unit, start, qualified, there);
    let rated = rows.about(there, 990, 10);
    rows.ratio("GV04", unit, end, rated, there);
    if school.teaches(Level::Primary) || school.teaches(Level::LowerSecondary) || school.teaches(Level::UpperSecondary) {
        for (indicator, rate) in [("CDS01", 70), ("CDS02", 45)] {
            let uses = i64::from(rows.rng.i64(0..100) < rate);
            rows.ratio(indicator, unit, start, uses, 1);
        }
    }
}

fn of_calendar(rows: &mut Rows<'_>, school: &Made) {
    for (index, year) in (0_i64..).zip(CALENDAR) {
        if school.kind == Kind::School {
            let recognised = i64::from(rows.rng.i64(0..1000) < 585 + index * 12);
            rows.ratio("CQG01", &school.code, year, recognised, 1);
        }
        let learning = i64::from(rows.rng.i64(0..100) < 80);
        rows.ratio("HT01", &school.code, year, learning, 1);
    }
}

/// Where the province's schools of national standard stood, which no school recorded.
pub fn baseline(tx: &mut Tx<'_>) -> Result<()> {
    let missing = || Error::internal("the catalogue is not there".to_owned());
    let indicator = indicators::store::find_id(tx, &Key::Code("CQG01".to_owned()))?.ok_or_else(missing)?;
    let department = units::store::find_by_code(tx, DEPARTMENT)?.ok_or_else(missing)?;
    let source = "Báo cáo tổng kết năm học 2022-2023".to_owned();
    let new = BaselineBody { year: 2023, numerator: Some(305), denominator: Some(516), value: None, source };
    indicators::store::set_baseline(tx, indicator, department, &new)
}

/// The children of an age, commune by commune, so that they add up to the whole.
fn of_communes(rows: &mut Rows<'_>, nursery: i64, kindergarten: i64, first: i64) -> Result<()> {
    let communes = communes()?;
    let shares = weights(rows.rng, communes.len());
    for (year, per_mille) in YEARS {
        let start = format!("{year}-START");
        let totals = [
            ("MN01", nursery),
            ("MN02", kindergarten),
            ("MN07", kindergarten * 67 / 100),
            ("TH01", first * 103 / 100),
            ("TH02", first / 18),
        ];
        for (indicator, total) in totals {
            for (commune, number) in communes.iter().zip(split(total * per_mille / 1000, &shares)) {
                let denominator = Field::Value(number);
                let locality = Some(commune.code.clone());
                rows.rows.push(NewValue { locality, denominator, ..row(indicator, &commune.office()?, &start) });
            }
        }
    }
    for year in CALENDAR {
        let period = format!("{year}-PC");
        for commune in &communes {
            let (office, locality) = (commune.office()?, Some(commune.code.clone()));
            let youth = rows.rng.i64(120..=420);
            let schooled = rows.about(youth, 815, 60);
            let adults = rows.rng.i64(900..=3200);
            let illiterate = rows.about(adults, 21, 9);
            for (indicator, above, below) in [("PT01", schooled, youth), ("XMC01", illiterate, adults)] {
                let (numerator, denominator) = (Field::Value(above), Field::Value(below));
                rows.rows.push(NewValue { locality: locality.clone(), numerator, denominator, ..row(indicator, &office, &period) });
            }
            for (indicator, usual, chance) in [("MN06", 1, 100), ("PC01", 3, 94), ("PC02", 2, 88), ("PC03", 2, 96)] {
                let level = Field::Value(if rows.rng.i32(0..100) < chance { usual } else { usual - 1 });
                rows.rows.push(NewValue { locality: locality.clone(), level, ..row(indicator, &office, &period) });
            }
        }
    }
    Ok(())
}

fn of_department(rows: &mut Rows<'_>) {
    for (index, year) in (0_i64..).zip(CALENDAR) {
        let spent = 5_170_000_000_000 + index * 410_000_000_000;
        let all = 16_900_000_000_000 + index * 1_100_000_000_000;
        rows.ratio("NS01", "SGD", year, spent, all);
        for (indicator, state) in [
            ("GD01", State::Maintained),
            ("HP01", State::Maintained),
            ("DA01", State::Planned),
            ("DA02", State::Planned),
            ("TA01", State::UnderWay),
        ] {
            rows.rows.push(NewValue { state: Field::Value(state), ..row(indicator, "SGD", year) });
        }
    }
}

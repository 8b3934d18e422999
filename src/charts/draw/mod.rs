//! Drawing: from a [`Chart`] to SVG, without a database and without floats. Lengths are tenths of a pixel.

mod bars;
mod palette;
mod scale;
mod series;
mod sheet;
mod slots;
mod states;
mod text;

use super::model::{Chart, Figure};
use sheet::Sheet;

/// A length in tenths of a pixel.
type Tenths = i64;

/// The chart as one SVG document.
#[must_use]
pub fn svg(chart: &Chart) -> String {
    let mut sheet = Sheet::default();
    let bottom = match &chart.figure {
        Figure::Series(marks) => series::draw(&mut sheet, chart, marks),
        Figure::States(marks) => states::draw(&mut sheet, chart, marks),
        Figure::Bars { marks, more, aside } => bars::draw(&mut sheet, chart, marks, (*more, *aside)),
    };
    sheet.finish(chart, bottom)
}

/// A length of a list, to reckon with.
fn count(length: usize) -> Tenths {
    Tenths::try_from(length).unwrap_or(Tenths::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::model::{Axis, Found, Goal, Mark, Theme};
    use crate::error::Language;
    use crate::indicators::decimal::Decimal;

    const ODD: &str = "<script>alert(1)</script>&\"'\u{0}]]>";

    fn mark(name: &str, number: Option<i64>) -> Mark {
        Mark {
            name: name.to_owned(),
            found: number.map_or(Found::Nothing, |number| Found::Number(Decimal::hundredths(number))),
            told: number.map_or("chưa có số liệu".to_owned(), |number| format!("{number}")),
            attained: number.map(|number| number > 5000),
            sentence: format!("{name}."),
            goal: Some(Goal { at: Some(Decimal(5000)), year: 2030, words: "ít nhất 50 %".to_owned() }),
            milestone: None,
        }
    }

    fn bars(marks: Vec<Mark>, more: i64) -> Figure {
        Figure::Bars { marks, more, aside: more }
    }

    fn chart(figure: Figure) -> Chart {
        Chart {
            language: Language::Vi,
            theme: Theme::Auto,
            title: ODD.to_owned(),
            subtitle: ODD.to_owned(),
            description: ODD.to_owned(),
            axis: Axis::Percent,
            figure,
            notes: vec![ODD.to_owned()],
        }
    }

    #[test]
    fn names_are_text_and_never_markup() {
        for figure in [
            Figure::Series(vec![mark(ODD, Some(4000)), mark(ODD, None), mark(ODD, Some(6000))]),
            Figure::States(vec![mark(ODD, None)]),
            bars(vec![mark(ODD, Some(4000)), mark(ODD, None)], 3),
        ] {
            let drawn = svg(&chart(figure));
            assert!(!drawn.contains("<script") && !drawn.contains('\u{0}') && !drawn.contains("]]>"), "{drawn}");
            assert!(drawn.contains("&lt;script&gt;"), "{drawn}");
        }
    }

    #[test]
    fn nothing_and_numbers_beyond_all_measure_are_drawn_too() {
        let far = i64::MAX / 200;
        for figure in [
            Figure::Series(Vec::new()),
            Figure::Series(vec![mark("a", None)]),
            Figure::Series((0..200).map(|year| mark("một kỳ có tên dài", Some(year * 100))).collect()),
            Figure::Series(vec![mark("a", Some(far)), mark("b", Some(-far))]),
            Figure::States(Vec::new()),
            bars(Vec::new(), 0),
            bars(vec![mark(&"W".repeat(500), Some(far)), mark("", Some(-far))], 1),
        ] {
            let drawn = svg(&chart(figure));
            assert!(drawn.starts_with("<svg ") && drawn.ends_with("</svg>\n"), "{drawn}");
        }
    }

    #[test]
    fn the_same_words_are_the_same_bytes() {
        let one = chart(bars(vec![mark("Mai Châu", Some(4000)), mark("Đà Bắc", Some(6000))], 0));
        assert_eq!(svg(&one), svg(&one.clone()));
    }
}

//! A bar for each unit between its name and its number, and the target as a line across them.

use super::scale::Scale;
use super::sheet::{Anchor, MARGIN, Sheet, WIDTH};
use super::text::{PLAIN, SMALL, STRONG, SUBTITLE, Wrapped, balance, wrap};
use super::{Tenths, count};
use crate::charts::model::{Chart, Found, Goal, Mark};
use crate::charts::rules::{measured, more_units, target};
use crate::error::Language;
use crate::indicators::rules::Decimal;
use crate::results::model::ResultReason;
use crate::results::sentence::silence;

/// How thick a bar is.
const THICK: Tenths = 160;
/// How wide a name may be before it is wrapped.
const WIDEST_NAME: Tenths = 3100;

/// Where things are, from left to right.
struct Plot {
    left: Tenths,
    room: Tenths,
    scale: Scale,
}

impl Plot {
    fn x(&self, number: Decimal) -> Tenths {
        self.left + self.scale.place(number, self.room)
    }
}

/// Draws it, and answers where it ends.
pub fn draw(sheet: &mut Sheet, chart: &Chart, marks: &[Mark], (more, aside): (i64, i64)) -> Tenths {
    let head = sheet.head(chart, true);
    if marks.is_empty() {
        let none = match chart.language {
            language if aside > 0 => silence(Some(ResultReason::NotCollectedAtThisLevel), language),
            Language::Vi => "không có đơn vị trực thuộc",
            Language::En => "there are no units directly below",
        };
        sheet.text((WIDTH / 2, head + 560), Anchor::Middle, "subtitle silence", none);
        return sheet.notes(chart.notes.iter().map(String::as_str), head + 700);
    }
    let goals: Vec<&Goal> = marks.iter().filter_map(|mark| mark.goal.as_ref()).collect();
    let numbers: Vec<Decimal> = marks.iter().filter_map(Mark::number).chain(goals.iter().filter_map(|goal| goal.at)).collect();
    // Without any number, not even a target's, there is nothing to divide an axis for.
    let divided = !numbers.is_empty();
    let top = head + if divided { 560 } else { 250 };
    let names: Vec<Wrapped> = marks.iter().map(|mark| balance(&mark.name, PLAIN, WIDEST_NAME, 3)).collect();
    let widest = names.iter().flat_map(|name| &name.lines).map(|line| PLAIN.width(line)).max().unwrap_or_default();
    let longest = marks.iter().filter(|mark| mark.number().is_some()).map(|mark| STRONG.width(&mark.told)).max().unwrap_or_default();
    let left = MARGIN + widest + 120;
    let room = (WIDTH - MARGIN - left - longest - 200).max(1000);
    let plot = Plot { left, room, scale: Scale::from_zero(&numbers, chart.axis) };
    let heights: Vec<Tenths> = names.iter().map(|name| (PLAIN.leading() * count(name.lines.len()) + 90).max(260)).collect();
    let bottom = top + heights.iter().sum::<Tenths>();

    if divided {
        plot.scale.steps().for_each(|step| sheet.line((plot.x(step), top - 40), (plot.x(step), bottom), "grid"));
    }
    let mut y = top;
    for ((mark, name), height) in marks.iter().zip(&names).zip(&heights) {
        row(sheet, mark, name, &plot, (y, *height));
        y += height;
    }
    sheet.line((plot.left, top), (plot.left, bottom), "axis");
    if divided {
        targets(sheet, chart, marks, &plot, (top, &heights));
        axis(sheet, chart, &plot, top);
    }
    if more > 0 {
        y += SUBTITLE.leading() + 100;
        sheet.text((plot.left, y), Anchor::Start, "subtitle", &format!("{}.", more_units(more, chart.language)));
    }
    sheet.notes(chart.notes.iter().map(String::as_str), y)
}

/// Steps to read a length by, above the bars: the target's line gives way to them.
fn axis(sheet: &mut Sheet, chart: &Chart, plot: &Plot, top: Tenths) {
    let mut free = Tenths::MIN;
    for step in plot.scale.steps() {
        let (x, label) = (plot.x(step), measured(step, chart.axis, chart.language));
        // Long numbers may leave no room for each to be written.
        let half = SMALL.width(&label) / 2;
        if x - half >= free {
            sheet.text((x, top - 90), Anchor::Middle, "small halo", &label);
            free = x + half + 60;
        }
    }
}

/// A unit: its name, and its bar or why there is none.
fn row(sheet: &mut Sheet, mark: &Mark, name: &Wrapped, plot: &Plot, (y, height): (Tenths, Tenths)) {
    let middle = y + height / 2;
    let base = middle + 46 - PLAIN.leading() * (count(name.lines.len()) - 1) / 2;
    sheet.lines((plot.left - 120, base), Anchor::End, PLAIN, "", (&mark.name, name));
    sheet.group(&mark.sentence, |sheet| match mark.found {
        Found::Number(number) => {
            let (zero, end) = (plot.x(Decimal(0)), plot.x(number));
            sheet.bar((zero.min(end), middle - THICK / 2), ((end - zero).abs(), THICK), mark.attained);
            sheet.text((WIDTH - MARGIN, middle + 46), Anchor::End, STRONG.class, &mark.told);
        }
        Found::State => {
            sheet.point((plot.left + 120, middle), mark.attained);
            sheet.text((plot.left + 240, middle + 46), Anchor::Start, "plain halo", &mark.told);
        }
        Found::Nothing => sheet.text((plot.left + 80, middle + 46), Anchor::Start, "plain silence halo", &mark.told),
    });
}

/// One line where all have one target, else a tick for each.
fn targets(sheet: &mut Sheet, chart: &Chart, marks: &[Mark], plot: &Plot, (top, heights): (Tenths, &[Tenths])) {
    let goals: Vec<&Goal> = marks.iter().filter_map(|mark| mark.goal.as_ref()).collect();
    let Some(first) = goals.first() else { return };
    let y = top - 310;
    if let Some(at) = first.at.filter(|_| goals.iter().all(|goal| goal == first)) {
        let (words, x, bottom) = (target(&goals, chart.language), plot.x(at), top + heights.iter().sum::<Tenths>());
        sheet.line((x, top - 260), (x, bottom), "casing");
        sheet.group(&words, |sheet| sheet.line((x, top - 260), (x, bottom), "goal"));
        // Over its line, unless it would leave the drawing.
        let wrapped = wrap(&words, STRONG, WIDTH - 2 * MARGIN, 1);
        let half = wrapped.lines.iter().map(|line| STRONG.width(line)).max().unwrap_or_default() / 2;
        let x = x.min(WIDTH - MARGIN - half).max(MARGIN + half);
        sheet.lines((x, y), Anchor::Middle, STRONG, "asked halo", (&words, &wrapped));
        return;
    }
    let mut middle = top;
    let mut drawn = false;
    for (mark, height) in marks.iter().zip(heights) {
        middle += height / 2;
        if let Some((goal, at)) = mark.goal.as_ref().and_then(|goal| Some((goal, goal.at?))) {
            let (x, words) = (plot.x(at), target(&[goal], chart.language));
            sheet.line((x, middle - 115), (x, middle + 115), "casing");
            sheet.group(&words, |sheet| sheet.line((x, middle - 115), (x, middle + 115), "tick"));
            drawn = true;
        }
        middle += height - height / 2;
    }
    if drawn {
        let own = if chart.language == Language::Vi { "mục tiêu của từng đơn vị" } else { "the target of each unit" };
        sheet.line((plot.left, y - 140), (plot.left, y + 40), "tick");
        sheet.text((plot.left + 60, y), Anchor::Start, "strong asked", own);
    }
}

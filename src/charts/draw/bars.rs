//! A bar for each unit between its name and its number, and the target as a line across them.

use super::scale::Scale;
use super::sheet::{Anchor, MARGIN, Sheet, WIDTH};
use super::text::{PLAIN, SMALL, STRONG, SUBTITLE, Wrapped, balance, wrap};
use super::{Tenths, count};
use crate::charts::model::{Chart, Found, Goal, Mark};
use crate::charts::rules::{measured, more_units, target};
use crate::error::Language;
use crate::indicators::decimal::Decimal;
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

/// A unit, its name, and the middle of its bar.
struct Row<'c> {
    mark: &'c Mark,
    name: Wrapped,
    middle: Tenths,
}

/// The units one below the other from `top` on, and where the last ends.
fn rows<'c>(marks: &'c [Mark], top: Tenths) -> (Vec<Row<'c>>, Tenths) {
    let mut y = top;
    let row = |mark: &'c Mark| {
        let name = balance(&mark.name, PLAIN, WIDEST_NAME, 3);
        let height = (PLAIN.leading() * count(name.lines.len()) + 90).max(260);
        let middle = y + height / 2;
        y += height;
        Row { mark, name, middle }
    };
    let rows = marks.iter().map(row).collect();
    (rows, y)
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
    let goals = marks.iter().filter_map(|mark| mark.goal.as_ref()?.at);
    let numbers: Vec<Decimal> = marks.iter().filter_map(Mark::number).chain(goals).collect();
    // Without any number, not even a target's, there is nothing to divide an axis for.
    let divided = !numbers.is_empty();
    let top = head + if divided { 560 } else { 250 };
    let (rows, mut bottom) = rows(marks, top);
    let widest = rows.iter().flat_map(|row| &row.name.lines).map(|line| PLAIN.width(line)).max().unwrap_or_default();
    let longest = marks.iter().filter(|mark| mark.number().is_some()).map(|mark| STRONG.width(&mark.told)).max().unwrap_or_default();
    let left = MARGIN + widest + 120;
    let room = (WIDTH - MARGIN - left - longest - 200).max(1000);
    let plot = Plot { left, room, scale: Scale::from_zero(&numbers, chart.axis) };
    if divided {
        plot.scale.steps().for_each(|step| sheet.line((plot.x(step), top - 40), (plot.x(step), bottom), "grid"));
    }
    for row in &rows {
        bar(sheet, row, &plot);
    }
    sheet.line((plot.left, top), (plot.left, bottom), "axis");
    if divided {
        targets(sheet, chart, &rows, &plot, (top, bottom));
        axis(sheet, chart, &plot, top);
    }
    for row in &rows {
        words(sheet, row, &plot);
    }
    if more > 0 {
        bottom += SUBTITLE.leading() + 100;
        sheet.text((plot.left, bottom), Anchor::Start, "subtitle", &format!("{}.", more_units(more, chart.language)));
    }
    sheet.notes(chart.notes.iter().map(String::as_str), bottom)
}

/// Steps to read a length by, above the bars.
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

/// The bar of a number, or the mark of a state.
fn bar(sheet: &mut Sheet, Row { mark, middle, .. }: &Row<'_>, plot: &Plot) {
    match mark.found {
        Found::Number(number) => sheet.group(&mark.sentence, |sheet| {
            let (zero, end) = (plot.x(Decimal(0)), plot.x(number));
            sheet.bar((zero.min(end), middle - THICK / 2), ((end - zero).abs(), THICK), mark.attained);
        }),
        Found::State => sheet.group(&mark.sentence, |sheet| sheet.point((plot.left + 120, *middle), mark.attained)),
        Found::Nothing => {}
    }
}

/// The name before a bar and what was found behind it, or what is said in its place: lines of targets give way to words.
fn words(sheet: &mut Sheet, Row { mark, name, middle }: &Row<'_>, plot: &Plot) {
    let y = middle + 46;
    let first = y - PLAIN.leading() * (count(name.lines.len()) - 1) / 2;
    sheet.lines((plot.left - 120, first), Anchor::End, PLAIN, "", (&mark.name, name));
    match mark.found {
        Found::Number(_) => sheet.text((WIDTH - MARGIN, y), Anchor::End, STRONG.class, &mark.told),
        Found::State => sheet.text((plot.left + 240, y), Anchor::Start, "plain halo", &mark.told),
        Found::Nothing => {
            sheet.clear((plot.left + 40, middle - 85), (PLAIN.width(&mark.told) + 80, 170));
            sheet.text((plot.left + 80, y), Anchor::Start, "plain silence", &mark.told);
        }
    }
}

/// One line where all have one target, else a tick for each.
fn targets(sheet: &mut Sheet, chart: &Chart, rows: &[Row<'_>], plot: &Plot, (top, bottom): (Tenths, Tenths)) {
    let goals: Vec<&Goal> = rows.iter().filter_map(|row| row.mark.goal.as_ref()).collect();
    let Some(first) = goals.first() else { return };
    let y = top - 310;
    if let Some(at) = first.at.filter(|_| goals.iter().all(|goal| goal == first)) {
        let (words, x) = (target(&goals, chart.language), plot.x(at));
        sheet.line((x, top - 260), (x, bottom), "casing");
        sheet.group(&words, |sheet| sheet.line((x, top - 260), (x, bottom), "goal"));
        // Over its line, unless it would leave the drawing.
        let wrapped = wrap(&words, STRONG, WIDTH - 2 * MARGIN, 1);
        let half = wrapped.lines.iter().map(|line| STRONG.width(line)).max().unwrap_or_default() / 2;
        let x = x.min(WIDTH - MARGIN - half).max(MARGIN + half);
        sheet.lines((x, y), Anchor::Middle, STRONG, "asked halo", (&words, &wrapped));
        return;
    }
    let ticks = rows.iter().filter_map(|row| row.mark.goal.as_ref().and_then(|goal| Some((row.middle, goal, goal.at?))));
    for (middle, goal, at) in ticks.clone() {
        let (x, words) = (plot.x(at), target(&[goal], chart.language));
        sheet.line((x, middle - 115), (x, middle + 115), "casing");
        sheet.group(&words, |sheet| sheet.line((x, middle - 115), (x, middle + 115), "tick"));
    }
    if ticks.count() > 0 {
        let own = if chart.language == Language::Vi { "mục tiêu của từng đơn vị" } else { "the target of each unit" };
        sheet.line((plot.left, y - 140), (plot.left, y + 40), "tick");
        sheet.text((plot.left + 60, y), Anchor::Start, "strong asked", own);
    }
}

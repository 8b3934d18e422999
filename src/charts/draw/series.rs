//! A line over periods: points where there are numbers, gaps where there are none, the targets, and the way to them.

use super::scale::Scale;
use super::sheet::{Anchor, Area, MARGIN, Point, Sheet, Taken, WIDTH};
use super::slots::Slots;
use super::text::{SMALL, STRONG, balance, wrap};
use super::{Tenths, count};
use crate::charts::model::{Chart, Goal, Mark};
use crate::charts::rules::{measured, overall, target};
use crate::error::Language;
use crate::indicators::decimal::Decimal;

/// How high the figure is.
const HEIGHT: Tenths = 2800;

/// Where things are.
struct Plot {
    slots: Slots,
    top: Tenths,
    scale: Scale,
}

impl Plot {
    fn y(&self, number: Decimal) -> Tenths {
        self.bottom() - self.scale.place(number, HEIGHT)
    }

    fn bottom(&self) -> Tenths {
        self.top + HEIGHT
    }
}

/// Draws it, and answers where it ends.
pub fn draw(sheet: &mut Sheet, chart: &Chart, marks: &[Mark]) -> Tenths {
    let top = sheet.head(chart, false) + 380;
    let numbers: Vec<Decimal> = marks.iter().flat_map(|mark| [mark.number(), mark.milestone, goal_at(mark)]).flatten().collect();
    let scale = Scale::around(&numbers, chart.axis);
    let labels: Vec<(Decimal, String)> = scale.steps().map(|step| (step, measured(step, chart.axis, chart.language))).collect();
    let widest = labels.iter().map(|(_, label)| SMALL.width(label)).max().unwrap_or_default();
    let slots = Slots::new(MARGIN + widest + 100, WIDTH - MARGIN, marks.len());
    let plot = Plot { slots, top, scale };
    for (step, label) in &labels {
        let y = plot.y(*step);
        let class = if step.0 == 0 || y == plot.bottom() { "axis" } else { "grid" };
        sheet.line((slots.left, y), (slots.right, y), class);
        sheet.text((slots.left - 100, y + 42), Anchor::End, SMALL.class, label);
    }
    let mut taken = Taken::default();
    targets(sheet, chart, marks, &plot, &mut taken);
    way(sheet, marks, &plot, &mut taken);
    results(sheet, marks, &plot, &mut taken);
    silences(sheet, chart, marks, &plot);
    for (label, places) in target_labels(chart, marks, &plot) {
        if let Some((place, anchor)) = taken.find(&label, STRONG, &places) {
            sheet.text(place, anchor, "strong asked halo", &label);
        }
    }
    let bottom = slots.name(sheet, marks, plot.bottom());
    let own = if chart.language == Language::Vi {
        "Trục đứng không bắt đầu từ 0."
    } else {
        "The vertical axis does not start at 0."
    };
    let axis = Some(own).filter(|_| !scale.starts_at_zero());
    sheet.notes(axis.into_iter().chain(chart.notes.iter().map(String::as_str)), bottom)
}

fn goal_at(mark: &Mark) -> Option<Decimal> {
    mark.goal.as_ref().and_then(|goal| goal.at)
}

/// Periods in a row that are held against one number: from which to which, and their targets.
fn runs(marks: &[Mark]) -> Vec<(usize, usize, Decimal, Vec<&Goal>)> {
    let mut runs: Vec<(usize, usize, Decimal, Vec<&Goal>)> = Vec::new();
    for (index, goal) in marks.iter().enumerate().filter_map(|(index, mark)| Some((index, mark.goal.as_ref()?))) {
        let Some(at) = goal.at else { continue };
        match runs.last_mut().filter(|(_, last, _, goals)| *last + 1 == index && goals.iter().all(|known| known.words == goal.words)) {
            Some((_, last, _, goals)) => {
                *last = index;
                goals.push(goal);
            }
            None => runs.push((index, index, at, vec![goal])),
        }
    }
    runs
}

fn targets(sheet: &mut Sheet, chart: &Chart, marks: &[Mark], plot: &Plot, taken: &mut Taken) {
    let slots = plot.slots;
    for (first, last, at, goals) in runs(marks) {
        let (from, to) = ((slots.edge(first), plot.y(at)), (slots.edge(last + 1), plot.y(at)));
        sheet.line(from, to, "casing");
        sheet.group(&target(&goals, chart.language), |sheet| sheet.line(from, to, "goal"));
        taken.line(from, to);
    }
}

/// The words of each target and where they may stand: at the right end of its line or the left, above it or below.
fn target_labels(chart: &Chart, marks: &[Mark], plot: &Plot) -> Vec<(String, Vec<(Point, Anchor)>)> {
    let slots = plot.slots;
    let label = |(first, last, at, goals): (usize, usize, Decimal, Vec<&Goal>)| {
        let words = target(&goals, chart.language);
        let wrapped = wrap(&words, STRONG, slots.right - slots.left, 1);
        let label = wrapped.lines.first().cloned().unwrap_or_default();
        let (width, y) = (STRONG.width(&label), plot.y(at));
        // A short line's words may be longer than it, but not leave the figure.
        let end = slots.edge(last + 1).max(slots.left + width);
        let start = slots.edge(first).min(slots.right - width);
        let below = if y + 220 < plot.bottom() { y + 170 } else { y - 80 };
        let sides = [(y - 80, end, Anchor::End), (below, end, Anchor::End), (y - 80, start, Anchor::Start), (below, start, Anchor::Start)];
        (label, sides.map(|(y, x, anchor)| ((x, y), anchor)).to_vec())
    };
    runs(marks).into_iter().map(label).collect()
}

/// The milestones, and the way that they mark from the first result of the line to the last of them.
fn way(sheet: &mut Sheet, marks: &[Mark], plot: &Plot, taken: &mut Taken) {
    let slots = plot.slots;
    let milestones: Vec<Point> =
        marks.iter().enumerate().filter_map(|(index, mark)| Some((slots.x(index), plot.y(mark.milestone?)))).collect();
    let before = marks.iter().position(|mark| mark.milestone.is_some()).and_then(|first| first.checked_sub(1));
    let begin = before.and_then(|index| Some((slots.x(index), plot.y(marks.get(index)?.number()?))));
    let points: Vec<Point> = begin.into_iter().chain(milestones.iter().copied()).collect();
    if points.len() > 1 {
        sheet.path(&points, "way");
    }
    for (from, to) in points.iter().zip(points.iter().skip(1)) {
        taken.line(*from, *to);
    }
    for point in milestones {
        sheet.diamond(point);
        taken.take(Area::around(point, 60));
    }
}

fn results(sheet: &mut Sheet, marks: &[Mark], plot: &Plot, taken: &mut Taken) {
    let slots = plot.slots;
    let points: Vec<Option<Point>> =
        marks.iter().enumerate().map(|(index, mark)| mark.number().map(|number| (slots.x(index), plot.y(number)))).collect();
    for part in points.split(Option::is_none) {
        let part: Vec<Point> = part.iter().flatten().copied().collect();
        if part.len() > 1 {
            sheet.path(&part, "trend");
        }
        for (from, to) in part.iter().zip(part.iter().skip(1)) {
            taken.line(*from, *to);
        }
    }
    for point in points.iter().flatten() {
        taken.take(Area::around(*point, 80));
    }
    for (point, mark) in points.iter().zip(marks) {
        let Some(point) = *point else { continue };
        sheet.group(&mark.sentence, |sheet| {
            sheet.point(point, mark.attained);
            let (x, y) = point;
            let below = if y + 260 < plot.bottom() { y + 220 } else { y - 120 };
            let half = STRONG.width(&mark.told) / 2;
            let x = x.min(WIDTH - half).max(half);
            let places = [(x, y - 120), (x, below), (x, y - 280)].map(|place| (place, Anchor::Middle));
            if let Some((place, anchor)) = taken.find(&mark.told, STRONG, &places) {
                sheet.text(place, anchor, "strong halo", &mark.told);
            }
        });
    }
}

/// What is said where there is no number: in a gap of the line, or once if there is none at all. What comes after the last number is only
/// room for what is still to come.
fn silences(sheet: &mut Sheet, chart: &Chart, marks: &[Mark], plot: &Plot) {
    let slots = plot.slots;
    let Some(last) = marks.iter().rposition(|mark| mark.number().is_some()) else {
        let words = overall(marks, chart.language);
        sheet.text((Tenths::midpoint(slots.left, slots.right), plot.top + HEIGHT * 3 / 5), Anchor::Middle, "subtitle silence halo", &words);
        return;
    };
    let room = slots.width() - 80;
    for (index, mark) in marks.iter().enumerate().take(last).filter(|(_, mark)| mark.number().is_none()) {
        let wrapped = balance(&mark.told, SMALL, room, 3);
        let y = plot.bottom() - 80 - SMALL.leading() * (count(wrapped.lines.len()) - 1);
        sheet.lines((slots.x(index), y), Anchor::Middle, SMALL, "silence halo", (&mark.told, &wrapped));
    }
}

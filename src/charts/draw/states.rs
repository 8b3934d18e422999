//! States over periods: a row of marks, for what has no number has no height.

use super::sheet::{Anchor, MARGIN, Sheet, WIDTH};
use super::slots::Slots;
use super::text::{PLAIN, Wrapped, balance};
use super::{Tenths, count};
use crate::charts::model::{Chart, Found, Mark};
use crate::charts::rules::overall;

/// Draws it, and answers where it ends.
pub fn draw(sheet: &mut Sheet, chart: &Chart, marks: &[Mark]) -> Tenths {
    let y = sheet.head(chart, false) + 420;
    let slots = Slots::new(MARGIN, WIDTH - MARGIN, marks.len());
    sheet.line((MARGIN, y), (WIDTH - MARGIN, y), "axis");
    // What comes after the last state is only room for what is still to come.
    let told = marks.iter().rposition(|mark| mark.found == Found::State).map_or(0, |last| last + 1);
    let words: Vec<Wrapped> = marks.iter().take(told).map(|mark| balance(&mark.told, PLAIN, slots.width() - 80, 3)).collect();
    for (index, mark) in marks.iter().enumerate() {
        match mark.found {
            Found::State => sheet.group(&mark.sentence, |sheet| sheet.point((slots.x(index), y), mark.attained)),
            _ => sheet.line((slots.x(index), y - 50), (slots.x(index), y + 50), "axis"),
        }
    }
    for (index, (mark, wrapped)) in marks.iter().zip(&words).enumerate() {
        let class = if mark.found == Found::State { "" } else { "silence" };
        sheet.lines((slots.x(index), y + 260), Anchor::Middle, PLAIN, class, (&mark.told, wrapped));
    }
    if told == 0 {
        sheet.text((WIDTH / 2, y + 260), Anchor::Middle, "subtitle silence", &overall(marks, chart.language));
    }
    let most = words.iter().map(|word| word.lines.len()).max().unwrap_or(1);
    let row = slots.name(sheet, marks, y + 150 + PLAIN.leading() * count(most));
    sheet.notes(chart.notes.iter().map(String::as_str), row)
}

//! Periods side by side, each with the same room, and their names.

use super::sheet::{Anchor, Sheet};
use super::text::{PLAIN, SMALL, wrap};
use super::{Tenths, count};
use crate::charts::model::Mark;
use crate::charts::rules::shared_words;

/// Where periods stand.
#[derive(Clone, Copy, Debug)]
pub struct Slots {
    /// Where the first begins.
    pub left: Tenths,
    /// Where the last ends.
    pub right: Tenths,
    number: Tenths,
}

impl Slots {
    /// So many between two ends.
    pub fn new(left: Tenths, right: Tenths, number: usize) -> Self {
        Self { left, right, number: count(number).max(1) }
    }

    /// The room of one.
    pub fn width(self) -> Tenths {
        (self.right - self.left) / self.number
    }

    /// The middle of one.
    pub fn x(self, index: usize) -> Tenths {
        self.left + (self.right - self.left) * (2 * count(index) + 1) / (2 * self.number)
    }

    /// Where one begins.
    pub fn edge(self, index: usize) -> Tenths {
        self.left + (self.right - self.left) * count(index) / self.number
    }

    /// Writes the names below `y`: what all of them share is said once. Answers the base line of the last words.
    pub fn name(self, sheet: &mut Sheet, marks: &[Mark], y: Tenths) -> Tenths {
        /// Narrower than this no name is to be read.
        const LEAST: Tenths = 700;
        let names: Vec<&str> = marks.iter().map(|mark| mark.name.as_str()).collect();
        let (shared, rest) = shared_words(&names);
        let widest = rest.iter().map(|name| PLAIN.width(name)).max().unwrap_or_default();
        // Where they are too many for each to be named, every second, third, … is.
        let every = (1..=rest.len()).find(|every| self.width() * count(*every) >= widest.min(LEAST) + 80).unwrap_or(1);
        let room = self.width() * count(every) - 80;
        let mut lines = 1;
        for (index, name) in rest.iter().enumerate().step_by(every) {
            let wrapped = wrap(name, PLAIN, room, 2);
            lines = lines.max(wrapped.lines.len());
            sheet.lines((self.x(index), y + 220), Anchor::Middle, PLAIN, "", (name, &wrapped));
        }
        let y = y + 220 + PLAIN.leading() * (count(lines) - 1);
        if shared.is_empty() {
            return y;
        }
        let wrapped = wrap(&shared, SMALL, self.right - self.left, 1);
        sheet.lines((Tenths::midpoint(self.left, self.right), y + 200), Anchor::Middle, SMALL, "", (&shared, &wrapped));
        y + 200
    }
}

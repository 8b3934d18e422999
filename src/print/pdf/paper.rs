//! A paper as the template takes it: every word is there, so that the template only places them.

use std::borrow::Cow;

use chrono::Datelike;
use serde_json::{Value, json};
use typst::foundations::Datetime;
use typst_pdf::Timestamp;
use unicode_normalization::char::is_combining_mark;

use super::world::letters;
use crate::print::model::{Align, Block, Paper, Table};
use crate::print::words;
use crate::text::is_unseen;

/// The data of the template.
pub fn json(paper: &Paper) -> Value {
    let signatory = paper.signatory.as_ref().map(
        |signatory| json!({"mark": signatory.mark.as_deref().map(set), "position": set(&signatory.position), "name": set(&signatory.name)}),
    );
    json!({
        "state": words::STATE,
        "motto": words::MOTTO,
        "above": paper.above.as_deref().map(set),
        "issuer": set(&paper.issuer),
        "number": set(&words::number(paper.number, &paper.symbol)),
        "date": set(&words::date(&paper.place, paper.date)),
        "draft": paper.draft.then_some(words::DRAFT),
        "kind": set(&paper.kind),
        "subject": words::lines(&paper.subject).map(set).collect::<Vec<_>>(),
        "blocks": paper.blocks.iter().filter_map(block).collect::<Vec<_>>(),
        "annex": paper.annex.iter().filter_map(block).collect::<Vec<_>>(),
        "signatory": signatory,
        "to": words::RECIPIENTS,
        "recipients": words::recipients(&paper.recipients).iter().map(|line| set(line)).collect::<Vec<_>>(),
    })
}

fn block(block: &Block) -> Option<Value> {
    Some(match block {
        Block::Table(content) if content.columns.is_empty() => return None,
        Block::Heading { level, text } => json!({"is": "heading", "level": (*level).clamp(1, 3), "text": set(text)}),
        Block::Paragraph(text) => json!({"is": "text", "lines": words::lines(text).map(set).collect::<Vec<_>>()}),
        Block::Table(content) => table(content),
        Block::Chart { title, svg } => json!({"is": "chart", "title": set(title), "svg": letters_of(svg)}),
    })
}

fn table(table: &Table) -> Value {
    let align = |align| match align {
        Align::Start => "start",
        Align::Center => "center",
        Align::End => "end",
    };
    let cells = table.rows.iter().map(|row| {
        let filled = row.iter().map(|cell| set(&words::shown(cell))).chain(std::iter::repeat_with(String::new));
        filled.take(table.columns.len()).collect::<Vec<_>>()
    });
    json!({
        "is": "table",
        "caption": table.caption.as_deref().map(set),
        "titles": table.columns.iter().map(|column| set(&column.title)).collect::<Vec<_>>(),
        "aligns": table.columns.iter().map(|column| align(column.align)).collect::<Vec<_>>(),
        "shares": table.columns.iter().map(|column| column.share.max(1)).collect::<Vec<_>>(),
        "cells": cells.collect::<Vec<_>>().concat(),
    })
}

/// How many letters stand together without a place to break.
const LONGEST_WORD: usize = 200;
/// Where a longer one may be broken: about a line.
const LINE: usize = 60;

/// A text that can be set: what is longer than any word may be broken, for a line of it that is endless does not fit into a PDF.
fn set(text: &str) -> String {
    let words = letters_of(text);
    let words: Vec<Cow<'_, str>> = words.split(' ').map(breakable).collect();
    words.join(" ")
}

fn breakable(word: &str) -> Cow<'_, str> {
    if word.len() <= LONGEST_WORD || word.chars().count() <= LONGEST_WORD {
        return Cow::Borrowed(word);
    }
    let mut broken = String::with_capacity(word.len() + word.len() / LINE);
    let mut run = 0;
    for letter in word.chars() {
        if run >= LINE && !is_combining_mark(letter) {
            broken.push('\u{200b}');
            run = 0;
        }
        broken.push(letter);
        run += 1;
    }
    Cow::Owned(broken)
}

/// The letters of a text that our font has; any other is a square, for an archive takes no letters without a shape.
fn letters_of(text: &str) -> String {
    let letter = |letter: char| match letter {
        letter if is_unseen(letter) => None,
        '\t' | '\r' | '\n' => Some(' '),
        letter if letters().has(letter) && !matches!(letter, '\u{e000}'..='\u{f8ff}') => Some(letter),
        _ => Some('□'),
    };
    text.chars().filter_map(letter).collect()
}

/// The beginning of the paper's day; a draft without one has no time.
pub fn timestamp(paper: &Paper) -> Option<Timestamp> {
    let date = paper.date?;
    let [month, day] = [date.month(), date.day()].map(u8::try_from);
    Datetime::from_ymd_hms(date.year(), month.ok()?, day.ok()?, 0, 0, 0).map(Timestamp::new_utc)
}

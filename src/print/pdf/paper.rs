//! A paper as the template takes it: every word is there, so that the template only places them.

use chrono::Datelike;
use serde_json::{Value, json};
use typst::foundations::Datetime;
use typst_pdf::Timestamp;

use super::world::letters;
use crate::print::model::{Align, Block, Paper, Table};
use crate::print::words;

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
        Block::Chart { title, svg } => json!({"is": "chart", "title": set(title), "svg": set(svg)}),
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

/// A text that can be set: a letter that our font does not have is a square, for an archive takes no letters without a shape.
fn set(text: &str) -> String {
    let letter = |letter: char| match letter {
        // Signs that are not seen and only tell programs how to break and to join.
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' => {
            None
        }
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

//! What stands above the content: issuer and state, number and date, kind and subject.

use docx_rs::{Docx, Paragraph};

use super::layout::{beside, mm};
use super::text::{centred, rule, run};
use crate::print::model::Paper;
use crate::print::words::{self, MOTTO, STATE};

/// The width of the left column in millimetres; the right one has the other 101: the name of the state stands on one line.
const LEFT: i32 = 64;

/// Adds it.
pub fn write(document: Docx, paper: &Paper) -> Docx {
    let left = usize::try_from(mm(LEFT)).unwrap_or_default();
    let document = document.add_table(beside(left, [issuer(paper), state(paper)])).add_paragraph(Paragraph::new());
    title(paper).into_iter().fold(document, Docx::add_paragraph)
}

fn issuer(paper: &Paper) -> Vec<Paragraph> {
    let mut lines: Vec<Paragraph> = paper.above.iter().map(|above| centred(run(above, 26))).collect();
    lines.push(centred(run(&paper.issuer, 26).bold()));
    lines.push(rule(mm(24), mm(LEFT)));
    lines.push(centred(run(&words::number(paper.number, &paper.symbol), 26)));
    if paper.draft {
        lines.push(centred(run(words::DRAFT, 26).bold()));
    }
    lines
}

fn state(paper: &Paper) -> Vec<Paragraph> {
    vec![
        centred(run(STATE, 26).bold()),
        centred(run(MOTTO, 28).bold()),
        // As long as the motto.
        rule(mm(62), mm(165 - LEFT)),
        centred(run(&words::date(&paper.place, paper.date), 28).italic()),
    ]
}

fn title(paper: &Paper) -> Vec<Paragraph> {
    let mut lines = vec![centred(run(&paper.kind, 28).bold())];
    lines.extend(words::lines(&paper.subject).map(|line| centred(run(line, 28).bold())));
    lines.push(rule(mm(40), mm(165)));
    lines
}

//! What stands below the content: recipients to the left, who signs to the right.

use docx_rs::{Docx, Paragraph};

use super::layout::{BODY, WIDTH, beside};
use super::text::{centred, room, run};
use crate::print::model::{Paper, Signatory};
use crate::print::words;

/// Adds it.
pub fn write(document: Docx, paper: &Paper) -> Docx {
    let signed = paper.signatory.as_ref().map(signature).unwrap_or_default();
    document.add_paragraph(Paragraph::new().keep_next(true)).add_table(beside(WIDTH / 2, [recipients(paper), signed]))
}

fn recipients(paper: &Paper) -> Vec<Paragraph> {
    if paper.recipients.is_empty() {
        return Vec::new();
    }
    let title = Paragraph::new().add_run(run(words::RECIPIENTS, 24).bold().italic());
    let listed = words::recipients(&paper.recipients).into_iter().map(|line| Paragraph::new().add_run(run(&line, 22)));
    std::iter::once(title).chain(listed).collect()
}

/// With room for hand and seal between position and name.
fn signature(signatory: &Signatory) -> Vec<Paragraph> {
    let bold = |text: &String| centred(run(text, BODY).bold());
    signatory.mark.iter().map(bold).chain([bold(&signatory.position)]).chain(room(4)).chain([bold(&signatory.name)]).collect()
}

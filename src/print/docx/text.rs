//! Runs and paragraphs in the styles of the Decree.

use docx_rs::{
    AlignmentType, BorderType, LineSpacing, LineSpacingType, Paragraph, ParagraphBorder, ParagraphBorderPosition, ParagraphBorders, Run,
    SpecialIndentType,
};

use super::layout::{BODY, mm};
use crate::print::words::printable;

/// A text of some size, in half points.
pub fn run(text: &str, size: usize) -> Run {
    Run::new().add_text(printable(text)).size(size)
}

/// A line in the middle.
pub fn centred(run: Run) -> Paragraph {
    Paragraph::new().align(AlignmentType::Center).add_run(run)
}

/// Running text: justified, its first line indented, room between paragraphs.
pub fn running(text: &str) -> Paragraph {
    spaced(Paragraph::new().align(AlignmentType::Both).add_run(run(text, BODY)))
        .indent(None, Some(SpecialIndentType::FirstLine(mm(13))), None, None)
        .widow_control(true)
}

/// A paragraph with the room around it that running text has.
pub fn spaced(paragraph: Paragraph) -> Paragraph {
    paragraph.line_spacing(LineSpacing::new().before(120).after(0).line(276).line_rule(LineSpacingType::Auto))
}

/// Empty lines.
pub fn room(lines: usize) -> impl Iterator<Item = Paragraph> {
    std::iter::repeat_with(Paragraph::new).take(lines)
}

/// A thin line in the middle of a column that is so wide.
pub fn rule(length: i32, column: i32) -> Paragraph {
    let side = (column - length) / 2;
    let line = ParagraphBorder::new(ParagraphBorderPosition::Bottom).val(BorderType::Single).size(6);
    Paragraph::new()
        .indent(Some(side), None, Some(side), None)
        .line_spacing(LineSpacing::new().line(60).line_rule(LineSpacingType::Exact).after(80))
        .set_borders(ParagraphBorders::with_empty().set(line))
}

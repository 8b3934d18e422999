//! What a paper says: headings, paragraphs, tables and charts.

use docx_rs::{
    AlignmentType, Docx, LineSpacing, Paragraph, Pic, Run, SpecialIndentType, Table as Grid, TableCell, TableCellMargins, TableLayoutType,
    TableRow, VAlignType, WidthType,
};

use super::layout::{BODY, WIDTH, mm};
use super::text::{centred, run, running, spaced};
use crate::error::Result;
use crate::print::model::{Align, Block, Cell, Column, Table};
use crate::print::picture;
use crate::print::words::{lines, shown};

/// The size of text in tables, in half points.
const SMALL: usize = 24;
/// The width between the margins and the height of a chart at the most, in English metric units (36,000 to a millimetre).
const ROOM: (u64, u64) = (165 * 36_000, 220 * 36_000);

/// Which part of a paper blocks are.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// What stands above who signs.
    Content,
    /// What is attached, on pages of its own; after so many blocks.
    Annex(usize),
}

/// Adds it.
pub fn write(document: Docx, blocks: &[Block], part: Part) -> Result<Docx> {
    let (document, before) = match part {
        Part::Annex(before) if !blocks.is_empty() => (document.add_paragraph(Paragraph::new().page_break_before(true)), before),
        Part::Annex(_) | Part::Content => (document, 0),
    };
    let held = matches!(part, Part::Content);
    blocks.iter().enumerate().try_fold(document, |document, (place, block)| {
        Ok(match block {
            Block::Heading { level, text } => document.add_paragraph(heading(*level, text)),
            Block::Paragraph(text) => {
                // The last one stands on the page of who signs: no name stands alone on a page.
                let last = if held && place + 1 == blocks.len() { lines(text).count() } else { 0 };
                let paragraph = |(number, line)| running(line).keep_next(number == last);
                (1..).zip(lines(text)).map(paragraph).fold(document, Docx::add_paragraph)
            }
            Block::Table(table) if table.columns.is_empty() => document,
            Block::Table(table) => {
                let document = table.caption.iter().map(|text| caption(text)).fold(document, Docx::add_paragraph);
                // A paragraph between two tables, or they would be one.
                document.add_table(grid(table)).add_paragraph(Paragraph::new())
            }
            Block::Chart { title, svg } => {
                let below = spaced(centred(run(title, SMALL).italic()));
                document.add_paragraph(chart(before + place, svg)?).add_paragraph(below)
            }
        })
    })
}

fn heading(level: u8, text: &str) -> Paragraph {
    let letters = run(text, BODY).bold();
    let letters = if level >= 3 { letters.italic() } else { letters };
    let outline = usize::from(level.clamp(1, 3)) - 1;
    spaced(Paragraph::new().align(AlignmentType::Both).add_run(letters))
        .indent(None, Some(SpecialIndentType::FirstLine(mm(13))), None, None)
        .outline_lvl(outline)
        .keep_next(true)
}

fn caption(text: &str) -> Paragraph {
    spaced(centred(run(text, BODY).bold())).keep_next(true)
}

/// A table whose header stands on each of its pages and whose rows stand on one.
fn grid(table: &Table) -> Grid {
    let widths = widths(&table.columns);
    let columns = || table.columns.iter().zip(&widths);
    let title = |(column, width): (&Column, &usize)| cell(*width, AlignmentType::Center, run(&column.title, SMALL).bold());
    // A row without properties is what `package` knows a header by.
    let header = TableRow::new(columns().map(title).collect());
    let row = |cells: &Vec<Cell>| {
        let filled = cells.iter().chain(std::iter::repeat(&Cell::Empty));
        let cell = |((column, width), content): ((&Column, &usize), &Cell)| cell(*width, place(column.align), run(&shown(content), SMALL));
        TableRow::new(columns().zip(filled).map(cell).collect()).cant_split()
    };
    Grid::new(std::iter::once(header).chain(table.rows.iter().map(row)).collect())
        .set_grid(widths.clone())
        .width(WIDTH, WidthType::Dxa)
        .layout(TableLayoutType::Fixed)
        .margins(TableCellMargins::new().margin(0, 60, 0, 60))
}

fn cell(width: usize, align: AlignmentType, text: Run) -> TableCell {
    let spacing = LineSpacing::new().before(40).after(40);
    let paragraph = Paragraph::new().align(align).line_spacing(spacing).add_run(text);
    TableCell::new().width(width, WidthType::Dxa).vertical_align(VAlignType::Center).add_paragraph(paragraph)
}

fn place(align: Align) -> AlignmentType {
    match align {
        Align::Start => AlignmentType::Left,
        Align::Center => AlignmentType::Center,
        Align::End => AlignmentType::Right,
    }
}

/// The page's width shared out among columns.
fn widths(columns: &[Column]) -> Vec<usize> {
    let share = |column: &Column| usize::from(column.share.max(1));
    let whole: usize = columns.iter().map(share).sum();
    columns.iter().map(|column| WIDTH * share(column) / whole).collect()
}

fn chart(place: usize, svg: &str) -> Result<Paragraph> {
    let picture = picture::paint(svg)?;
    let (width, height) = (u64::from(picture.width), u64::from(picture.height));
    let (wide, high) =
        if ROOM.0 * height <= ROOM.1 * width { (ROOM.0, ROOM.0 * height / width) } else { (ROOM.1 * width / height, ROOM.1) };
    let emu = |length: u64| u32::try_from(length).unwrap_or(u32::MAX);
    // Named by us: docx-rs counts through all papers of the program.
    let image = Pic::new_with_dimensions(picture.png, picture.width, picture.height).id(format!("rIdImage{place}"));
    let image = image.size(emu(wide), emu(high));
    Ok(spaced(centred(Run::new().add_image(image))).keep_next(true))
}

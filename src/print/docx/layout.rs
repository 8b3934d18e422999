//! Measures of the page, and tables without lines that put two blocks beside each other.

use docx_rs::{Paragraph, Table, TableCell, TableCellMargins, TableLayoutType, TableRow, WidthType};

/// A4 in twips (twentieths of a point).
pub const A4: (u32, u32) = (11_906, 16_838);
/// The width between the margins, 165 mm.
pub const WIDTH: usize = 9354;
/// The size of running text, in half points.
pub const BODY: usize = 28;

/// Millimetres in twips.
pub const fn mm(length: i32) -> i32 {
    length * 14_400 / 254
}

/// Two columns of paragraphs; the left one is so wide.
pub fn beside(left: usize, blocks: [Vec<Paragraph>; 2]) -> Table {
    let widths = [left, WIDTH - left];
    let cells = blocks
        .into_iter()
        .zip(widths)
        .map(|(paragraphs, width)| paragraphs.into_iter().fold(TableCell::new().width(width, WidthType::Dxa), TableCell::add_paragraph));
    Table::without_borders(vec![TableRow::new(cells.collect()).cant_split()])
        .set_grid(widths.to_vec())
        .width(WIDTH, WidthType::Dxa)
        .layout(TableLayoutType::Fixed)
        .margins(TableCellMargins::new().margin(0, 0, 0, 0))
}

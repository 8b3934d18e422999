//! What `docx-rs` cannot say, put into its XML: that a row is a header, what a picture shows, and the language.

use std::fmt::Write;
use std::io::Cursor;

use docx_rs::XMLDocx;

use crate::error::{Error, Result};
use crate::print::model::{Block, Paper};
use crate::print::words::printable;

/// A row that has no properties: only headers are made so.
const BARE_ROW: &str = "<w:tr><w:trPr />";
/// A header, which stands again on each page (ECMA-376 part 1, 17.4.49).
const HEADER_ROW: &str = "<w:tr><w:trPr><w:cantSplit /><w:tblHeader /></w:trPr>";
/// The properties of any picture.
const PICTURE: &str = r#"<wp:docPr id="1" name="Figure" />"#;
/// The first properties of text, which are those of all.
const LETTERS: &str = "<w:rPrDefault><w:rPr>";

/// The finished file.
pub fn write(mut parts: XMLDocx, paper: &Paper) -> Result<Vec<u8>> {
    let document = String::from_utf8(parts.document).map_err(Error::internal)?.replace(BARE_ROW, HEADER_ROW);
    parts.document = told(&document, &paper.blocks).into_bytes();
    let styles = String::from_utf8(parts.styles).map_err(Error::internal)?;
    parts.styles = styles.replacen(LETTERS, &format!(r#"{LETTERS}<w:lang w:val="vi-VN" />"#), 1).into_bytes();
    let mut file = Cursor::new(Vec::new());
    parts.pack(&mut file).map_err(Error::internal)?;
    Ok(file.into_inner())
}

/// The document with a number and a description for each picture, in their order.
fn told(document: &str, blocks: &[Block]) -> String {
    let mut titles = blocks.iter().filter_map(|block| match block {
        Block::Chart { title, .. } => Some(title),
        _ => None,
    });
    let mut pieces = document.split(PICTURE);
    let mut whole = pieces.next().unwrap_or_default().to_owned();
    for (number, piece) in (1..).zip(pieces) {
        let title = titles.next().map(|title| attribute(title)).unwrap_or_default();
        // Writing into a text cannot fail.
        let _ = write!(whole, r#"<wp:docPr id="{number}" name="Biểu đồ {number}" descr="{title}" />{piece}"#);
    }
    whole
}

/// A text as an attribute holds it.
fn attribute(text: &str) -> String {
    printable(text).replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

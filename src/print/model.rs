//! The types of formal documents: a paper that is signed, and a sheet of bulk data.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::vocabulary::text_enum;

text_enum! {
    /// What a document can be written as.
    pub enum Format {
        /// Office Open XML: a paper to go on writing in.
        Docx = "docx",
        /// A paper to sign and to keep.
        Pdf = "pdf",
        /// Office Open XML: sheets to reckon with.
        Xlsx = "xlsx",
        /// One sheet as text (RFC 4180).
        Csv = "csv",
    }
}

impl Format {
    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Pdf => "application/pdf",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }

    /// What the name of its file ends in.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        self.as_str()
    }
}

/// A formal document, with the parts that Decree 30/2020 asks for (article 8).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paper {
    /// The direct superior of the issuer: `UBND TỈNH HOÀ BÌNH`.
    pub above: Option<String>,
    /// Who issues it: `SỞ GIÁO DỤC VÀ ĐÀO TẠO`.
    pub issuer: String,
    /// Its number in the issuer's year; room is left for it unless given.
    pub number: Option<i32>,
    /// The abbreviations of kind and issuer: `BC-SGDĐT`.
    pub symbol: String,
    /// Where it is issued.
    pub place: String,
    /// When; room is left for it unless given.
    pub date: Option<NaiveDate>,
    /// What kind of document: `BÁO CÁO`.
    pub kind: String,
    /// What it is about (trích yếu).
    pub subject: String,
    /// What it says.
    pub blocks: Vec<Block>,
    /// What is attached to it (phụ lục): on pages of its own after who signs.
    pub annex: Vec<Block>,
    /// Who signs it.
    pub signatory: Option<Signatory>,
    /// Who receives it (nơi nhận).
    pub recipients: Vec<String>,
    /// Whether it says that it is a draft.
    pub draft: bool,
}

impl Paper {
    /// How long its running text is: words and lines, and signs.
    #[must_use]
    pub fn length(&self) -> (usize, usize) {
        let texts = self.blocks.iter().chain(&self.annex).filter_map(|block| match block {
            Block::Paragraph(text) => Some(text.as_str()),
            _ => None,
        });
        let of = |text: &str| (text.split_whitespace().count() + text.lines().count(), text.chars().count());
        texts.map(of).fold((0, 0), |(words, signs), (more, further)| (words + more, signs + further))
    }
}

/// Who signs, and for whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signatory {
    /// Whose place is taken: `KT. GIÁM ĐỐC`.
    pub mark: Option<String>,
    /// The position of who signs: `PHÓ GIÁM ĐỐC`.
    pub position: String,
    /// The name of who signs.
    pub name: String,
}

/// A piece of what a paper says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Block {
    /// The heading of a part, a section (1), or what is below it (2, 3); with its own numbering in the text.
    Heading {
        /// 1 to 3.
        level: u8,
        /// The heading.
        text: String,
    },
    /// Running text; each of its lines is a paragraph.
    Paragraph(String),
    /// A table.
    Table(Table),
    /// A picture.
    Chart {
        /// What it shows: printed below, and told to who cannot see it.
        title: String,
        /// The picture, as `charts` draws it on light ground.
        svg: String,
    },
}

/// A table in a paper.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// What stands above it.
    pub caption: Option<String>,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows: a cell for each column; what is missing is empty, what is too much is left out.
    pub rows: Vec<Vec<Cell>>,
}

/// A column of a table or of a sheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// What stands in the header.
    pub title: String,
    /// Where its cells stand.
    pub align: Align,
    /// How wide it is: held against the other columns on a page, about so many letters in a sheet.
    pub share: u8,
}

impl Column {
    /// One with this header.
    #[must_use]
    pub fn new(title: &str, align: Align, share: u8) -> Self {
        Self { title: title.to_owned(), align, share }
    }
}

/// Where the text of a cell stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Align {
    /// To the left: names.
    #[default]
    Start,
    /// In the middle: codes, ordinals.
    Center,
    /// To the right: numbers.
    End,
}

/// What stands in a cell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// Text, whatever it looks like.
    Text(String),
    /// A count.
    Whole(i64),
    /// A number in hundredths, shown with two decimals: 4683 is `46,83`.
    Decimal(i64),
}

/// Rows that are read as they are written.
pub type Rows<'a> = Box<dyn Iterator<Item = Result<Vec<Cell>>> + 'a>;

/// Bulk data: its rows come one by one and never stand in memory together.
pub struct Sheet<'a> {
    /// Its name, shown at the foot of a workbook.
    pub name: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows.
    pub rows: Rows<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_text_is_as_long_as_its_words_and_lines() {
        let text = |text: &str| Block::Paragraph(text.to_owned());
        let paper =
            Paper { blocks: vec![text("Tỷ lệ\ntrẻ"), Block::Table(Table::default())], annex: vec![text("em")], ..Paper::default() };
        assert_eq!(paper.length(), (3 + 2 + 1 + 1, 9 + 2));
    }

    #[test]
    fn a_format_is_its_extension() {
        for format in Format::ALL {
            assert_eq!(Format::parse(format.extension()), Some(*format));
            assert!(format.media_type().contains('/'));
        }
    }
}

//! A paper to sign and to keep, in PDF: set by `typst` from one template of ours.
//!
//! The paper is data to the template, never markup, and the template can read nothing else. The file says no time but the paper's own
//! date, so the same paper is the same bytes. One that has its date is for the archive (PDF/A-2a): with its letters, and with its structure
//! for those who cannot see.

mod paper;
mod world;

use typst::diag::SourceDiagnostic;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use self::world::Desk;
use super::model::Paper;
use crate::error::{Error, Result};

/// The paper as a file.
pub fn write(paper: &Paper) -> Result<Vec<u8>> {
    let desk = Desk::new(&paper::json(paper).to_string());
    let set = typst::compile(&desk).output.map_err(failed)?;
    let timestamp = paper::timestamp(paper);
    let archive = timestamp.map(|_| PdfStandard::A_2a);
    let standards = PdfStandards::new(archive.as_slice()).map_err(|error| Error::internal(error.message()))?;
    let options = PdfOptions { standards, timestamp, ..PdfOptions::default() };
    let file = typst_pdf::pdf(&set, &options).map_err(failed);
    // typst remembers what it has set; nobody asks for the same twice.
    typst::comemo::evict(0);
    file
}

fn failed(faults: impl IntoIterator<Item = SourceDiagnostic>) -> Error {
    let texts: Vec<String> = faults.into_iter().map(|fault| fault.message.to_string()).collect();
    Error::internal(texts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::model::Block;
    use crate::print::samples::{self, ODD, PARTS, letters};

    /// How many pages there are, and what they say, without spaces: lines are broken where there is one.
    fn read(file: &[u8]) -> (usize, String) {
        let document = lopdf::Document::load_mem(file).expect("a PDF");
        let pages: Vec<u32> = document.get_pages().into_keys().collect();
        (pages.len(), together(&document.extract_text(&pages).expect("text")))
    }

    fn together(text: &str) -> String {
        text.split_whitespace().collect()
    }

    #[test]
    fn everything_that_a_paper_says_stands_in_it() {
        let (pages, text) = read(&write(&samples::paper(100)).expect("written"));
        let odd = ODD.map(str::trim).join(" ").replace('＝', "□");
        for said in PARTS.into_iter().chain([odd.as_str(), &letters(), "13.673", "47,83", "Trường Mầm non Đồng Chum 100"]) {
            assert!(text.contains(&together(said)), "{said} in {text}");
        }
        assert!(text.contains("46,83%"), "a chart is text too");
        // Some 40 rows to a page, and the header on each.
        assert!((4..=5).contains(&pages), "{pages} pages");
        let headers = text.matches("Tỉlệ(%)").count();
        assert!((3..=4).contains(&headers), "{headers} headers in {text}");
    }

    #[test]
    fn no_name_stands_alone_on_a_page() {
        for rows in 0..40 {
            let file = write(&Paper { annex: Vec::new(), ..samples::paper(rows) }).expect("written");
            let document = lopdf::Document::load_mem(&file).expect("a PDF");
            let last = document.get_pages().into_keys().max().expect("a page");
            let text = document.extract_text(&[last]).expect("text");
            assert!(together(&text).contains("NguyễnThịƯởng"), "{rows} rows: {text}");
            assert!(together(&text).contains(&together(&letters())), "{rows} rows: {text}");
        }
    }

    #[test]
    fn the_letters_have_every_vietnamese_letter() {
        assert!(letters().chars().all(|letter| world::letters().has(letter)));
    }

    #[test]
    fn the_same_paper_is_the_same_bytes() {
        assert_eq!(write(&samples::paper(5)).expect("written"), write(&samples::paper(5)).expect("written"));
    }

    #[test]
    fn a_draft_leaves_room_for_what_is_not_known() {
        let draft =
            Paper { number: None, date: None, draft: true, above: None, signatory: None, recipients: Vec::new(), ..samples::paper(0) };
        let (_, text) = read(&write(&draft).expect("written"));
        for said in ["Số: /BC-SGDĐT", "DỰ THẢO", "Hoà Bình, ngày … tháng … năm …"] {
            assert!(text.contains(&together(said)), "{said} in {text}");
        }
    }

    #[test]
    fn what_has_no_letter_is_seen_and_does_not_break_it() {
        let blocks =
            vec![Block::Paragraph("một\u{0} hai😀 ba\u{200b}bốn 中".to_owned()), Block::Table(crate::print::model::Table::default())];
        let (_, text) = read(&write(&Paper { blocks, ..samples::paper(0) }).expect("written"));
        assert!(text.contains("một□hai□babốn□"), "{text}");
        write(&Paper::default()).expect("an empty paper is a paper");
    }

    #[test]
    fn a_word_without_an_end_is_broken() {
        let word = format!("x{}", "ế".repeat(70_000));
        let (_, text) =
            read(&write(&Paper { subject: String::new(), blocks: vec![Block::Paragraph(word)], ..samples::paper(0) }).expect("written"));
        assert_eq!(text.matches('ế').count(), 70_000, "in a file for the archive");
        let address = format!("https://hoabinh.edu.vn/{}", "a".repeat(177));
        let (_, text) = read(&write(&Paper { blocks: vec![Block::Paragraph(address.clone())], ..samples::paper(0) }).expect("written"));
        assert!(text.contains(&address), "a long address is one word: {text}");
    }

    #[test]
    fn the_template_reaches_nothing() {
        let broken = Paper { blocks: vec![Block::Chart { title: String::new(), svg: "<p>".to_owned() }], ..samples::paper(0) };
        assert!(write(&broken).is_err(), "what is not SVG is not drawn");
        let desk = Desk::new("{}");
        let elsewhere = typst::syntax::Source::detached("").id();
        assert!(typst::World::file(&desk, elsewhere).is_err() && typst::World::today(&desk, None).is_none());
    }
}

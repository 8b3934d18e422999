//! A paper in Office Open XML, to go on writing in: through `docx-rs`, and what that cannot say through [`package`].

mod body;
mod foot;
mod head;
mod layout;
mod package;
mod text;

use docx_rs::{AlignmentType, Docx, Header, PageMargin, PageNum, Paragraph, RunFonts};

use self::layout::mm;
use super::fonts::DECREED;
use super::model::Paper;
use crate::error::Result;

/// The paper as a file.
pub fn write(paper: &Paper) -> Result<Vec<u8>> {
    let document = head::write(page(), paper);
    let document = body::write(document, &paper.blocks, body::Part::Content)?;
    let document = foot::write(document, paper);
    let mut document = body::write(document, &paper.annex, body::Part::Annex(paper.blocks.len()))?;
    if let Some(day) = paper.date {
        let made = format!("{day}T00:00:00Z");
        document = document.created_at(&made).updated_at(&made);
    }
    package::write(document.build(), paper)
}

/// An empty paper: A4 with the margins and the font of the Decree, numbered at the top from the second page on.
fn page() -> Docx {
    let letters = RunFonts::new().ascii(DECREED).hi_ansi(DECREED).east_asia(DECREED).cs(DECREED);
    let margin = PageMargin::new().top(mm(20)).bottom(mm(20)).left(mm(30)).right(mm(15)).header(mm(10)).footer(mm(10));
    let number = Paragraph::new().align(AlignmentType::Center).add_page_num(PageNum::new());
    Docx::new()
        .default_fonts(letters)
        .default_size(layout::BODY)
        .page_size(layout::A4.0, layout::A4.1)
        .page_margin(margin)
        .first_header(Header::new().add_paragraph(Paragraph::new()))
        .header(Header::new().add_paragraph(number))
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use super::*;
    use crate::print::samples::{self, ODD, PARTS, letters};

    fn part(file: &[u8], name: &str) -> String {
        let mut archive = zip::ZipArchive::new(Cursor::new(file)).expect("an archive");
        let mut text = String::new();
        archive.by_name(name).expect("a part").read_to_string(&mut text).expect("text");
        text
    }

    /// The texts of all paragraphs.
    fn texts(xml: &str) -> Vec<String> {
        let tree = roxmltree::Document::parse(xml).expect("XML");
        let named = |name: &'static str| move |node: &roxmltree::Node<'_, '_>| node.tag_name().name() == name;
        let text = |paragraph: roxmltree::Node<'_, '_>| paragraph.descendants().filter(named("t")).filter_map(|text| text.text()).collect();
        tree.descendants().filter(named("p")).map(text).collect()
    }

    #[test]
    fn the_parts_of_the_decree_stand_in_it_in_their_order() {
        let file = write(&samples::paper(2)).expect("written");
        let texts = texts(&part(&file, "word/document.xml"));
        for said in PARTS {
            assert!(texts.iter().any(|text| text == said), "{said} in {texts:?}");
        }
        let place = |said: &str| texts.iter().position(|text| text == said).expect(said);
        let order = [
            "SỞ GIÁO DỤC VÀ ĐÀO TẠO",
            "BÁO CÁO",
            "Trường Mầm non Đồng Chum 2",
            "Nơi nhận:",
            "Nguyễn Thị Ưởng",
            "PHỤ LỤC. SỐ LIỆU KÈM THEO",
        ]
        .map(place);
        assert!(order.is_sorted(), "{order:?}");
        for said in ["13.574", "46,84", &letters(), &ODD.map(str::trim).join(" ")] {
            assert!(texts.iter().any(|text| text == said), "{said} in {texts:?}");
        }
    }

    #[test]
    fn page_and_letters_are_those_of_the_decree() {
        let file = write(&samples::paper(2)).expect("written");
        let document = part(&file, "word/document.xml");
        for property in [
            r#"<w:pgSz w:w="11906" w:h="16838" />"#,
            r#"w:top="1133" w:right="850" w:bottom="1133" w:left="1700""#,
            "<w:titlePg />",
            r#"descr="Biểu đồ 1. Tỉ lệ huy động trẻ nhà trẻ theo đơn vị""#,
            r#"<w:outlineLvl w:val="0" />"#,
        ] {
            assert!(document.contains(property), "{property} in {document}");
        }
        assert_eq!(document.matches("<w:tblHeader />").count(), 1, "one table has a header");
        let styles = part(&file, "word/styles.xml");
        assert!(styles.contains(r#"w:ascii="Times New Roman""#) && styles.contains(r#"<w:lang w:val="vi-VN" />"#), "{styles}");
        assert!(part(&file, "word/header1.xml").contains("PAGE") != part(&file, "word/header2.xml").contains("PAGE"));
    }

    #[test]
    fn a_draft_leaves_room_for_what_is_not_known() {
        let draft = Paper { number: None, date: None, draft: true, signatory: None, recipients: Vec::new(), ..samples::paper(0) };
        let document = part(&write(&draft).expect("written"), "word/document.xml");
        assert!(!document.contains("</w:tcPr></w:tc>"), "a cell without a paragraph is no cell to Word");
        let texts = texts(&document);
        for said in ["DỰ THẢO", "Hoà Bình, ngày … tháng … năm …"] {
            assert!(texts.iter().any(|text| text == said), "{said} in {texts:?}");
        }
    }

    #[test]
    fn the_same_paper_is_the_same_bytes() {
        assert_eq!(write(&samples::paper(3)).expect("written"), write(&samples::paper(3)).expect("written"));
    }

    #[test]
    fn control_characters_do_not_break_it() {
        let paper = Paper { subject: "a\u{0}b\u{1b}".to_owned(), ..samples::paper(0) };
        let texts = texts(&part(&write(&paper).expect("written"), "word/document.xml"));
        assert!(texts.iter().any(|text| text == "a\u{fffd}b\u{fffd}"));
        write(&Paper::default()).expect("an empty paper is a paper");
    }
}

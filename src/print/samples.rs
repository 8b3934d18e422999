//! Papers and sheets that tests write.

use std::cell::Cell as Counter;
use std::rc::Rc;

use chrono::NaiveDate;
use unicode_normalization::UnicodeNormalization;

use super::model::{Align, Block, Cell, Column, Paper, Sheet, Signatory, Table};

/// The first sentence of the plan.
pub const SENTENCE: &str = "Thực hiện Kế hoạch số 285-KH/TU ngày 29/11/2024 của Ban Thường vụ Tỉnh ủy Hòa Bình thực hiện Kết luận số \
    91-KL/TW, ngày 12/8/2024 của Bộ Chính trị về tiếp tục thực hiện Nghị quyết số 29-NQ/TW, ngày 04/11/2013 của Ban Chấp hành Trung ương \
    Đảng khóa XI về đổi mới căn bản, toàn diện giáo dục và đào tạo đáp ứng yêu cầu công nghiệp hóa, hiện đại hóa trong điều kiện kinh tế \
    thị trường định hướng xã hội chủ nghĩa và hội nhập quốc tế.";

/// What looks like markup or like a formula, and is text.
pub const ODD: [&str; 8] =
    ["=1+1", "+84 218", "-5", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "#let x = 1 *b* _i_ $x$ \\ <w:t> & \"'</w:t> @ref ~ -- [a](b) //"];

/// A drawing as `charts` makes them.
pub const DRAWING: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" width="800" height="200" viewBox="0 0 800 200" class="tiendo-chart">
<style>.tiendo-chart{max-width:100%;font-family:"Noto Sans",Arial,sans-serif}.tiendo-chart .bar{fill:#0b5a8f}
.tiendo-chart .halo{paint-order:stroke;stroke:#ffffff;stroke-width:4px}.tiendo-chart .plain{font-size:13px}</style>
<rect x="28" y="40" width="400" height="30" class="bar"/><text x="440" y="60" class="plain halo">Đà Bắc 46,83 %</text></svg>"#;

/// Every Vietnamese letter in both cases.
pub fn letters() -> String {
    let marks = ["", "\u{300}", "\u{309}", "\u{303}", "\u{301}", "\u{323}"];
    let vowels = "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY".chars();
    let toned = vowels.flat_map(|vowel| marks.map(|mark| format!("{vowel}{mark}").nfc().collect::<String>()));
    toned.chain(["đĐ".to_owned()]).collect()
}

pub fn columns() -> Vec<Column> {
    vec![
        Column::new("STT", Align::Center, 6),
        Column::new("Trường", Align::Start, 40),
        Column::new("Số trẻ", Align::End, 14),
        Column::new("Tỉ lệ (%)", Align::End, 12),
        Column::new("Ghi chú", Align::Start, 20),
    ]
}

pub fn row(number: i64) -> Vec<Cell> {
    vec![
        Cell::Whole(number),
        Cell::Text(format!("Trường Mầm non Đồng Chum {number}")),
        Cell::Whole(13_573 + number),
        Cell::Decimal(4683 + number),
        Cell::Empty,
    ]
}

/// A sheet of so many rows, and how many of them were asked for.
pub fn sheet(rows: i64) -> (Sheet<'static>, Rc<Counter<i64>>) {
    let asked = Rc::new(Counter::new(0));
    let counted = asked.clone();
    let rows = (1..=rows).map(move |number| {
        counted.set(number);
        Ok(row(number))
    });
    (Sheet { name: "Số liệu 2024-2025".to_owned(), columns: columns(), rows: Box::new(rows) }, asked)
}

/// A report with a table of so many rows.
pub fn paper(rows: i64) -> Paper {
    Paper {
        above: Some("UBND TỈNH HOÀ BÌNH".to_owned()),
        issuer: "SỞ GIÁO DỤC VÀ ĐÀO TẠO".to_owned(),
        number: Some(5),
        symbol: "BC-SGDĐT".to_owned(),
        place: "Hoà Bình".to_owned(),
        date: NaiveDate::from_ymd_opt(2025, 3, 5),
        kind: "BÁO CÁO".to_owned(),
        subject: "Kết quả thực hiện Kế hoạch số 285-KH/TU ngày 29/11/2024\ncủa Ban Thường vụ Tỉnh ủy Hòa Bình".to_owned(),
        blocks: vec![
            Block::Heading { level: 1, text: "I. MỤC ĐÍCH, YÊU CẦU".to_owned() },
            Block::Paragraph(SENTENCE.to_owned()),
            Block::Heading { level: 2, text: "1. Giáo dục mầm non".to_owned() },
            Block::Paragraph(format!("Toàn tỉnh huy động được 13.573 trẻ, đạt 46,83%.\n{}", ODD.map(str::trim).join(" "))),
            Block::Table(Table {
                caption: Some("Bảng 1. Tỉ lệ huy động trẻ em trong độ tuổi nhà trẻ".to_owned()),
                columns: columns(),
                rows: (1..=rows).map(row).collect(),
            }),
            Block::Chart {
                title: "Biểu đồ 1. Tỉ lệ huy động trẻ nhà trẻ theo đơn vị".to_owned(), svg: DRAWING.to_owned()
            },
            Block::Heading { level: 3, text: "a) Tồn tại, hạn chế".to_owned() },
            Block::Paragraph(letters()),
        ],
        annex: vec![
            Block::Heading { level: 1, text: "PHỤ LỤC. SỐ LIỆU KÈM THEO".to_owned() },
            Block::Chart { title: "Biểu đồ 2. Tỉ lệ huy động trẻ mẫu giáo".to_owned(), svg: DRAWING.to_owned() },
        ],
        signatory: Some(Signatory {
            mark: Some("KT. GIÁM ĐỐC".to_owned()),
            position: "PHÓ GIÁM ĐỐC".to_owned(),
            name: "Nguyễn Thị Ưởng".to_owned(),
        }),
        recipients: ["UBND tỉnh (b/c)", "Các phòng GD&ĐT", "Lưu: VT, VP"].map(str::to_owned).to_vec(),
        draft: false,
    }
}

/// What the parts of [`paper`] say.
pub const PARTS: [&str; 14] = [
    "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    "Độc lập - Tự do - Hạnh phúc",
    "UBND TỈNH HOÀ BÌNH",
    "SỞ GIÁO DỤC VÀ ĐÀO TẠO",
    "Số: 05/BC-SGDĐT",
    "Hoà Bình, ngày 05 tháng 3 năm 2025",
    "BÁO CÁO",
    "Kết quả thực hiện Kế hoạch số 285-KH/TU ngày 29/11/2024",
    SENTENCE,
    "KT. GIÁM ĐỐC",
    "PHÓ GIÁM ĐỐC",
    "Nguyễn Thị Ưởng",
    "Nơi nhận:",
    "- Lưu: VT, VP.",
];

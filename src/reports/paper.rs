//! A report as a formal document (Decree 30/2020/NĐ-CP): words, the indicators in a table, units side by side. Pure: what is frozen
//! makes the same paper for ever.

use crate::charts::draw;
use crate::charts::model::Theme;
use crate::charts::rules::{Asked, Told, chart};
use crate::error::Language;
use crate::print::model::{Align, Block, Cell, Column, Paper, Signatory, Table};
use crate::reports::model::Report;
use crate::results::model::IndicatorResult;
use crate::results::sentence::{decimal, demand, level, percent, silence, state, verdict};

const VI: Language = Language::Vi;

/// An indicator of a report beside those of the reports that it was put together of.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The report's own.
    pub own: IndicatorResult,
    /// Theirs.
    pub children: Vec<IndicatorResult>,
}

/// The paper of a report. One that is not issued says that it is a draft.
#[must_use]
pub fn paper(report: &Report, title: &str, compared: &[Compared]) -> Paper {
    let head = Head::of(&report.unit.name, report.parent.as_ref().map(|parent| parent.name.as_str()));
    let document = report.document.as_ref();
    Paper {
        above: head.above,
        issuer: head.issuer,
        number: document.map(|document| document.number),
        symbol: document.map_or_else(|| "BC".to_owned(), |document| document.symbol.clone()),
        place: document.map_or(head.place, |document| document.place.clone()),
        date: document.map(|document| document.issued_on),
        kind: "BÁO CÁO".to_owned(),
        subject: format!("{title}\n({})", report.round.title_vi),
        blocks: blocks(report),
        annex: annex(report, compared),
        signatory: document.map(|document| {
            let signer = document.signatory.clone();
            Signatory { mark: signer.mark, position: signer.position, name: signer.name }
        }),
        recipients: document.map(|document| document.recipients.clone()).unwrap_or_default(),
        draft: document.is_none(),
    }
}

/// Who issues a paper, and below whom.
struct Head {
    above: Option<String>,
    issuer: String,
    place: String,
}

impl Head {
    /// An office stands below the committee of its territory, which its name tells; others stand below who they report to.
    fn of(name: &str, parent: Option<&str>) -> Self {
        const RANKS: [&str; 6] = [" tỉnh ", " huyện ", " thành phố ", " thị xã ", " xã ", " phường "];
        let office = ["Sở ", "Phòng "].iter().any(|start| name.starts_with(start));
        let split = RANKS.iter().filter(|_| office).find_map(|rank| {
            let (own, place) = name.split_once(rank)?;
            Some((own.to_owned(), rank.trim(), place.to_owned()))
        });
        match split {
            Some((own, rank, place)) => {
                Self { above: Some(format!("UBND {rank} {place}").to_uppercase()), issuer: own.to_uppercase(), place }
            }
            None => Self { above: parent.map(str::to_uppercase), issuer: name.to_uppercase(), place: "…".to_owned() },
        }
    }
}

fn roman(number: usize) -> String {
    const SIGNS: [(usize, &str); 5] = [(10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")];
    let (mut left, mut text) = (number, String::new());
    for (value, sign) in SIGNS {
        while left >= value {
            text.push_str(sign);
            left -= value;
        }
    }
    text
}

/// What is told in words, and of what it was put together.
fn blocks(report: &Report) -> Vec<Block> {
    let mut blocks = Vec::new();
    let told = report.sections.iter().filter(|section| !section.body.trim().is_empty());
    for (number, section) in (1..).zip(told) {
        blocks.push(Block::Heading { level: 1, text: format!("{}. {}", roman(number), section.title_vi.to_uppercase()) });
        blocks.push(Block::Paragraph(section.body.trim().to_owned()));
    }
    if let Some(consolidation) = &report.consolidation {
        blocks.push(Block::Paragraph(gathered(consolidation)));
    }
    blocks
}

/// What is told in numbers.
fn annex(report: &Report, compared: &[Compared]) -> Vec<Block> {
    let mut blocks = Vec::new();
    if !report.results.is_empty() {
        blocks.push(Block::Heading { level: 1, text: "PHỤ LỤC. KẾT QUẢ THỰC HIỆN CÁC CHỈ TIÊU".to_owned() });
        blocks.push(Block::Table(table(&report.results)));
    }
    for (number, compared) in (1..).zip(compared) {
        blocks.push(Block::Chart { title: format!("Biểu đồ {number}. {}", compared.own.indicator.title_vi), svg: bars(compared) });
    }
    blocks
}

/// Which reports it was put together of, and whose are missing.
fn gathered(consolidation: &crate::reports::model::Consolidation) -> String {
    let mut lines = vec![format!("Báo cáo được tổng hợp từ {} báo cáo của các đơn vị trực thuộc.", consolidation.included.len())];
    let names = |units: &[crate::units::model::UnitRef]| units.iter().map(|unit| unit.name.as_str()).collect::<Vec<_>>().join("; ");
    if !consolidation.missing.is_empty() {
        let (count, missing) = (consolidation.missing.len(), names(&consolidation.missing));
        lines.push(format!("Chưa có báo cáo được duyệt của {count} đơn vị: {missing}."));
    }
    if !consolidation.left.is_empty() {
        lines.push(format!("Đã chuyển về đơn vị khác trước khi báo cáo được duyệt: {}.", names(&consolidation.left)));
    }
    if !consolidation.late.is_empty() {
        lines.push(format!("Báo cáo chậm: {}.", names(&consolidation.late)));
    }
    lines.join("\n")
}

fn table(results: &[IndicatorResult]) -> Table {
    Table {
        caption: None,
        columns: vec![
            Column::new("STT", Align::Center, 6),
            Column::new("Chỉ tiêu", Align::Start, 40),
            Column::new("Mục tiêu", Align::Center, 18),
            Column::new("Kết quả", Align::End, 20),
            Column::new("Đánh giá", Align::Center, 16),
        ],
        rows: (1..).zip(results).map(|(number, result)| row(number, result)).collect(),
    }
}

fn row(number: i64, result: &IndicatorResult) -> Vec<Cell> {
    let judged = if result.attained.is_some() { verdict(result.attained, VI).to_owned() } else { silence(result.reason, VI).to_owned() };
    vec![
        Cell::Whole(number),
        Cell::Text(result.indicator.title_vi.clone()),
        Cell::Text(asked(result)),
        Cell::Text(found(result)),
        Cell::Text(judged),
    ]
}

/// What the target asks for: `ít nhất 50% (2030)`.
fn asked(result: &IndicatorResult) -> String {
    let Some(target) = &result.target else { return String::new() };
    let words = demand(target.operator, VI);
    let value = target.value.map(|value| {
        let told = if result.level.is_some() || matches!(result.kind, crate::indicators::model::IndicatorKind::Level) {
            level(&decimal(value, VI), VI)
        } else if result.kind == crate::indicators::model::IndicatorKind::Ratio {
            percent(value, VI)
        } else {
            decimal(value, VI)
        };
        format!(" {told}")
    });
    format!("{words}{} ({})", value.unwrap_or_default(), target.year)
}

/// What was found: `46,83 % (13.573 / 28.983)`.
fn found(result: &IndicatorResult) -> String {
    let whole = |number: i64| decimal(crate::indicators::decimal::Decimal(i128::from(number) * 100), VI);
    let sides = result.numerator.zip(result.denominator).map(|(above, below)| format!("{} / {}", whole(above), whole(below)));
    match (result.rate, sides) {
        (Some(rate), Some(sides)) => format!("{} ({sides})", percent(rate, VI)),
        (Some(rate), None) => percent(rate, VI),
        (None, _) => result
            .count
            .map(whole)
            .or_else(|| result.level.map(|reached| level(&reached.to_string(), VI)))
            .or_else(|| result.state.map(|told| state(told, VI).to_owned()))
            .or_else(|| result.numerator.map(whole))
            .unwrap_or_default(),
    }
}

fn bars(compared: &Compared) -> String {
    let asked = Asked {
        indicator: compared.own.indicator.clone(),
        kind: compared.own.kind,
        unit: compared.own.unit.name.clone(),
        theme: Theme::Light,
        told: Told::Bars { own: Some(Box::new(compared.own.clone())), children: compared.children.clone(), more: 0, aside: 0 },
    };
    draw::svg(&chart(&asked, VI))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_office_stands_below_the_committee_of_its_territory_and_a_school_below_its_office() {
        let told = |name: &str, parent: Option<&str>| {
            let Head { above, issuer, place } = Head::of(name, parent);
            (above.unwrap_or_default(), issuer, place)
        };
        let own = |above: &str, issuer: &str, place: &str| (above.to_owned(), issuer.to_owned(), place.to_owned());
        assert_eq!(told("Sở Giáo dục và Đào tạo tỉnh Hòa Bình", None), own("UBND TỈNH HÒA BÌNH", "SỞ GIÁO DỤC VÀ ĐÀO TẠO", "Hòa Bình"));
        assert_eq!(
            told("Phòng Giáo dục và Đào tạo huyện Đà Bắc", Some("Sở Giáo dục và Đào tạo")),
            own("UBND HUYỆN ĐÀ BẮC", "PHÒNG GIÁO DỤC VÀ ĐÀO TẠO", "Đà Bắc")
        );
        assert_eq!(
            told("Trường Mầm non Tu Lý", Some("Phòng Giáo dục và Đào tạo huyện Đà Bắc")),
            own("PHÒNG GIÁO DỤC VÀ ĐÀO TẠO HUYỆN ĐÀ BẮC", "TRƯỜNG MẦM NON TU LÝ", "…")
        );
    }

    #[test]
    fn parts_are_numbered_as_the_decree_does() {
        assert_eq!([1, 4, 7, 9, 11, 14].map(roman), ["I", "IV", "VII", "IX", "XI", "XIV"]);
    }
}

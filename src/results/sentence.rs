//! A result in a sentence that somebody can sign.

use super::model::{IndicatorResult, ResultReason};
use crate::error::Language;
use crate::indicators::model::{Category, Operator, Target};
use crate::indicators::rules::Decimal;
use crate::values::model::State;

/// A number as people of the language write it: `13.573` and `46,83`, or `13,573` and `46.83`.
fn number(text: &str, language: Language) -> String {
    let (group, point) = match language {
        Language::Vi => ('.', ','),
        Language::En => (',', '.'),
    };
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
    let mut told = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            told.push(group);
        }
        told.push(digit);
    }
    let places = places.trim_end_matches('0');
    if !places.is_empty() {
        told.push(point);
        told.push_str(places);
    }
    told
}

fn decimal(value: Decimal, language: Language) -> String {
    number(&value.to_string(), language)
}

fn whole(value: i64, language: Language) -> String {
    number(&value.to_string(), language)
}

/// What was found.
fn finding(result: &IndicatorResult, language: Language) -> String {
    let vi = language == Language::Vi;
    if let (Some(rate), Some(above), Some(below)) = (result.rate, result.numerator, result.denominator) {
        let sign = if vi { " %" } else { "%" };
        return format!("{}{sign} ({}/{})", decimal(rate, language), whole(above, language), whole(below, language));
    }
    if let Some(count) = result.count {
        return whole(count, language);
    }
    if let Some(level) = result.level {
        return if vi { format!("mức độ {level}") } else { format!("level {level}") };
    }
    if let Some(state) = result.state {
        return match (state, vi) {
            (State::Maintained, true) => "được duy trì",
            (State::NotMaintained, true) => "không được duy trì",
            (State::Planned, true) => "đã có kế hoạch",
            (State::UnderWay, true) => "đang thực hiện",
            (State::Done, true) => "đã hoàn thành",
            (State::Maintained, false) => "maintained",
            (State::NotMaintained, false) => "not maintained",
            (State::Planned, false) => "planned",
            (State::UnderWay, false) => "under way",
            (State::Done, false) => "done",
        }
        .to_owned();
    }
    let told = match (result.reason, vi) {
        (Some(ResultReason::MissingNumerator), true) => "thiếu tử số",
        (Some(ResultReason::MissingDenominator), true) => "thiếu mẫu số",
        (Some(ResultReason::ZeroDenominator), true) => "mẫu số bằng 0",
        (Some(ResultReason::NotCollectedAtThisLevel), true) => "không thu thập ở cấp này",
        (Some(ResultReason::SmallCell), true) => "không công bố vì số quá nhỏ",
        (_, true) => "chưa có số liệu",
        (Some(ResultReason::MissingNumerator), false) => "the numerator is missing",
        (Some(ResultReason::MissingDenominator), false) => "the denominator is missing",
        (Some(ResultReason::ZeroDenominator), false) => "the denominator is 0",
        (Some(ResultReason::NotCollectedAtThisLevel), false) => "not collected at this level",
        (Some(ResultReason::SmallCell), false) => "withheld, for the number is small",
        (_, false) => "no data yet",
    };
    told.to_owned()
}

/// What is asked.
fn goal(target: &Target, language: Language) -> String {
    let vi = language == Language::Vi;
    let value = target.value.map(|value| decimal(value, language)).unwrap_or_default();
    let words = match (target.operator, vi) {
        (Operator::AtLeast, true) => "ít nhất",
        (Operator::Above, true) => "trên",
        (Operator::AtMost, true) => "nhiều nhất",
        (Operator::Below, true) => "dưới",
        (Operator::Exactly, true) => "đúng",
        (Operator::Maintain, true) => "duy trì",
        (Operator::Controlled, true) => "khống chế, không cao hơn năm gốc",
        (Operator::Increase, true) => "cao hơn năm gốc",
        (Operator::Decrease, true) => "thấp hơn năm gốc",
        (Operator::Milestone, true) => "hoàn thành",
        (Operator::AtLeast, false) => "at least",
        (Operator::Above, false) => "above",
        (Operator::AtMost, false) => "at most",
        (Operator::Below, false) => "below",
        (Operator::Exactly, false) => "exactly",
        (Operator::Maintain, false) => "maintain",
        (Operator::Controlled, false) => "controlled, not above the base year",
        (Operator::Increase, false) => "above the base year",
        (Operator::Decrease, false) => "below the base year",
        (Operator::Milestone, false) => "done",
    };
    format!("{words} {value}").trim_end().to_owned()
}

/// Whom a part is of.
fn named(category: Category, language: Language) -> &'static str {
    match (category, language) {
        (Category::Female, Language::Vi) => "nữ",
        (Category::Male, Language::Vi) => "nam",
        (Category::EthnicMinority, Language::Vi) => "dân tộc thiểu số",
        (Category::Kinh, Language::Vi) => "dân tộc Kinh",
        (Category::Disabled, Language::Vi) => "khuyết tật",
        (Category::NotDisabled, Language::Vi) => "không khuyết tật",
        (Category::Public, Language::Vi) => "công lập",
        (Category::NonPublic, Language::Vi) => "ngoài công lập",
        (Category::ExtremelyHardArea, Language::Vi) => "vùng đặc biệt khó khăn",
        (Category::OtherArea, Language::Vi) => "vùng khác",
        (Category::Female, Language::En) => "female",
        (Category::Male, Language::En) => "male",
        (Category::EthnicMinority, Language::En) => "ethnic minorities",
        (Category::Kinh, Language::En) => "Kinh",
        (Category::Disabled, Language::En) => "with a disability",
        (Category::NotDisabled, Language::En) => "without a disability",
        (Category::Public, Language::En) => "public",
        (Category::NonPublic, Language::En) => "non-public",
        (Category::ExtremelyHardArea, Language::En) => "areas of extreme hardship",
        (Category::OtherArea, Language::En) => "other areas",
    }
}

/// The result in a sentence.
#[must_use]
pub fn sentence(result: &IndicatorResult, language: Language) -> String {
    let vi = language == Language::Vi;
    let (period, title) = match language {
        Language::Vi => (&result.period.title_vi, &result.indicator.title_vi),
        Language::En => (&result.period.title_en, &result.indicator.title_en),
    };
    let part = result.category.map(|category| format!(" ({})", named(category, language))).unwrap_or_default();
    let mut told = vec![format!("{period}, {}: {title}{part}: {}", result.unit.name, finding(result, language))];
    if let Some(target) = &result.target {
        let goal = goal(target, language);
        told.push(if vi { format!("; mục tiêu năm {}: {goal}", target.year) } else { format!("; target for {}: {goal}", target.year) });
        let verdict = match (result.attained, vi) {
            (Some(true), true) => ": đạt",
            (Some(false), true) => ": chưa đạt",
            (None, true) => ": chưa xác định",
            (Some(true), false) => ": attained",
            (Some(false), false) => ": not attained",
            (None, false) => ": undecided",
        };
        told.push(verdict.to_owned());
    }
    if result.coverage.missing > 0 {
        let (missing, expected) = (result.coverage.missing, result.coverage.expected);
        let vi_words = format!(" (còn thiếu {missing}/{expected} nơi báo cáo)");
        told.push(if vi { vi_words } else { format!(" ({missing} of {expected} have not reported)") });
    }
    told.push(".".to_owned());
    told.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_write_them() {
        for (text, vi, en) in [
            ("13573", "13.573", "13,573"),
            ("46.83", "46,83", "46.83"),
            ("-1234567.50", "-1.234.567,5", "-1,234,567.5"),
            ("100.00", "100", "100"),
        ] {
            assert_eq!((number(text, Language::Vi).as_str(), number(text, Language::En).as_str()), (vi, en));
        }
    }
}

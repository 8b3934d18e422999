//! A result in a sentence that somebody can sign, and the words that it is made of.

use super::model::{Coverage, IndicatorResult, ResultReason};
use crate::error::Language;
use crate::indicators::decimal::Decimal;
use crate::indicators::model::{Category, IndicatorKind, Operator, Target};
use crate::indicators::rules::Fraction;
use crate::values::model::State;

/// A number as people of the language write it: `13.573` and `46,83`, or `13,573` and `46.83`.
fn number(text: &str, language: Language) -> String {
    let (group, point) = match language {
        Language::Vi => ('.', ','),
        Language::En => (',', '.'),
    };
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
    let mut told = format!("{sign}{}", crate::text::grouped(whole, group));
    let places = places.trim_end_matches('0');
    if !places.is_empty() {
        told.push(point);
        told.push_str(places);
    }
    told
}

/// A number with up to two places, as [`number`] writes it.
#[must_use]
pub fn decimal(value: Decimal, language: Language) -> String {
    number(&value.to_string(), language)
}

/// A percentage, as people of the language write it.
#[must_use]
pub fn percent(value: Decimal, language: Language) -> String {
    format!("{}{}", decimal(value, language), percent_sign(language))
}

fn percent_sign(language: Language) -> &'static str {
    if language == Language::Vi { " %" } else { "%" }
}

/// A level, in words.
#[must_use]
pub fn level(text: &str, language: Language) -> String {
    let word = if language == Language::Vi { "mức độ" } else { "level" };
    format!("{word} {text}")
}

fn whole(value: i64, language: Language) -> String {
    number(&value.to_string(), language)
}

/// A state, in words.
#[must_use]
pub fn state(state: State, language: Language) -> &'static str {
    match (state, language) {
        (State::Maintained, Language::Vi) => "được duy trì",
        (State::NotMaintained, Language::Vi) => "không được duy trì",
        (State::Planned, Language::Vi) => "đã có kế hoạch",
        (State::UnderWay, Language::Vi) => "đang thực hiện",
        (State::Done, Language::Vi) => "đã hoàn thành",
        (State::Maintained, Language::En) => "maintained",
        (State::NotMaintained, Language::En) => "not maintained",
        (State::Planned, Language::En) => "planned",
        (State::UnderWay, Language::En) => "under way",
        (State::Done, Language::En) => "done",
    }
}

/// Why nothing was found, in words.
#[must_use]
pub fn silence(reason: Option<ResultReason>, language: Language) -> &'static str {
    match (reason, language) {
        (Some(ResultReason::MissingNumerator), Language::Vi) => "thiếu tử số",
        (Some(ResultReason::MissingDenominator), Language::Vi) => "thiếu mẫu số",
        (Some(ResultReason::ZeroDenominator), Language::Vi) => "mẫu số bằng 0",
        (Some(ResultReason::NotCollectedAtThisLevel), Language::Vi) => "không thu thập ở cấp này",
        (Some(ResultReason::SmallCell), Language::Vi) => "không công bố vì số quá nhỏ",
        (_, Language::Vi) => "chưa có số liệu",
        (Some(ResultReason::MissingNumerator), Language::En) => "the numerator is missing",
        (Some(ResultReason::MissingDenominator), Language::En) => "the denominator is missing",
        (Some(ResultReason::ZeroDenominator), Language::En) => "the denominator is 0",
        (Some(ResultReason::NotCollectedAtThisLevel), Language::En) => "not collected at this level",
        (Some(ResultReason::SmallCell), Language::En) => "withheld, for the number is small",
        (_, Language::En) => "no data yet",
    }
}

/// What was found.
fn finding(result: &IndicatorResult, language: Language) -> String {
    if let (Some(rate), Some(above), Some(below)) = (result.rate, result.numerator, result.denominator) {
        // What is signed must not seem to contradict itself: `5 %` would not be below 5 %.
        let asked = result.target.as_ref().and_then(|target| target.value).map(Fraction::decimal);
        let told = Fraction::percent(above, below).zip(asked).map(|(found, asked)| found.told_apart(asked));
        let told = number(&told.unwrap_or_else(|| rate.to_string()), language);
        return format!("{told}{} ({}/{})", percent_sign(language), whole(above, language), whole(below, language));
    }
    if let Some(count) = result.count {
        return whole(count, language);
    }
    if let Some(reached) = result.level {
        return level(&reached.to_string(), language);
    }
    result.state.map_or_else(|| silence(result.reason, language), |found| state(found, language)).to_owned()
}

/// How a result is held against its target, in words.
#[must_use]
pub fn demand(operator: Operator, language: Language) -> &'static str {
    match (operator, language) {
        (Operator::AtLeast, Language::Vi) => "ít nhất",
        (Operator::Above, Language::Vi) => "trên",
        (Operator::AtMost, Language::Vi) => "nhiều nhất",
        (Operator::Below, Language::Vi) => "dưới",
        (Operator::Exactly, Language::Vi) => "đúng",
        (Operator::Maintain, Language::Vi) => "duy trì",
        (Operator::Controlled, Language::Vi) => "khống chế, không cao hơn năm gốc",
        (Operator::Increase, Language::Vi) => "cao hơn năm gốc",
        (Operator::Decrease, Language::Vi) => "thấp hơn năm gốc",
        (Operator::Milestone, Language::Vi) => "hoàn thành",
        (Operator::AtLeast, Language::En) => "at least",
        (Operator::Above, Language::En) => "above",
        (Operator::AtMost, Language::En) => "at most",
        (Operator::Below, Language::En) => "below",
        (Operator::Exactly, Language::En) => "exactly",
        (Operator::Maintain, Language::En) => "maintain",
        (Operator::Controlled, Language::En) => "controlled, not above the base year",
        (Operator::Increase, Language::En) => "above the base year",
        (Operator::Decrease, Language::En) => "below the base year",
        (Operator::Milestone, Language::En) => "done",
    }
}

/// Whether a target is attained, in words.
#[must_use]
pub fn verdict(attained: Option<bool>, language: Language) -> &'static str {
    match (attained, language) {
        (Some(true), Language::Vi) => "đạt",
        (Some(false), Language::Vi) => "chưa đạt",
        (None, Language::Vi) => "chưa xác định",
        (Some(true), Language::En) => "attained",
        (Some(false), Language::En) => "not attained",
        (None, Language::En) => "undecided",
    }
}

/// How many have not reported, in words; `None` if all have.
#[must_use]
pub fn absence(coverage: Coverage, language: Language) -> Option<String> {
    let (missing, expected) = (coverage.missing, coverage.expected);
    (missing > 0).then(|| match language {
        Language::Vi => format!("còn thiếu {missing}/{expected} nơi báo cáo"),
        Language::En => format!("{missing} of {expected} have not reported"),
    })
}

/// What is asked.
fn goal(target: &Target, kind: IndicatorKind, language: Language) -> String {
    let value = target.value.map(|value| match kind {
        IndicatorKind::Ratio => percent(value, language),
        IndicatorKind::Level => level(&decimal(value, language), language),
        IndicatorKind::Count | IndicatorKind::Status => decimal(value, language),
    });
    format!("{} {}", demand(target.operator, language), value.unwrap_or_default()).trim_end().to_owned()
}

/// Whom a part is of.
#[must_use]
pub fn part(category: Category, language: Language) -> &'static str {
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
    let of = result.category.map(|category| format!(" ({})", part(category, language))).unwrap_or_default();
    let mut told = vec![format!("{period}, {}: {title}{of}: {}", result.unit.name, finding(result, language))];
    if let Some(target) = &result.target {
        let goal = goal(target, result.kind, language);
        told.push(if vi { format!("; mục tiêu năm {}: {goal}", target.year) } else { format!("; target for {}: {goal}", target.year) });
        told.push(format!(": {}", verdict(result.attained, language)));
    }
    told.extend(absence(result.coverage, language).map(|words| format!(" ({words})")));
    let below = result.denominator_coverage.filter(|_| result.denominator.is_some()).and_then(|coverage| absence(coverage, language));
    told.extend(below.map(|words| if vi { format!(" (mẫu số: {words})") } else { format!(" (denominator: {words})") }));
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

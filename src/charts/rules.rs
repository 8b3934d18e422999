//! What a chart says: from results to the words and places of a drawing. Pure.

use super::model::{Axis, Chart, Figure, Found, Goal, Mark, Theme};
use crate::error::Language;
use crate::indicators::decimal::Decimal;
use crate::indicators::model::{IndicatorKind, Operator};
use crate::refs::CatalogueRef;
use crate::results::model::IndicatorResult;
use crate::results::sentence::{absence, decimal, demand, level, part, percent, silence, state};

/// What was read for a chart.
pub struct Asked {
    /// What is measured.
    pub indicator: CatalogueRef,
    /// How.
    pub kind: IndicatorKind,
    /// The name of the unit whose chart it is.
    pub unit: String,
    /// The ground.
    pub theme: Theme,
    /// The results.
    pub told: Told,
}

/// Results, as they are drawn.
pub enum Told {
    /// Those of a unit, period by period, each with its milestone.
    Series(Vec<(IndicatorResult, Option<Decimal>)>),
    /// Those of the units below one.
    Bars {
        /// The unit's own.
        own: Option<Box<IndicatorResult>>,
        /// Theirs, in the order of their names.
        children: Vec<IndicatorResult>,
        /// How many more there are.
        more: i64,
        /// How many collect nothing of it.
        aside: i64,
    },
}

/// The chart of what was read, in words of a language.
#[must_use]
pub fn chart(asked: &Asked, language: Language) -> Chart {
    let speaker = Speaker { axis: axis(asked.kind), language };
    let title = speaker.titled(&asked.indicator);
    let head = format!("{title}, {}", asked.unit);
    let (subtitle, figure, description, notes) = match &asked.told {
        Told::Series(results) => {
            let marks: Vec<Mark> =
                results.iter().map(|(result, milestone)| speaker.mark(result, speaker.titled(&result.period), *milestone)).collect();
            let last = results.iter().rev().map(|(result, _)| result).find(|result| speaker.found(result).0 != Found::Nothing);
            let silent = || format!("{head}: {}.", overall(&marks, language));
            let description = [last.map_or_else(silent, |last| speaker.sentence(last)), speaker.extremes(&marks)].concat();
            let missing = last.and_then(|last| Some(format!("{}: {}.", speaker.titled(&last.period), absence(last.coverage, language)?)));
            let notes = speaker.homeless(&marks).into_iter().chain(missing).collect();
            let figure = if asked.kind == IndicatorKind::Status { Figure::States(marks) } else { Figure::Series(marks) };
            (asked.unit.clone(), figure, description, notes)
        }
        Told::Bars { own, children, more, aside } => {
            let marks: Vec<Mark> = children.iter().map(|result| speaker.mark(result, speaker.whose(result), None)).collect();
            let head = own.as_ref().map_or_else(|| format!("{head}."), |own| speaker.sentence(own));
            let of_units = children.iter().all(|result| result.category.is_none());
            let counted = if of_units { speaker.counted(&marks, *more) } else { String::new() };
            let description = [head, counted, speaker.extremes(&marks)].concat();
            let period = own.as_ref().map(|own| format!(" · {}", speaker.titled(&own.period))).unwrap_or_default();
            let others = (of_units && *aside > 0 && !marks.is_empty()).then(|| speaker.others(*aside));
            let notes = speaker.homeless(&marks).into_iter().chain(others).collect();
            (format!("{}{period}", asked.unit), Figure::Bars { marks, more: *more, aside: *aside }, description, notes)
        }
    };
    Chart { language, theme: asked.theme, title, subtitle, description, axis: speaker.axis, figure, notes }
}

fn axis(kind: IndicatorKind) -> Axis {
    match kind {
        IndicatorKind::Ratio => Axis::Percent,
        IndicatorKind::Level => Axis::Level,
        IndicatorKind::Count | IndicatorKind::Status => Axis::Whole,
    }
}

/// A number, as an axis of its kind and people of the language write it.
#[must_use]
pub fn measured(value: Decimal, axis: Axis, language: Language) -> String {
    match axis {
        Axis::Percent => percent(value, language),
        Axis::Whole => decimal(value, language),
        Axis::Level => level(&decimal(value, language), language),
    }
}

/// Why none of some marks has anything to show: what they all say, or that there are no data.
#[must_use]
pub fn overall(marks: &[Mark], language: Language) -> String {
    let first = marks.first().map(|mark| mark.told.clone());
    first.filter(|first| marks.iter().all(|mark| mark.told == *first)).unwrap_or_else(|| silence(None, language).to_owned())
}

/// Names without the words that all of them begin with, and those words: `Đầu năm học`, and `2024-2025` for each.
#[must_use]
pub fn shared_words(names: &[&str]) -> (String, Vec<String>) {
    let words: Vec<Vec<&str>> = names.iter().map(|name| name.split_whitespace().collect()).collect();
    let shortest = words.iter().map(Vec::len).min().unwrap_or_default();
    let first = words.first().cloned().unwrap_or_default();
    let same = |index: &usize| words.iter().all(|name| name.get(*index) == first.get(*index));
    // A name keeps its last word, and one name alone keeps all.
    let most = if names.len() > 1 { shortest.saturating_sub(1) } else { 0 };
    let shared = (0..most).take_while(same).count();
    let rest = words.iter().map(|name| name.iter().skip(shared).copied().collect::<Vec<_>>().join(" "));
    (first.iter().take(shared).copied().collect::<Vec<_>>().join(" "), rest.collect())
}

/// Who puts results into words.
#[derive(Clone, Copy)]
struct Speaker {
    axis: Axis,
    language: Language,
}

impl Speaker {
    fn say(self, vi: String, en: String) -> String {
        match self.language {
            Language::Vi => vi,
            Language::En => en,
        }
    }

    fn titled(self, named: &CatalogueRef) -> String {
        self.say(named.title_vi.clone(), named.title_en.clone())
    }

    fn sentence(self, result: &IndicatorResult) -> String {
        let sentence = match self.language {
            Language::Vi => &result.sentence_vi,
            Language::En => &result.sentence_en,
        };
        sentence.clone().unwrap_or_default()
    }

    fn measured(self, value: Decimal) -> String {
        measured(value, self.axis, self.language)
    }

    /// What was found, and how that is told.
    fn found(self, result: &IndicatorResult) -> (Found, String) {
        let counted = result.count.or(result.level.map(i64::from)).map(|number| Decimal(i128::from(number) * 100));
        // What is withheld has none of these: the results have taken them out.
        match (result.rate.or(counted), result.state) {
            (Some(number), _) => (Found::Number(number), self.measured(number)),
            (None, Some(found)) => (Found::State, state(found, self.language).to_owned()),
            (None, None) => (Found::Nothing, silence(result.reason, self.language).to_owned()),
        }
    }

    fn mark(self, result: &IndicatorResult, name: String, milestone: Option<Decimal>) -> Mark {
        let (found, told) = self.found(result);
        Mark { name, found, told, attained: result.attained, sentence: self.sentence(result), goal: self.goal(result), milestone }
    }

    /// Whose a bar is: a unit's, or a category's.
    fn whose(self, result: &IndicatorResult) -> String {
        result.category.map_or_else(|| result.unit.name.clone(), |category| part(category, self.language).to_owned())
    }

    fn goal(self, result: &IndicatorResult) -> Option<Goal> {
        let target = result.target.as_ref()?;
        let own = matches!(target.operator, Operator::Controlled | Operator::Increase | Operator::Decrease);
        let at = if own { result.baseline } else { target.value };
        let words = demand(target.operator, self.language);
        let words = match at.map(|at| self.measured(at)) {
            Some(number) if own => format!("{words} ({number})"),
            Some(number) => format!("{words} {number}"),
            None => words.to_owned(),
        };
        Some(Goal { at, year: target.year, words })
    }

    /// The last target, where it has no place on an axis.
    fn homeless(self, marks: &[Mark]) -> Option<String> {
        let goals = || marks.iter().filter_map(|mark| mark.goal.as_ref());
        let last = goals().next_back().filter(|goal| goal.at.is_none())?;
        let same: Vec<&Goal> = goals().filter(|goal| goal.words == last.words).collect();
        Some(format!("{}.", target(&same, self.language)))
    }

    fn others(self, aside: i64) -> String {
        self.say(
            format!("Không vẽ {aside} đơn vị: chỉ tiêu này không thu thập ở cấp đó."),
            format!("Not drawn: {aside} units, at whose level this is not collected."),
        )
    }

    /// The smallest and the largest of several numbers, with whose they are.
    fn extremes(self, marks: &[Mark]) -> String {
        let mut numbers: Vec<(Decimal, &Mark)> = marks.iter().filter_map(|mark| Some((mark.number()?, mark))).collect();
        // Among equals the first: the sort keeps their order.
        numbers.sort_by_key(|(number, _)| *number);
        let (Some((least, low)), Some((most, _))) = (numbers.first(), numbers.last()) else { return String::new() };
        if least == most {
            return String::new();
        }
        let high = numbers.iter().find(|(number, _)| number == most).map_or(*low, |(_, mark)| *mark);
        self.say(
            format!(" Nhỏ nhất: {} ({}); lớn nhất: {} ({}).", low.told, low.name, high.told, high.name),
            format!(" Smallest: {} ({}); largest: {} ({}).", low.told, low.name, high.told, high.name),
        )
    }

    /// How many units have a number, and how many there are.
    fn counted(self, marks: &[Mark], more: i64) -> String {
        let shown = marks.len();
        let found = marks.iter().filter(|mark| mark.found != Found::Nothing).count();
        let told = self.say(
            format!(" {found}/{shown} đơn vị trực thuộc có số liệu."),
            format!(" {found} of {shown} units directly below have a figure."),
        );
        if more > 0 { format!("{told} {}.", more_units(more, self.language)) } else { told }
    }
}

/// How many units there are beside those that are drawn.
#[must_use]
pub fn more_units(more: i64, language: Language) -> String {
    match language {
        Language::Vi => format!("Còn {more} đơn vị nữa không vẽ ở đây"),
        Language::En => format!("{more} more units are not drawn here"),
    }
}

/// A target that is asked for some years in a row, in words: `Mục tiêu 2030: ít nhất 50 %`.
#[must_use]
pub fn target(goals: &[&Goal], language: Language) -> String {
    let years = || goals.iter().map(|goal| goal.year);
    let (Some(from), Some(to), Some(goal)) = (years().min(), years().max(), goals.first()) else { return String::new() };
    let years = if from == to { to.to_string() } else { format!("{from}-{to}") };
    match language {
        Language::Vi => format!("Mục tiêu {years}: {}", goal.words),
        Language::En => format!("Target {years}: {}", goal.words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_all_periods_share_are_said_once() {
        let names = ["Đầu năm học 2024-2025", "Đầu năm học 2025-2026"];
        assert_eq!(shared_words(&names), ("Đầu năm học".to_owned(), vec!["2024-2025".to_owned(), "2025-2026".to_owned()]));
        assert_eq!(shared_words(&["Năm 2025"]), (String::new(), vec!["Năm 2025".to_owned()]));
        assert_eq!(shared_words(&["Năm 2025", "Năm 2025"]), ("Năm".to_owned(), vec!["2025".to_owned(), "2025".to_owned()]));
        assert_eq!(shared_words(&[]), (String::new(), Vec::new()));
    }

    #[test]
    fn a_target_names_its_years() {
        let goal = |year| Goal { at: Some(Decimal(300)), year, words: "duy trì mức độ 3".to_owned() };
        assert_eq!(target(&[&goal(2025), &goal(2030)], Language::Vi), "Mục tiêu 2025-2030: duy trì mức độ 3");
        assert_eq!(target(&[&goal(2030)], Language::En), "Target 2030: duy trì mức độ 3");
        assert_eq!(measured(Decimal(4683), Axis::Percent, Language::Vi), "46,83 %");
        assert_eq!(measured(Decimal(4683), Axis::Percent, Language::En), "46.83%");
    }
}

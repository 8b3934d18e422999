//! The types of charts: what is asked, and what is drawn.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::Language;
use crate::indicators::decimal::Decimal;
use crate::results::model::Breakdown;
use crate::vocabulary::text_enum;

text_enum! {
    /// On what ground a chart is drawn.
    pub enum Theme {
        /// The reader's choice: light, and dark where the system is.
        Auto = "auto",
        /// Dark on light.
        Light = "light",
        /// Light on dark.
        Dark = "dark",
    }
}

/// Which chart of an indicator is asked: a series over periods, or bars of the units directly below.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ChartQuery {
    /// Of this unit and all below it: id or code; the caller's own unless given.
    #[schema(max_length = 40)]
    pub unit: Option<String>,
    /// Of the series: from this period on; that of 2024, the year before the plan, unless given.
    #[schema(max_length = 40, example = "2023-2024-START")]
    pub from: Option<String>,
    /// Of the series: up to this period; that of 2030 unless given.
    #[schema(max_length = 40, example = "2030-2031-START")]
    pub to: Option<String>,
    /// Bars: of the units directly below, up to 50, or of the categories of a dimension.
    pub breakdown: Option<Breakdown>,
    /// Of the bars: this period; id, code, alias, `this_year`, `this_quarter` or `this_school_year`.
    #[schema(max_length = 40, example = "2024-2025-START")]
    pub period: Option<String>,
    /// Of the bars: the period whose `as_of` lies in this year; this year unless something else is asked.
    #[schema(minimum = 2000, maximum = 2100)]
    pub year: Option<i32>,
    /// On what ground; `auto` unless given.
    pub theme: Option<Theme>,
}

/// What numbers are told in, and so how an axis is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Hundredths of a whole.
    Percent,
    /// Things, counted.
    Whole,
    /// The levels 0 to 3.
    Level,
}

/// A chart as it is to be drawn: every word is there, in one language.
#[derive(Clone, Debug)]
pub struct Chart {
    /// The language of its words.
    pub language: Language,
    /// The ground.
    pub theme: Theme,
    /// What is measured.
    pub title: String,
    /// Whose, and when.
    pub subtitle: String,
    /// The chart told to who cannot see it.
    pub description: String,
    /// What numbers are told in.
    pub axis: Axis,
    /// What is drawn.
    pub figure: Figure,
    /// What stands below it in small letters.
    pub notes: Vec<String>,
}

/// What a chart is of.
#[derive(Clone, Debug)]
pub enum Figure {
    /// A line over periods.
    Series(Vec<Mark>),
    /// States over periods: they have no numbers.
    States(Vec<Mark>),
    /// A bar for each unit.
    Bars {
        /// The units.
        marks: Vec<Mark>,
        /// How many more there are: too many for a picture.
        more: i64,
        /// How many have no part in it, for they collect nothing of it.
        aside: i64,
    },
}

impl Figure {
    /// What is marked in it.
    #[must_use]
    pub fn marks(&self) -> &[Mark] {
        match self {
            Self::Series(marks) | Self::States(marks) | Self::Bars { marks, .. } => marks,
        }
    }
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A number that has its place on an axis.
    Number(Decimal),
    /// A state.
    State,
    /// Nothing that may be told.
    Nothing,
}

/// One result in a chart.
#[derive(Clone, Debug)]
pub struct Mark {
    /// The period or the unit.
    pub name: String,
    /// What was found.
    pub found: Found,
    /// The number as people write it, the state, or why there is neither.
    pub told: String,
    /// Whether it attains its target.
    pub attained: Option<bool>,
    /// The result in a sentence.
    pub sentence: String,
    /// Its target.
    pub goal: Option<Goal>,
    /// Where it should stand on the way to the target.
    pub milestone: Option<Decimal>,
}

impl Mark {
    /// Its number.
    #[must_use]
    pub fn number(&self) -> Option<Decimal> {
        match self.found {
            Found::Number(number) => Some(number),
            Found::State | Found::Nothing => None,
        }
    }
}

/// A target in a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    /// Its place on the axis; `None` where it is held against a baseline that is not there.
    pub at: Option<Decimal>,
    /// Its year.
    pub year: i32,
    /// What it asks for: `ít nhất 50 %`.
    pub words: String,
}

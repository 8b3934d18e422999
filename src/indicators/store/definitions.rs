//! Definitions: what an indicator counts, from a day on.

use std::collections::HashMap;

use chrono::{Days, NaiveDate};
use diesel::prelude::*;

use super::find_id;
use crate::db::schema::{indicator_definitions, indicator_values, indicators, periods};
use crate::db::{Db, TreeWrite, Tx, UNTIL_FURTHER_NOTICE, open_end};
use crate::error::{Error, Result};
use crate::ids::{IndicatorId, Key};
use crate::indicators::model::{Definition, IndicatorKind, NewDefinition, Side};
use crate::indicators::rules::faults_of_definition;
use crate::periods::model::PeriodKind;
use crate::refs::CatalogueRef;

#[derive(Debug, Queryable)]
struct DefinitionRow {
    indicator: IndicatorId,
    number: i32,
    valid_from: NaiveDate,
    valid_to: NaiveDate,
    period_kind: PeriodKind,
    numerator: Option<String>,
    denominator: Option<String>,
    count: Option<String>,
    may_exceed: bool,
    parameters: String,
    _levels: String,
    disaggregations: String,
    external_refs: String,
    checks: String,
}

impl TryFrom<DefinitionRow> for Definition {
    type Error = Error;
    fn try_from(row: DefinitionRow) -> Result<Self> {
        let side = |text: Option<String>| text.as_deref().map(serde_json::from_str::<Side>).transpose();
        Ok(Self {
            indicator: row.indicator,
            version: row.number,
            valid_from: row.valid_from,
            valid_to: open_end(row.valid_to),
            period_kind: row.period_kind,
            numerator: side(row.numerator)?,
            denominator: side(row.denominator)?,
            count: side(row.count)?,
            may_exceed: row.may_exceed,
            parameters: serde_json::from_str(&row.parameters)?,
            disaggregations: serde_json::from_str(&row.disaggregations)?,
            external_refs: serde_json::from_str(&row.external_refs)?,
            checks: serde_json::from_str(&row.checks)?,
        })
    }
}

/// An indicator and all its definitions: what recording and results work with.
#[derive(Clone, Debug)]
pub struct Defined {
    /// Its id.
    pub id: IndicatorId,
    /// Its code.
    pub code: String,
    /// Its title in Vietnamese.
    pub title_vi: String,
    /// Its title in English.
    pub title_en: String,
    /// How it is measured.
    pub kind: IndicatorKind,
    /// Whether small counts of it must be withheld.
    pub sensitive: bool,
    /// By version.
    pub definitions: Vec<Definition>,
}

impl Defined {
    /// The definition that holds on a day; before the first, the first.
    #[must_use]
    pub fn on(&self, day: NaiveDate) -> Option<&Definition> {
        let holding = |definition: &&Definition| definition.valid_from <= day && definition.valid_to.is_none_or(|to| day < to);
        self.definitions.iter().find(holding).or(self.definitions.first())
    }

    /// Named.
    #[must_use]
    pub fn to_ref(&self) -> CatalogueRef {
        CatalogueRef { id: self.id.any(), code: self.code.clone(), title_vi: self.title_vi.clone(), title_en: self.title_en.clone() }
    }
}

/// Which indicators are asked.
#[derive(Clone, Copy, Debug)]
pub enum Which<'k> {
    /// Every one.
    All,
    /// Those that these keys name.
    Named(&'k [Key]),
}

/// Indicators with their definitions, by code.
///
/// # Errors
/// Database errors.
pub fn defined(db: &mut Db<'_>, which: Which<'_>) -> Result<Vec<Defined>> {
    let mut query = indicators::table
        .order_by(indicators::code)
        .select((indicators::id, indicators::code, indicators::title_vi, indicators::title_en, indicators::kind, indicators::sensitive))
        .into_boxed();
    if let Which::Named(keys) = which {
        let (ids, codes) = Key::split::<crate::ids::of::Indicator>(keys);
        query = query.filter(indicators::id.eq_any(ids).or(indicators::code.eq_any(codes)));
    }
    let rows: Vec<(IndicatorId, String, String, String, IndicatorKind, bool)> = query.load(db.conn)?;
    let ids: Vec<IndicatorId> = rows.iter().map(|row| row.0).collect();
    let mut definitions = of(db, &ids)?;
    let joined = rows.into_iter().map(|(id, code, title_vi, title_en, kind, sensitive)| {
        let definitions = definitions.remove(&id).unwrap_or_default();
        Defined { id, code, title_vi, title_en, kind, sensitive, definitions }
    });
    Ok(joined.collect())
}

pub(super) fn of(db: &mut Db<'_>, ids: &[IndicatorId]) -> Result<HashMap<IndicatorId, Vec<Definition>>> {
    let rows: Vec<DefinitionRow> = indicator_definitions::table
        .filter(indicator_definitions::indicator_id.eq_any(ids.to_vec()))
        .order_by((indicator_definitions::indicator_id, indicator_definitions::number))
        .load(db.conn)?;
    let mut by_indicator: HashMap<IndicatorId, Vec<Definition>> = HashMap::new();
    for row in rows {
        by_indicator.entry(row.indicator).or_default().push(row.try_into()?);
    }
    Ok(by_indicator)
}

/// The definitions of an indicator, by version.
///
/// # Errors
/// 404 if there is no such indicator.
pub fn definitions(db: &mut Db<'_>, key: &Key) -> Result<Vec<Definition>> {
    let id = find_id(db, key)?.ok_or_else(Error::not_found)?;
    Ok(of(db, &[id])?.remove(&id).unwrap_or_default())
}

/// One definition of an indicator.
///
/// # Errors
/// 404 if there is none.
pub fn definition(db: &mut Db<'_>, key: &Key, number: i32) -> Result<Definition> {
    definitions(db, key)?.into_iter().find(|definition| definition.version == number).ok_or_else(Error::not_found)
}

/// Records a definition.
pub(super) fn insert(tx: &mut Tx<'_>, indicator: IndicatorId, number: i32, new: &NewDefinition) -> Result<()> {
    let side = |side: &Option<Side>| side.as_ref().map(serde_json::to_string).transpose();
    let sides = [&new.numerator, &new.denominator, &new.count];
    let levels: Vec<&str> = sides.into_iter().flatten().flat_map(|side| &side.levels).map(|level| level.as_str()).collect();
    let row = (
        (
            indicator_definitions::indicator_id.eq(indicator),
            indicator_definitions::number.eq(number),
            indicator_definitions::valid_from.eq(new.valid_from),
            indicator_definitions::valid_to.eq(UNTIL_FURTHER_NOTICE),
            indicator_definitions::period_kind.eq(new.period_kind),
            indicator_definitions::numerator.eq(side(&new.numerator)?),
            indicator_definitions::denominator.eq(side(&new.denominator)?),
            indicator_definitions::tally.eq(side(&new.count)?),
        ),
        (
            indicator_definitions::may_exceed.eq(new.may_exceed),
            indicator_definitions::parameters.eq(new.parameters.to_string()),
            indicator_definitions::levels.eq(format!(" {} ", levels.join(" "))),
            indicator_definitions::disaggregations.eq(serde_json::to_string(&new.disaggregations)?),
            indicator_definitions::external_refs.eq(serde_json::to_string(&new.external_refs)?),
            indicator_definitions::checks.eq(serde_json::to_string(&new.checks)?),
        ),
    );
    diesel::insert_into(indicator_definitions::table).values(row).execute(tx.conn)?;
    Ok(())
}

/// Definitions are made for the next years: a later day was mistyped, and would keep others out until then.
const FORESEEN: u64 = 5 * 366;

/// Adds a definition that takes over from the last one on its day. Whoever records values holds the tree, so none is recorded meanwhile.
///
/// # Errors
/// 404 if there is no such indicator; 422 where the definition contradicts itself, or begins before what was recorded ended.
pub fn add_definition(tx: &mut Tx<'_>, _: &TreeWrite, key: &Key, new: &NewDefinition) -> Result<Definition> {
    let (id, kind): (IndicatorId, IndicatorKind) = {
        let id = find_id(tx, key)?.ok_or_else(Error::not_found)?;
        indicators::table.filter(indicators::id.eq(id)).select((indicators::id, indicators::kind)).first(tx.conn)?
    };
    let held = definitions(tx, key)?;
    let last = held.last().ok_or_else(|| Error::internal("an indicator without a definition".to_owned()))?;
    let recorded: Option<NaiveDate> = indicator_values::table
        .inner_join(periods::table)
        .filter(indicator_values::indicator_id.eq(id))
        .select(diesel::dsl::max(periods::as_of))
        .first(tx.conn)?;
    let since = recorded.map_or(last.valid_from, |day| day.max(last.valid_from));
    let faults = faults_of_definition(kind, new, last, &(since..since.max(tx.today()) + Days::new(FORESEEN)));
    if !faults.is_empty() {
        return Err(Error::invalid(faults));
    }
    let number = last.version + 1;
    let ends = indicator_definitions::table
        .filter(indicator_definitions::indicator_id.eq(id))
        .filter(indicator_definitions::number.eq(last.version));
    diesel::update(ends).set(indicator_definitions::valid_to.eq(new.valid_from)).execute(tx.conn)?;
    insert(tx, id, number, new)?;
    let row = indicators::table.filter(indicators::id.eq(id));
    diesel::update(row).set((indicators::version.eq(indicators::version + 1), indicators::updated_at.eq(tx.now()))).execute(tx.conn)?;
    definition(tx, key, number)
}

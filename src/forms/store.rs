//! Queries on report forms: part of the catalogue, readable by whoever is signed in.

use std::collections::HashMap;

use diesel::dsl::{InnerJoinQuerySource, count_star};
use diesel::prelude::*;

use super::model::{AskedIndicator, FormFilters, FormIndicator, FormPatch, FormSection, NewForm, NewFormIndicator, ReportForm};
use crate::clock::Instant;
use crate::db::page::{CursorValue, Page, PageRequest, keyset};
use crate::db::schema::{indicators, report_form_versions, report_forms};
use crate::db::{Conn, Db, Tx, by_key, each};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::ids::of::Indicator;
use crate::ids::{FormId, Id, IndicatorId, Key};
use crate::indicators::store::referred as referred_indicator;
use crate::refs::{self, CatalogueRef, Named};
use crate::text;

type Joined = InnerJoinQuerySource<report_forms::table, report_form_versions::table>;

#[derive(Debug, Queryable)]
struct Row {
    id: FormId,
    code: String,
    number: i64,
    titles: (String, String),
    sections: String,
    indicators: String,
    created_at: Instant,
    updated_at: Instant,
}

/// Forms, each by its last version, to be narrowed and read. A macro, because the type has no name.
macro_rules! latest {
    () => {
        report_forms::table.inner_join(report_form_versions::table).filter(report_form_versions::number.eq(report_forms::version))
    };
}

macro_rules! columns {
    () => {
        (
            report_forms::id,
            report_forms::code,
            report_form_versions::number,
            (report_form_versions::title_vi, report_form_versions::title_en),
            report_form_versions::sections,
            report_form_versions::indicators,
            report_forms::created_at,
            report_form_versions::created_at,
        )
    };
}

fn filled(db: &mut Db<'_>, rows: Vec<Row>) -> Result<Vec<ReportForm>> {
    let mut asked: Vec<Vec<AskedIndicator>> = Vec::with_capacity(rows.len());
    for row in &rows {
        asked.push(serde_json::from_str(&row.indicators)?);
    }
    let ids: Vec<IndicatorId> = asked.iter().flatten().map(|one| one.indicator).collect();
    let named: Vec<Named<Indicator>> = indicators::table
        .filter(indicators::id.eq_any(ids))
        .select((indicators::id, indicators::code, indicators::title_vi, indicators::title_en))
        .load(db.conn)?;
    let named: HashMap<IndicatorId, CatalogueRef> = named.into_iter().map(|one| (one.0, CatalogueRef::of(one))).collect();
    rows.into_iter()
        .zip(asked)
        .map(|(row, asked)| {
            let shown = |one: AskedIndicator| {
                let indicator = named.get(&one.indicator)?.clone();
                Some(FormIndicator { indicator, kinds: one.kinds, levels: one.levels, required: one.required })
            };
            Ok(ReportForm {
                id: row.id,
                code: row.code,
                title_vi: row.titles.0,
                title_en: row.titles.1,
                sections: serde_json::from_str(&row.sections)?,
                indicators: asked.into_iter().filter_map(shown).collect(),
                version: row.number,
                created_at: row.created_at,
                updated_at: row.updated_at,
            })
        })
        .collect()
}

/// The form with this key, by its last version.
///
/// # Errors
/// 404 if there is none.
pub fn get(db: &mut Db<'_>, key: &Key) -> Result<ReportForm> {
    find(db, key)?.ok_or_else(Error::not_found)
}

/// [`get`], where nothing is no fault.
///
/// # Errors
/// Database errors.
pub fn find(db: &mut Db<'_>, key: &Key) -> Result<Option<ReportForm>> {
    let row: Option<Row> = by_key!(latest!().select(columns!()).into_boxed(), key, report_forms).first(db.conn).optional()?;
    Ok(filled(db, row.into_iter().collect())?.pop())
}

/// Every version of a form, the first one first.
///
/// # Errors
/// 404 if there is no such form.
pub fn versions(db: &mut Db<'_>, key: &Key) -> Result<Vec<ReportForm>> {
    let versions = report_forms::table.inner_join(report_form_versions::table).select(columns!()).into_boxed();
    let rows: Vec<Row> = by_key!(versions, key, report_forms).order_by(report_form_versions::number).load(db.conn)?;
    if rows.is_empty() { Err(Error::not_found()) } else { filled(db, rows) }
}

/// What a version of a form asks.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The title of the version in Vietnamese.
    pub title_vi: String,
    /// What is told in words.
    pub sections: Vec<FormSection>,
    /// What is told in numbers.
    pub indicators: Vec<AskedIndicator>,
}

/// What a version of a form asks.
///
/// # Errors
/// Database errors.
pub fn asked(db: &mut Db<'_>, form: FormId, number: i64) -> Result<Asked> {
    let (title_vi, sections, asked): (String, String, String) = report_form_versions::table
        .filter(report_form_versions::form_id.eq(form))
        .filter(report_form_versions::number.eq(number))
        .select((report_form_versions::title_vi, report_form_versions::sections, report_form_versions::indicators))
        .first(db.conn)?;
    Ok(Asked { title_vi, sections: serde_json::from_str(&sections)?, indicators: serde_json::from_str(&asked)? })
}

/// The form that a text names; `fault` is told where it names nothing.
///
/// # Errors
/// Database errors.
pub fn referred(db: &mut Db<'_>, fault: Fault, text: &str, faults: &mut Vec<Fault>) -> Result<Option<ReportForm>> {
    refs::referred(text, fault, faults, |key| find(db, key))
}

/// A page of forms.
///
/// # Errors
/// Database errors.
pub fn list(db: &mut Db<'_>, _: &FormFilters, q: Option<&str>, since: Option<Instant>, page: &PageRequest) -> Result<Page<ReportForm>> {
    let narrowed = || {
        let mut query = latest!().into_boxed();
        if let Some(q) = q {
            query = query.filter(report_forms::title_key.like(text::like(q)));
        }
        if let Some(since) = since {
            query = query.filter(report_forms::updated_at.ge(since));
        }
        query
    };
    let total = if page.count { Some(narrowed().select(count_star()).first(db.conn)?) } else { None };
    let query = keyset!(narrowed().select(columns!()), page, Joined, {
        "code" => report_forms::code: String, "updated_at" => report_forms::updated_at: Instant,
    }, report_forms::id);
    let rows: Vec<Row> = query.load(db.conn)?;
    let (rows, empty) = Page::cut(rows, page, total, |row: &Row, name| match name {
        "code" => row.code.write(),
        "updated_at" => row.updated_at.write(),
        _ => row.id.write(),
    })
    .split();
    Ok(empty.with(filled(db, rows)?))
}

/// What a version is to say, with all that it names looked up.
#[derive(Clone, Debug)]
pub struct Words {
    /// Its title in Vietnamese.
    pub title_vi: String,
    /// Its title in English.
    pub title_en: String,
    /// What is told in words.
    pub sections: Vec<FormSection>,
    /// What is told in numbers.
    pub indicators: Vec<AskedIndicator>,
}

fn resolve(db: &mut Db<'_>, new: &[NewFormIndicator], faults: &mut Vec<Fault>) -> Result<Vec<AskedIndicator>> {
    let mut resolved: Vec<AskedIndicator> = Vec::with_capacity(new.len());
    for (index, one) in new.iter().enumerate() {
        let unknown = Fault::at(format!("/indicators/{index}/indicator"), FaultCode::UnknownReference);
        let Some(indicator) = referred_indicator(db, unknown, &one.indicator, faults)? else { continue };
        if resolved.iter().any(|other| other.indicator == indicator) {
            faults.push(Fault::at(format!("/indicators/{index}"), FaultCode::DuplicateRow));
        }
        resolved.push(AskedIndicator { indicator, kinds: one.kinds.clone(), levels: one.levels.clone(), required: one.required });
    }
    Ok(resolved)
}

fn faults_of_sections(sections: &[FormSection]) -> impl Iterator<Item = Fault> {
    let twice = |(index, section): &(usize, &FormSection)| sections.iter().take(*index).any(|other| other.key == section.key);
    sections.iter().enumerate().filter(twice).map(|(index, _)| Fault::at(format!("/sections/{index}"), FaultCode::DuplicateRow))
}

impl Words {
    /// What a new form says.
    ///
    /// # Errors
    /// 422 with every fault.
    pub fn of(db: &mut Db<'_>, new: &NewForm) -> Result<Self> {
        let patch = FormPatch {
            title_vi: Some(new.title_vi.clone()),
            title_en: Some(new.title_en.clone()),
            sections: Some(new.sections.clone()),
            indicators: Some(new.indicators.clone()),
        };
        let nothing = Self { title_vi: String::new(), title_en: String::new(), sections: Vec::new(), indicators: Vec::new() };
        nothing.after(db, &patch)
    }

    /// What a form says as it stands.
    #[must_use]
    pub fn now(form: &ReportForm) -> Self {
        let kept = |one: &FormIndicator| AskedIndicator {
            indicator: one.indicator.id.of(),
            kinds: one.kinds.clone(),
            levels: one.levels.clone(),
            required: one.required,
        };
        Self {
            title_vi: form.title_vi.clone(),
            title_en: form.title_en.clone(),
            sections: form.sections.clone(),
            indicators: form.indicators.iter().map(kept).collect(),
        }
    }

    /// What it says after a change.
    ///
    /// # Errors
    /// 422 with every fault.
    pub fn after(self, db: &mut Db<'_>, patch: &FormPatch) -> Result<Self> {
        let mut faults = Vec::new();
        faults.extend(faults_of_sections(patch.sections.as_deref().unwrap_or_default()));
        let indicators = patch.indicators.as_deref().map(|new| resolve(db, new, &mut faults)).transpose()?;
        if !faults.is_empty() {
            return Err(Error::invalid(faults));
        }
        Ok(Self {
            title_vi: patch.title_vi.clone().unwrap_or(self.title_vi),
            title_en: patch.title_en.clone().unwrap_or(self.title_en),
            sections: patch.sections.clone().unwrap_or(self.sections),
            indicators: indicators.unwrap_or(self.indicators),
        })
    }
}

fn insert_version(tx: &mut Tx<'_>, form: FormId, number: i64, words: &Words) -> Result<()> {
    let row = (
        report_form_versions::form_id.eq(form),
        report_form_versions::number.eq(number),
        report_form_versions::title_vi.eq(&words.title_vi),
        report_form_versions::title_en.eq(&words.title_en),
        report_form_versions::sections.eq(serde_json::to_string(&words.sections)?),
        report_form_versions::indicators.eq(serde_json::to_string(&words.indicators)?),
        report_form_versions::created_at.eq(tx.now()),
    );
    diesel::insert_into(report_form_versions::table).values(row).execute(tx.conn)?;
    Ok(())
}

/// Records a form with its first version.
///
/// # Errors
/// 409 `duplicate` for a code that is taken.
pub fn insert(tx: &mut Tx<'_>, code: &str, words: &Words) -> Result<FormId> {
    let (id, now): (FormId, Instant) = (Id::new(), tx.now());
    let row = (
        report_forms::id.eq(id),
        report_forms::code.eq(code),
        report_forms::title_key.eq(text::fold(&words.title_vi)),
        report_forms::version.eq(1_i64),
        report_forms::created_at.eq(now),
        report_forms::updated_at.eq(now),
    );
    let conn = &mut *tx.conn;
    let inserted =
        each!(conn => diesel::insert_into(report_forms::table).values(row).on_conflict(report_forms::code).do_nothing().execute(conn))?;
    if inserted == 0 {
        return Err(Error::duplicate("/code"));
    }
    insert_version(tx, id, 1, words)?;
    Ok(id)
}

/// A form whose row is locked until the end of the transaction.
pub struct Locked {
    /// The form as it stands.
    pub form: ReportForm,
}

/// Locks a form.
///
/// # Errors
/// 404 if there is none.
pub fn lock(tx: &mut Tx<'_>, key: &Key) -> Result<Locked> {
    let id = get(tx, key)?.id;
    if let Conn::Pg(pg) = &mut *tx.conn {
        let _: FormId = report_forms::table.filter(report_forms::id.eq(id)).select(report_forms::id).for_no_key_update().first(pg)?;
    }
    Ok(Locked { form: get(tx, &Key::from(id))? })
}

/// Makes a new version of a form.
///
/// # Errors
/// Database errors.
pub fn update(tx: &mut Tx<'_>, locked: &Locked, words: &Words) -> Result<()> {
    let number = locked.form.version + 1;
    insert_version(tx, locked.form.id, number, words)?;
    let change =
        (report_forms::version.eq(number), report_forms::title_key.eq(text::fold(&words.title_vi)), report_forms::updated_at.eq(tx.now()));
    diesel::update(report_forms::table.filter(report_forms::id.eq(locked.form.id))).set(change).execute(tx.conn)?;
    Ok(())
}

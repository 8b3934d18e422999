//! The plan as data, embedded from `data/` and loaded on first start; loading it again changes nothing.

use std::collections::HashMap;

use serde::Deserialize;

use crate::db::{TreeWrite, Tx};
use crate::documents::model::NewDocument;
use crate::error::{Error, Result};
use crate::forms::model::NewForm;
use crate::ids::{Id, IndicatorId, Key, TaskId, UnitId};
use crate::indicators::model::{NewIndicator, NewTarget};
use crate::journal::{self, Entry};
use crate::localities::store::NewLocality;
use crate::periods::rules::Calendar;
use crate::plans::model::NewPlan;
use crate::plans::store::KeptTarget;
use crate::tasks::model::{NewGroup, NewTask};
use crate::units::model::{Kind, UnitType};
use crate::units::store::{NewRow, SpellRow};
use crate::{documents, forms, indicators, localities, periods, plans, tasks, units};

/// The code of the department.
pub const DEPARTMENT: &str = "SGD";

/// The code of the province.
const PROVINCE: &str = "P17";

#[derive(Deserialize)]
struct Localities {
    province: Place,
    districts: Vec<Place>,
    communes: Vec<Place>,
}

#[derive(Deserialize)]
struct Place {
    code: String,
    name: String,
    gso: String,
    district: Option<String>,
}

/// Loads what is not there yet, part by part: a database that was begun by an older program gets what that did not have.
///
/// # Errors
/// 500 if the data cannot be read, and database errors.
pub fn load(tx: &mut Tx<'_>) -> Result<()> {
    // Of several instances that start at once one loads, and the others find it done.
    let tree = tx.take_tree()?;
    let mut loaded: Vec<&str> = Vec::new();
    if localities::store::find_id(tx, &Key::Code(PROVINCE.to_owned()))?.is_none() {
        load_localities(tx)?;
        loaded.push("localities");
    }
    let department = if let Some(department) = units::store::find_by_code(tx, DEPARTMENT)? {
        department
    } else {
        loaded.push("department");
        load_department(tx, &tree)?
    };
    if periods::store::find(tx, "2025")?.is_none() {
        load_periods(tx)?;
        load_documents(tx)?;
        let (indicators, set) = load_indicators(tx, department)?;
        let work = load_tasks(tx, &indicators)?;
        let plan: NewPlan = serde_json::from_str(include_str!("data/plan.json"))?;
        plans::store::insert_department_plan(tx, department, &plan, &work, &set)?;
        loaded.push("plan");
        // Units and localities that were there before anybody counted them.
        crate::sums::collectors::rebuild(tx)?;
    }
    let forms: Vec<NewForm> = serde_json::from_str(include_str!("data/forms.json"))?;
    for form in &forms {
        if forms::store::find(tx, &Key::Code(form.code.clone()))?.is_none() {
            let words = forms::store::Words::of(tx, form)?;
            forms::store::insert(tx, &form.code, &words)?;
            loaded.push("form");
        }
    }
    if loaded.is_empty() {
        return Ok(());
    }
    let entry = Entry::new("catalogue.load", None, "catalogue", department.any());
    let entry = entry.told(None, Some(&serde_json::json!({ "loaded": loaded })), None)?;
    journal::append(tx, Entry { unit: Some(department), resource: None, ..entry })
}

fn load_localities(tx: &mut Tx<'_>) -> Result<()> {
    let places: Localities = serde_json::from_str(include_str!("data/localities.json"))?;
    localities::store::insert(tx, &place(&places.province, "province", None))?;
    for district in &places.districts {
        localities::store::insert(tx, &place(district, "district", Some(&places.province.code)))?;
    }
    for commune in &places.communes {
        localities::store::insert(tx, &place(commune, "commune", commune.district.as_deref()))?;
    }
    Ok(())
}

fn place<'p>(place: &'p Place, rank: &'static str, parent: Option<&'p str>) -> NewLocality<'p> {
    NewLocality { code: &place.code, name: &place.name, rank, gso: &place.gso, parent }
}

fn load_periods(tx: &mut Tx<'_>) -> Result<()> {
    let calendar: Calendar = serde_json::from_str(include_str!("data/periods.json"))?;
    calendar.periods().iter().try_for_each(|period| periods::store::insert(tx, period))
}

fn load_documents(tx: &mut Tx<'_>) -> Result<()> {
    let cited: Vec<NewDocument> = serde_json::from_str(include_str!("data/documents.json"))?;
    cited.iter().try_for_each(|document| documents::store::insert(tx, document))
}

fn load_department(tx: &mut Tx<'_>, tree: &TreeWrite) -> Result<UnitId> {
    let province = localities::store::find_id(tx, &Key::Code(PROVINCE.to_owned()))?;
    let id: UnitId = Id::new();
    let row = NewRow {
        id,
        code: DEPARTMENT.to_owned(),
        kind: Kind::Department,
        unit_type: UnitType::Department,
        external_codes: Vec::new(),
        valid_from: localities::store::KNOWN_SINCE,
        spell: SpellRow {
            name: "Sở Giáo dục và Đào tạo tỉnh Hòa Bình".to_owned(),
            short_name: Some("Sở Giáo dục và Đào tạo".to_owned()),
            parent: None,
            locality: province,
            levels: Vec::new(),
            ownership: None,
        },
    };
    units::store::insert(tx, tree, &row)?;
    Ok(id)
}

/// Indicators by code, and the targets that the plan sets for them.
fn load_indicators(tx: &mut Tx<'_>, department: UnitId) -> Result<(HashMap<String, IndicatorId>, Vec<KeptTarget>)> {
    let measured: Vec<NewIndicator> = serde_json::from_str(include_str!("data/indicators.json"))?;
    let mut loaded = HashMap::with_capacity(measured.len());
    let mut set = Vec::new();
    for new in &measured {
        let indicator = indicators::store::insert(tx, new, department)?;
        let kept = |target: &NewTarget| {
            let (year, operator, value) = (target.year, target.operator, target.value);
            KeptTarget { indicator, year, operator, value, reason: None, replaces: None }
        };
        set.extend(new.targets.iter().map(kept));
        loaded.insert(new.code.clone(), indicator);
    }
    Ok((loaded, set))
}

/// Groups and tasks; answers the tasks with their titles, in the order of the plan.
fn load_tasks(tx: &mut Tx<'_>, indicators: &HashMap<String, IndicatorId>) -> Result<Vec<(TaskId, String)>> {
    let seven: Vec<NewGroup> = serde_json::from_str(include_str!("data/groups.json"))?;
    let mut groups = HashMap::with_capacity(seven.len());
    for group in &seven {
        groups.insert(group.code.clone(), tasks::store::insert_group(tx, group)?);
    }
    let all: Vec<NewTask> = serde_json::from_str(include_str!("data/tasks.json"))?;
    let missing = |what: &str| Error::internal(format!("the catalogue names {what}, which it does not have"));
    let mut loaded = Vec::with_capacity(all.len());
    for task in &all {
        let group = groups.get(&task.group).copied().ok_or_else(|| missing(&task.group))?;
        let serves = task.indicators.iter().map(|code| indicators.get(code).copied().ok_or_else(|| missing(code)));
        let serves = serves.collect::<Result<Vec<_>>>()?;
        loaded.push((tasks::store::insert(tx, task, group, &serves)?, task.title_vi.clone()));
    }
    Ok(loaded)
}

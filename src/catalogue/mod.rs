//! The plan as data, embedded from `data/` and loaded on first start; loading it again changes nothing.

use serde::Deserialize;

use crate::db::Tx;
use crate::error::Result;
use crate::ids::{Id, UnitId};
use crate::localities::store::NewLocality;
use crate::units::model::{Kind, UnitType};
use crate::units::store::{NewRow, SpellRow};
use crate::{localities, units};

/// The code of the department.
pub const DEPARTMENT: &str = "SGD";

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

/// Loads what is not there yet.
///
/// # Errors
/// 500 if the data cannot be read, and database errors.
pub fn load(tx: &mut Tx<'_>) -> Result<()> {
    if units::store::find_by_code(tx, DEPARTMENT)?.is_some() {
        return Ok(());
    }
    load_localities(tx)?;
    load_department(tx)
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

fn load_department(tx: &mut Tx<'_>) -> Result<()> {
    let province = localities::store::referred(tx, "", Some("P17"), &mut Vec::new())?;
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
    units::store::insert(tx, &row)
}

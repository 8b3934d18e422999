//! The units of the demo: the department's divisions, ten district offices, and schools spread over types as the province's 520 were
//! at the opening of school year 2024-2025 (222 preschools, 27 primary schools, 194 primary and lower-secondary ones, …).

use chrono::NaiveDate;
use serde::Deserialize;

use crate::catalogue::DEPARTMENT;
use crate::db::{TreeWrite, Tx};
use crate::error::{Error, Result};
use crate::ids::{Id, Key};
use crate::localities;
use crate::units::model::{Kind, Level, Ownership, UnitType};
use crate::units::rules;
use crate::units::store::{NewRow, SpellRow, find_by_code, insert as insert_unit};

/// A unit to be made.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its code.
    pub code: String,
    /// What it is.
    pub kind: Kind,
    /// Its type.
    pub unit_type: UnitType,
    /// Its name.
    pub name: String,
    /// The code of the unit above it.
    pub parent: String,
    /// The code of where it lies.
    pub locality: String,
    /// Who owns it.
    pub ownership: Option<Ownership>,
}

impl Made {
    /// Whether it teaches this level.
    pub fn teaches(&self, level: Level) -> bool {
        rules::levels(self.unit_type).contains(&level)
    }
}

/// A commune of the catalogue.
#[derive(Clone, Debug, Deserialize)]
pub struct Commune {
    /// Its code.
    pub code: String,
    name: String,
    district: String,
}

impl Commune {
    /// The code of the office in charge of it.
    pub fn office(&self) -> Result<String> {
        district(&self.district).map(|district| format!("PGD-{}", district.short))
    }

    fn bare(&self) -> &str {
        ["Xã ", "Phường ", "Thị trấn "].iter().find_map(|rank| self.name.strip_prefix(rank)).unwrap_or(&self.name)
    }
}

/// The communes of the catalogue.
pub fn communes() -> Result<Vec<Commune>> {
    #[derive(Deserialize)]
    struct Places {
        communes: Vec<Commune>,
    }
    let places: Places = serde_json::from_str(include_str!("../catalogue/data/localities.json"))?;
    Ok(places.communes)
}

struct District {
    code: &'static str,
    short: &'static str,
    name: &'static str,
}

const DISTRICTS: [District; 10] = [
    District { code: "D150", short: "DB", name: "huyện Đà Bắc" },
    District { code: "D156", short: "MC", name: "huyện Mai Châu" },
    District { code: "D148", short: "HB", name: "thành phố Hòa Bình" },
    District { code: "D152", short: "LG", name: "huyện Lương Sơn" },
    District { code: "D153", short: "KB", name: "huyện Kim Bôi" },
    District { code: "D154", short: "CP", name: "huyện Cao Phong" },
    District { code: "D155", short: "TL", name: "huyện Tân Lạc" },
    District { code: "D157", short: "LC", name: "huyện Lạc Sơn" },
    District { code: "D158", short: "YT", name: "huyện Yên Thủy" },
    District { code: "D159", short: "LT", name: "huyện Lạc Thủy" },
];

fn district(code: &str) -> Result<&'static District> {
    DISTRICTS.iter().find(|district| district.code == code).ok_or_else(|| Error::internal(format!("no district {code}")))
}

const DIVISIONS: [(&str, &str); 10] = [
    ("VP", "Văn phòng Sở"),
    ("TTR", "Thanh tra Sở"),
    ("TCCB", "Phòng Tổ chức cán bộ"),
    ("KHTC", "Phòng Kế hoạch - Tài chính"),
    ("GDMN", "Phòng Giáo dục Mầm non"),
    ("GDTH", "Phòng Giáo dục Tiểu học"),
    ("GDTRH", "Phòng Giáo dục Trung học"),
    ("GDTX", "Phòng Giáo dục Thường xuyên"),
    ("QLCL", "Phòng Quản lý chất lượng"),
    ("CT", "Phòng Chính trị"),
];

/// A type of school: the prefix of its codes, its name, how many of 520 there are, and whether the department is above it.
struct Sort {
    prefix: &'static str,
    unit_type: UnitType,
    name: &'static str,
    share: usize,
    provincial: bool,
}

const fn sort(prefix: &'static str, unit_type: UnitType, name: &'static str, share: usize, provincial: bool) -> Sort {
    Sort { prefix, unit_type, name, share, provincial }
}

/// More of them where there are more schools.
const MANY: [Sort; 8] = [
    sort("MN", UnitType::Preschool, "Trường Mầm non", 222, false),
    sort("TH", UnitType::Primary, "Trường Tiểu học", 27, false),
    sort("TS", UnitType::PrimaryLowerSecondary, "Trường Tiểu học và Trung học cơ sở", 185, false),
    sort("BTS", UnitType::SemiBoardingPrimaryLowerSecondary, "Trường Phổ thông dân tộc bán trú Tiểu học và Trung học cơ sở", 9, false),
    sort("THCS", UnitType::LowerSecondary, "Trường Trung học cơ sở", 23, false),
    sort("BT", UnitType::SemiBoardingLowerSecondary, "Trường Phổ thông dân tộc bán trú Trung học cơ sở", 3, false),
    sort("NT", UnitType::BoardingLowerUpperSecondary, "Trường Phổ thông dân tộc nội trú Trung học cơ sở và Trung học phổ thông", 11, true),
    sort("THPT", UnitType::UpperSecondary, "Trường Trung học phổ thông", 34, true),
];

/// One of each, with the whole name.
const ONE: [(&str, UnitType, Kind, &str, bool); 6] = [
    ("NT-DB-THCS", UnitType::BoardingLowerSecondary, Kind::School, "Trường Phổ thông dân tộc nội trú Trung học cơ sở Đà Bắc", false),
    ("NT-TINH", UnitType::BoardingUpperSecondary, Kind::School, "Trường Phổ thông dân tộc nội trú Trung học phổ thông tỉnh Hòa Bình", true),
    ("THPT-HVT", UnitType::GiftedUpperSecondary, Kind::School, "Trường Trung học phổ thông chuyên Hoàng Văn Thụ", true),
    ("LC-001", UnitType::AllLevels, Kind::School, "Trường Phổ thông liên cấp Hòa Bình", true),
    ("GDTX-TINH", UnitType::ContinuingCentre, Kind::Centre, "Trung tâm Giáo dục thường xuyên tỉnh Hòa Bình", true),
    ("CDSP", UnitType::College, Kind::College, "Trường Cao đẳng Sư phạm Hòa Bình", true),
];

/// Private preschools among 222.
const PRIVATE: usize = 8;

/// The offices, and the schools below them and below the department.
pub fn plan(rng: &mut fastrand::Rng, schools: usize) -> Result<(Vec<Made>, Vec<Made>)> {
    let mut offices: Vec<Made> = DIVISIONS
        .iter()
        .map(|(code, name)| unit(format!("SGD-{code}"), Kind::Division, UnitType::Division, (*name).to_owned(), DEPARTMENT, "P17"))
        .collect();
    offices.extend(DISTRICTS.iter().map(|district| {
        let name = format!("Phòng Giáo dục và Đào tạo {}", district.name);
        unit(format!("PGD-{}", district.short), Kind::DistrictOffice, UnitType::DistrictOffice, name, DEPARTMENT, district.code)
    }));

    let mut communes = communes()?;
    let mut made: Vec<Made> = Vec::with_capacity(schools);
    for (code, unit_type, kind, name, provincial) in ONE {
        let parent = if provincial { DEPARTMENT.to_owned() } else { "PGD-DB".to_owned() };
        let place = if provincial { "D148" } else { "D150" };
        let commune = communes.iter().find(|commune| commune.district == place).ok_or_else(|| Error::internal("no commune"))?;
        made.push(unit(code.to_owned(), kind, unit_type, name.to_owned(), &parent, &commune.code));
    }
    let shares: Vec<i64> = MANY.iter().map(|sort| i64::try_from(sort.share).unwrap_or_default()).collect();
    let left = i64::try_from(schools.saturating_sub(ONE.len())).unwrap_or_default();
    for (sort, count) in MANY.iter().zip(split(left, &shares)) {
        rng.shuffle(&mut communes);
        made.extend(of_sort(sort, usize::try_from(count).unwrap_or_default(), &communes)?);
    }
    Ok((offices, made))
}

fn of_sort(sort: &Sort, count: usize, communes: &[Commune]) -> Result<Vec<Made>> {
    let mut numbers: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    let private = if sort.unit_type == UnitType::Preschool { count * PRIVATE / sort.share } else { 0 };
    let mut made = Vec::with_capacity(count);
    for (index, commune) in communes.iter().cycle().take(count).enumerate() {
        let area = district(&commune.district)?.short;
        let number = numbers.entry(area.to_owned()).or_default();
        *number += 1;
        let round = index / communes.len();
        let end = if round == 0 { String::new() } else { format!(" số {}", round + 1) };
        let parent = if sort.provincial { DEPARTMENT.to_owned() } else { format!("PGD-{area}") };
        let code = format!("{}-{area}-{number:03}", sort.prefix);
        let mut school = unit(code, Kind::School, sort.unit_type, format!("{} {}{end}", sort.name, commune.bare()), &parent, &commune.code);
        if index < private {
            school.ownership = Some(Ownership::Private);
        }
        made.push(school);
    }
    Ok(made)
}

fn unit(code: String, kind: Kind, unit_type: UnitType, name: String, parent: &str, locality: &str) -> Made {
    let ownership = matches!(kind, Kind::School | Kind::Centre | Kind::College).then_some(Ownership::Public);
    Made { code, kind, unit_type, name, parent: parent.to_owned(), locality: locality.to_owned(), ownership }
}

/// Splits a whole by shares, so that the parts add up to it: the largest remainders get what is left.
pub fn split(whole: i64, shares: &[i64]) -> Vec<i64> {
    let total: i64 = shares.iter().sum::<i64>().max(1);
    let mut parts: Vec<i64> = shares.iter().map(|share| whole * share / total).collect();
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(shares.get(*index).map_or(0, |share| whole * share % total)));
    let mut left = whole - parts.iter().sum::<i64>();
    for index in order {
        if left > 0
            && let Some(part) = parts.get_mut(index)
        {
            *part += 1;
            left -= 1;
        }
    }
    parts
}

/// Records a unit.
pub fn insert(tx: &mut Tx<'_>, tree: &TreeWrite, made: &Made) -> Result<()> {
    let parent = find_by_code(tx, &made.parent)?;
    let locality = localities::store::find_id(tx, &Key::Code(made.locality.clone()))?;
    let valid_from = if made.kind == Kind::School { NaiveDate::from_ymd_opt(2010, 9, 1) } else { None };
    let row = NewRow {
        id: Id::new(),
        code: made.code.clone(),
        kind: made.kind,
        unit_type: made.unit_type,
        external_codes: Vec::new(),
        valid_from: valid_from.unwrap_or(localities::store::KNOWN_SINCE),
        spell: SpellRow {
            name: made.name.clone(),
            short_name: None,
            parent,
            locality,
            levels: rules::levels(made.unit_type).to_vec(),
            ownership: made.ownership,
        },
    };
    insert_unit(tx, tree, &row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_has_as_many_schools_as_it_is_asked_for() {
        for (asked, preschools) in [(520, 222), (60, 23), (5000, 2157)] {
            let (offices, schools) = plan(&mut fastrand::Rng::with_seed(1), asked).expect("plans");
            assert_eq!((offices.len(), schools.len()), (20, asked));
            let of = |unit_type| schools.iter().filter(|school| school.unit_type == unit_type).count();
            assert_eq!(of(UnitType::Preschool), preschools);
            let mut codes: Vec<&str> = schools.iter().map(|school| school.code.as_str()).collect();
            codes.sort_unstable();
            codes.dedup();
            assert_eq!(codes.len(), asked);
        }
    }
}

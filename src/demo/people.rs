//! The people of the demo: made up, of each role and duty, with passwords that nobody can guess.

use std::sync::Arc;

use serde::Serialize;

use super::province::Made;
use super::rounds::Staff;
use crate::access::caller;
use crate::access::policy::{Duties, Duty, Role};
use crate::access::scope::Scope;
use crate::access::token;
use crate::access::vault::Vault;
use crate::catalogue::DEPARTMENT;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::ids::{Id, UnitId, UserId};
use crate::totp;
use crate::units::model::{Kind, UnitType};
use crate::units::store::find_by_code;
use crate::users::model::NewUser;
use crate::users::store;

/// Where a person of the demo works.
#[derive(Clone, Debug, Serialize)]
pub struct Workplace {
    /// Its id.
    pub id: UnitId,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
}

/// What lets a person of the demo in, as the credentials file has it.
#[derive(Clone, Debug, Serialize)]
pub struct Credential {
    /// The name for signing in.
    pub username: String,
    /// The password.
    pub password: String,
    /// The secret of the second factor, for those who have one.
    pub totp_secret: Option<String>,
    /// From the kind of its unit.
    pub role: Role,
    /// What it may do there.
    pub duties: Vec<Duty>,
    /// Where.
    pub unit: Workplace,
}

/// A person to be made.
pub struct Person {
    username: String,
    full_name: String,
    duties: Vec<Duty>,
    unit: (String, String, Kind),
    /// The password.
    pub password: String,
}

const FAMILY: [&str; 12] = ["Bùi", "Đinh", "Quách", "Nguyễn", "Hà", "Hoàng", "Xa", "Lò", "Trần", "Phạm", "Lê", "Vũ"];
const GIVEN: [&str; 12] = [
    "Thị Hoà",
    "Văn Thuỷ",
    "Thị Hường",
    "Đức Mạnh",
    "Thị Ánh",
    "Quốc Đạt",
    "Thị Yến",
    "Văn Ước",
    "Thuý Quỳnh",
    "Minh Khuê",
    "Thị Ơn",
    "Hữu Nghĩa",
];

/// People of the department, of two districts, of schools in both and of one upper-secondary school: one of each duty in each unit,
/// an editor of Văn phòng Sở, and for each role one who holds all duties.
pub fn people(offices: &[Made], schools: &[Made]) -> Result<Vec<Person>> {
    let missing = || Error::internal("the demo lacks a unit for its people");
    let place = |made: &Made| (made.code.clone(), made.name.clone(), made.kind);
    let department = (DEPARTMENT.to_owned(), "Sở Giáo dục và Đào tạo tỉnh Hòa Bình".to_owned(), Kind::Department);
    let districts: Vec<&Made> = offices.iter().filter(|office| office.kind == Kind::DistrictOffice).take(2).collect();
    let [first, second] = districts.as_slice() else { return Err(missing()) };
    let is_preschool = |school: &&Made| school.unit_type == UnitType::Preschool;
    let mut below = schools.iter().filter(|school| school.parent == first.code);
    let preschool = below.clone().find(is_preschool).ok_or_else(missing)?;
    let other = below.find(|school| !is_preschool(school)).ok_or_else(missing)?;
    let elsewhere = schools.iter().filter(|school| school.parent == second.code).find(is_preschool).ok_or_else(missing)?;
    let upper = schools.iter().find(|school| school.unit_type == UnitType::GiftedUpperSecondary).ok_or_else(missing)?;
    let secretariat = offices.iter().find(|office| office.code == "SGD-VP").ok_or_else(missing)?;

    let mut people = Vec::new();
    let staffed = [department.clone(), place(first), place(second), place(preschool), place(other), place(elsewhere), place(upper)];
    for unit in &staffed {
        for duty in Duty::ALL {
            people.push(person(people.len(), unit.clone(), duty.as_str(), &[*duty])?);
        }
    }
    people.push(person(people.len(), place(secretariat), "editor", &[Duty::Editor])?);
    for unit in [department, place(first), place(preschool)] {
        people.push(person(people.len(), unit, "all", Duty::ALL)?);
    }
    Ok(people)
}

fn person(index: usize, unit: (String, String, Kind), what: &str, duties: &[Duty]) -> Result<Person> {
    let pick = |from: &[&str], at: usize| from.get(at % from.len().max(1)).copied().unwrap_or_default().to_owned();
    let (secret, _) = token::opaque()?;
    Ok(Person {
        username: format!("{}.{what}", unit.0.to_lowercase()),
        full_name: format!("{} {}", pick(&FAMILY, index), pick(&GIVEN, index * 5 + index / 12)),
        duties: duties.to_vec(),
        unit,
        // 144 bits of randomness, longer than the shortest that is taken.
        password: secret.chars().take(24).collect(),
    })
}

/// Records a person who can sign in at once. Answers how, and the person as the door would know it.
pub fn insert(tx: &mut Tx<'_>, vault: &Vault, person: &Person, hash: &str) -> Result<(Credential, Staff)> {
    let id: UserId = Id::new();
    let (code, name, kind) = person.unit.clone();
    let unit = find_by_code(tx, &code)?.ok_or_else(|| Error::internal(format!("no unit {code}")))?;
    let new = NewUser {
        username: person.username.clone(),
        full_name: person.full_name.clone(),
        email: None,
        position: None,
        unit: code.clone(),
        duties: person.duties.clone(),
    };
    store::insert(tx, id, unit, &new)?;
    store::activate(tx, id, hash)?;
    let totp_secret = if person.duties.contains(&Duty::Admin) { Some(enrol(tx, vault, id)?) } else { None };
    // People of a division have the department's scope.
    let root = if kind == Kind::Division { find_by_code(tx, DEPARTMENT)?.unwrap_or(unit) } else { unit };
    let known = caller::Person {
        id,
        others: Vec::new(),
        session: Id::new(),
        username: person.username.clone(),
        full_name: person.full_name.clone(),
        role: kind.role(),
        duties: Duties::of(&person.duties),
        totp: totp_secret.is_some(),
        lacks_totp: false,
        unit,
        scope: Scope::new(root, unit, tx.today()),
        must_change_password: false,
        app: None,
    };
    let credential = Credential {
        username: person.username.clone(),
        password: person.password.clone(),
        totp_secret,
        role: kind.role(),
        duties: person.duties.clone(),
        unit: Workplace { id: unit, code: code.clone(), name, kind },
    };
    Ok((credential, Staff { person: Arc::new(known), unit: code, kind }))
}

/// Gives an account a second factor that has been used once, long ago. Answers its secret in Base32.
fn enrol(tx: &mut Tx<'_>, vault: &Vault, id: UserId) -> Result<String> {
    let secret = totp::rules::secret()?;
    let sealed = vault.seal(id.bytes(), &secret)?;
    totp::store::enrol(tx, id, &sealed)?;
    totp::store::confirm(tx, id, &sealed, 0, &[])?;
    Ok(totp::rules::totp(&secret, "")?.secret().to_base32())
}

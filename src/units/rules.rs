//! What fits where: pure functions.

use chrono::NaiveDate;

use super::model::{Kind, Level, NewUnit, Unit, UnitPatch, UnitType};
use crate::access::scope::Scope;
use crate::error::{Fault, FaultCode};
use crate::ids::{AnyId, UnitId};
use crate::patch::Field;
use crate::registers::ExternalCode;

/// Where whoever belongs to a unit may act. A division is a part of its department: its people have the department's scope.
#[must_use]
pub fn scope_of(unit: UnitId, kind: Kind, parent: Option<UnitId>, today: NaiveDate) -> Scope {
    let root = if kind == Kind::Division { parent.unwrap_or(unit) } else { unit };
    Scope::new(root, unit, today)
}

/// A unit cannot stand under one that was not there yet: what it recorded would be added up nowhere.
#[must_use]
pub fn fault_of_orphan(pointer: &'static str, parent: &Unit, from: NaiveDate) -> Option<Fault> {
    let first = parent.valid_from.filter(|first| from < *first)?;
    Some(Fault::at(pointer, FaultCode::OutOfRange).with(format!("≥ {first}")))
}

/// Whether a change widens or moves the reach of a unit itself, so that only one above it may make it: its parent, and the territory
/// of an office in charge of one.
#[must_use]
pub fn is_from_above(patch: &UnitPatch, kind: Kind) -> bool {
    patch.parent.is_some() || (kind.is_in_charge() && patch.locality != Field::Absent)
}

/// The types of a kind of unit.
#[must_use]
pub const fn types(kind: Kind) -> &'static [UnitType] {
    use UnitType as T;
    match kind {
        Kind::Department => &[T::Department],
        Kind::Division => &[T::Division],
        Kind::DistrictOffice => &[T::DistrictOffice],
        Kind::CommuneOffice => &[T::CommuneOffice],
        Kind::School => &[
            T::NurseryGroup,
            T::Nursery,
            T::Kindergarten,
            T::Preschool,
            T::Primary,
            T::PrimaryLowerSecondary,
            T::LowerSecondary,
            T::UpperSecondary,
            T::LowerUpperSecondary,
            T::AllLevels,
            T::BoardingLowerSecondary,
            T::BoardingLowerUpperSecondary,
            T::BoardingUpperSecondary,
            T::SemiBoardingPrimaryLowerSecondary,
            T::SemiBoardingLowerSecondary,
            T::GiftedUpperSecondary,
        ],
        Kind::Centre => &[T::ContinuingCentre, T::VocationalContinuingCentre, T::CommunityLearningCentre],
        Kind::College => &[T::College],
    }
}

/// The levels that a type of unit teaches, unless its own are given.
#[must_use]
pub const fn levels(unit_type: UnitType) -> &'static [Level] {
    use Level as L;
    use UnitType as T;
    match unit_type {
        T::Department | T::Division | T::DistrictOffice | T::CommuneOffice => &[],
        T::NurseryGroup | T::Nursery => &[L::Nursery],
        T::Kindergarten => &[L::Kindergarten],
        T::Preschool => &[L::Nursery, L::Kindergarten],
        T::Primary => &[L::Primary],
        T::PrimaryLowerSecondary | T::SemiBoardingPrimaryLowerSecondary => &[L::Primary, L::LowerSecondary],
        T::LowerSecondary | T::BoardingLowerSecondary | T::SemiBoardingLowerSecondary => &[L::LowerSecondary],
        T::UpperSecondary | T::BoardingUpperSecondary | T::GiftedUpperSecondary => &[L::UpperSecondary],
        T::LowerUpperSecondary | T::BoardingLowerUpperSecondary => &[L::LowerSecondary, L::UpperSecondary],
        T::AllLevels => &[L::Primary, L::LowerSecondary, L::UpperSecondary],
        T::ContinuingCentre | T::CommunityLearningCentre => &[L::Continuing],
        T::VocationalContinuingCentre => &[L::Continuing, L::Vocational],
        T::College => &[L::Vocational],
    }
}

/// The kinds of unit that may stand directly above a kind. Commune offices took the district offices' place on 1 July 2025.
#[must_use]
pub const fn parents(kind: Kind) -> &'static [Kind] {
    match kind {
        Kind::Department => &[],
        Kind::Division | Kind::DistrictOffice => &[Kind::Department],
        Kind::CommuneOffice => &[Kind::Department, Kind::DistrictOffice],
        Kind::School | Kind::Centre | Kind::College => &[Kind::Department, Kind::DistrictOffice, Kind::CommuneOffice],
    }
}

/// Faults of a new unit that hang on nothing else.
#[must_use]
pub fn faults_of_new(new: &NewUnit, today: NaiveDate) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !types(new.kind).contains(&new.unit_type) {
        let listed: Vec<&str> = types(new.kind).iter().map(|unit_type| unit_type.as_str()).collect();
        faults.push(Fault::at("/type", FaultCode::NotInList).with(listed.join(", ")));
    }
    if let Some(first) = new.valid_from {
        faults.extend(fault_of_date("/valid_from", first, today));
    }
    if new.code.parse::<AnyId>().is_ok() {
        // An id is looked for first: nothing would ever find this code.
        faults.push(Fault::at("/code", FaultCode::BadFormat).with("UUID"));
    }
    faults.extend(faults_of_codes(&new.external_codes));
    faults
}

/// A fault where a kind may not stand below another.
#[must_use]
pub fn fault_of_parent(kind: Kind, parent: Kind) -> Option<Fault> {
    if parents(kind).contains(&parent) {
        return None;
    }
    let listed: Vec<&str> = parents(kind).iter().map(|kind| kind.as_str()).collect();
    Some(Fault::at("/parent", FaultCode::NotInList).with(listed.join(", ")))
}

/// Units are recorded from 1900 on and planned up to ten years ahead.
#[must_use]
pub fn fault_of_date(pointer: &str, date: NaiveDate, today: NaiveDate) -> Option<Fault> {
    use chrono::Datelike;
    let fits = date.year() >= 1900 && date.year() <= today.year() + 10;
    (!fits).then(|| Fault::at(pointer, FaultCode::OutOfRange).with(format!("1900-01-01 – {}-12-31", today.year() + 10)))
}

/// Faults of dated codes: a time that ends before it begins, and two that hold at once in one register.
#[must_use]
pub fn faults_of_codes(codes: &[ExternalCode]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let ends = |code: &ExternalCode| code.valid_to.unwrap_or(NaiveDate::MAX);
    for (index, code) in codes.iter().enumerate() {
        if ends(code) <= code.valid_from {
            faults.push(Fault::at(format!("/external_codes/{index}/valid_to"), FaultCode::OutOfRange).with("> valid_from"));
        }
        let clash = codes
            .iter()
            .take(index)
            .any(|other| other.scheme == code.scheme && other.valid_from < ends(code) && code.valid_from < ends(other));
        if clash {
            faults.push(Fault::at(format!("/external_codes/{index}"), FaultCode::DuplicateRow));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_belongs_to_one_kind() {
        for unit_type in UnitType::ALL {
            assert_eq!(Kind::ALL.iter().filter(|kind| types(**kind).contains(unit_type)).count(), 1, "{unit_type:?}");
        }
    }

    #[test]
    fn codes_of_one_register_may_follow_each_other_but_not_overlap() {
        let code = |from: &str, to: Option<&str>| ExternalCode {
            scheme: "gso".into(),
            code: "04891".into(),
            valid_from: from.parse().expect("date"),
            valid_to: to.map(|to| to.parse().expect("date")),
        };
        assert!(faults_of_codes(&[code("2004-01-01", Some("2025-07-01")), code("2025-07-01", None)]).is_empty());
        assert_eq!(faults_of_codes(&[code("2004-01-01", None), code("2025-07-01", None)]).len(), 1);
        assert_eq!(faults_of_codes(&[code("2025-07-01", Some("2025-07-01"))]).len(), 1);
    }
}

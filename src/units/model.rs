//! The types of units (`shapes.md` 4).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::policy::Role;
use crate::clock::Instant;
use crate::ids::{DocumentId, UnitId};
use crate::localities::model::LocalityRef;
use crate::patch::Field;
use crate::registers::ExternalCode;
use crate::vocabulary::text_enum;

text_enum! {
    /// What a unit is in the line of management.
    pub enum Kind {
        /// Sở Giáo dục và Đào tạo.
        Department = "department",
        /// Phòng chức năng, chuyên môn, nghiệp vụ of the department.
        Division = "division",
        /// Phòng Giáo dục và Đào tạo of a district, until 30 June 2025.
        DistrictOffice = "district_office",
        /// Phòng Văn hóa – Xã hội of a commune, from 1 July 2025.
        CommuneOffice = "commune_office",
        /// Trường.
        School = "school",
        /// Trung tâm.
        Centre = "centre",
        /// Trường cao đẳng.
        College = "college",
    }
}

impl Kind {
    /// Whether a unit of this kind is in charge of the locality that it lies in; a school only lies there.
    #[must_use]
    pub const fn is_in_charge(self) -> bool {
        matches!(self, Self::Department | Self::DistrictOffice | Self::CommuneOffice)
    }

    /// The role of people who work there.
    #[must_use]
    pub const fn role(self) -> Role {
        match self {
            Self::Department | Self::Division => Role::Department,
            Self::DistrictOffice | Self::CommuneOffice => Role::District,
            Self::School | Self::Centre | Self::College => Role::School,
        }
    }
}

text_enum! {
    /// The type of a unit (`domain.md` 2.5).
    #[expect(missing_docs, reason = "the words say it")]
    pub enum UnitType {
        Department = "department",
        Division = "division",
        DistrictOffice = "district_office",
        CommuneOffice = "commune_office",
        NurseryGroup = "nursery_group",
        Nursery = "nursery",
        Kindergarten = "kindergarten",
        Preschool = "preschool",
        Primary = "primary",
        PrimaryLowerSecondary = "primary_lower_secondary",
        LowerSecondary = "lower_secondary",
        UpperSecondary = "upper_secondary",
        LowerUpperSecondary = "lower_upper_secondary",
        AllLevels = "all_levels",
        BoardingLowerSecondary = "boarding_lower_secondary",
        BoardingLowerUpperSecondary = "boarding_lower_upper_secondary",
        BoardingUpperSecondary = "boarding_upper_secondary",
        SemiBoardingPrimaryLowerSecondary = "semi_boarding_primary_lower_secondary",
        SemiBoardingLowerSecondary = "semi_boarding_lower_secondary",
        GiftedUpperSecondary = "gifted_upper_secondary",
        ContinuingCentre = "continuing_centre",
        VocationalContinuingCentre = "vocational_continuing_centre",
        CommunityLearningCentre = "community_learning_centre",
        College = "college",
    }
}

text_enum! {
    /// An education level that a unit teaches.
    #[expect(missing_docs, reason = "the words say it")]
    pub enum Level {
        Nursery = "nursery",
        Kindergarten = "kindergarten",
        Primary = "primary",
        LowerSecondary = "lower_secondary",
        UpperSecondary = "upper_secondary",
        Continuing = "continuing",
        Vocational = "vocational",
    }
}

text_enum! {
    /// Who owns it (Luật Giáo dục 2019, điều 47).
    pub enum Ownership {
        /// Công lập.
        Public = "public",
        /// Dân lập, preschools only.
        Community = "community",
        /// Tư thục.
        Private = "private",
    }
}

/// A unit, named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", "code": "PGD-DB", "name": "Phòng Giáo dục và Đào tạo huyện Đà Bắc"}))]
pub struct UnitRef {
    /// Its id.
    pub id: UnitId,
    /// Its code.
    pub code: String,
    /// Its name on the day asked.
    pub name: String,
}

/// A unit as of a day. Outside the caller's scope only its card: members that a card lacks are null.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c20", "code": "MN-DB-001", "kind": "school", "type": "preschool",
    "levels": ["nursery", "kindergarten"], "ownership": "public", "name": "Trường Mầm non Tu Lý", "short_name": null, "role": "school",
    "parent": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c21", "code": "PGD-DB", "name": "Phòng Giáo dục và Đào tạo huyện Đà Bắc"}, "locality": null, "depth": 2,
    "external_codes": [], "valid_from": "2010-09-01", "valid_to": null, "children_count": 0, "version": 1,
    "created_at": "2025-02-20T02:30:00.000000Z", "updated_at": "2025-02-20T02:30:00.000000Z"}))]
pub struct Unit {
    /// Its id.
    pub id: UnitId,
    /// Its own code, unique and never changed.
    pub code: String,
    /// What it is in the line of management.
    pub kind: Kind,
    /// Its type.
    #[serde(rename = "type")]
    pub unit_type: UnitType,
    /// The levels that it teaches.
    pub levels: Vec<Level>,
    /// Who owns it.
    #[schema(required = true)]
    pub ownership: Option<Ownership>,
    /// Its name on the day asked.
    pub name: String,
    /// A shorter one.
    #[schema(required = true)]
    pub short_name: Option<String>,
    /// The role of people who work there.
    pub role: Role,
    /// The unit above it on the day asked; null at the top.
    #[schema(required = true)]
    pub parent: Option<UnitRef>,
    /// Where it lies.
    #[schema(required = true)]
    pub locality: Option<LocalityRef>,
    /// How many units stand above it.
    #[schema(minimum = 0)]
    pub depth: i32,
    /// Its codes in other registers.
    #[schema(required = true)]
    pub external_codes: Option<Vec<ExternalCode>>,
    /// Its first day.
    #[schema(required = true)]
    pub valid_from: Option<NaiveDate>,
    /// The first day on which it is no more.
    #[schema(required = true)]
    pub valid_to: Option<NaiveDate>,
    /// How many units stand directly below it on the day asked.
    #[schema(required = true, minimum = 0)]
    pub children_count: Option<i64>,
    /// From 1, up by one with each change.
    #[schema(required = true, minimum = 1)]
    pub version: Option<i64>,
    /// When it was recorded.
    #[schema(required = true)]
    pub created_at: Option<Instant>,
    /// When it was last changed.
    #[schema(required = true)]
    pub updated_at: Option<Instant>,
}

impl Unit {
    /// Named.
    #[must_use]
    pub fn to_ref(&self) -> UnitRef {
        UnitRef { id: self.id, code: self.code.clone(), name: self.name.clone() }
    }

    /// What anyone signed in may see of it.
    #[must_use]
    pub fn card(self) -> Self {
        Self {
            ownership: None,
            short_name: None,
            external_codes: None,
            valid_from: None,
            valid_to: None,
            children_count: None,
            version: None,
            created_at: None,
            updated_at: None,
            ..self
        }
    }
}

/// A new unit.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "MN-DB-099", "kind": "school", "type": "preschool", "levels": ["nursery", "kindergarten"], "ownership": "public",
    "name": "Trường Mầm non Cao Sơn", "parent": "PGD-DB", "locality": "C04876", "valid_from": "2025-09-01"}))]
pub struct NewUnit {
    /// Its code, for good.
    #[schema(pattern = "^[A-Z0-9][A-Za-z0-9._-]{0,39}$", format = "code")]
    pub code: String,
    /// What it is in the line of management.
    pub kind: Kind,
    /// Its type; must be one of its kind.
    #[serde(rename = "type")]
    pub unit_type: UnitType,
    /// The levels that it teaches; those of its type unless given.
    #[schema(value_type = Vec<Level>, required = false, max_items = 7)]
    pub levels: Option<Vec<Level>>,
    /// Who owns it.
    pub ownership: Option<Ownership>,
    /// Its official name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// A shorter one.
    #[schema(max_length = 100)]
    pub short_name: Option<String>,
    /// The unit above it: id or code.
    #[schema(min_length = 1, max_length = 40)]
    pub parent: String,
    /// Where it lies: id or code.
    #[schema(min_length = 1, max_length = 40)]
    pub locality: Option<String>,
    /// Its codes in other registers.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub external_codes: Vec<ExternalCode>,
    /// Its first day; today unless given.
    pub valid_from: Option<NaiveDate>,
}

/// A change of a unit, from a day on.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Trường Mầm non Quy Đức", "parent": "PGD-DB", "effective_on": "2025-07-01"}))]
pub struct UnitPatch {
    /// Its official name from then on.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// A shorter one.
    #[schema(value_type = Option<String>, max_length = 100)]
    #[serde(default)]
    pub short_name: Field<String>,
    /// The unit above it from then on: id or code.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 40)]
    pub parent: Option<String>,
    /// The levels that it teaches.
    #[schema(value_type = Vec<Level>, required = false, max_items = 7)]
    pub levels: Option<Vec<Level>>,
    /// Who owns it.
    #[schema(value_type = Option<Ownership>)]
    #[serde(default)]
    pub ownership: Field<Ownership>,
    /// Where it lies: id or code.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 40)]
    #[serde(default)]
    pub locality: Field<String>,
    /// Its codes in other registers: the whole list.
    #[schema(value_type = Vec<ExternalCode>, required = false, max_items = 20)]
    pub external_codes: Option<Vec<ExternalCode>>,
    /// The first day on which all of this holds; today unless given. Codes have dates of their own.
    #[schema(value_type = String, format = Date, required = false)]
    pub effective_on: Option<NaiveDate>,
}

/// What lists of units can be filtered by.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct UnitFilters {
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// Only of this type.
    #[serde(rename = "type")]
    pub unit_type: Option<UnitType>,
    /// Only those that teach this level.
    pub level: Option<Level>,
    /// Directly below this unit: id or code.
    #[schema(max_length = 40)]
    pub parent: Option<String>,
    /// This unit and all below it: id or code.
    #[schema(max_length = 40)]
    pub within: Option<String>,
    /// In this locality or one below it: id or code.
    #[schema(max_length = 40)]
    pub locality: Option<String>,
    /// The day on which the tree is looked at; today unless given.
    pub as_of: Option<NaiveDate>,
}

/// The day on which the tree is looked at.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct AsOf {
    /// The day; today unless given.
    pub as_of: Option<NaiveDate>,
}

/// Which part of the tree.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct TreeQuery {
    /// The unit to begin with: id or code; the top unless given.
    #[schema(max_length = 40)]
    pub root: Option<String>,
    /// How many steps down; 2 unless given.
    #[schema(minimum = 1, maximum = 4, default = 2)]
    pub depth: Option<i32>,
    /// Only units of this kind, and those above them.
    pub kind: Option<Kind>,
    /// The day on which the tree is looked at; today unless given.
    pub as_of: Option<NaiveDate>,
}

/// A unit in the tree, with those below it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c21", "code": "PGD-DB", "kind": "district_office",
    "name": "Phòng Giáo dục và Đào tạo huyện Đà Bắc", "children_count": 44, "children": []}))]
pub struct TreeNode {
    /// Its id.
    pub id: UnitId,
    /// Its code.
    pub code: String,
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// How many stand directly below it; null outside the scope.
    #[schema(required = true, minimum = 0)]
    pub children_count: Option<i64>,
    /// Those below it, as far as asked.
    #[schema(no_recursion)]
    pub children: Vec<TreeNode>,
}

/// What a unit was from a day on.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"valid_from": "2010-09-01", "valid_to": "2025-07-01", "name": "Trường Mầm non Tu Lý",
    "parent": {"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c21", "code": "PGD-DB", "name": "Phòng Giáo dục và Đào tạo huyện Đà Bắc"}, "document": null}))]
pub struct UnitSpell {
    /// From this day.
    pub valid_from: NaiveDate,
    /// Until the day before this one; null: until further notice.
    #[schema(required = true)]
    pub valid_to: Option<NaiveDate>,
    /// Its name then.
    pub name: String,
    /// The unit above it then.
    #[schema(required = true)]
    pub parent: Option<UnitRef>,
    /// The legal document of the change.
    #[schema(required = true)]
    pub document: Option<DocumentRef>,
}

/// A legal document, named.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01951c1e-6a00-7c4e-9d2b-3f5a8e7b1c22", "code": "KL-91", "title_vi": "Kết luận số 91-KL/TW", "title_en": null}))]
pub struct DocumentRef {
    /// Its id.
    pub id: DocumentId,
    /// Its code.
    pub code: String,
    /// Its title.
    pub title_vi: String,
    /// Its title in English, where it has one.
    #[schema(required = true)]
    pub title_en: Option<String>,
}

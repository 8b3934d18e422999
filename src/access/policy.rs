//! Who may do what: one table. A role comes from the unit's kind, duties are granted to a person, and a permission is a type
//! that a handler names in its signature.
//!
//! The scope (`access::scope`) says *where*; this file says *what*. Wider than the scope (design section 4) are today only the cards
//! of all units, in `units::store::read`, and the catalogue; plans, assignments and targets come with theirs.

use serde::Serialize;

use crate::vocabulary::text_enum;

text_enum! {
    /// What a unit is in the line of management; the token names it.
    pub enum Role {
        /// Sở and its divisions.
        Department = "department",
        /// District offices, and the commune offices that followed them on 1 July 2025.
        District = "district",
        /// Schools, centres and colleges.
        School = "school",
    }
}

text_enum! {
    /// A duty of a person in its unit. Duties add up and each implies `viewer`.
    pub enum Duty {
        /// Reads the scope.
        Viewer = "viewer",
        /// Writes values, plan drafts, progress and report drafts.
        Editor = "editor",
        /// Decides on what units below submit.
        Approver = "approver",
        /// Creates and changes units and users.
        Admin = "admin",
    }
}

/// The duties of one person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Duties(u8);

impl Duties {
    const fn bit(duty: Duty) -> u8 {
        match duty {
            Duty::Viewer => 1,
            Duty::Editor => 2,
            Duty::Approver => 4,
            Duty::Admin => 8,
        }
    }

    /// These duties and the one that each implies.
    #[must_use]
    pub fn of(duties: &[Duty]) -> Self {
        Self(duties.iter().fold(0, |bits, duty| bits | Self::bit(*duty)) | if duties.is_empty() { 0 } else { Self::bit(Duty::Viewer) })
    }

    /// Whether this duty is among them.
    #[must_use]
    pub const fn has(self, duty: Duty) -> bool {
        self.0 & Self::bit(duty) != 0
    }

    /// These and one more.
    #[must_use]
    pub const fn with(self, duty: Duty) -> Self {
        Self(self.0 | Self::bit(duty))
    }

    /// These but one.
    #[must_use]
    pub const fn without(self, duty: Duty) -> Self {
        Self(self.0 & !Self::bit(duty))
    }

    /// Whether every one of `other` is among them: nobody grants a duty beyond its own.
    #[must_use]
    pub const fn cover(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// In the order of the document.
    #[must_use]
    pub fn list(self) -> Vec<Duty> {
        Duty::ALL.iter().copied().filter(|duty| self.has(*duty)).collect()
    }

    /// As the database keeps them: words separated by spaces.
    #[must_use]
    pub fn words(self) -> String {
        self.list().iter().map(|duty| duty.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Reads what [`Duties::words`] wrote.
    #[must_use]
    pub fn from_words(words: &str) -> Self {
        Self::of(&words.split(' ').filter_map(Duty::parse).collect::<Vec<_>>())
    }
}

/// What a handler's `P` says: one permission of the table.
pub trait Permit: 'static {
    /// Its row, or `None` for what anyone may call.
    const PERMISSION: Option<Permission>;
}

/// A public operation: no account is asked.
#[derive(Debug)]
pub struct Anyone;
impl Permit for Anyone {
    const PERMISSION: Option<Permission> = None;
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $word:literal : $duty:ident $(only at $only:ident)? $(or $other:ident $(at $role:ident)?)?;)+) => {
        /// Every permission, by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
        pub enum Permission { $($(#[$doc])* #[serde(rename = $word)] $name),+ }

        impl Permission {
            /// All of them, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// `<resource>:<verb>`.
            #[must_use]
            pub const fn as_str(self) -> &'static str { match self { $(Self::$name => $word),+ } }

            /// Whether a person of this role with these duties may ever do it.
            #[must_use]
            pub fn allows(self, role: Role, duties: Duties) -> bool {
                match self {
                    $(Self::$name => duties.has(Duty::$duty) $(&& role == Role::$only)? $(|| (duties.has(Duty::$other) $(&& role == Role::$role)?))?),+
                }
            }
        }

        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $name;
            impl Permit for $name { const PERMISSION: Option<Permission> = Some(Permission::$name); }
        )+
    };
}

// The table: the duty that each takes, within its scope and in every role but where `only at` names one; `or` adds a duty that is
// enough, in one role where `at` names it.
permissions! {
    /// Who one is: `/me`.
    ReadAccount = "account:read" : Viewer;
    /// What lets oneself in: one's sessions, password and second factor.
    UseAccount = "account:use" : Viewer;
    /// Units: the scope whole, cards of all.
    ReadUnits = "units:read" : Viewer;
    /// Create and change units of one's own and below.
    WriteUnits = "units:write" : Admin;
    /// People of the scope.
    ReadUsers = "users:read" : Viewer;
    /// Invite, change, disable people of one's own unit and below.
    WriteUsers = "users:write" : Admin;
    /// Clients of the scope.
    ReadClients = "clients:read" : Admin;
    /// Make, change and disable clients of one's own unit and below.
    WriteClients = "clients:write" : Admin;
    /// The catalogue: localities, periods, legal documents, groups, tasks, indicators and the plan's targets.
    ReadCatalogue = "catalogue:read" : Viewer;
    /// Lock and unlock periods.
    LockPeriods = "periods:lock" : Admin only at Department;
    /// Define indicators anew.
    WriteIndicators = "indicators:write" : Admin only at Department;
    /// Set targets and baselines of units below, and at the department the plan's own.
    WriteTargets = "targets:write" : Approver or Admin at Department;
    /// Plans: the scope's own, and every approved one.
    ReadPlans = "plans:read" : Viewer;
    /// Write, submit and amend plans of one's own unit.
    WritePlans = "plans:write" : Editor;
    /// Approve or return plans of units below, and at the department its own.
    DecidePlans = "plans:decide" : Approver;
    /// Add tasks of one's own unit.
    WriteTasks = "tasks:write" : Editor;
    /// Assignments that the scope leads, shares or gave.
    ReadAssignments = "assignments:read" : Viewer;
    /// Give tasks to units below, and tell the progress of one's own.
    WriteAssignments = "assignments:write" : Editor;
    /// Confirm, return and extend what units below report.
    DecideAssignments = "assignments:decide" : Approver;
    /// Pause, resume and cancel what one's unit, or one below, assigned.
    SteerAssignments = "assignments:steer" : Editor or Approver;
    /// What units of the scope recorded.
    ReadValues = "indicator-values:read" : Viewer;
    /// Record values of one's own unit and of units below.
    WriteValues = "indicator-values:write" : Editor;
    /// Results of units of the scope.
    ReadResults = "results:read" : Viewer;
    /// Make and change report forms.
    WriteForms = "report-forms:write" : Admin only at Department;
    /// Make, open and close reporting rounds.
    WriteRounds = "reporting-rounds:write" : Admin only at Department;
    /// Give units below more time in a round.
    GrantExceptions = "round-exceptions:write" : Approver;
    /// Reports of the scope, and how far rounds are there.
    ReadReports = "reports:read" : Viewer;
    /// Write, consolidate and submit reports of one's own unit.
    WriteReports = "reports:write" : Editor;
    /// Accept or return reports of units below, and at the department its own.
    DecideReports = "reports:decide" : Approver;
    /// Issue the department's report, correct and recall it.
    IssueReports = "reports:issue" : Approver only at Department;
    /// The change feed, in the scope.
    ReadChanges = "changes:read" : Viewer;
    /// The audit trail of the scope: admins everywhere, at the department whoever reads.
    ReadAudit = "audit-events:read" : Admin or Viewer at Department;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole table, for review as a diff.
    #[test]
    fn the_policy_is_this_table() {
        let mut table = String::new();
        for permission in Permission::ALL {
            let cells: Vec<String> = Role::ALL
                .iter()
                .map(|role| {
                    let duties: Vec<&str> =
                        Duty::ALL.iter().filter(|duty| permission.allows(*role, Duties::of(&[**duty]))).map(|duty| duty.as_str()).collect();
                    format!("{}: {}", role.as_str(), if duties.len() == 4 { "all".into() } else { duties.join(",") })
                })
                .collect();
            table.extend([permission.as_str(), " | ", &cells.join(" | "), "\n"]);
        }
        let policy = "\
            account:read | department: all | district: all | school: all\n\
            account:use | department: all | district: all | school: all\n\
            units:read | department: all | district: all | school: all\n\
            units:write | department: admin | district: admin | school: admin\n\
            users:read | department: all | district: all | school: all\n\
            users:write | department: admin | district: admin | school: admin\n\
            clients:read | department: admin | district: admin | school: admin\n\
            clients:write | department: admin | district: admin | school: admin\n\
            catalogue:read | department: all | district: all | school: all\n\
            periods:lock | department: admin | district:  | school: \n\
            indicators:write | department: admin | district:  | school: \n\
            targets:write | department: approver,admin | district: approver | school: approver\n\
            plans:read | department: all | district: all | school: all\n\
            plans:write | department: editor | district: editor | school: editor\n\
            plans:decide | department: approver | district: approver | school: approver\n\
            tasks:write | department: editor | district: editor | school: editor\n\
            assignments:read | department: all | district: all | school: all\n\
            assignments:write | department: editor | district: editor | school: editor\n\
            assignments:decide | department: approver | district: approver | school: approver\n\
            assignments:steer | department: editor,approver | district: editor,approver | school: editor,approver\n\
            indicator-values:read | department: all | district: all | school: all\n\
            indicator-values:write | department: editor | district: editor | school: editor\n\
            results:read | department: all | district: all | school: all\n\
            report-forms:write | department: admin | district:  | school: \n\
            reporting-rounds:write | department: admin | district:  | school: \n\
            round-exceptions:write | department: approver | district: approver | school: approver\n\
            reports:read | department: all | district: all | school: all\n\
            reports:write | department: editor | district: editor | school: editor\n\
            reports:decide | department: approver | district: approver | school: approver\n\
            reports:issue | department: approver | district:  | school: \n\
            changes:read | department: all | district: all | school: all\n\
            audit-events:read | department: all | district: admin | school: admin\n";
        assert_eq!(table, policy);
    }

    #[test]
    fn duties_imply_viewer_and_are_covered_only_by_more() {
        let admin = Duties::of(&[Duty::Admin]);
        assert!(admin.has(Duty::Viewer));
        assert!(!admin.cover(Duties::of(&[Duty::Editor])));
        assert_eq!(Duties::from_words(&admin.words()), admin);
        assert_eq!(Duties::of(&[]).list(), []);
    }
}

//! What a client may be granted: the scopes of OAuth, which in this house are not to be taken for the subtree that [`super::scope`] is. One
//! table says which permissions each lets in; the OpenAPI document is written from it.
//!
//! What makes or changes what lets somebody in (sessions, passwords, users, clients) is granted to no client, so none can be turned into
//! something wider than itself.

use super::policy::Permission;
use crate::error::Language;
use crate::vocabulary::text_enum;

/// Who may be granted a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A machine account, and a front end for whoever signs in with it.
    Any,
    /// Only a front end: what a person answers for.
    FrontEnd,
    /// Only a machine account: what people may do anyway, so that no page asks them to allow it.
    Machine,
}

macro_rules! grants {
    ($($doc:literal $vi:literal $name:ident = $word:literal for $holder:ident : [$($permission:ident),*];)+) => {
        text_enum! {
            /// A scope of OAuth: what a client may be granted.
            pub enum Grant { $(#[doc = $doc] $name = $word),+ }
        }

        impl Grant {
            /// The permissions that it lets in.
            #[must_use]
            pub const fn permissions(self) -> &'static [Permission] {
                match self { $(Self::$name => &[$(Permission::$permission),*]),+ }
            }

            /// Who may be granted it.
            #[must_use]
            pub const fn holder(self) -> Holder { match self { $(Self::$name => Holder::$holder),+ } }

            /// What it is, for people.
            #[must_use]
            pub const fn about(self, language: Language) -> &'static str {
                match language {
                    Language::Vi => match self { $(Self::$name => $vi),+ },
                    Language::En => match self { $(Self::$name => $doc),+ },
                }
            }
        }
    };
}

impl Holder {
    /// Whether a machine account may be granted what is for this holder; a front end if it is not one.
    #[must_use]
    pub const fn fits(self, machine: bool) -> bool {
        match self {
            Self::Any => true,
            Self::FrontEnd => !machine,
            Self::Machine => machine,
        }
    }
}

// The table. Words are those of the permissions, but for `indicators:read`, which lets in all that there is to read of indicators, and
// `small_cells:read`, which lets nothing in and keeps nothing back.
grants! {
    "Read indicators: definitions, targets, values, results; and the catalogue."
        "Xem chỉ tiêu: định nghĩa, mục tiêu, số liệu, kết quả; danh mục."
        Indicators = "indicators:read" for Any : [ReadCatalogue, ReadValues, ReadResults];
    "Read the catalogue: localities, periods, legal documents, task groups, tasks, indicators, forms and open rounds."
        "Xem danh mục: địa bàn, kỳ, văn bản, nhóm nhiệm vụ, nhiệm vụ, chỉ tiêu, biểu mẫu, đợt báo cáo."
        Catalogue = "catalogue:read" for Any : [ReadCatalogue];
    "Read units."
        "Xem đơn vị."
        Units = "units:read" for Any : [ReadUnits];
    "Read people of units."
        "Xem người dùng của các đơn vị."
        Users = "users:read" for Any : [ReadUsers];
    "Read what units recorded."
        "Xem số liệu các đơn vị đã nhập."
        Values = "indicator-values:read" for Any : [ReadValues];
    "Read results of indicators."
        "Xem kết quả các chỉ tiêu."
        Results = "results:read" for Any : [ReadResults];
    "Read, of sensitive indicators, what each unit recorded and counts under 5, which are withheld from machine accounts without it. Only an admin of the department grants it."
        "Xem số liệu từng đơn vị và số nhỏ hơn 5 của các chỉ tiêu nhạy cảm. Chỉ quản trị viên của Sở được cấp quyền này."
        SmallCells = "small_cells:read" for Machine : [];
    "Read plans."
        "Xem kế hoạch."
        Plans = "plans:read" for Any : [ReadPlans];
    "Read assignments and their progress."
        "Xem phân công và tiến độ."
        Assignments = "assignments:read" for Any : [ReadAssignments];
    "Read reports with the figures, targets and work that stand in them, and how far rounds are there."
        "Xem báo cáo (gồm số liệu, mục tiêu, công việc nêu trong báo cáo) và tình hình nộp báo cáo."
        Reports = "reports:read" for Any : [ReadReports];
    "Follow the change feed, with what it tells of resources that other scopes let read."
        "Theo dõi các thay đổi."
        Changes = "changes:read" for Any : [ReadChanges];
    "Read the audit trail, which names who acted."
        "Xem nhật ký, trong đó có tên người thực hiện."
        Audit = "audit-events:read" for Any : [ReadAudit];
    "Record values."
        "Nhập số liệu."
        WriteValues = "indicator-values:write" for Any : [WriteValues];
    "Know who is signed in, and what waits for that person."
        "Biết bạn là ai và việc gì đang chờ bạn."
        Account = "account:read" for FrontEnd : [ReadAccount];
    "Create and change units."
        "Thêm và sửa đơn vị."
        WriteUnits = "units:write" for FrontEnd : [WriteUnits];
    "Lock and unlock periods."
        "Khóa và mở khóa kỳ số liệu."
        LockPeriods = "periods:lock" for FrontEnd : [LockPeriods];
    "Define indicators anew."
        "Sửa định nghĩa chỉ tiêu."
        WriteIndicators = "indicators:write" for FrontEnd : [WriteIndicators];
    "Set targets and baselines."
        "Giao mục tiêu và số gốc."
        WriteTargets = "targets:write" for FrontEnd : [WriteTargets];
    "Write, submit and amend plans."
        "Soạn, trình và điều chỉnh kế hoạch."
        WritePlans = "plans:write" for FrontEnd : [WritePlans];
    "Approve and return plans."
        "Phê duyệt và trả lại kế hoạch."
        DecidePlans = "plans:decide" for FrontEnd : [DecidePlans];
    "Add tasks."
        "Thêm nhiệm vụ."
        WriteTasks = "tasks:write" for FrontEnd : [WriteTasks];
    "Give tasks and tell progress."
        "Giao nhiệm vụ và cập nhật tiến độ."
        WriteAssignments = "assignments:write" for FrontEnd : [WriteAssignments];
    "Confirm, return and extend assignments."
        "Xác nhận, trả lại và gia hạn nhiệm vụ."
        DecideAssignments = "assignments:decide" for FrontEnd : [DecideAssignments];
    "Pause, resume and cancel assignments."
        "Tạm dừng, tiếp tục và hủy nhiệm vụ."
        SteerAssignments = "assignments:steer" for FrontEnd : [SteerAssignments];
    "Make and change report forms."
        "Soạn và sửa biểu mẫu báo cáo."
        WriteForms = "report-forms:write" for FrontEnd : [WriteForms];
    "Make, open and close reporting rounds."
        "Lập, mở và đóng đợt báo cáo."
        WriteRounds = "reporting-rounds:write" for FrontEnd : [WriteRounds];
    "Give units more time in a round."
        "Gia hạn nộp báo cáo cho đơn vị."
        GrantExceptions = "round-exceptions:write" for FrontEnd : [GrantExceptions];
    "Read reports with their figures; write, consolidate and submit them."
        "Xem báo cáo và số liệu trong đó; soạn, tổng hợp và nộp báo cáo."
        WriteReports = "reports:write" for FrontEnd : [ReadReports, WriteReports];
    "Read reports with their figures; accept and return them."
        "Xem báo cáo và số liệu trong đó; tiếp nhận và trả lại báo cáo."
        DecideReports = "reports:decide" for FrontEnd : [ReadReports, DecideReports];
    "Read reports with their figures; issue, correct and recall the department's."
        "Xem báo cáo và số liệu trong đó; ban hành, đính chính và thu hồi báo cáo của Sở."
        IssueReports = "reports:issue" for FrontEnd : [ReadReports, IssueReports];
}

impl Grant {
    /// The scopes that let a permission in, in the order of the table.
    pub fn of(permission: Permission) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |grant| grant.permissions().contains(&permission))
    }
}

/// The scopes of one client or token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants(Vec<Grant>);

impl Grants {
    /// These, each once, in the order of the table.
    #[must_use]
    pub fn of(grants: &[Grant]) -> Self {
        Self(Grant::ALL.iter().copied().filter(|grant| grants.contains(grant)).collect())
    }

    /// Reads words between spaces; those that name none are left out.
    #[must_use]
    pub fn from_words(words: &str) -> Self {
        Self::of(&Grant::from_words(words))
    }

    /// Words between spaces, as OAuth writes them (RFC 6749 section 3.3).
    #[must_use]
    pub fn words(&self) -> String {
        self.0.iter().map(|grant| grant.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// In the order of the table.
    #[must_use]
    pub fn list(&self) -> &[Grant] {
        &self.0
    }

    /// Whether this one is among them.
    #[must_use]
    pub fn has(&self, grant: Grant) -> bool {
        self.0.contains(&grant)
    }

    /// Whether one of them lets the permission in.
    #[must_use]
    pub fn allow(&self, permission: Permission) -> bool {
        self.0.iter().any(|grant| grant.permissions().contains(&permission))
    }

    /// Those that are among `others` too.
    #[must_use]
    pub fn within(&self, others: &Self) -> Self {
        Self(self.0.iter().copied().filter(|grant| others.has(*grant)).collect())
    }

    /// Fewer than these, if they are asked by words that all name one of them (RFC 6749 section 3.3).
    #[must_use]
    pub fn narrowed(&self, words: &str) -> Option<Self> {
        let asked: Option<Vec<Grant>> = words.split(' ').map(Grant::parse).collect();
        let asked = Self::of(&asked?);
        (asked.within(self) == asked).then_some(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SE-12: what makes credentials is nobody's to grant, and everything else has a scope of its own name.
    #[test]
    fn what_makes_credentials_has_no_scope_and_every_other_permission_has_its_own() {
        use Permission::{ReadClients, UseAccount, WriteClients, WriteUsers};
        for permission in Permission::ALL {
            let own = Grant::of(*permission).any(|grant| grant.as_str() == permission.as_str());
            let makes = matches!(permission, UseAccount | WriteUsers | ReadClients | WriteClients);
            assert!(own != makes, "{}", permission.as_str());
            assert!(!makes || Grant::of(*permission).next().is_none());
        }
    }

    #[test]
    fn machines_read_and_record_and_people_do_the_rest() {
        let machine: Vec<&str> = Grant::ALL.iter().filter(|grant| grant.holder().fits(true)).map(|grant| grant.as_str()).collect();
        let written: Vec<&&str> = machine.iter().filter(|word| !word.ends_with(":read")).collect();
        assert_eq!(written, [&"indicator-values:write"]);
    }

    #[test]
    fn a_token_may_have_less_than_its_client_and_never_more() {
        let grants = Grants::of(&[Grant::Changes, Grant::Indicators]);
        assert_eq!(grants.words(), "indicators:read changes:read");
        assert_eq!(grants.narrowed("changes:read").map(|fewer| fewer.words()).as_deref(), Some("changes:read"));
        for asked in ["reports:read", "changes:read reports:read", "", "changes:read  indicators:read", "CHANGES:READ"] {
            assert_eq!(grants.narrowed(asked), None, "{asked}");
        }
    }
}

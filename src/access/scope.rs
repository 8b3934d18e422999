//! Where a caller may act: a subtree of the line of management, as it stands today.

use chrono::NaiveDate;

use crate::ids::UnitId;

/// A subtree, never a list of ids: queries join the dated closure table with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The top of the subtree. For people of a division it is their department.
    root: UnitId,
    /// The caller's own unit.
    home: UnitId,
    /// The day on which the tree is looked at.
    today: NaiveDate,
}

impl Scope {
    /// The subtree under `root`, for somebody of `home`.
    #[must_use]
    pub fn new(root: UnitId, home: UnitId, today: NaiveDate) -> Self {
        Self { root, home, today }
    }

    /// The top of the subtree.
    #[must_use]
    pub fn root(&self) -> UnitId {
        self.root
    }

    /// The caller's own unit.
    #[must_use]
    pub fn home(&self) -> UnitId {
        self.home
    }

    /// The day on which the tree is looked at.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        self.today
    }

    /// Whether this is the caller's own unit; for a division's user the department is as well.
    #[must_use]
    pub fn is_own(&self, unit: UnitId) -> bool {
        unit == self.home || unit == self.root
    }
}

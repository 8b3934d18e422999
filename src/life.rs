//! Lives as tables: from which status, what, by whom, to which status.

use crate::error::{Error, Result};

/// How somebody stands to a thing, as far as its moves go.
pub trait Stands<B>: Copy {
    /// Whether it makes the moves that take `by`.
    fn is(self, by: B) -> bool;
}

/// The moves of a life: statuses `S`, actions `A`, and who makes them, `B`.
pub struct Life<S: 'static, A: 'static, B: 'static>(pub &'static [(S, A, B, S)]);

impl<S: Copy + PartialEq, A: Copy + PartialEq + Into<&'static str>, B: Copy> Life<S, A, B> {
    /// What may be done now, in the order of the table.
    pub fn actions(&self, status: S, relation: impl Stands<B>) -> Vec<A> {
        self.0.iter().filter(|(from, _, by, _)| *from == status && relation.is(*by)).map(|(_, action, ..)| *action).collect()
    }

    /// The status after a move.
    ///
    /// # Errors
    /// 403 where the relation never makes the move, whatever the status; what `is_meant` answers; 409 with what may be done instead.
    pub fn after(&self, status: S, action: A, relation: impl Stands<B>, is_meant: impl FnOnce() -> Result<()>) -> Result<S> {
        if !self.0.iter().any(|(_, what, by, _)| *what == action && relation.is(*by)) {
            return Err(Error::forbidden());
        }
        is_meant()?;
        let made = self.0.iter().find(|(from, what, by, _)| *from == status && *what == action && relation.is(*by));
        let instead = || Error::illegal_transition(self.actions(status, relation).into_iter().map(Into::into).collect());
        made.map(|(.., to)| *to).ok_or_else(instead)
    }
}

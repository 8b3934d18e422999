//! A transaction that is held open while its answer is written, so that the answer can stand in it beside the change.
//!
//! The transaction lives on a thread for blocking work and takes one piece of work after another. Each piece has a savepoint: one that
//! is refused leaves nothing of itself. Who drops it without [`Held::keep`] has changed nothing.

use std::any::Any;

use diesel::connection::TransactionManager;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::{Context, Database, Manage, Tx, lost_a_race, write_once};
use crate::error::{Error, Result};

type Answer = Result<Box<dyn Any + Send>>;
type Work = Box<dyn Fn(&mut Tx<'_>) -> Answer + Send>;

enum Step {
    Work(Work, oneshot::Sender<Answer>),
    Keep,
}

/// A transaction under way.
pub struct Held {
    steps: mpsc::UnboundedSender<Step>,
    end: Option<JoinHandle<Result<()>>>,
}

impl Database {
    /// Begins a transaction and holds it.
    #[must_use]
    pub fn hold(&self, context: Context) -> Held {
        let (steps, mut taken) = mpsc::unbounded_channel();
        let (writers, wall) = (self.writers.clone(), self.wall);
        let work = move |conn: &mut super::Conn| write_once(conn, wall, &context, |tx| serve(tx, &mut taken));
        Held { steps, end: Some(tokio::spawn(async move { writers.run(work).await })) }
    }
}

impl Held {
    /// One piece of work; tried again, like a transaction of its own, when the database chose it as the victim of a deadlock.
    ///
    /// # Errors
    /// What `work` answers, or 503.
    pub async fn run<R: Send + 'static>(&mut self, work: impl Fn(&mut Tx<'_>) -> Result<R> + Send + 'static) -> Result<R> {
        let (told, answer) = oneshot::channel();
        let work: Work = Box::new(move |tx| work(tx).map(|answer| -> Box<dyn Any + Send> { Box::new(answer) }));
        // Where nobody takes it or nobody answers, the transaction has ended and says why.
        let _ = self.steps.send(Step::Work(work, told));
        match answer.await {
            Ok(answer) => answer?.downcast().map(|answer| *answer).map_err(|_| Error::internal("a piece of work answered another")),
            Err(_) => Err(self.ended().await.err().unwrap_or_else(gone)),
        }
    }

    /// Commits.
    ///
    /// # Errors
    /// 503 where the outcome is not known.
    pub async fn keep(mut self) -> Result<()> {
        let _ = self.steps.send(Step::Keep);
        self.ended().await
    }

    async fn ended(&mut self) -> Result<()> {
        let end = self.end.take().ok_or_else(gone)?;
        end.await.map_err(|error| Error::internal(format!("database work stopped: {error}")))?
    }
}

fn gone() -> Error {
    Error::unavailable("the request ended before its answer")
}

/// Does what is asked until it is to be kept.
fn serve(tx: &mut Tx<'_>, steps: &mut mpsc::UnboundedReceiver<Step>) -> Result<()> {
    while let Some(step) = steps.blocking_recv() {
        match step {
            Step::Work(work, told) => drop(told.send(tried(tx, &work))),
            Step::Keep => return Ok(()),
        }
    }
    Err(gone())
}

fn tried(tx: &mut Tx<'_>, work: &Work) -> Answer {
    const TRIES: u32 = 3;
    let mut tries = 1;
    loop {
        match piece(tx, work) {
            Err(error) if tries < TRIES && lost_a_race(&error) => tries += 1,
            answer => return answer,
        }
    }
}

fn piece(tx: &mut Tx<'_>, work: &Work) -> Answer {
    Manage::begin_transaction(tx.conn)?;
    let answer = work(tx);
    if answer.is_ok() {
        Manage::commit_transaction(tx.conn)?;
    } else {
        Manage::rollback_transaction(tx.conn)?;
    }
    answer
}

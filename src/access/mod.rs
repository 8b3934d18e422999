//! Access: who calls, what may they do, and where.
//!
//! A handler reaches the database only through [`Access<P>`], whose `P` is a permission named in its signature: the pool stands in
//! [`Door`], which gives it to nobody else. Public operations say `Access<Anyone>`.

pub mod caller;
mod door;
pub mod grant;
pub mod kek;
pub mod keys;
pub mod once;
pub mod password;
pub mod policy;
mod proof;
pub mod ring;
pub mod scope;
pub mod token;
pub mod vault;

use std::marker::PhantomData;
use std::sync::Arc;

use caller::{Caller, Person, RequestMarks};
pub use door::Door;
use once::Once;
use password::Passwords;
use policy::{Permission, Permit};
use token::Keys;
use vault::Vault;

use crate::clock::Instant;
use crate::config::AccountSettings;
use crate::db::page::Page;
use crate::db::{Context, Db, Tx};
use crate::error::{Error, Result};
use crate::ids::AnyId;

/// Leave to do what `P` names. Only the door makes one.
pub struct Access<P> {
    door: Door,
    context: Context,
    once: Option<Once>,
    /// Whoever waits for the answer holds this: long work looks whether anybody does ([`Db::is_awaited`]).
    waits: Arc<()>,
    /// What the work holds while it runs, also where nobody waits for it any more.
    held: Held,
    permit: PhantomData<fn() -> P>,
}

impl<P: Permit> Access<P> {
    /// One statement.
    ///
    /// # Errors
    /// What `work` answers, or 503.
    pub async fn read<R: Send + 'static>(&self, work: impl FnOnce(&mut Db<'_>) -> Result<R> + Send + 'static) -> Result<R> {
        self.door.database().read(self.context.clone(), keeping(self.held.clone(), work)).await
    }

    /// Several statements that see one state.
    ///
    /// # Errors
    /// What `work` answers, or 503.
    pub async fn snapshot<R: Send + 'static>(&self, work: impl FnOnce(&mut Db<'_>) -> Result<R> + Send + 'static) -> Result<R> {
        self.door.database().snapshot(self.context.clone(), keeping(self.held.clone(), work)).await
    }

    /// A page: one statement, or a snapshot of several.
    ///
    /// # Errors
    /// What `work` answers, or 503.
    pub async fn page<T: Send + 'static>(
        &self,
        several: bool,
        work: impl FnOnce(&mut Db<'_>) -> Result<Page<T>> + Send + 'static,
    ) -> Result<Page<T>> {
        if several { self.snapshot(work).await } else { self.read(work).await }
    }

    /// One transaction that may write; its closure may run twice and touches nothing but the database.
    ///
    /// # Errors
    /// What `work` answers, or 503.
    pub async fn write<R: Send + 'static>(&self, work: impl Fn(&mut Tx<'_>) -> Result<R> + Send + 'static) -> Result<R> {
        let held = self.held.clone();
        let work = move |tx: &mut Tx<'_>| {
            let _held = &held;
            work(tx)
        };
        match &self.once {
            None => self.door.database().write(self.context.clone(), work).await,
            Some(once) => once.write(self.door.database(), &self.context, work).await,
        }
    }

    /// The same leave, its writes under a key.
    #[must_use]
    pub fn under(self, once: Option<Once>) -> Self {
        Self { once, ..self }
    }

    /// Work of the processor that takes long, on a thread of its own.
    ///
    /// # Errors
    /// What `work` answers; 500 when it panics.
    pub async fn block<R: Send + 'static>(&self, work: impl FnOnce() -> Result<R> + Send + 'static) -> Result<R> {
        let held = self.held.clone();
        let work = move || {
            let _held = held;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
    }

    /// The same leave; what it holds is let go when its work is done.
    #[must_use]
    pub fn holding(self, held: impl Send + Sync + 'static) -> Self {
        Self { held: Some(Arc::new(held)), ..self }
    }

    /// The person who calls.
    ///
    /// # Errors
    /// 401 where nobody is signed in, 403 where a client calls for itself.
    pub fn person(&self) -> Result<&Person> {
        match &self.context.caller {
            Caller::Person(person) => Ok(person),
            Caller::Client(_) => Err(Error::forbidden()),
            Caller::Nobody | Caller::System(_) => Err(Error::new(crate::error::Code::Unauthenticated)),
        }
    }

    /// The account that calls, a person's or a client's.
    ///
    /// # Errors
    /// 401 where nobody is signed in.
    pub fn caller_id(&self) -> Result<AnyId> {
        self.context.caller.id().ok_or_else(|| Error::new(crate::error::Code::Unauthenticated))
    }

    /// The permissions of the caller, in the order of the table.
    #[must_use]
    pub fn permissions(&self) -> Vec<Permission> {
        Permission::ALL.iter().copied().filter(|permission| self.context.caller.may(*permission)).collect()
    }

    /// A session that was just ended is not taken from memory any more.
    pub fn forget(&self, session: crate::ids::SessionId) {
        self.door.forget(session);
    }

    /// The moment of this request.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.context.now
    }

    /// What hashes and checks passwords.
    #[must_use]
    pub fn passwords(&self) -> &Passwords {
        self.door.passwords()
    }

    /// Where files are kept.
    #[must_use]
    pub fn files(&self) -> &crate::files::Files {
        self.door.files()
    }

    /// What sets documents.
    #[must_use]
    pub fn press(&self) -> &crate::print::press::Press {
        self.door.press()
    }

    /// What signs tokens.
    #[must_use]
    pub fn keys(&self) -> Arc<Keys> {
        self.door.keys()
    }

    /// What seals secrets that are read again.
    #[must_use]
    pub fn vault(&self) -> &Arc<Vault> {
        self.door.vault()
    }

    /// How long things hold and how often one may guess.
    #[must_use]
    pub fn settings(&self) -> &Arc<AccountSettings> {
        self.door.settings()
    }

    /// Whether links go out by mail.
    #[must_use]
    pub fn mails(&self) -> bool {
        self.door.mails()
    }
}

type Held = Option<Arc<dyn Send + Sync>>;

impl Access<policy::Anyone> {
    /// The same leave, for what goes on also when nobody waits for it any more. What anybody may do is done under no key.
    #[must_use]
    pub fn beside(&self) -> Self {
        let (door, context, held) = (self.door.clone(), self.context.clone(), self.held.clone());
        Self { door, context, once: None, waits: self.waits.clone(), held, permit: PhantomData }
    }
}

/// Work that holds something while it runs.
fn keeping<R, W>(held: Held, work: W) -> impl FnOnce(&mut Db<'_>) -> Result<R> + Send + 'static
where
    W: FnOnce(&mut Db<'_>) -> Result<R> + Send + 'static,
{
    move |db| {
        let _held = held;
        work(db)
    }
}

impl Door {
    /// Gives leave, if the caller's duties can ever allow it.
    ///
    /// # Errors
    /// 403 if not, and for a person who must set a new password, or as an admin enrol a second factor, before anything else.
    pub fn open<P: Permit>(&self, caller: Caller, marks: RequestMarks) -> Result<Access<P>> {
        if let Some(permission) = P::PERMISSION {
            let first = caller.person().is_some_and(|person| person.must_change_password);
            if !caller.may(permission) || (first && !matches!(permission, Permission::UseAccount | Permission::ReadAccount)) {
                return Err(caller.refused(permission));
            }
        }
        let waits = Arc::new(());
        let marks = RequestMarks { awaited: Some(Arc::downgrade(&waits)), ..marks };
        let context = Context { caller, now: self.now(), marks };
        Ok(Access { door: self.clone(), context, once: None, waits, held: None, permit: PhantomData })
    }
}

//! The keys in memory: read at start and again each minute, so that a running instance knows a new key long before it signs. A token
//! that names a key which is not known has them read at once, but not more often than every few seconds: made-up names cost nothing.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::kek::KeyFile;
use super::keys;
use super::token::Keys;
use crate::clock::Instant;
use crate::db::{Context, Database};
use crate::error::Result;

/// How old they may be, and how often a strange name has them read, in microseconds.
const FRESH: i64 = 60_000_000;
const PATIENCE: i64 = 5_000_000;

/// The keys of this instance.
pub struct Ring {
    file: Option<KeyFile>,
    /// Who issues, as tokens say it.
    issuer: String,
    keys: RwLock<Arc<Keys>>,
    read_at: AtomicI64,
    /// One reads, the others wait for it or go on with what they have.
    reading: tokio::sync::Mutex<()>,
}

impl Ring {
    /// Reads the keys; the first start makes one.
    ///
    /// # Errors
    /// 500 where the key file does not open them or one is no P-256 key; database errors.
    pub fn open(database: &Database, file: Option<KeyFile>, issuer: &str, now: Instant) -> Result<Self> {
        let stored = database.write_here(&Context::system("start", now), |tx| keys::prepare(tx, file.as_ref()))?;
        let keys = RwLock::new(Arc::new(Keys::load(&stored, issuer)?));
        Ok(Self { file, issuer: issuer.to_owned(), keys, read_at: AtomicI64::new(now.micros()), reading: tokio::sync::Mutex::new(()) })
    }

    /// The keys as they are known.
    pub fn keys(&self) -> Arc<Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads them again if they are old. One request in a minute waits for it.
    pub async fn keep_fresh(&self, database: &Database, now: Instant) {
        if self.is_older(FRESH, now)
            && let Ok(_turn) = self.reading.try_lock()
        {
            self.read(database, now).await;
        }
    }

    /// Reads them again because a token names a key that is not known. Answers whether they were read.
    pub async fn look_again(&self, database: &Database, now: Instant) -> bool {
        let before = self.read_at.load(Ordering::SeqCst);
        let _turn = self.reading.lock().await;
        if self.read_at.load(Ordering::SeqCst) != before {
            return true;
        }
        if !self.is_older(PATIENCE, now) {
            return false;
        }
        self.read(database, now).await;
        true
    }

    fn is_older(&self, than: i64, now: Instant) -> bool {
        !(0..than).contains(&(now.micros() - self.read_at.load(Ordering::SeqCst)))
    }

    /// What cannot be read leaves what is known.
    async fn read(&self, database: &Database, now: Instant) {
        self.read_at.store(now.micros(), Ordering::SeqCst);
        let file = self.file.clone();
        let stored = database.snapshot(Context::system("keys", now), move |db| keys::read(db, file.as_ref())).await;
        match stored.and_then(|stored| Keys::load(&stored, &self.issuer)) {
            Ok(keys) => *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys),
            Err(error) => tracing::warn!(error = %error, "the keys could not be read again; those that are known stay"),
        }
    }
}

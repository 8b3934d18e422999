//! How many requests are at work at once. Whoever finds no place is told so at once and comes back: a queue that is longer than what can
//! be answered in time would be work for nobody. Health is never turned away; of the places the last are kept for staying and coming in,
//! so that who works is not shut out by load; hashing passwords and making documents have few of their own.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, Result};
use crate::ids::AnyId;

/// Whoever is turned away comes back in a second, the next in two, and so on up to this: told one and the same, all who came at once would
/// be back at once.
const WAITS: u32 = 5;

/// How long somebody waits for a place among the heavy ones, and how many times as many as there are may be at work or wait.
const HEAVY_WAIT: Duration = Duration::from_secs(8);
const HEAVY_QUEUE: usize = 4;

/// What an operation weighs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weight {
    /// Milliseconds of a database.
    #[default]
    Plain,
    /// Keeps somebody signed in: comes before the rest.
    Session,
    /// Hashes a password: as many as may hash or wait for it.
    Password,
    /// Documents, consolidations and calls for many units: a few in all, and fewer of one person.
    Heavy,
}

/// How many places there are.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// Requests in all.
    pub all: usize,
    /// Passwords that are hashed or wait for it.
    pub passwords: usize,
    /// Heavy operations.
    pub heavy: usize,
    /// Heavy operations of one person.
    pub heavy_of_one: usize,
}

/// The gate of an instance.
pub struct Gate {
    places: Places,
    all: AtomicUsize,
    passwords: AtomicUsize,
    heavy: Arc<Semaphore>,
    heavy_of: Mutex<HashMap<AnyId, usize>>,
    turned_away: AtomicU64,
    /// Turns of who waits how long.
    waits: AtomicU32,
}

/// A place among the requests at work, given back when it is dropped.
pub struct Place<'g>(&'g Gate, Weight);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.all.fetch_sub(1, Ordering::AcqRel);
        if self.1 == Weight::Password {
            self.0.passwords.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// A place among the heavy ones. It goes with the work, which may outlive a client that does not wait for it.
pub struct HeavyPlace {
    _place: OwnedSemaphorePermit,
    _own: Own,
}

/// One of the few heavy ones that a person may have under way.
struct Own(Arc<Gate>, AnyId);

impl Drop for Own {
    fn drop(&mut self) {
        let mut heavy = self.0.heavy_of.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = heavy.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                heavy.remove(&self.1);
            }
        }
    }
}

fn take(count: &AtomicUsize, most: usize) -> bool {
    count.fetch_update(Ordering::AcqRel, Ordering::Acquire, |taken| (taken < most).then_some(taken + 1)).is_ok()
}

impl Gate {
    /// A gate with so many places.
    #[must_use]
    pub fn new(places: Places) -> Arc<Self> {
        let (all, passwords) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let heavy = Arc::new(Semaphore::new(places.heavy));
        let (turned_away, waits) = (AtomicU64::new(0), AtomicU32::new(0));
        Arc::new(Self { places, all, passwords, heavy, heavy_of: Mutex::default(), turned_away, waits })
    }

    /// A place, if there is one.
    ///
    /// # Errors
    /// 503 with a hint when to come back.
    pub fn enter(&self, weight: Weight) -> Result<Place<'_>> {
        let kept = match weight {
            Weight::Plain | Weight::Heavy => self.places.all / 8,
            Weight::Session | Weight::Password => 0,
        };
        if !take(&self.all, self.places.all - kept) {
            return Err(self.full());
        }
        if weight == Weight::Password && !take(&self.passwords, self.places.passwords) {
            self.all.fetch_sub(1, Ordering::AcqRel);
            return Err(self.full());
        }
        Ok(Place(self, weight))
    }

    /// A place while the caller is let in whose body is still to come. Of the few for passwords it takes none; that they are taken is told
    /// before the body is read.
    ///
    /// # Errors
    /// As [`Gate::enter`].
    pub fn knock(&self, weight: Weight) -> Result<Place<'_>> {
        if weight != Weight::Password {
            return self.enter(weight);
        }
        if self.passwords.load(Ordering::Acquire) >= self.places.passwords {
            return Err(self.full());
        }
        self.enter(Weight::Session)
    }

    fn full(&self) -> Error {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
        Error::turned_away(self.waits.fetch_add(1, Ordering::Relaxed) % WAITS + 1)
    }

    /// How many found no place since this was asked last.
    pub fn turned_away(&self) -> u64 {
        self.turned_away.swap(0, Ordering::Relaxed)
    }

    /// A place for something heavy, of which there are few: who comes first has it first, so that those who ask again and again keep nobody
    /// out.
    ///
    /// # Errors
    /// 429 for one who has his share, 503 where none comes free in time.
    pub async fn begin(self: &Arc<Self>, caller: AnyId) -> Result<HeavyPlace> {
        let own = self.own(caller)?;
        let place = tokio::time::timeout(HEAVY_WAIT, self.heavy.clone().acquire_owned()).await;
        Ok(HeavyPlace { _place: place.map_err(|_| self.full())?.map_err(Error::internal)?, _own: own })
    }

    fn own(self: &Arc<Self>, caller: AnyId) -> Result<Own> {
        let mut heavy = self.heavy_of.lock().unwrap_or_else(PoisonError::into_inner);
        if heavy.get(&caller).is_some_and(|own| *own >= self.places.heavy_of_one) {
            return Err(Error::rate_limited(1));
        }
        if heavy.values().sum::<usize>() >= self.places.heavy * HEAVY_QUEUE {
            return Err(self.full());
        }
        *heavy.entry(caller).or_default() += 1;
        Ok(Own(self.clone(), caller))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::error::Code;
    use crate::ids::Id;

    fn refused<T>(outcome: Result<T>) -> Option<Code> {
        outcome.err().map(|error| error.code())
    }

    #[test]
    fn the_last_places_are_for_sessions_and_passwords_have_few() {
        let gate = Gate::new(Places { all: 16, passwords: 2, heavy: 3, heavy_of_one: 2 });
        let mut taken: Vec<_> = (0..14).map(|_| gate.enter(Weight::Plain).expect("a place")).collect();
        assert_eq!(refused(gate.enter(Weight::Plain)), Some(Code::Unavailable));
        taken.push(gate.enter(Weight::Session).expect("a place"));
        taken.push(gate.enter(Weight::Password).expect("a place"));
        assert_eq!(refused(gate.enter(Weight::Session)), Some(Code::Unavailable));
        drop(taken);
        let both = (gate.enter(Weight::Password).expect("a place"), gate.enter(Weight::Password).expect("a place"));
        assert_eq!(refused(gate.enter(Weight::Password)), Some(Code::Unavailable));
        assert_eq!(refused(gate.knock(Weight::Password)), Some(Code::Unavailable));
        assert!(gate.enter(Weight::Plain).is_ok(), "who was turned away holds no place");
        assert_eq!((gate.turned_away(), gate.turned_away()), (4, 0));
        drop(both);
        let _knocked = (gate.knock(Weight::Password).expect("a place"), gate.knock(Weight::Password).expect("a place"));
        assert!(gate.enter(Weight::Password).is_ok());
    }

    #[test]
    fn those_who_are_turned_away_do_not_come_back_together() {
        let gate = Gate::new(Places { all: 16, passwords: 0, heavy: 3, heavy_of_one: 2 });
        let waits: Vec<_> = (0..7).map(|_| gate.enter(Weight::Password).err().and_then(|error| error.retry_after())).collect();
        assert_eq!(waits, [1, 2, 3, 4, 5, 1, 2].map(Some));
    }

    #[test]
    fn nobody_has_all_the_heavy_ones_and_who_waits_is_next() {
        let gate = Gate::new(Places { all: 16, passwords: 2, heavy: 3, heavy_of_one: 2 });
        let [one, other, third]: [AnyId; 3] = [Id::new(), Id::new(), Id::new()];
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            let first = gate.begin(one).await.expect("a place");
            let _second = gate.begin(one).await.expect("a place");
            assert_eq!(refused(gate.begin(one).await), Some(Code::RateLimited));
            let _third = gate.begin(other).await.expect("a place");
            let mut waits = std::pin::pin!(gate.begin(third));
            assert!(waits.as_mut().now_or_never().is_none(), "none is free");
            drop(first);
            assert!(gate.begin(one).now_or_never().is_none(), "whoever had one comes behind those who wait");
            assert!(waits.await.is_ok());
        });
        let all: Vec<_> = (0..12).map(|_| gate.own(Id::new()).expect("waits")).collect();
        assert_eq!(refused(gate.own(Id::new())), Some(Code::Unavailable), "nor do too many wait");
        drop(all);
        assert!(gate.own(Id::new()).is_ok());
    }
}

//! How much one caller may ask: a bucket for each person and each client, and for each network where nobody is signed in. A cheap shield: each instance
//! keeps its own buckets in memory and lets its part of the quota pass, so that all instances together let the whole pass. What must be
//! exact, guesses of passwords, is counted in the database (`sessions::guesses`).

use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::Clock as _;
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use super::marks::client;
use crate::access::caller::Caller;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::ids::{ClientId, UserId};
use crate::network::Network;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Seconds in which an empty bucket fills up.
const WINDOW: u32 = 60;

struct Ticks(Clock);

impl governor::clock::Clock for Ticks {
    type Instant = Duration;
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Where a caller stands after a request, as `RateLimit` tells it (draft-ietf-httpapi-ratelimit-headers-10).
#[derive(Clone)]
pub struct Standing {
    name: &'static str,
    policy: HeaderValue,
    /// Requests that pass at once.
    left: u32,
    /// Seconds until all would.
    full_in: u32,
}

impl Standing {
    /// Writes both headers.
    pub fn tell(&self, headers: &mut HeaderMap) {
        headers.insert(RATE_LIMIT_POLICY, self.policy.clone());
        let Self { name, left, full_in, .. } = self;
        if let Ok(standing) = HeaderValue::try_from(format!("\"{name}\";r={left};t={full_in}")) {
            headers.insert(RATE_LIMIT, standing);
        }
    }
}

/// Buckets of one size.
struct Buckets<K: Hash + Eq + Clone> {
    limiter: RateLimiter<K, DashMapStateStore<K>, Ticks, StateInformationMiddleware>,
    full: Standing,
    size: u32,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    fn new(name: &'static str, a_minute: NonZeroU32, instances: NonZeroU32, clock: &Clock) -> Result<Self> {
        let part = NonZeroU32::new(a_minute.get().div_ceil(instances.get())).unwrap_or(a_minute);
        let size = part.get();
        let policy = HeaderValue::try_from(format!("\"{name}\";q={size};w={WINDOW}")).map_err(Error::internal)?;
        let limiter = RateLimiter::dashmap_with_clock(Quota::per_minute(part), Ticks(clock.clone())).with_middleware();
        Ok(Self { limiter, full: Standing { name, policy, left: size, full_in: 0 }, size })
    }

    /// Takes one from the bucket of `key`; where it is empty, also the seconds until there is one again.
    fn take(&self, key: &K) -> (Standing, Option<i64>) {
        let standing = |left: u32| {
            let full_in = u64::from(self.size.saturating_sub(left)).saturating_mul(WINDOW.into()).div_ceil(self.size.into());
            Standing { left, full_in: u32::try_from(full_in).unwrap_or(WINDOW), ..self.full.clone() }
        };
        match self.limiter.check_key(key) {
            Ok(state) => (standing(state.remaining_burst_capacity()), None),
            Err(until) => {
                let wait = until.wait_time_from(self.limiter.clock().now()).as_millis().div_ceil(1000).max(1);
                (standing(0), Some(i64::try_from(wait).unwrap_or(i64::MAX)))
            }
        }
    }
}

/// All buckets of this instance.
pub struct Quotas {
    people: Buckets<UserId>,
    clients: Buckets<ClientId>,
    networks: Buckets<Network>,
}

impl Quotas {
    /// With so many requests a minute for a person and for a network, shared by so many instances.
    ///
    /// # Errors
    /// 500 if they cannot be told: a fault of ours.
    pub fn new(person: NonZeroU32, network: NonZeroU32, instances: NonZeroU32, clock: &Clock) -> Result<Self> {
        Ok(Self {
            people: Buckets::new("person", person, instances, clock)?,
            clients: Buckets::new("client", person, instances, clock)?,
            networks: Buckets::new("network", network, instances, clock)?,
        })
    }

    /// Counts a request of this caller; says where he stands now.
    ///
    /// # Errors
    /// 429 with the seconds to wait.
    pub(super) fn count(&self, caller: &Caller, req: &HttpRequest) -> (Standing, Result<()>) {
        let (standing, wait) = match caller {
            Caller::Person(person) => self.people.take(&person.id),
            Caller::Client(client) => self.clients.take(&client.id),
            Caller::Nobody | Caller::System(_) => match client(req) {
                Some(address) => self.networks.take(&Network::of(address)),
                None => (self.networks.full.clone(), None),
            },
        };
        (standing, wait.map_or(Ok(()), |seconds| Err(Error::rate_limited(seconds))))
    }

    /// What answers tell that nobody counts: health, the document, paths and methods that are not there, and those that were turned away.
    pub(super) fn uncounted(&self) -> &Standing {
        &self.networks.full
    }

    /// Forgets the buckets that have been full for a moment: who sends one request from each of many addresses takes memory for a moment only.
    pub fn forget_full(&self) {
        self.people.limiter.retain_recent();
        self.people.limiter.shrink_to_fit();
        self.clients.limiter.retain_recent();
        self.clients.limiter.shrink_to_fit();
        self.networks.limiter.retain_recent();
        self.networks.limiter.shrink_to_fit();
    }

    /// How many buckets are remembered.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.people.limiter.len() + self.clients.limiter.len() + self.networks.limiter.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Instant;

    #[test]
    fn a_bucket_empties_fills_and_is_forgotten() {
        let clock = Clock::manual(Instant::parse("2025-02-20T02:30:00Z").expect("valid"));
        let number = |number| NonZeroU32::new(number).expect("a number");
        let quotas = Quotas::new(number(600), number(60), number(4), &clock).expect("quotas");
        let network = |text: &str| Network::of(text.parse().expect("an address"));
        let first = quotas.networks.take(&network("198.51.100.7")).0;
        assert_eq!((first.left, first.full_in, first.policy.to_str().expect("text")), (14, 4, "\"network\";q=15;w=60"));
        for _ in 0..14 {
            assert_eq!(quotas.networks.take(&network("198.51.100.7")).1, None);
        }
        let (standing, wait) = quotas.networks.take(&network("198.51.100.7"));
        assert_eq!((standing.left, standing.full_in, wait), (0, 60, Some(4)));
        assert_eq!(quotas.networks.take(&network("198.51.100.8")).1, None);
        assert_eq!(quotas.remembered(), 2);
        clock.advance(8);
        quotas.forget_full();
        assert_eq!(quotas.remembered(), 1);
        for wait in [None, None, Some(4)] {
            assert_eq!(quotas.networks.take(&network("198.51.100.7")).1, wait);
        }
        clock.advance(64);
        quotas.forget_full();
        assert_eq!(quotas.remembered(), 0);
    }
}

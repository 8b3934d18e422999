//! What stands between the network and the operations: who is believed to ask, how much each may ask, how many at once, and how long a
//! client may take.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::HeaderName;

use super::gate::{Gate, Places};
use super::quota::Quotas;
use super::stalls::Connections;
use crate::access::password::Passwords;
use crate::clock::Clock;
use crate::config::LoadSettings;
use crate::error::{Error, Result};
use crate::network::Proxies;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The shield of an instance.
pub struct Shield {
    /// How much each may ask.
    pub quotas: Quotas,
    /// How many are at work at once.
    pub gate: Arc<Gate>,
    /// How long a client may take.
    pub connections: Arc<Connections>,
    proxies: Proxies,
    stopping: AtomicBool,
}

impl Shield {
    /// As the settings say; `answer` is how long an answer may take to make.
    ///
    /// # Errors
    /// 500 if a setting is beyond sense.
    pub fn new(settings: &LoadSettings, answer: Duration, clock: &Clock) -> Result<Self> {
        let number = |number: u32| NonZeroU32::new(number).ok_or_else(|| Error::internal("a quota of nothing"));
        let (person, network, instances) = (number(settings.person_quota)?, number(settings.network_quota)?, number(settings.instances)?);
        let places = Places {
            all: settings.max_requests.into(),
            passwords: Passwords::places(),
            heavy: settings.max_heavy.into(),
            heavy_of_one: usize::from(settings.max_heavy).div_ceil(2),
        };
        Ok(Self {
            quotas: Quotas::new(person, network, instances, clock)?,
            gate: Gate::new(places),
            connections: Connections::new(Duration::from_secs(settings.stall_seconds), answer),
            proxies: Proxies::new(settings.trusted_proxies.clone()),
            stopping: AtomicBool::new(false),
        })
    }

    /// The address of the one who asks.
    pub(super) fn client(&self, req: &ServiceRequest) -> Option<IpAddr> {
        let forwarded = req.headers().get_all(X_FORWARDED_FOR).map(|value| value.to_str().unwrap_or_default());
        Some(self.proxies.client(req.peer_addr()?.ip(), forwarded))
    }

    /// The service is about to stop: readiness says so from now on, and connections are closed after their answer.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether it is.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

//! What a client may be given, and what becomes of it: pure functions.

use ipnet::IpNet;
use url::{Host, Url};

use super::model::{Client, ClientType};
use crate::access::caller::Caller;
use crate::access::grant::{Grant, Grants};
use crate::access::policy::{Duty, Role};
use crate::clock::Instant;
use crate::error::{Error, Fault, FaultCode, Result};
use crate::network;

/// Nobody grants a machine a scope that lets in what the granter may not do itself, and only an admin of the department one that shows
/// small cells: outside its unit nobody is told them, and a machine carries them there. With a front end people do what they may anyway.
#[must_use]
pub fn may_grant(caller: &Caller, kind: ClientType, grants: &Grants) -> bool {
    let leads = || caller.person().is_some_and(|person| person.role == Role::Department && person.duties.has(Duty::Admin));
    let may = |grant: &Grant| match grant {
        Grant::SmallCells => leads(),
        other => other.permissions().iter().all(|permission| caller.may(*permission)),
    };
    kind != ClientType::Service || grants.list().iter().all(may)
}

/// What is said of a client, new or changed; what is not said stays.
#[derive(Clone, Copy, Debug)]
pub struct Said<'s> {
    /// What its tokens may be for.
    pub scopes: Option<&'s [Grant]>,
    /// From where it may call.
    pub networks: Option<&'s [String]>,
    /// Where a front end takes people back.
    pub redirect_uris: Option<&'s [String]>,
    /// When it ends.
    pub expires_at: Option<Instant>,
}

impl Said<'_> {
    /// The networks that it names, each as its network alone; all faults go to the list.
    #[must_use]
    pub fn read(&self, kind: ClientType, now: Instant, faults: &mut Vec<Fault>) -> Option<Vec<IpNet>> {
        faults.extend(faults_of_scopes(kind, self.scopes.unwrap_or_default()));
        let odd = |pointer: &'static str| Fault::at(pointer, FaultCode::NotInList).with(kind.as_str());
        let of_machine = kind == ClientType::Service;
        faults.extend((self.networks.is_some() && !of_machine).then(|| odd("/networks")));
        faults.extend((self.redirect_uris.is_some() && of_machine).then(|| odd("/redirect_uris")));
        faults.extend(self.redirect_uris.map(|uris| faults_of_redirects(kind, uris)).unwrap_or_default());
        faults.extend(fault_of_end(self.expires_at, now));
        self.networks.map(|texts| networks(texts, faults))
    }
}

/// Faults of scopes that a client of this type cannot have: a machine account what only a person can answer for, a front end what means
/// nothing where a person calls.
fn faults_of_scopes(kind: ClientType, scopes: &[Grant]) -> Vec<Fault> {
    let fits = |grant: &Grant| grant.holder().fits(kind == ClientType::Service);
    let known: Vec<&str> = Grant::ALL.iter().filter(|grant| fits(grant)).map(|grant| grant.as_str()).collect();
    let odd = scopes.iter().enumerate().filter(|(_, grant)| !fits(grant));
    odd.map(|(index, _)| Fault::at(format!("/scopes/{index}"), FaultCode::NotInList).with(known.join(", "))).collect()
}

fn networks(texts: &[String], faults: &mut Vec<Fault>) -> Vec<IpNet> {
    let mut found = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        match network::parse(text) {
            Ok(network) => found.push(network.trunc()),
            Err(_) => faults.push(Fault::at(format!("/networks/{index}"), FaultCode::BadFormat).with("10.17.0.0/16, 2001:db8::/32")),
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Faults of addresses that nobody may be taken back to, and of a front end that has none.
fn faults_of_redirects(kind: ClientType, uris: &[String]) -> Vec<Fault> {
    if kind != ClientType::Service && uris.is_empty() {
        return vec![Fault::at("/redirect_uris", FaultCode::Required)];
    }
    let odd = uris.iter().enumerate().filter(|(_, uri)| !leads_back(kind, uri));
    odd.map(|(index, _)| Fault::at(format!("/redirect_uris/{index}"), FaultCode::BadFormat).with("https://…")).collect()
}

/// RFC 9700 section 2.1 and RFC 8252 section 7: absolute, without a fragment or a password, `https`, an app's own scheme with a dot, or `http`
/// on this very machine. Written as browsers read it, so that none is taken elsewhere than it seems, and without what we put into it.
fn leads_back(kind: ClientType, uri: &str) -> bool {
    let Ok(url) = Url::parse(uri) else { return false };
    let plain = uri.len() <= 500 && uri.bytes().all(|byte| byte.is_ascii_graphic()) && !uri.contains('*') && !uri.contains('#');
    let bare = url.username().is_empty() && url.password().is_none();
    let fits = match url.scheme() {
        "https" => url.host().is_some_and(|host| is_host(&host)),
        "http" => matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost")),
        own => kind == ClientType::Mobile && own.contains('.'),
    };
    let as_read = [uri, &format!("{uri}/")].contains(&url.as_str());
    let ours = url.query_pairs().any(|(name, _)| matches!(&*name, "code" | "state" | "iss" | "error" | "error_description"));
    plain && bare && fits && as_read && !ours && url.port() != Some(0)
}

/// Whether it is an address, or a name as hosts have them (RFC 1123 section 2.1): what else browsers take for one would stand in our headers.
fn is_host(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.len() <= 253 && name.strip_suffix('.').unwrap_or(name).split('.').all(is_label),
        Host::Ipv4(_) | Host::Ipv6(_) => true,
    }
}

fn is_label(label: &str) -> bool {
    let plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (1..=63).contains(&label.len()) && plain && !label.starts_with('-') && !label.ends_with('-')
}

/// Whether a change makes of a front end another than people know: another name, or a place to take them back to that it did not have. What
/// they allowed was allowed to the one before.
#[must_use]
pub fn is_another(before: &Client, name: Option<&str>, redirect_uris: Option<&[String]>) -> bool {
    let elsewhere = redirect_uris.unwrap_or_default().iter().any(|uri| !before.redirect_uris.contains(uri));
    elsewhere || name.is_some_and(|name| name != before.name)
}

fn fault_of_end(expires_at: Option<Instant>, now: Instant) -> Option<Fault> {
    let passed = expires_at.filter(|at| *at <= now)?;
    Some(Fault::at("/expires_at", FaultCode::OutOfRange).with(format!("{} > {}", passed.rfc3339(), now.rfc3339())))
}

/// Whether it is disabled after `client.disable` or `client.enable`.
///
/// # Errors
/// 409 with what is possible now.
pub fn next_disabled(disabled: bool, action: &str) -> Result<bool> {
    match (action, disabled) {
        ("client.disable", false) => Ok(true),
        ("client.enable", true) => Ok(false),
        (_, true) => Err(Error::illegal_transition(vec!["enable"])),
        (_, false) => Err(Error::illegal_transition(vec!["disable"])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_taken_back_only_where_a_front_end_can_be() {
        for (kind, uri, fits) in [
            (ClientType::Web, "https://app.example.vn/back", true),
            (ClientType::Web, "https://app.example.vn:8443/back?a=1", true),
            (ClientType::Web, "http://localhost:3000/back", true),
            (ClientType::Mobile, "http://127.0.0.1:7777/", true),
            (ClientType::Mobile, "vn.example.app:/back", true),
            (ClientType::Web, "vn.example.app:/back", false),
            (ClientType::Mobile, "myapp:/back", false),
            (ClientType::Mobile, "javascript:alert(1)", false),
            (ClientType::Mobile, "data:text/html,x", false),
            (ClientType::Web, "http://app.example.vn/back", false),
            (ClientType::Web, "https://app.example.vn/back#here", false),
            (ClientType::Web, "https://app.example.vn@evil.example/", false),
            (ClientType::Web, "https://*.example.vn/", false),
            (ClientType::Web, "/back", false),
            (ClientType::Web, "https://app.example.vn/a b", false),
            (ClientType::Web, "https://app.example.vn", true),
            (ClientType::Web, "https://app.example.vn\\@evil.example/", false),
            (ClientType::Web, "https:/app.example.vn/back", false),
            (ClientType::Web, "https://app.example.vn/../back", false),
            (ClientType::Web, "https://app.example,evil.example/", false),
            (ClientType::Web, "https://app.example'/", false),
            (ClientType::Web, "https://a(b/", false),
            (ClientType::Web, "https://app.example.vn:0/back", false),
            (ClientType::Web, "http://127.0.0.1:0/back", false),
            (ClientType::Web, "https://.example/", false),
            (ClientType::Web, "https://a..b/", false),
            (ClientType::Web, "https://-a.example/", false),
            (ClientType::Web, "https://[2001:db8::1]/back", true),
            (ClientType::Web, "https://app.example.vn/back?code=a", false),
            (ClientType::Web, "https://app.example.vn/back?a=1&st%61te=b", false),
        ] {
            assert_eq!(leads_back(kind, uri), fits, "{uri}");
        }
    }

    #[test]
    fn networks_are_networks() {
        let mut faults = Vec::new();
        let texts = ["10.17.3.4/16", "10.17.0.0/16", "2001:db8::1", "sở", "10.0.0.0/33", "::ffff:127.0.13.1"].map(str::to_owned);
        let found: Vec<String> = networks(&texts, &mut faults).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["10.17.0.0/16", "127.0.13.1/32", "2001:db8::1/128"]);
        assert_eq!(faults.iter().filter_map(Fault::pointer).collect::<Vec<_>>(), ["/networks/3", "/networks/4"]);
    }
}

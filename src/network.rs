//! Addresses of clients: what counts as one caller, and whose word is taken for where a request came from.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// What counts as one caller where nobody is signed in: an IPv4 address, or the /64 of an IPv6 one, of which one line has 2⁶⁴.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(four) => four.into(),
            IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() & (u128::MAX << 64)).into(),
        })
    }

    /// The network of an address as text; what is no address is its own network.
    #[must_use]
    pub fn named(address: &str) -> String {
        address.parse().map_or_else(|_| address.to_owned(), |address| Self::of(address).to_string())
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.0, if self.0.is_ipv6() { "/64" } else { "" })
    }
}

/// The proxies that stand before the service. Nobody else is believed when he says for whom he asks.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Those in these networks.
    #[must_use]
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Who asks: the peer itself, or behind a trusted proxy the last of `X-Forwarded-For` that is none. Every proxy writes the address that
    /// it saw at the end, so what stands further left is only what a client claims.
    #[must_use]
    pub fn client<'h>(&self, peer: IpAddr, forwarded: impl DoubleEndedIterator<Item = &'h str>) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            return client;
        }
        for hop in forwarded.rev().flat_map(|line| line.rsplit(',')) {
            let Some(address) = address(hop.trim()) else { break };
            client = address;
            if !self.trusts(client) {
                break;
            }
        }
        client
    }
}

/// With or without a port, as proxies write it.
fn address(text: &str) -> Option<IpAddr> {
    let address = text.parse::<IpAddr>().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address| address.to_canonical())
}

/// One network of a setting: `10.0.0.0/8`, `2001:db8::/32`, or one address. IPv4 in IPv6 is IPv4, as addresses are where they are asked.
///
/// # Errors
/// What is wrong with it.
pub fn parse(text: &str) -> Result<IpNet, String> {
    let one = || text.parse::<IpAddr>().ok().map(IpNet::from);
    let found = text.parse().ok().or_else(one).map(|network| match network {
        IpNet::V6(six) => as_four(six).unwrap_or(network),
        IpNet::V4(_) => network,
    });
    found.ok_or_else(|| format!("{text} is neither an address nor a network such as 10.0.0.0/8"))
}

/// The network of IPv4 that one of IPv6 stands for, if it does (RFC 4291 section 2.5.5.2).
fn as_four(network: Ipv6Net) -> Option<IpNet> {
    let length = network.prefix_len().checked_sub(96)?;
    Ipv4Net::new(network.addr().to_ipv4_mapped()?, length).ok().map(IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    /// RL-03: only a trusted proxy is believed, and of what it says only what trusted proxies wrote.
    #[test]
    fn the_last_hop_that_is_no_proxy_is_the_client() {
        let proxies = Proxies::new(["10.0.0.0/8", "192.0.2.1", "2001:db8:aa::/48"].map(|text| parse(text).expect("a network")).to_vec());
        for (peer, forwarded, client) in [
            ("203.0.113.9", vec!["198.51.100.7"], "203.0.113.9"),
            ("10.1.2.3", vec!["198.51.100.7"], "198.51.100.7"),
            ("10.1.2.3", vec![], "10.1.2.3"),
            ("10.1.2.3", vec!["1.1.1.1, 2.2.2.2, 3.3.3.3, 198.51.100.7, 10.9.9.9"], "198.51.100.7"),
            ("10.1.2.3", vec!["1.1.1.1", "198.51.100.7, 192.0.2.1"], "198.51.100.7"),
            ("10.1.2.3", vec!["198.51.100.7, nonsense, 192.0.2.1"], "192.0.2.1"),
            ("10.1.2.3", vec!["nonsense"], "10.1.2.3"),
            ("10.1.2.3", vec!["198.51.100.7:4711"], "198.51.100.7"),
            ("10.1.2.3", vec!["[2001:db8::1]:443"], "2001:db8::1"),
            ("::ffff:10.1.2.3", vec!["::ffff:198.51.100.7"], "198.51.100.7"),
            ("2001:db8:aa::1", vec!["2001:db8:bb::5"], "2001:db8:bb::5"),
            ("10.1.2.3", vec!["10.4.4.4, 10.5.5.5"], "10.4.4.4"),
        ] {
            assert_eq!(proxies.client(ip(peer), forwarded.clone().into_iter()), ip(client), "{peer} {forwarded:?}");
        }
        assert_eq!(Proxies::default().client(ip("10.1.2.3"), ["1.1.1.1"].into_iter()), ip("10.1.2.3"));
        assert!(parse("10.0.0.0/33").is_err() && parse("proxy.example").is_err());
    }

    /// RL-03: an IPv6 client that changes its address inside its /64 stays who it is.
    #[test]
    fn a_network_is_an_address_or_a_64() {
        assert_eq!(Network::of(ip("2001:db8:1:2::1")), Network::of(ip("2001:db8:1:2:ffff:ffff:ffff:ffff")));
        assert_ne!(Network::of(ip("2001:db8:1:2::1")), Network::of(ip("2001:db8:1:3::1")));
        assert_ne!(Network::of(ip("198.51.100.7")), Network::of(ip("198.51.100.8")));
        assert_eq!(Network::named("2001:db8:1:2::1"), "2001:db8:1:2::/64");
        assert_eq!(Network::named("::ffff:198.51.100.7"), "198.51.100.7");
        assert_eq!(Network::named("?"), "?");
    }
}

//! The addresses that requests to hosts of the policy may go to.
//!
//! A name is resolved first, and each of its addresses is checked, so that a name cannot lead into the administrator's
//! network. Public addresses are allowed, except those of the machine itself. Some networks have a filtering proxy that
//! answers for every name with an internal address; there, a system admin lists these addresses in
//! `ServiceSettings.AllowedUntrustedInternalConnections` of the server. The setting only lifts this check. It never
//! widens which hosts may be reached, and it never allows loopback, link-local, multicast, or unspecified addresses.
//!
//! None of this applies to the host that an administrator entered as a setting of the plugin: it may have any address.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net};
use thiserror::Error;

use super::public_addresses::{is_never_allowed, is_public};

/// `ServiceSettings.AllowedUntrustedInternalConnections` of the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InternalConnections {
    /// Exact hosts, in lower case.
    hosts: Vec<String>,
    networks: Vec<IpNet>,
}

impl InternalConnections {
    /// Reads the setting as the server does: entries are separated by white space and commas; an entry with a prefix
    /// length is a network, any other is a host.
    #[must_use]
    pub fn parse(setting: &str) -> Self {
        let mut parsed = Self::default();
        let entries = setting.split(|letter: char| letter == ',' || letter.is_whitespace());
        for entry in entries.filter(|entry| !entry.is_empty()) {
            match entry.parse() {
                Ok(network) => parsed.networks.push(unmapped(network)),
                Err(_) => parsed.hosts.push(entry.to_ascii_lowercase()),
            }
        }
        parsed
    }

    fn allow(&self, host: &str, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.hosts.iter().any(|entry| entry == host)
            || self.networks.iter().any(|entry| entry.contains(&address))
    }
}

/// Converts a network of mapped addresses (`::ffff:10.0.0.0/104`) to its IPv4 network.
fn unmapped(network: IpNet) -> IpNet {
    let IpNet::V6(v6) = network else {
        return network;
    };
    let v4 = v6.addr().to_ipv4_mapped();
    let length = v6.prefix_len().checked_sub(96);
    let v4 = v4
        .zip(length)
        .and_then(|(address, length)| Ipv4Net::new(address, length).ok());
    v4.map_or(network, IpNet::V4)
}

/// An address that a request must not go to.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressDenied {
    /// It is internal, and not in the server's setting.
    #[error(
        "{host} leads to {address}, which is not a public address. If this is intended, a system admin adds its network \
         to \"Allow untrusted internal connections to\" in System Console > Environment > Developer \
         (ServiceSettings.AllowedUntrustedInternalConnections)"
    )]
    Internal {
        /// The host of the request.
        host: String,
        /// The first of its addresses.
        address: IpAddr,
    },
    /// It is loopback, link-local, multicast, or unspecified.
    #[error(
        "{host} leads to {address}, which is not a public address, and no setting allows loopback, link-local, \
         multicast, and unspecified addresses"
    )]
    Never {
        /// The host of the request.
        host: String,
        /// The first of its addresses.
        address: IpAddr,
    },
}

/// The checks for hosts of the policy.
#[derive(Clone)]
pub(crate) struct EgressRules {
    pub(crate) allowed: Arc<InternalConnections>,
    /// Whether an address is one of the machine's own.
    pub(crate) is_own: fn(IpAddr) -> bool,
}

impl EgressRules {
    /// Checks one address of `host`, which is in lower case and without brackets.
    pub(crate) fn check(&self, host: &str, address: IpAddr) -> Result<(), AddressDenied> {
        let host = || host.to_owned();
        if is_never_allowed(address) {
            return Err(AddressDenied::Never {
                host: host(),
                address,
            });
        }
        let internal = !is_public(address) || (self.is_own)(address.to_canonical());
        if internal && !self.allowed.allow(&host(), address) {
            return Err(AddressDenied::Internal {
                host: host(),
                address,
            });
        }
        Ok(())
    }

    /// The addresses of a name that may be connected to.
    ///
    /// # Errors
    ///
    /// When there is none, with the reason for the first address.
    pub(crate) fn filter(
        &self,
        host: &str,
        found: Vec<IpAddr>,
    ) -> Result<Vec<IpAddr>, AddressDenied> {
        let mut refused = None;
        let mut allowed = Vec::new();
        for address in found {
            match self.check(host, address) {
                Ok(()) => allowed.push(address),
                Err(why) => {
                    refused.get_or_insert(why);
                }
            }
        }
        match refused {
            Some(why) if allowed.is_empty() => Err(why),
            _ => Ok(allowed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// EgressRules on a machine that has two addresses, with this setting.
    fn rules(setting: &str) -> EgressRules {
        EgressRules {
            allowed: Arc::new(InternalConnections::parse(setting)),
            is_own: |address| ["8.8.4.4", "10.0.0.9"].contains(&address.to_string().as_str()),
        }
    }

    fn allowed(setting: &str, host: &str, address: &str) -> bool {
        rules(setting).check(host, address.parse().unwrap()).is_ok()
    }

    #[test]
    fn only_public_addresses_of_a_name_are_used() {
        let filter = |addresses: &[&str]| {
            let found = addresses.iter().map(|one| one.parse().unwrap()).collect();
            let allowed = rules("").filter("api.example", found).ok()?;
            Some(allowed.iter().map(IpAddr::to_string).collect::<Vec<_>>())
        };
        for inside in [
            &["169.254.169.254"][..],
            &["fe80::1", "fd00:ec2::254"],
            &["::ffff:169.254.169.254", "10.0.0.1"],
        ] {
            assert_eq!(filter(inside), None, "{inside:?}");
        }
        let mixed = filter(&["10.0.0.1", "8.8.8.8", "fe80::1"]);
        assert_eq!(mixed.unwrap(), ["8.8.8.8"]);
    }

    #[test]
    fn f39_a_network_in_the_servers_setting_lifts_the_check() {
        for synthetic in ["198.18.0.7", "240.240.0.7", "100.64.0.7", "fd00::7"] {
            assert!(!allowed("", "api.zoom.us", synthetic), "{synthetic}");
            let other = "10.0.0.0/8, 198.18.0.0/32";
            assert!(!allowed(other, "api.zoom.us", synthetic), "{synthetic}");
            let all = "198.18.0.0/15 240.240.0.0/16,100.64.0.0/10\n\u{a0},fd00::/8";
            assert!(allowed(all, "api.zoom.us", synthetic), "{synthetic}");
        }
        // An address without a length is a host for the server, too.
        assert!(!allowed("198.18.0.7", "api.zoom.us", "198.18.0.7"));
        assert!(allowed("198.18.0.7", "198.18.0.7", "198.18.0.7"));
        // Bits beyond the length, and mapped addresses on either side.
        assert!(allowed("10.1.2.3/8", "a.example", "10.200.0.1"));
        assert!(allowed("10.0.0.0/8", "a.example", "::ffff:10.0.0.1"));
        assert!(allowed("::ffff:10.0.0.0/104", "a.example", "10.0.0.1"));
        assert!(!allowed("::ffff:10.0.0.0/104", "a.example", "172.16.0.1"));
        for nothing in ["10.0.0.0/33", "10.0.0.0/", "/8", "*", "0.0.0.0"] {
            assert!(!allowed(nothing, "a.example", "10.0.0.1"), "{nothing}");
        }
    }

    #[test]
    fn f39_a_host_in_the_servers_setting_lifts_the_check_for_that_host_alone() {
        let setting = "localhost,API.zoom.us\t10.0.0.5";
        assert!(allowed(setting, "api.zoom.us", "198.18.0.7"));
        for other in [
            "zoom.us",
            "a.api.zoom.us",
            "us02web.zoom.us",
            "xapi.zoom.us",
        ] {
            assert!(!allowed(setting, other, "198.18.0.7"), "{other}");
        }
        assert!(!allowed("*.zoom.us .zoom.us", "api.zoom.us", "198.18.0.7"));
    }

    #[test]
    fn f39_no_setting_allows_loopback_link_local_multicast_and_unspecified_addresses() {
        let all = "0.0.0.0/0 ::/0 api.zoom.us localhost 127.0.0.1";
        for never in [
            "127.0.0.1",
            "0.0.0.0",
            "169.254.169.254",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::a9fe:a9fe",
        ] {
            assert!(!allowed(all, "api.zoom.us", never), "{never}");
            let error = rules(all).check("api.zoom.us", never.parse().unwrap());
            assert!(error.unwrap_err().to_string().contains("no setting allows"));
        }
        assert!(allowed(all, "api.zoom.us", "10.0.0.1"));
    }

    #[test]
    fn f39_the_machines_own_addresses_count_as_internal() {
        for own in ["8.8.4.4", "::ffff:8.8.4.4", "10.0.0.9"] {
            assert!(!allowed("", "api.zoom.us", own), "{own}");
            assert!(allowed("api.zoom.us", "api.zoom.us", own), "{own}");
            assert!(
                allowed("8.8.4.4/32 10.0.0.0/8", "api.zoom.us", own),
                "{own}"
            );
        }
        assert!(allowed("", "api.zoom.us", "8.8.8.8"));
    }

    #[test]
    fn f39_the_error_names_the_address_and_the_setting() {
        let error = rules("10.0.0.0/8").filter("api.zoom.us", vec!["198.18.0.7".parse().unwrap()]);
        let error = error.unwrap_err().to_string();
        for part in [
            "api.zoom.us leads to 198.18.0.7",
            "Allow untrusted internal connections to",
            "ServiceSettings.AllowedUntrustedInternalConnections",
        ] {
            assert!(error.contains(part), "{error}");
        }
    }
}

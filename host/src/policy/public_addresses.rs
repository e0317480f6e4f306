//! Public and never-allowed IP addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address belongs to the public internet: not loopback, private, link-local, reserved, and
/// not one of the IPv6 forms that contain such an IPv4 address.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// From IANA's registry of special-purpose addresses. Ranges that are only sometimes public count as not public.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let reserved = a == 0
        || a >= 224
        || (a == 100 && (64..128).contains(&b))
        || matches!([a, b, c], [192, 0, 0] | [192, 88, 99])
        || (a == 198 && (18..20).contains(&b));
    !(reserved
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(carried) = embedded_v4(address) {
        return is_public_v4(carried);
    }
    match address.segments() {
        // Local NAT64 and reserved neighbors.
        [0x0064, 0xff9b, ..] => false,
        // IETF protocols, such as Teredo, benchmarking, and cryptographic hashes; documentation.
        [0x2001, s1, ..] => s1 >= 0x0200 && s1 != 0x0db8,
        [0x3fff, s1, ..] => s1 >= 0x1000,
        // All other unicast addresses that are assigned to networks are in 2000::/3.
        [s0, ..] => s0 & 0xe000 == 0x2000,
    }
}

/// The IPv4 address that an IPv6 address contains: mapped (`::ffff:a.b.c.d`), compatible (`::a.b.c.d`, and with it `::`
/// and `::1`), 6to4, or NAT64.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0x2002, s1, s2, ..] => Some(v4(s1, s2)),
        [0x0064, 0xff9b, 0, 0, 0, 0, s6, s7] => Some(v4(s6, s7)),
        _ => address.to_ipv4(),
    }
}

/// Whether an address is loopback, link-local, multicast, broadcast, or unspecified, also inside an IPv6
/// address. Requests to hosts that the policy lists never go there, whatever the server's configuration says.
pub(super) fn is_never_allowed(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_never_allowed_v4(address),
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_unicast_link_local()
                || embedded_v4(address).is_some_and(is_never_allowed_v4)
        }
    }
}

fn is_never_allowed_v4(address: Ipv4Addr) -> bool {
    address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        // Linux treats 0.0.0.0 as this machine, and nothing else is in 0.0.0.0/8.
        || matches!(address.octets(), [0, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_purpose_addresses_are_not_public() {
        for private in [
            "0.0.0.0",
            "0.255.255.255",
            "10.1.2.3",
            "100.64.0.0",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.0",
            "192.0.0.255",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.0",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.0",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::10.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:8.8.8.8",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b::1:808:808",
            "64:ff9b:1::808:808",
            "64::808:808",
            "100::1",
            "1fff:ffff::1",
            "2001::1",
            "2001:0:ffff::1",
            "2001:2::1",
            "2001:10::1",
            "2001:1f:ffff::1",
            "2001:20::1",
            "2001:1ff:ffff::1",
            "2001:db8::1",
            "2001:db8:ffff::1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "3fff::1",
            "3fff:fff:ffff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }

    #[test]
    fn neighbors_of_special_purpose_ranges_are_public() {
        for public in [
            "1.0.0.0",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "170.114.0.1",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.3.0",
            "192.88.98.255",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "::8.8.8.8",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2000::1",
            "2001:200::1",
            "2001:db7:ffff::1",
            "2001:db9::1",
            "2002:808:808::1",
            "2606:4700::1111",
            "3ffe:ffff::1",
            "3fff:1000::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn loopback_and_link_local_addresses_are_never_allowed_even_embedded() {
        for never in [
            "0.0.0.0",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "224.0.0.1",
            "239.255.255.255",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "fe80::1",
            "febf::1",
            "ff02::1",
        ] {
            assert!(is_never_allowed(never.parse().unwrap()), "{never}");
        }
        for other in [
            "8.8.8.8",
            "10.0.0.1",
            "100.64.0.1",
            "198.18.0.1",
            "240.240.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2606:4700::1111",
            "fc00::1",
            "fec0::1",
        ] {
            assert!(!is_never_allowed(other.parse().unwrap()), "{other}");
        }
    }
}

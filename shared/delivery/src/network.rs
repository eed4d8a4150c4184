//! Which network addresses lie outside: on the public internet, where a merchant's server is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

const fn v4(a: u8, b: u8, c: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), length)
}

const fn v6(a: u16, b: u16, length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), length)
}

/// What is not public in IPv4: the IANA special-purpose registry and multicast. It holds the metadata
/// services of the large clouds (169.254.169.254, 100.100.100.200, 192.0.0.192); the one outside of
/// it follows.
const INSIDE_V4: [Ipv4Net; 15] = [
    v4(0, 0, 0, 8),
    v4(10, 0, 0, 8),
    v4(100, 64, 0, 10),
    v4(127, 0, 0, 8),
    v4(169, 254, 0, 16),
    v4(172, 16, 0, 12),
    v4(192, 0, 0, 24),
    v4(192, 0, 2, 24),
    v4(192, 88, 99, 24),
    v4(192, 168, 0, 16),
    v4(198, 18, 0, 15),
    v4(198, 51, 100, 24),
    v4(203, 0, 113, 24),
    // Multicast, then all that is reserved, the broadcast address included.
    v4(224, 0, 0, 4),
    v4(240, 0, 0, 4),
];

/// Azure's platform address: public by its number, inside by what answers there.
const AZURE_PLATFORM: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// All that is assigned to the public internet in IPv6. Outside of it lie loopback, unique local,
/// link-local and multicast addresses, and the spellings of IPv4 (mapped, compatible, NAT64).
const OUTSIDE_V6: Ipv6Net = v6(0x2000, 0, 3);

/// What is special within it: protocol assignments with Teredo, documentation, and 6to4, which
/// carries an IPv4 address.
const INSIDE_V6: [Ipv6Net; 4] = [
    v6(0x2001, 0, 23),
    v6(0x2001, 0x0db8, 32),
    v6(0x2002, 0, 16),
    v6(0x3fff, 0, 20),
];

/// Whether this is an address on the public internet.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4 != AZURE_PLATFORM && !INSIDE_V4.iter().any(|inside| inside.contains(&v4))
        }
        IpAddr::V6(v6) => {
            OUTSIDE_V6.contains(&v6) && !INSIDE_V6.iter().any(|inside| inside.contains(&v6))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S7: every way a name can point inwards.
    #[test]
    fn s7_addresses_inside_a_network_are_not_public() {
        let inside = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "169.254.170.2",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:8.8.8.8",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for text in inside {
            assert!(!is_public(text.parse().unwrap()), "{text} is inside");
        }
    }

    #[test]
    fn addresses_beside_those_are_public() {
        let outside = [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "168.63.129.17",
            "172.15.255.255",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.255.255",
            "198.20.0.1",
            "223.5.5.5",
            "2001:4860:4860::8888",
            "2400:3200::1",
            "2606:4700::1111",
        ];
        for text in outside {
            assert!(is_public(text.parse().unwrap()), "{text} is outside");
        }
    }
}

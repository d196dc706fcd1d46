//! Whether an address that somebody tells can be one host's.
//!
//! What many receive, or nobody, is where no peer and no server is, and nothing is sent there.

use core::net::IpAddr;

/// Whether datagrams to an address go to one host.
pub(super) const fn is_one_host(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !(ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast()),
        IpAddr::V6(ip) => !(ip.is_unspecified() || ip.is_multicast()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_and_nobody_are_no_host() {
        for (ip, is_one) in [
            ("192.0.2.1", true),
            ("127.0.0.1", true),
            ("2001:db8::1", true),
            ("0.0.0.0", false),
            ("224.0.0.251", false),
            ("255.255.255.255", false),
            ("::", false),
            ("ff02::fb", false),
        ] {
            assert_eq!(is_one_host(ip.parse().unwrap()), is_one, "{ip}");
        }
    }
}

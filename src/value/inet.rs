//! `inet` and `cidr`: family, bits of the net, kind, length and address
//! (`src/backend/utils/adt/network.c`, `src/port/inet_net_ntop.c`).

use std::fmt::Write;
use std::net::{IpAddr, Ipv6Addr};

use bytes::BufMut;

use super::Refused;
use super::ascii::decimal;

/// Which of the two types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A host, perhaps with the net it is in.
    Inet,
    /// A net, whose address ends in zeros.
    Cidr,
}

/// Adds the canonical text. The bits of the net are left out of an `inet` where they are all of the address.
pub(super) fn push_canonical(text: &str, kind: Kind, out: &mut String) -> Result<(), Refused> {
    let (address, bits) = read(text, kind)?;
    // A String takes everything.
    let _ = match address {
        IpAddr::V4(address) => write!(out, "{address}"),
        IpAddr::V6(address) => push_v6(address, out),
    };
    if kind == Kind::Cidr || bits < most(address) {
        let _ = write!(out, "/{bits}");
    }
    Ok(())
}

/// Adds the binary form of a canonical text.
pub(super) fn put_binary(canonical: &str, kind: Kind, out: &mut impl BufMut) -> Result<(), Refused> {
    let (address, bits) = read(canonical, kind)?;
    // AF_INET of the server's own, and the number behind it.
    out.put_u8(if address.is_ipv4() { 2 } else { 3 });
    out.put_u8(bits);
    out.put_u8(u8::from(kind == Kind::Cidr));
    match address {
        IpAddr::V4(address) => {
            out.put_u8(4);
            out.put_slice(&address.octets());
        }
        IpAddr::V6(address) => {
            out.put_u8(16);
            out.put_slice(&address.octets());
        }
    }
    Ok(())
}

fn most(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn read(text: &str, kind: Kind) -> Result<(IpAddr, u8), Refused> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.as_bytes())),
        None => (text, None),
    };
    let unread =
        || Refused::unread("is an address that only the server can read; write it in full, as 192.0.2.0/24");
    let address: IpAddr = address.parse().map_err(|_| unread())?;
    let most = most(address);
    let bits = match bits {
        None => most,
        Some(digits @ ([b'0'..=b'9'] | [b'1'..=b'9', _] | [b'1'..=b'9', _, _]))
            if digits.iter().all(u8::is_ascii_digit) =>
        {
            u8::try_from(decimal(digits)).ok().filter(|bits| *bits <= most).ok_or_else(|| {
                Refused::wrong(format!("has a net of more bits than the {most} of its address; correct it"))
            })?
        }
        Some(_) => return Err(unread()),
    };
    if kind == Kind::Cidr && has_host(address, bits) {
        return Err(Refused::wrong(format!(
            "is no net: set all bits behind the first {bits} to 0, or choose inet"
        )));
    }
    Ok((address, bits))
}

/// Whether a bit is set behind those of the net.
fn has_host(address: IpAddr, bits: u8) -> bool {
    let address = match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    };
    address.checked_shl(bits.into()).is_some_and(|host| host != 0)
}

/// The longest run of zeros is left out, and addresses that stand for older ones end like these.
fn push_v6(address: Ipv6Addr, out: &mut String) -> std::fmt::Result {
    let words = address.segments();
    let (start, len) = longest_zeros(words);
    let ends_like_v4 = start == 0 && (len == 6 || (len == 5 && words[5] == 0xFFFF));
    for (at, word) in words.into_iter().enumerate() {
        if (start..start + len).contains(&at) {
            if at == start {
                out.push(':');
            }
            continue;
        }
        if at > 0 {
            out.push(':');
        }
        if ends_like_v4 && at == 6 {
            let [.., a, b, c, d] = address.octets();
            return write!(out, "{a}.{b}.{c}.{d}");
        }
        write!(out, "{word:x}")?;
    }
    if len > 0 && start + len == words.len() {
        out.push(':');
    }
    Ok(())
}

/// Where the first of the longest runs of zeros begins, and its length: two at least.
fn longest_zeros(words: [u16; 8]) -> (usize, usize) {
    let (mut longest, mut start) = ((0, 0), 0);
    for (at, word) in words.into_iter().enumerate() {
        if word != 0 {
            start = at + 1;
        } else if at + 1 - start > longest.1.max(1) {
            longest = (start, at + 1 - start);
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str, kind: Kind) -> Result<String, Refused> {
        let mut out = String::new();
        push_canonical(text, kind, &mut out)?;
        Ok(out)
    }

    #[test]
    fn addresses_are_short() {
        for (text, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1/32", "192.0.2.1"),
            ("192.0.2.1/24", "192.0.2.1/24"),
            ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("::1/128", "::1"),
            ("::", "::"),
            ("1::", "1::"),
            ("::ffff:1.2.3.4", "::ffff:1.2.3.4"),
            ("::1.2.3.4", "::1.2.3.4"),
            ("::5", "::5"),
            ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
            ("fe80::1/64", "fe80::1/64"),
            ("0:0:1::", "0:0:1::"),
        ] {
            assert_eq!(canonical(text, Kind::Inet).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_net_has_its_bits_and_no_host() {
        assert_eq!(canonical("10.0.0.0/8", Kind::Cidr).as_deref(), Ok("10.0.0.0/8"));
        assert_eq!(canonical("10.0.0.1", Kind::Cidr).as_deref(), Ok("10.0.0.1/32"));
        assert_eq!(canonical("::/0", Kind::Cidr).as_deref(), Ok("::/0"));
        for (text, kind) in [("10.0.0.1/8", Kind::Cidr), ("10.0.0.1/33", Kind::Inet), ("::1/129", Kind::Inet)]
        {
            assert!(canonical(text, kind).unwrap_err().certain, "{text}");
        }
        for text in ["10/8", "10.1", "", "1.2.3.4/", "1.2.3.4/08", "x", "fe80::1%eth0", " ::1"] {
            assert!(!canonical(text, Kind::Inet).unwrap_err().certain, "{text}");
        }
    }

    #[test]
    fn the_binary_form_begins_with_family_bits_kind_and_length() {
        let mut out = Vec::new();
        put_binary("10.0.0.0/8", Kind::Cidr, &mut out).unwrap();
        put_binary("::1", Kind::Inet, &mut out).unwrap();
        assert_eq!(out[..8], [2, 8, 1, 4, 10, 0, 0, 0]);
        assert_eq!(out[8..12], [3, 128, 0, 16]);
        assert_eq!(out.len(), 28);
    }
}

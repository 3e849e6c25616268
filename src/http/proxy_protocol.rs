//! The PROXY protocol, versions 1 and 2, as HAProxy's specification has it: what a proxy of connections says about the
//! client, before the first byte of the client's own. It reads what it is given and trusts nobody; who may speak
//! it is decided elsewhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Bytes to read before it is clear which version it is: fewer than the shortest header has.
pub const START: usize = 12;
/// How version 2 begins: bytes that begin no other protocol.
const SIGNATURE: [u8; START] = *b"\r\n\r\n\0\r\nQUIT\n";
/// The longest line of version 1, its end included (§2.1).
pub const LINE: usize = 107;
/// What follows the head of version 2 at most. Addresses take 36 bytes; the rest is room for what we skip.
const REST: usize = 4096;
/// IPv4 or IPv6 over TCP.
const INET: u8 = 0x11;
const INET6: u8 = 0x21;

/// Whom a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announced {
    /// The client, and the address it connected to.
    Client(SocketAddr, SocketAddr),
    /// The proxy itself, to see whether we live; or a client it does not know.
    Nobody,
}

/// What a header is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It does not begin like one.
    #[error("the connection does not begin with a header of the PROXY protocol")]
    Missing,
    /// It begins like one and goes on otherwise.
    #[error("the header of the PROXY protocol is malformed")]
    Malformed,
    /// It is longer than it has reason to be.
    #[error("the header of the PROXY protocol is too long")]
    TooLong,
}

/// A version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// One line of text.
    One,
    /// Binary.
    Two,
}

impl Version {
    /// Told by the first bytes.
    pub fn of(start: &[u8; START]) -> Result<Self, Fault> {
        if *start == SIGNATURE {
            Ok(Self::Two)
        } else if start.starts_with(b"PROXY ") {
            Ok(Self::One)
        } else {
            Err(Fault::Missing)
        }
    }
}

/// A whole line of version 1, its end included.
pub fn line(line: &[u8]) -> Result<Announced, Fault> {
    let text = line
        .strip_suffix(b"\r\n")
        .and_then(|line| std::str::from_utf8(line).ok())
        .and_then(|line| line.strip_prefix("PROXY "))
        .ok_or(Fault::Malformed)?;
    if text == "UNKNOWN" || text.starts_with("UNKNOWN ") {
        return Ok(Announced::Nobody);
    }
    let mut words = text.split(' ');
    let family = words.next();
    let mut address = || -> Option<IpAddr> {
        match (family, words.next()?) {
            (Some("TCP4"), word) => word.parse::<Ipv4Addr>().ok().map(IpAddr::from),
            (Some("TCP6"), word) => word.parse::<Ipv6Addr>().ok().map(IpAddr::from),
            _ => None,
        }
    };
    let (client, server) = (address(), address());
    let (from, to) = (words.next().and_then(port), words.next().and_then(port));
    match (client, server, from, to, words.next()) {
        (Some(client), Some(server), Some(from), Some(to), None) => Ok(Announced::Client(
            SocketAddr::new(client.to_canonical(), from),
            SocketAddr::new(server.to_canonical(), to),
        )),
        _ => Err(Fault::Malformed),
    }
}

/// A number without sign or leading zeros.
fn port(word: &str) -> Option<u16> {
    let plain = word == "0" || !word.starts_with(['0', '+']);
    word.parse().ok().filter(|_| plain)
}

/// How many bytes follow the four after the start in version 2.
pub fn rest(head: [u8; 4]) -> Result<usize, Fault> {
    let [_, _, high, low] = head;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > REST {
        return Err(Fault::TooLong);
    }
    Ok(length)
}

/// The rest of a header of version 2, after the four bytes of its head.
pub fn binary(head: [u8; 4], rest: &[u8]) -> Result<Announced, Fault> {
    let [version, family, ..] = head;
    match (version, family) {
        // LOCAL: whatever follows is to be skipped.
        (0x20, _) => Ok(Announced::Nobody),
        (0x21, INET) => {
            let [a, b, c, d, e, f, g, h, ports @ ..] = *rest.first_chunk::<12>().ok_or(Fault::Malformed)?;
            Ok(client([a, b, c, d].into(), [e, f, g, h].into(), ports))
        }
        (0x21, INET6) => {
            let (client_ip, more) = rest.split_first_chunk::<16>().ok_or(Fault::Malformed)?;
            let (server_ip, more) = more.split_first_chunk::<16>().ok_or(Fault::Malformed)?;
            let ports = more.first_chunk::<4>().ok_or(Fault::Malformed)?;
            Ok(client((*client_ip).into(), (*server_ip).into(), *ports))
        }
        // Of a family that has no addresses: the connection is taken for the proxy's own (§2.2).
        (0x21, 0) => Ok(Announced::Nobody),
        _ => Err(Fault::Malformed),
    }
}

fn client(client: IpAddr, server: IpAddr, [a, b, c, d]: [u8; 4]) -> Announced {
    Announced::Client(
        SocketAddr::new(client.to_canonical(), u16::from_be_bytes([a, b])),
        SocketAddr::new(server.to_canonical(), u16::from_be_bytes([c, d])),
    )
}

/// The header that announces a client to a server.
pub fn write(version: Version, client: SocketAddr, server: SocketAddr) -> Vec<u8> {
    let same = client.is_ipv4() && server.is_ipv4();
    match version {
        Version::One if same => format!(
            "PROXY TCP4 {} {} {} {}\r\n",
            client.ip(),
            server.ip(),
            client.port(),
            server.port()
        )
        .into_bytes(),
        Version::One => format!(
            "PROXY TCP6 {} {} {} {}\r\n",
            six(client.ip()),
            six(server.ip()),
            client.port(),
            server.port()
        )
        .into_bytes(),
        Version::Two => {
            let mut header = SIGNATURE.to_vec();
            if let (IpAddr::V4(from), IpAddr::V4(to)) = (client.ip(), server.ip()) {
                header.extend([0x21, INET, 0, 12]);
                header.extend(from.octets().into_iter().chain(to.octets()));
            } else {
                header.extend([0x21, INET6, 0, 36]);
                header.extend(
                    six(client.ip())
                        .octets()
                        .into_iter()
                        .chain(six(server.ip()).octets()),
                );
            }
            header.extend(client.port().to_be_bytes());
            header.extend(server.port().to_be_bytes());
            header
        }
    }
}

/// Both addresses are of one family; where they are not, that is IPv6 (RFC 4291 §2.5.5.2).
fn six(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(four) => four.to_ipv6_mapped(),
        IpAddr::V6(six) => six,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn read(bytes: &[u8]) -> Result<Announced, Fault> {
        match Version::of(bytes.first_chunk().ok_or(Fault::Missing)?)? {
            Version::One => line(bytes),
            Version::Two => {
                let head = *bytes[START..].first_chunk().ok_or(Fault::Malformed)?;
                let length = rest(head)?;
                binary(
                    head,
                    bytes.get(START + 4..START + 4 + length).ok_or(Fault::Malformed)?,
                )
            }
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for (client, server) in [
            ("203.0.113.7:50000", "10.0.0.1:443"),
            ("[2001:db8::1]:50000", "[2001:db8::2]:443"),
        ] {
            let (client, server) = (address(client), address(server));
            for version in [Version::One, Version::Two] {
                let header = write(version, client, server);
                assert!(header.len() <= LINE);
                assert_eq!(read(&header), Ok(Announced::Client(client, server)));
            }
        }
        let mixed = write(Version::One, address("192.0.2.1:1"), address("[2001:db8::2]:443"));
        assert_eq!(
            String::from_utf8(mixed).unwrap(),
            "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 1 443\r\n"
        );
    }

    #[test]
    fn a_line_has_one_form() {
        for bad in [
            "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n",
            "PROXY TCP4 1.2.3.4  5.6.7.8 1 2\r\n",
            "PROXY TCP4 1.2.3.04 5.6.7.8 1 2\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n",
            "PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n",
            "PROXY TCP4 ::1 ::1 1 2\r\n",
            "PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n",
            "PROXY UNKNOWNS\r\n",
        ] {
            assert_eq!(read(bad.as_bytes()), Err(Fault::Malformed), "{bad:?}");
        }
        assert_eq!(read(b"GET / HTTP/1.1\r\n"), Err(Fault::Missing));
        assert_eq!(read(b"PROXY UNKNOWN ffff::1 junk\r\n"), Ok(Announced::Nobody));
        assert_eq!(read(b"PROXY UNKNOWN\r\n"), Ok(Announced::Nobody));
    }

    #[test]
    fn what_follows_the_addresses_is_skipped_and_too_much_refused() {
        let mut header = write(Version::Two, address("192.0.2.1:1"), address("192.0.2.2:2"));
        header.extend([0x03, 0, 1, 9]);
        header[15] = 16;
        let known = Announced::Client(address("192.0.2.1:1"), address("192.0.2.2:2"));
        assert_eq!(read(&header), Ok(known));
        header[12] = 0x20;
        assert_eq!(read(&header), Ok(Announced::Nobody));
        header[14] = 0x20;
        assert_eq!(read(&header), Err(Fault::TooLong));
        for (command, family, length) in [
            (0x22, 0x11, 12),
            (0x11, 0x11, 12),
            (0x21, 0x12, 12),
            (0x21, 0x11, 11),
            (0x21, 0x21, 35),
        ] {
            let length: u8 = length;
            let header = [
                &SIGNATURE[..],
                &[command, family, 0, length],
                &vec![0; length.into()],
            ]
            .concat();
            assert_eq!(
                read(&header),
                Err(Fault::Malformed),
                "{command:x} {family:x} {length}"
            );
        }
    }

    #[test]
    fn an_address_written_as_the_other_family_is_the_same_client() {
        let mapped = b"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n";
        let Ok(Announced::Client(client, _)) = read(mapped) else {
            panic!("refused")
        };
        assert_eq!(client, address("192.0.2.1:1"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
            let _ = read(&[&SIGNATURE[..], &bytes].concat());
            let _ = line(&[b"PROXY TCP4 ", &bytes[..], b"\r\n"].concat());
        }
    }
}

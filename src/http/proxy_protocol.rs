//! The PROXY protocol, versions 1 and 2, as the specification of `HAProxy` has it: what a proxy of connections says about the
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
        (0x21, INET) => {
            let (client_ip, more) = rest.split_first_chunk::<4>().ok_or(Fault::Malformed)?;
            let (server_ip, more) = more.split_first_chunk::<4>().ok_or(Fault::Malformed)?;
            let ports = more.first_chunk::<4>().ok_or(Fault::Malformed)?;
            Ok(client((*client_ip).into(), (*server_ip).into(), *ports))
        }
        (0x21, INET6) => {
            let (client_ip, more) = rest.split_first_chunk::<16>().ok_or(Fault::Malformed)?;
            let (server_ip, more) = more.split_first_chunk::<16>().ok_or(Fault::Malformed)?;
            let ports = more.first_chunk::<4>().ok_or(Fault::Malformed)?;
            Ok(client((*client_ip).into(), (*server_ip).into(), *ports))
        }
        // LOCAL, whatever follows; or of a family that has no addresses: the proxy's own connection (§2.2).
        (0x20, _) | (0x21, 0) => Ok(Announced::Nobody),
        _ => Err(Fault::Malformed),
    }
}

fn client(client: IpAddr, server: IpAddr, [a, b, c, d]: [u8; 4]) -> Announced {
    Announced::Client(
        SocketAddr::new(client.to_canonical(), u16::from_be_bytes([a, b])),
        SocketAddr::new(server.to_canonical(), u16::from_be_bytes([c, d])),
    )
}

/// The header of a connection that is for nobody but whoever opens it.
pub fn nobody(version: Version) -> &'static [u8] {
    match version {
        Version::One => b"PROXY UNKNOWN\r\n",
        Version::Two => b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0",
    }
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
mod tests;

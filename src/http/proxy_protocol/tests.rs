//! Headers that announce a client, good and bad.

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
fn a_connection_for_nobody_says_so() {
    for version in [Version::One, Version::Two] {
        assert_eq!(read(nobody(version)), Ok(Announced::Nobody));
    }
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

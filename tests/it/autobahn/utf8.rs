//! Section 6: text is UTF-8 (RFC 3629), wherever fragments cut it.

use super::{Case, Chop, FIN, INVALID_PAYLOAD, TEXT, frame, run, text};

/// "Hello-µ@ßöäüàá-UTF-8!!"
const HELLO: &[u8] = b"Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!";
/// "κόσμε"
const KOSME: &[u8] = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";

/// In fragments of so many bytes.
fn cut(payload: &[u8], size: usize) -> Vec<Vec<u8>> {
    let count = payload.chunks(size).count();
    let each = payload.chunks(size).enumerate();
    each.map(|(at, piece)| {
        let opcode = if at == 0 { TEXT } else { 0 };
        frame(if at + 1 == count { FIN | opcode } else { opcode }, piece)
    })
    .collect()
}

fn invalid(name: impl Into<String>, frames: Vec<Vec<u8>>, chop: Chop) -> Case {
    Case::unclosed(name, frames, chop).closed_with(INVALID_PAYLOAD)
}

#[test]
fn nothing_in_many_fragments_is_nothing() {
    run([
        Case::new("6.1.1", vec![text("")], Chop::Whole).hears(TEXT, ""),
        Case::new(
            "6.1.2",
            vec![frame(TEXT, ""), frame(0, ""), frame(FIN, "")],
            Chop::Whole,
        )
        .hears(TEXT, ""),
        Case::new(
            "6.1.3",
            vec![frame(TEXT, ""), frame(0, "middle"), frame(FIN, "")],
            Chop::Whole,
        )
        .hears(TEXT, "middle"),
    ]);
}

#[test]
fn valid_text_passes_wherever_it_is_cut() {
    run([
        Case::new("6.2.1", vec![text(HELLO)], Chop::Whole).hears(TEXT, HELLO),
        Case::new("6.2.2", cut(HELLO, 12), Chop::Frames).hears(TEXT, HELLO),
        Case::new("6.2.3", cut(HELLO, 1), Chop::Whole).hears(TEXT, HELLO),
        Case::new("6.2.4", cut(KOSME, 1), Chop::Frames).hears(TEXT, KOSME),
        Case::new("6.2.4 byte by byte", cut(KOSME, 1), Chop::Bytes).hears(TEXT, KOSME),
    ]);
}

#[test]
fn invalid_text_fails_wherever_it_is_cut() {
    let bad = [KOSME, b"\xed\xa0\x80", b"edited"].concat();
    let too_high = [KOSME, b"\xf4\x90\x80\x80", b"edited"].concat();
    run([
        invalid("6.3.1", vec![text(&bad)], Chop::Whole),
        invalid("6.3.2", cut(&bad, 1), Chop::Whole),
        invalid("6.4.1", cut(&too_high, 11), Chop::Frames),
        invalid("6.4.2", cut(&too_high, 12), Chop::Frames),
        invalid("6.4.3", vec![text(&too_high)], Chop::Bytes),
        invalid("6.4.4", vec![text(&bad)], Chop::Bytes),
    ]);
}

#[test]
fn every_class_of_valid_sequences_passes() {
    let valid: [(&str, &[u8]); 27] = [
        ("6.5.1", KOSME),
        ("6.6.1", b"\x00"),
        ("6.6.3", b"\xc2\x80"),
        ("6.6.5", b"\xe0\xa0\x80"),
        ("6.6.7", b"\xf0\x90\x80\x80"),
        ("6.7.1", b"\x7f"),
        ("6.7.2", b"\xdf\xbf"),
        ("6.7.3", b"\xef\xbf\xbf"),
        ("6.7.4", b"\xf4\x8f\xbf\xbf"),
        ("6.9.1", b"\xed\x9f\xbf"),
        ("6.9.2", b"\xee\x80\x80"),
        ("6.9.3", b"\xef\xbf\xbd"),
        ("6.9.4", b"\xf4\x8f\xbf\xbf"),
        ("6.11.1", b"\xef\xbf\xbe"),
        ("6.11.2", b"\xf0\x9f\xbf\xbe"),
        ("6.22.1", b"\xf0\x9f\xbf\xbf"),
        ("6.22.2", b"\xf0\xaf\xbf\xbe"),
        ("6.22.3", b"\xf0\xaf\xbf\xbf"),
        ("6.22.4", b"\xf0\xbf\xbf\xbe"),
        ("6.22.5", b"\xf1\x8f\xbf\xbf"),
        ("6.22.6", b"\xf2\xbf\xbf\xbe"),
        ("6.22.7", b"\xf3\xbf\xbf\xbf"),
        ("6.22.8", b"\xf4\x8f\xbf\xbe"),
        ("6.23.1", b"\xef\xbf\xb9"),
        ("6.23.2", b"\xef\xbf\xba"),
        ("6.23.3", b"\xef\xbf\xbb"),
        ("6.23.4", b"\xef\xbf\xbc"),
    ];
    run(valid.map(|(name, payload)| Case::new(name, vec![text(payload)], Chop::Whole).hears(TEXT, payload)));
}

#[test]
fn every_class_of_invalid_sequences_fails() {
    let bad: [(&str, &[u8]); 38] = [
        ("6.6.2", b"\xc2"),
        ("6.6.4", b"\xe0\xa0"),
        ("6.6.6", b"\xf0\x90\x80"),
        ("6.8.1", b"\xf8\x88\x80\x80\x80"),
        ("6.8.2", b"\xfc\x84\x80\x80\x80\x80"),
        ("6.10.1", b"\xf4\x90\x80\x80"),
        ("6.10.2", b"\xf7\xbf\xbf\xbf"),
        ("6.10.3", b"\xfb\xbf\xbf\xbf\xbf"),
        ("6.12.1", b"\x80"),
        ("6.12.2", b"\xbf"),
        ("6.12.3", b"\x80\xbf"),
        ("6.12.4", b"\x80\xbf\x80\xbf\x80\xbf"),
        ("6.13.1", b"\xc0 \xc1 \xdf "),
        ("6.13.2", b"\xe0 \xef "),
        ("6.13.3", b"\xf0 \xf7 "),
        ("6.13.4", b"\xf8 \xfb "),
        ("6.13.5", b"\xfc \xfd "),
        ("6.14.1", b"\xdf"),
        ("6.14.2", b"\xe0\x80"),
        ("6.14.3", b"\xf0\x80\x80"),
        ("6.14.4", b"\xef\xbf"),
        ("6.14.5", b"\xf7\xbf\xbf"),
        ("6.15.1", b"\xdf\xef\xbf\xf7\xbf\xbf"),
        ("6.16.1", b"\xfe"),
        ("6.16.2", b"\xff"),
        ("6.16.3", b"\xfe\xfe\xff\xff"),
        ("6.17.1", b"\xc0\xaf"),
        ("6.17.2", b"\xe0\x80\xaf"),
        ("6.17.3", b"\xf0\x80\x80\xaf"),
        ("6.18.1", b"\xc1\xbf"),
        ("6.18.2", b"\xe0\x9f\xbf"),
        ("6.18.3", b"\xf0\x8f\xbf\xbf"),
        ("6.19.1", b"\xc0\x80"),
        ("6.19.2", b"\xe0\x80\x80"),
        ("6.20.1", b"\xed\xa0\x80"),
        ("6.20.2", b"\xed\xad\xbf"),
        ("6.20.7", b"\xed\xbf\xbf"),
        ("6.21.1", b"\xed\xa0\x80\xed\xb0\x80"),
    ];
    run(bad.map(|(name, payload)| invalid(name, vec![text(payload)], Chop::Whole)));
}

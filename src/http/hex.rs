//! Numbers as lower-case hexadecimal digits, many digits at a time: every request has two ids to spell.

/// The sixteen digits of a number, leading zeros included.
pub fn digits(number: u64) -> [u8; 16] {
    let (high, low) = (half(number >> 32), half(number & 0xffff_ffff));
    let mut all = [0; 16];
    for (place, digit) in all.iter_mut().zip(high.into_iter().chain(low)) {
        *place = digit;
    }
    all
}

/// Eight digits side by side in one word: four bits are spread over each byte, then all bytes become
/// characters at once.
fn half(number: u64) -> [u8; 8] {
    let pairs = (number | number << 16) & 0x0000_ffff_0000_ffff;
    let bytes = (pairs | pairs << 8) & 0x00ff_00ff_00ff_00ff;
    let nibbles = (bytes | bytes << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    // Adding six carries into the next four bits exactly where the digit is a letter.
    let letters = ((nibbles + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
    let to_letter = u64::from(b'a' - b'0' - 10);
    (nibbles + 0x3030_3030_3030_3030 + letters * to_letter).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

        #[test]
        fn spells_as_the_formatter_does(number: u64) {
            let spelt = digits(number);
            let expected = format!("{number:016x}");
            proptest::prop_assert_eq!(spelt.as_slice(), expected.as_bytes());
        }
    }
}

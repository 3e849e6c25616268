//! What is put right in an answer, and what a server may be allowed besides: the word for it in metric and policy.

/// One thing that is put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// A status from 600 to 999 passes (RFC 9110 §15).
    Status,
    /// A minor version above 1 is read as 1 (RFC 9110 §2.5).
    Version,
    /// A reason phrase with control characters is left out (RFC 9112 §4).
    ReasonPhrase,
    /// A folded line is joined with a space (RFC 9112 §5.2).
    Folded,
    /// A control character in a value becomes a space (RFC 9110 §5.5).
    Control,
    /// White space before the colon is taken off (RFC 9112 §5.1).
    SpaceBeforeColon,
    /// A length or a coding is taken off an answer that has no body: 1xx and 204 (RFC 9112 §6.3).
    BodyForbidden,
    /// Zeros before a length are taken off.
    LeadingZeros,
    /// Lines of a head end in LF alone (RFC 9112 §2.2). Only where it is tolerated, as are those below.
    BareLf,
    /// The same length is told several times (RFC 9110 §8.6).
    RepeatedLength,
    /// A length beside chunks is taken off (RFC 9112 §6.3).
    LengthWithChunks,
    /// The transfer coding `identity`, which is none and no longer exists, is taken off.
    IdentityCoding,
    /// Chunks in an answer of HTTP/1.0 (RFC 9112 §6.1).
    ChunksInHttp10,
    /// A line that is no field is left out.
    BadField,
}

/// Several of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Repairs(u16);

impl Repair {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 14] = [
        Self::Status,
        Self::Version,
        Self::ReasonPhrase,
        Self::Folded,
        Self::Control,
        Self::SpaceBeforeColon,
        Self::BodyForbidden,
        Self::LeadingZeros,
        Self::BareLf,
        Self::RepeatedLength,
        Self::LengthWithChunks,
        Self::IdentityCoding,
        Self::ChunksInHttp10,
        Self::BadField,
    ];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Version => "version",
            Self::ReasonPhrase => "reason_phrase",
            Self::Folded => "folded",
            Self::Control => "control",
            Self::SpaceBeforeColon => "space_before_colon",
            Self::BodyForbidden => "body_forbidden",
            Self::LeadingZeros => "leading_zeros",
            Self::BareLf => "bare_lf",
            Self::RepeatedLength => "repeated_length",
            Self::LengthWithChunks => "length_with_chunks",
            Self::IdentityCoding => "identity_coding",
            Self::ChunksInHttp10 => "chunks_in_http_1_0",
            Self::BadField => "bad_field",
        }
    }
}

impl Repairs {
    /// Those after which the connection is not used again: where another reader might find the end of the answer elsewhere.
    const IN_DOUBT: Self = Self::of(&[
        Repair::SpaceBeforeColon,
        Repair::BodyForbidden,
        Repair::LeadingZeros,
        Repair::BareLf,
        Repair::RepeatedLength,
        Repair::LengthWithChunks,
        Repair::IdentityCoding,
        Repair::ChunksInHttp10,
        Repair::BadField,
    ]);

    /// These.
    pub const fn of(all: &[Repair]) -> Self {
        let (mut bits, mut rest) = (0, all);
        while let [first, others @ ..] = rest {
            bits |= 1 << *first as u16;
            rest = others;
        }
        Self(bits)
    }

    /// One more.
    pub fn add(&mut self, repair: Repair) {
        self.0 |= Self::of(&[repair]).0;
    }

    /// All of both.
    #[must_use]
    pub fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Whether it is among them.
    pub fn has(self, repair: Repair) -> bool {
        self.0 & Self::of(&[repair]).0 != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the connection had better not be used again.
    pub fn leave_doubt(self) -> bool {
        self.0 & Self::IN_DOUBT.0 != 0
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Repair> {
        Repair::ALL.into_iter().filter(move |repair| self.has(*repair))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_place_of_its_own() {
        for (number, repair) in Repair::ALL.into_iter().enumerate() {
            assert_eq!(repair as usize, number);
            assert_eq!(Repairs::of(&[repair]).iter().collect::<Vec<_>>(), [repair]);
        }
        assert!(Repairs::default().is_empty());
        assert!(!Repairs::of(&[Repair::Folded]).leave_doubt());
        assert!(Repairs::of(&[Repair::Folded, Repair::BareLf]).leave_doubt());
    }
}

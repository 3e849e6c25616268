//! The fields of a header block as far as they can be told apart without decoding: by their numbers in the static table, and the
//! colon that the names of pseudo-header fields begin with (RFC 7541 §6). Followed over pieces of any size; what breaks off is
//! for the decoder to judge.

/// The fields with a colon are the first of the static table (RFC 7541, appendix A).
const PSEUDO: u32 = 14;
/// The colon in Huffman's code is 1011100, and so the first seven bits of a name (RFC 7541, appendix B).
const COLON: u8 = 0b1011_1000;

/// What has been found.
#[derive(Debug, Default)]
pub(super) struct Fields {
    /// How many there are.
    pub(super) count: u32,
    /// One belongs to a head only (RFC 9113 §8.3). Of a name that is in the dynamic table that cannot be known.
    pub(super) pseudo: bool,
    kind: Kind,
    at: At,
    number: u32,
    shift: u32,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    /// A change of the table's size, which is no field.
    #[default]
    Size,
    /// In a table with its value.
    Indexed,
    /// With a value of its own.
    Literal,
}

/// What comes next.
#[derive(Debug, Clone, Copy, Default)]
enum At {
    #[default]
    Field,
    /// More of its number.
    Number,
    /// How long a string is.
    Length(Text),
    /// More of that, for one in Huffman's code or not.
    MoreLength(Text, bool),
    /// The first octet of a string, and how many there are.
    First(Text, bool, u32),
    /// So many more.
    Rest(Text, u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    Name,
    Value,
}

impl Fields {
    /// The next octets of the block.
    pub(super) fn read(&mut self, mut bytes: &[u8]) {
        while let Some((octet, rest)) = bytes.split_first() {
            if let At::Rest(text, left) = self.at {
                let skipped = bytes.len().min(left as usize);
                bytes = bytes.get(skipped..).unwrap_or_default();
                self.skip_to(text, left - u32::try_from(skipped).unwrap_or(left));
                continue;
            }
            bytes = rest;
            self.step(*octet);
        }
    }

    fn step(&mut self, octet: u8) {
        match self.at {
            At::Field => self.begin(octet),
            At::Number => {
                if self.goes_on(octet) {
                    self.indexed();
                }
            }
            At::Length(text) => {
                let huffman = octet & 0x80 != 0;
                if self.starts(octet, 7) {
                    self.at = At::MoreLength(text, huffman);
                } else {
                    self.begin_text(text, huffman);
                }
            }
            At::MoreLength(text, huffman) => {
                if self.goes_on(octet) {
                    self.begin_text(text, huffman);
                }
            }
            At::First(text, huffman, length) => {
                let colon = if huffman {
                    octet & 0xFE == COLON
                } else {
                    octet == b':'
                };
                if colon && text == Text::Name {
                    self.pseudo = true;
                }
                self.skip_to(text, length - 1);
            }
            At::Rest(text, left) => self.skip_to(text, left.saturating_sub(1)),
        }
    }

    fn begin(&mut self, first: u8) {
        let (kind, prefix) = match first {
            0x80.. => (Kind::Indexed, 7),
            0x40.. => (Kind::Literal, 6),
            0x20.. => (Kind::Size, 5),
            _ => (Kind::Literal, 4),
        };
        self.kind = kind;
        self.count += u32::from(kind != Kind::Size);
        if self.starts(first, prefix) {
            self.at = At::Number;
        } else {
            self.indexed();
        }
    }

    /// A number begins in the last bits of an octet (§5.1); whether more of it follows.
    fn starts(&mut self, octet: u8, prefix: u32) -> bool {
        let most = (1 << prefix) - 1;
        (self.number, self.shift) = (u32::from(octet) & most, 0);
        self.number == most
    }

    /// More of it; whether that was all. Beyond 28 bits no number has a meaning here.
    fn goes_on(&mut self, octet: u8) -> bool {
        let more = u32::from(octet & 0x7F).checked_shl(self.shift);
        self.number = self.number.saturating_add(more.unwrap_or_default());
        self.shift += 7;
        octet & 0x80 == 0
    }

    /// The field has this number, or its name has.
    fn indexed(&mut self) {
        let index = self.number;
        if self.kind != Kind::Size && (1..=PSEUDO).contains(&index) {
            self.pseudo = true;
        }
        self.at = match self.kind {
            Kind::Size | Kind::Indexed => At::Field,
            Kind::Literal if index == 0 => At::Length(Text::Name),
            Kind::Literal => At::Length(Text::Value),
        };
    }

    fn begin_text(&mut self, text: Text, huffman: bool) {
        self.at = At::First(text, huffman, self.number);
        if self.number == 0 {
            self.skip_to(text, 0);
        }
    }

    fn skip_to(&mut self, text: Text, left: u32) {
        self.at = match (left, text) {
            (1.., _) => At::Rest(text, left),
            (0, Text::Name) => At::Length(Text::Value),
            (0, Text::Value) => At::Field,
        };
    }
}

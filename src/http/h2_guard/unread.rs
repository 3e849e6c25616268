//! How much of the bodies a client has sent nobody has read yet. Flow control counts their octets; what is held counts
//! frames as well, since each has a place of its own in a queue. What is read is known by the windows that are given
//! back, so it is known late, and of frames only how many there must have been.

/// What a frame costs beside its octets.
const FRAME: usize = 256;

/// The bodies of one connection.
#[derive(Debug, Default)]
pub(super) struct Unread {
    octets: usize,
    frames: usize,
}

impl Unread {
    /// A frame of DATA has come.
    pub(super) fn came(&mut self, octets: u32) {
        self.octets += octets as usize;
        self.frames += 1;
    }

    /// The window of the connection was opened again by so many octets.
    pub(super) fn read(&mut self, octets: u32) {
        let octets = (octets as usize).min(self.octets);
        self.frames -= self.frames * octets / self.octets.max(1);
        self.octets -= octets;
    }

    /// What is held, in bytes.
    pub(super) fn held(&self) -> usize {
        self.octets + self.frames * FRAME
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_takes_its_frames_with_it() {
        let mut unread = Unread::default();
        (0..10).for_each(|_| unread.came(1000));
        assert_eq!(unread.held(), 10 * (1000 + FRAME));
        unread.read(4000);
        assert_eq!(unread.held(), 6 * (1000 + FRAME));
        unread.read(65_535);
        assert_eq!(unread.held(), 0);
        unread.read(1);
        assert_eq!(unread.held(), 0);
    }
}

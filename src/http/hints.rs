//! Early hints (RFC 8297): what an application lets a browser fetch before its answer is ready. Of an interim answer
//! only its links are passed on, so that nothing a policy takes off an answer gets past it this way.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

const HEAD: &[u8] = b"HTTP/1.1 103 Early Hints\r\n";
const LINK: &[u8] = b"link:";

/// What is to be told the client of a connection before its next answer; whole heads of HTTP/1.1.
#[derive(Debug, Default)]
pub struct Hints {
    any: AtomicBool,
    text: Mutex<Vec<u8>>,
}

impl Hints {
    /// Adds the hints among these field lines, if there are any.
    pub fn add(&self, lines: &[u8]) {
        let links = lines.split_inclusive(|octet| *octet == b'\n').filter(|line| {
            line.get(..LINK.len())
                .is_some_and(|name| name.eq_ignore_ascii_case(LINK))
        });
        let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let before = text.len();
        text.extend_from_slice(HEAD);
        let empty = text.len();
        links.for_each(|line| text.extend_from_slice(line));
        if text.len() == empty {
            text.truncate(before);
            return;
        }
        text.extend_from_slice(b"\r\n");
        self.any.store(true, Relaxed);
    }

    /// Whether there is something to tell.
    pub fn any(&self) -> bool {
        self.any.load(Relaxed)
    }

    /// What there is to tell, once.
    pub fn take(&self) -> Vec<u8> {
        self.any.store(false, Relaxed);
        std::mem::take(&mut *self.text.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_are_passed_on() {
        let hints = Hints::default();
        hints.add(b"Link: </a>; rel=preload\r\nServer: secret\r\nlink:</b>\r\n\r\n");
        assert!(hints.any());
        let told = "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nlink:</b>\r\n\r\n";
        assert_eq!(hints.take(), told.as_bytes());
        assert!(!hints.any() && hints.take().is_empty());
    }

    #[test]
    fn without_a_link_there_is_nothing_to_tell() {
        let hints = Hints::default();
        hints.add(b"Server: secret\r\nlinks: x\r\n\r\n");
        assert!(!hints.any() && hints.take().is_empty());
    }
}

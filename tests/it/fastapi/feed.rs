//! Where the application gets its events and reports from: the test, which so decides when they come.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};

use crate::support::DEADLINE;

/// Listens for the application's questions.
pub struct Feed(TcpListener);

/// A question that waits for its answers.
pub struct Question(TcpStream);

impl Feed {
    pub fn open() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    pub fn port(&self) -> String {
        self.0.local_addr().unwrap().port().to_string()
    }

    /// Waits until the application asks this.
    pub fn next_question(&self, wanted: &str) -> Question {
        let (stream, _) = self.0.accept().unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), wanted);
        Question(stream)
    }
}

impl Question {
    pub fn answer(&mut self, line: &str) {
        self.0.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Sends one more line, and says whether nobody takes lines any more.
    pub fn is_closed_after(&mut self, line: &str) -> bool {
        self.0.write_all(format!("{line}\n").as_bytes()).is_err()
    }
}

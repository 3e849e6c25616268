//! Connections that find no place: told so and closed, rather than reset or left to wait. It holds back one file,
//! so that a process without any can still take a connection off the queue to say so; without, the accept
//! would fail again and again, and the clients would never learn why nobody answers.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::edge::bare::{bare, fresh_id};
use crate::http::refusal::Refusal;

/// How many are told at once, on each worker; they still hold a file while they are. The rest is closed at once.
const TELLING: usize = 32;
/// How long one may take to read it.
const GOODBYE: Duration = Duration::from_secs(1);
/// How long to hold off when not even that can be done: trying at once would spin.
const HOLD_OFF: Duration = Duration::from_millis(100);
/// How often the log says that there are no files left.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// What one worker needs to turn connections away.
pub(super) struct Overflow {
    spare: Option<File>,
    /// Held by each that is being told, which makes it their count.
    telling: Arc<()>,
    said: Option<Instant>,
}

impl Overflow {
    pub(super) fn new() -> Self {
        Self {
            spare: spare(),
            telling: Arc::default(),
            said: None,
        }
    }

    /// Answers 503 and closes. Under TLS there is nobody to tell before hands are shaken, which costs more than this
    /// is worth: then it only closes.
    pub(super) fn turn_away(&self, socket: TcpStream, refusal: &Refusal, secure: bool) {
        if secure || Arc::strong_count(&self.telling) > TELLING {
            return;
        }
        let (words, held) = (bare(refusal, &fresh_id()), Arc::clone(&self.telling));
        tokio::spawn(async move {
            let _read_or_not = timeout(GOODBYE, tell(socket, &words)).await;
            drop(held);
        });
    }

    /// No connection could be accepted. If that is for want of a file, the next one is told; else time may help.
    /// Says whether that kept anybody out.
    pub(super) async fn relieve(&mut self, error: &io::Error, listener: &TcpListener, secure: bool) -> bool {
        if is_out_of_files(error) && self.spare.take().is_some() {
            // The system looks for a file before it looks who waits: that may be nobody.
            let waiting = timeout(Duration::ZERO, listener.accept()).await;
            let told = match waiting {
                Ok(Ok((socket, _))) => {
                    tell_at_once(socket, secure);
                    true
                }
                Ok(Err(_)) => {
                    tokio::time::sleep(HOLD_OFF).await;
                    true
                }
                Err(_nobody) => false,
            };
            self.spare = spare();
            if told {
                self.say(error);
            }
            return told;
        }
        self.say(error);
        tokio::time::sleep(HOLD_OFF).await;
        if self.spare.is_none() {
            self.spare = spare();
        }
        true
    }

    fn say(&mut self, error: &io::Error) {
        let now = Instant::now();
        if self.said.is_none_or(|said| now - said >= SAY_EVERY) {
            self.said = Some(now);
            tracing::warn!(error = %error, "no connection can be accepted; raise the limit of open files");
        }
    }
}

/// Any file will do.
fn spare() -> Option<File> {
    File::open("/dev/null").ok()
}

fn is_out_of_files(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE))
}

/// Reads away what the client still sends: a socket closed over unread bytes takes back what was sent.
async fn tell(mut socket: TcpStream, words: &[u8]) -> io::Result<()> {
    socket.write_all(words).await?;
    socket2::SockRef::from(&socket).shutdown(Shutdown::Write)?;
    let mut unread = [0; 1024];
    while socket.read(&mut unread).await? > 0 {}
    Ok(())
}

/// The same without waiting: the file is needed again.
fn tell_at_once(socket: TcpStream, secure: bool) {
    if secure {
        return;
    }
    let Ok(mut socket) = socket.into_std() else { return };
    let mut unread = [0; 4096];
    // It waited in the queue, so that its request is there by now.
    let _nothing_yet = socket.read(&mut unread);
    let _full = socket.write(&bare(&Refusal::Exhausted, &fresh_id()));
    let _gone = socket.shutdown(Shutdown::Write);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (client, listener.accept().await.unwrap().0)
    }

    #[tokio::test]
    async fn so_many_are_told_at_once_and_the_rest_is_closed() {
        let overflow = Overflow::new();
        let mut clients = Vec::new();
        for _ in 0..TELLING + 3 {
            let (client, server) = pair().await;
            overflow.turn_away(server, &Refusal::TooManyConnections, false);
            clients.push(client);
        }
        let mut told = 0;
        for client in &mut clients {
            let mut answer = String::new();
            let _end = client.read_to_string(&mut answer).await.unwrap();
            told +=
                usize::from(answer.starts_with("HTTP/1.1 503 ") && answer.contains("too_many_connections"));
        }
        assert_eq!(told, TELLING);
    }

    #[tokio::test]
    async fn under_tls_nothing_is_said_in_the_clear() {
        let (mut client, server) = pair().await;
        Overflow::new().turn_away(server, &Refusal::TooManyConnections, true);
        assert_eq!(client.read(&mut [0; 16]).await.unwrap(), 0);
    }
}

//! What hyper is let see of what a server sends.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::upstream::tests::origin::Seen;

/// Both ends of a connection.
async fn pair() -> (Wired, Arc<Wire>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (peer, _) = listener.accept().await.unwrap();
    let wire = Arc::new(Wire::default());
    let wired = Wired::new(
        Socket::Plain(stream),
        Arc::clone(&wire),
        Arc::new(Seen::default()),
    );
    (wired, wire, peer)
}

#[tokio::test]
async fn a_write_to_nobody_is_left_to_the_reading_side() {
    let (mut wired, wire, peer) = pair().await;
    socket2::SockRef::from(&peer)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(peer);
    while !wire.is_broken() {
        wired.write_all(b"request").await.unwrap();
    }
    assert!(!matches!(wired.read(&mut [0]).await, Ok(1..)));
    assert!(!wire.has_heard());
}

#[tokio::test]
async fn an_answer_is_read_to_its_end_and_no_further() {
    let (mut wired, wire, mut peer) = pair().await;
    wire.begin(Asked::Plain);
    wired.write_all(b"request").await.unwrap();
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
    peer.write_all(&[&answer[..], &answer[..]].concat())
        .await
        .unwrap();
    let mut heard = Vec::new();
    wired.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, answer);
    assert!(wire.is_broken() && wire.has_heard() && wire.fault().is_none());
}

#[tokio::test]
async fn what_comes_before_the_request_is_sent_is_no_answer() {
    let (mut wired, wire, mut peer) = pair().await;
    wire.begin(Asked::Plain);
    peer.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    assert!(wired.read(&mut [0; 99]).await.is_err());
    // So the request may go out once more, on another connection.
    assert!(wire.is_broken() && !wire.has_heard());
    assert_eq!(wire.fault(), Some(Fault::Unasked));
}

#[tokio::test]
async fn of_what_is_malformed_nothing_is_seen() {
    let (mut wired, wire, mut peer) = pair().await;
    wire.begin(Asked::Plain);
    wired.write_all(b"request").await.unwrap();
    peer.write_all(b"HTTP/1.1 200 OK\r\nx: a\nb: c\r\n\r\n")
        .await
        .unwrap();
    let mut heard = Vec::new();
    assert!(wired.read_to_end(&mut heard).await.is_err());
    assert!(heard.is_empty());
    assert_eq!(wire.fault(), Some(Fault::LineEnd));
    assert_eq!(wired.read(&mut [0]).await.unwrap(), 0);
}

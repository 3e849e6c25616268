//! Whole connections: what is fit for another request afterwards, and what is not.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};

use http::response::Parts;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::http::body::Body;
use crate::http::vet::{Asked, Fault, Repairs, Rules};
use crate::upstream::Sight;
use crate::upstream::http1::{Broke, Conn, Listeners};
use crate::upstream::socket::Socket;
use crate::upstream::tests::origin::request;

const RULES: Rules = Rules {
    max_head: 65_536,
    max_fields: 100,
    tolerated: Repairs::of(&[]),
};

#[derive(Default)]
struct Faults(Mutex<Vec<&'static str>>);

impl Sight for Faults {
    fn connected(&self, _: bool) {}
    fn retried(&self) {}
    fn answered(&self, _: &'static str) {}
    fn repaired(&self, _: &'static str) {}
    fn malformed(&self, reason: &'static str) {
        self.0.lock().unwrap().push(reason);
    }
}

/// A connection on which a request was begun, and the server's end of it.
async fn begun() -> (Conn, TcpStream, Arc<Faults>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ours = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let faults = Arc::<Faults>::default();
    let mut conn = Conn::new(Socket::Plain(ours), Arc::<Faults>::clone(&faults));
    conn.begin(
        request(http::Method::GET, Body::Empty),
        Asked::Plain,
        RULES,
        false,
    );
    (conn, listener.accept().await.unwrap().0, faults)
}

async fn answer(conn: &mut Conn) -> Result<Parts, Broke> {
    poll_fn(|cx| conn.poll_answer(cx, Listeners::default())).await
}

/// Reads the whole answer, and says what came of its body.
async fn read(conn: &mut Conn) -> Result<Vec<u8>, Broke> {
    answer(conn).await?;
    let mut body = Vec::new();
    while let Some(piece) = poll_fn(|cx| conn.poll_piece(cx)).await {
        body.extend(piece?.into_data().unwrap_or_default());
    }
    Ok(body)
}

#[tokio::test]
async fn a_connection_whose_answer_is_read_is_fit_for_another_request() {
    let (mut conn, mut server, faults) = begun().await;
    for body in ["one", "another"] {
        let length = body.len();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
        server.write_all(answer.as_bytes()).await.unwrap();
        assert_eq!(read(&mut conn).await.unwrap(), body.as_bytes());
        assert!(conn.is_done() && conn.is_quiet());
        conn.begin(
            request(http::Method::GET, Body::Empty),
            Asked::Plain,
            RULES,
            false,
        );
    }
    assert!(faults.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_comes_after_an_answer_ends_its_connection() {
    for (answer, body) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi!", "hi"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n!", ""),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n!",
            "hi",
        ),
    ] {
        let (mut conn, mut server, faults) = begun().await;
        server.write_all(answer.as_bytes()).await.unwrap();
        assert_eq!(read(&mut conn).await.unwrap(), body.as_bytes());
        assert!(!conn.is_done() && !conn.is_quiet());
        assert_eq!(*faults.0.lock().unwrap(), ["excess"], "{answer}");
    }
}

#[tokio::test]
async fn whoever_speaks_unasked_is_not_asked_again() {
    let (mut conn, mut server, faults) = begun().await;
    server
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
        .await
        .unwrap();
    read(&mut conn).await.unwrap();
    assert!(conn.is_done() && conn.is_quiet());
    server.write_all(b"H").await.unwrap();
    while conn.is_quiet() {
        tokio::task::yield_now().await;
    }
    assert_eq!(*faults.0.lock().unwrap(), ["unasked"]);
    assert!(!conn.is_done());
}

#[tokio::test]
async fn a_version_without_lasting_connections_is_not_asked_again() {
    let (mut conn, mut server, _) = begun().await;
    server
        .write_all(b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi")
        .await
        .unwrap();
    read(&mut conn).await.unwrap();
    assert!(!conn.is_done());
}

#[tokio::test]
async fn what_is_no_answer_is_told_from_none() {
    let (mut conn, mut server, faults) = begun().await;
    server.write_all(b"220 mail.test ESMTP\r\n").await.unwrap();
    assert!(matches!(
        answer(&mut conn).await,
        Err(Broke::Vet(Fault::StatusLine))
    ));
    assert!(conn.has_heard() && !conn.is_quiet() && !conn.is_done());
    assert_eq!(*faults.0.lock().unwrap(), ["status_line"]);
    let (mut conn, server, faults) = begun().await;
    drop(server);
    assert!(matches!(
        answer(&mut conn).await,
        Err(Broke::Closed | Broke::Io(_))
    ));
    assert!(!conn.has_heard() && faults.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn only_a_body_without_a_length_ends_with_its_connection() {
    for (head, whole) in [
        ("", true),
        ("content-length: 9\r\n", false),
        ("transfer-encoding: chunked\r\n", false),
    ] {
        let (mut conn, mut server, _) = begun().await;
        let answer = format!("HTTP/1.1 200 OK\r\n{head}\r\n2\r\nhi\r\n");
        server.write_all(answer.as_bytes()).await.unwrap();
        // Read, so that it is closed and not reset.
        tokio::spawn(async move {
            let _request = tokio::io::AsyncReadExt::read(&mut server, &mut [0; 1024]).await;
        });
        assert_eq!(read(&mut conn).await.is_ok(), whole, "{head}");
        assert!(!conn.is_done());
    }
}

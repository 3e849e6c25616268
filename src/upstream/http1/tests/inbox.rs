//! Answers as they come, cut wherever they may be.

use std::future::poll_fn;

use http::HeaderMap;
use tokio::io::{AsyncWriteExt, duplex};

use crate::http::vet::{Asked, Fault, Rules};
use crate::upstream::http1::inbox::{Heard, Inbox};

const LONG: &str = "HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                    5;a=\"b\"\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nX-Sum: 1\r\nx-end:2\r\n\r\n";

/// All that is told of an answer that comes in these pieces.
#[derive(Debug, Default, PartialEq)]
struct Told {
    heads: Vec<(u16, String)>,
    body: String,
    trailers: HeaderMap,
}

async fn told(asked: Asked, pieces: impl Iterator<Item = &[u8]>) -> Result<(Told, Inbox), Fault> {
    let (mut ours, mut theirs) = duplex(1 << 20);
    let (mut inbox, mut told) = (Inbox::default(), Told::default());
    inbox.begin(asked, Rules::default(), false);
    for piece in pieces {
        theirs.write_all(piece).await.unwrap();
        poll_fn(|cx| inbox.poll_fill(&mut ours, cx)).await.unwrap();
        while let Some(heard) = inbox.next()? {
            match heard {
                Heard::Interim(status, head) | Heard::Answer(status, head) => {
                    told.heads
                        .push((status, String::from_utf8(head.to_vec()).unwrap()));
                }
                Heard::Data(data) => told.body += std::str::from_utf8(&data).unwrap(),
                Heard::Trailers(trailers) => told.trailers = trailers,
            }
        }
    }
    Ok((told, inbox))
}

#[tokio::test]
async fn an_answer_says_the_same_however_it_is_cut() {
    let (whole, inbox) = told(Asked::Plain, [LONG.as_bytes()].into_iter()).await.unwrap();
    assert!(inbox.is_over() && !inbox.has_excess());
    assert_eq!(
        whole.heads.iter().map(|head| head.0).collect::<Vec<_>>(),
        [103, 200]
    );
    assert_eq!(
        whole.heads[1].1,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    assert_eq!(whole.body, "hello world");
    assert_eq!(
        (&whole.trailers["x-sum"], &whole.trailers["x-end"]),
        (&"1".parse().unwrap(), &"2".parse().unwrap())
    );
    for cut in 1..LONG.len() {
        let (before, after) = LONG.as_bytes().split_at(cut);
        let (cut_up, inbox) = told(Asked::Plain, [before, after].into_iter()).await.unwrap();
        assert_eq!(cut_up, whole, "cut at {cut}");
        assert!(inbox.is_over() && !inbox.has_excess());
    }
    let (octets, _) = told(Asked::Plain, LONG.as_bytes().chunks(1)).await.unwrap();
    assert_eq!(octets, whole);
}

#[tokio::test]
async fn what_comes_after_an_answer_is_no_part_of_it() {
    for (asked, answer) in [
        (Asked::Plain, LONG),
        (Asked::Plain, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"),
        (Asked::Head, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"),
    ] {
        let more = format!("{answer}HTTP/1.1 200 OK\r\n\r\n");
        let (alone, _) = told(asked, [answer.as_bytes()].into_iter()).await.unwrap();
        let (told, inbox) = told(asked, [more.as_bytes()].into_iter()).await.unwrap();
        assert_eq!(told, alone);
        assert!(inbox.has_excess(), "{answer}");
    }
}

#[tokio::test]
async fn a_head_that_is_none_is_a_fault_as_soon_as_that_is_sure() {
    for (head, fault) in [
        ("SSH-2.0", Fault::StatusLine),
        ("HTTP/1.1 200 OK\r\na b: c\r\n\r\n", Fault::FieldName),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\n",
            Fault::ContentLength,
        ),
    ] {
        let told = told(Asked::Plain, head.as_bytes().chunks(1)).await;
        assert_eq!(told.map(|_| ()).unwrap_err(), fault, "{head}");
    }
}

#[tokio::test]
async fn a_head_that_is_put_right_is_told_as_it_should_have_been() {
    let odd = "HTTP/1.1 103 x\r\nlink : </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 2\r\n\r\nhi";
    let right =
        "HTTP/1.1 103 x\r\nlink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nx: a b\r\ncontent-length: 2\r\n\r\nhi";
    let (expected, _) = told(Asked::Plain, [right.as_bytes()].into_iter()).await.unwrap();
    for size in 1..odd.len() {
        let (told, inbox) = told(Asked::Plain, odd.as_bytes().chunks(size)).await.unwrap();
        assert_eq!(told, expected, "by {size}");
        assert!(inbox.is_over() && !inbox.has_excess());
    }
}

#[tokio::test]
async fn the_first_read_is_small_and_none_grows_beyond_its_bound() {
    for (one_of_many, bound) in [(false, 64 * 1024), (true, 16 * 1024)] {
        let most = largest_read(one_of_many).await;
        // A buffer that is used again may have what the first read had beside what is asked for.
        assert!((bound..=bound + 8 * 1024).contains(&most), "{most}");
    }
}

async fn largest_read(one_of_many: bool) -> usize {
    let (mut ours, mut theirs) = duplex(1 << 20);
    let mut inbox = Inbox::default();
    inbox.begin(Asked::Plain, Rules::default(), one_of_many);
    theirs.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    theirs.write_all(&vec![b'x'; 900_000]).await.unwrap();
    let mut most = 0;
    for turn in 0..12 {
        let octets = poll_fn(|cx| inbox.poll_fill(&mut ours, cx)).await.unwrap();
        assert!(turn > 0 || octets <= 8 * 1024, "{octets} at first");
        most = most.max(octets);
        while inbox.next().unwrap().is_some() {}
    }
    most
}

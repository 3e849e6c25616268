//! The leaky application of the demo: stack traces in its errors, no security header, its software named
//! in every answer, endpoints that hang. Everything a review before launch finds.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use http::{Method, Request, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

type Answer = Response<BoxBody<Bytes, Infallible>>;

const PAGE: &str =
    "<!doctype html><title>The shop</title><h1>The shop</h1><p>Served by a leaky application.</p>\n";

const TRACE: &str = "\
Traceback (most recent call last):
  File \"/srv/shop/app/orders.py\", line 41, in create_order
    cursor.execute(\"INSERT INTO orders VALUES (%s)\", row)
psycopg2.errors.UniqueViolation: duplicate key value violates unique constraint \"orders_pkey\"
DETAIL:  Key (id)=(4711) already exists. Connection: postgresql://shop:hunter2@db.internal:5432/shop
";

const DEBUG_PAGE: &str = "\
<!doctype html><title>OperationalError at /admin</title><h1>OperationalError</h1>
<pre>could not connect to server: db.internal:5432</pre><p>SECRET_KEY = 'django-insecure-3x4mpl3'</p>
";

/// Starts it on a free port, on a thread of its own that ends with the process.
pub(super) fn start() -> io::Result<SocketAddr> {
    let socket = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_nonblocking(true)?;
    let address = socket.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    thread::Builder::new()
        .name("leaky-application".to_owned())
        .spawn(move || {
            runtime.block_on(async move {
                if let Ok(socket) = TcpListener::from_std(socket) {
                    accept(socket).await;
                }
            });
        })?;
    Ok(address)
}

async fn accept(socket: TcpListener) {
    while let Ok((connection, _)) = socket.accept().await {
        tokio::spawn(async move {
            let service = service_fn(|request| async { Ok::<_, Infallible>(answer(request).await) });
            let served = http1::Builder::new()
                .serve_connection(TokioIo::new(connection), service)
                .await;
            // A gateway that hangs up on a hanging endpoint does right.
            drop(served);
        });
    }
}

async fn answer(request: Request<Incoming>) -> Answer {
    let mut response = match (request.method(), request.uri().path()) {
        (&Method::POST, "/login") => text(
            StatusCode::UNAUTHORIZED,
            "application/json",
            "{\"detail\":\"wrong password\"}\n",
        ),
        (_, "/error") => text(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", TRACE),
        (_, "/admin") => text(StatusCode::INTERNAL_SERVER_ERROR, "text/html", DEBUG_PAGE),
        (_, "/sold-out") => text(
            StatusCode::SERVICE_UNAVAILABLE,
            "application/json",
            "{\"detail\":\"sold out\"}\n",
        ),
        (_, "/slow") => {
            tokio::time::sleep(Duration::from_millis(700)).await;
            text(StatusCode::OK, "text/plain", "that took a while\n")
        }
        (_, "/stuck") => std::future::pending().await,
        (_, "/events") => events(),
        (_, "/upload") => upload(request).await,
        _ => text(StatusCode::OK, "text/html", PAGE),
    };
    let headers = response.headers_mut();
    headers.insert(
        header::SERVER,
        header::HeaderValue::from_static("gunicorn/19.9.0"),
    );
    headers.insert(
        "x-powered-by",
        header::HeaderValue::from_static("Django/2.2 Python/3.6"),
    );
    response
}

fn text(status: StatusCode, kind: &'static str, body: &'static str) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())).boxed());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}

async fn upload(request: Request<Incoming>) -> Answer {
    let received = request
        .into_body()
        .collect()
        .await
        .map_or(0, |body| body.to_bytes().len());
    let mut response = text(StatusCode::OK, "text/plain", "");
    *response.body_mut() = Full::new(Bytes::from(format!("received {received} bytes\n"))).boxed();
    response
}

/// Five server-sent events, one each second.
fn events() -> Answer {
    let mut response = text(StatusCode::OK, "text/event-stream", "");
    *response.body_mut() = BodyExt::boxed(StreamBody::new(ticks().map(|event| Ok(Frame::data(event)))));
    response
}

fn ticks() -> impl Stream<Item = Bytes> {
    stream::unfold(1_u32, |tick| async move {
        if tick > 5 {
            return None;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        Some((Bytes::from(format!("data: tick {tick}\n\n")), tick + 1))
    })
}

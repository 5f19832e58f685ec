//! hyper on tokio, both as they are, on the socket that is handed over as descriptor 3.

use std::convert::Infallible;
use std::net::TcpListener;
use std::os::fd::FromRawFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::stream::unfold;
use http_body_util::{combinators::BoxBody, BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::mpsc;

type Body = BoxBody<Bytes, Infallible>;

static VISITS: AtomicU64 = AtomicU64::new(0);

fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Full::new(text.into()).boxed());
    *response.status_mut() = status;
    response
}

/// Events that another task sends, 50 ms apart.
fn ticks() -> Response<Body> {
    let (sender, receiver) = mpsc::channel::<Bytes>(1);
    tokio::spawn(async move {
        for tick in 1..=5 {
            if sender.send(format!("tick {tick}\n").into()).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let stream = unfold(receiver, |mut receiver| async move {
        let bytes = receiver.recv().await?;
        Some((Ok(Frame::data(bytes)), receiver))
    });
    Response::new(BodyExt::boxed(StreamBody::new(stream)))
}

async fn answer(request: Request<Incoming>) -> Result<Response<Body>, hyper::Error> {
    Ok(match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => {
            let visit = VISITS.fetch_add(1, Ordering::Relaxed) + 1;
            text(StatusCode::OK, format!("hello from hyper: visit {visit}\n"))
        }
        (&Method::POST, "/echo") => text(StatusCode::OK, request.into_body().collect().await?.to_bytes()),
        (&Method::GET, "/slow") => {
            tokio::time::sleep(Duration::from_millis(300)).await;
            text(StatusCode::OK, "slow\n")
        }
        (&Method::GET, "/ticks") => ticks(),
        _ => text(StatusCode::NOT_FOUND, "not found\n"),
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    // Descriptor 3 is nobody else's.
    let listener = unsafe { TcpListener::from_raw_fd(3) };
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    println!("listening");
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let served = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service_fn(answer))
                .await;
            if let Err(error) = served {
                eprintln!("connection: {error}");
            }
        });
    }
}

//! A handler on the bare bindings of the crate `wasi`, as a library: nothing runs before the first request but `_initialize`.
use std::cell::Cell;
use wasi::exports::http::incoming_handler::Guest;
use wasi::http::types::{
    Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam, Scheme,
};
use wasi::io::streams::StreamError;

struct Handler;
wasi::http::proxy::export!(Handler);

thread_local! {
    static VISITS: Cell<u32> = const { Cell::new(0) };
}

impl Guest for Handler {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let path = request.path_with_query().unwrap_or_default();
        match path.split('?').next() {
            Some("/") => answer(out, 200, b"Hello from Rust\n"),
            Some("/visits") => {
                VISITS.set(VISITS.get() + 1);
                answer(out, 200, format!("{}\n", VISITS.get()).as_bytes());
            }
            Some("/request") => answer(out, 200, describe(&request).as_bytes()),
            Some("/echo") => echo(&request, out),
            Some("/environment") => {
                let mut text = String::new();
                for (name, value) in std::env::vars() {
                    text += &format!("{name}={value}\n");
                }
                answer(out, 200, text.as_bytes());
            }
            Some("/log") => {
                println!("to standard output");
                eprintln!("to standard error");
                answer(out, 200, b"");
            }
            Some("/trap") => panic!("this was asked for"),
            // Returns without an answer.
            Some("/nothing") => drop(out),
            // Begins an answer and fails in its middle.
            Some("/half") => {
                let (body, _) = respond(out, 200);
                let stream = body.write().unwrap();
                stream.blocking_write_and_flush(b"half").unwrap();
                panic!("in the middle");
            }
            Some("/spin") => loop {
                std::hint::black_box(0);
            },
            Some("/grow") => {
                let mut all = Vec::new();
                loop {
                    all.push(std::hint::black_box(vec![1u8; 1 << 20]));
                }
            }
            _ => answer(out, 404, b"there is no such path\n"),
        }
    }
}

fn respond(out: ResponseOutparam, status: u16) -> (OutgoingBody, u16) {
    let fields = Fields::from_list(&[("content-type".into(), b"text/plain".into())]).unwrap();
    let response = OutgoingResponse::new(fields);
    response.set_status_code(status).unwrap();
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    (body, status)
}

fn answer(out: ResponseOutparam, status: u16, text: &[u8]) {
    let (body, _) = respond(out, status);
    let stream = body.write().unwrap();
    for part in text.chunks(4096) {
        stream.blocking_write_and_flush(part).unwrap();
    }
    drop(stream);
    OutgoingBody::finish(body, None).unwrap();
}

/// Without a call that blocks for each 4 KiB: as much as the stream takes at a time.
fn echo(request: &IncomingRequest, out: ResponseOutparam) {
    let incoming = request.consume().unwrap();
    let input = incoming.stream().unwrap();
    let (body, _) = respond(out, 200);
    let output = body.write().unwrap();
    'all: loop {
        let bytes = match input.blocking_read(1 << 16) {
            Ok(bytes) => bytes,
            Err(StreamError::Closed) => break,
            Err(error) => panic!("{error}"),
        };
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            output.subscribe().block();
            let Ok(free) = output.check_write() else { break 'all };
            let (part, after) = rest.split_at(rest.len().min(free as usize));
            output.write(part).unwrap();
            rest = after;
        }
    }
    output.blocking_flush().ok();
    drop((input, output));
    OutgoingBody::finish(body, None).unwrap();
}

/// What the host says of a request, a line each.
fn describe(request: &IncomingRequest) -> String {
    let method = match request.method() {
        Method::Other(name) => format!("other {name}"),
        known => format!("{known:?}"),
    };
    let scheme = match request.scheme() {
        Some(Scheme::Other(name)) => format!("other {name}"),
        Some(known) => format!("{known:?}"),
        None => "none".into(),
    };
    let mut text = format!(
        "method {method}\nscheme {scheme}\nauthority {}\npath {}\n",
        request.authority().unwrap_or_default(),
        request.path_with_query().unwrap_or_default()
    );
    for (name, value) in request.headers().entries() {
        text += &format!("{name}: {}\n", String::from_utf8_lossy(&value));
    }
    text
}

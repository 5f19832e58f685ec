//! A web server in Rust that opens its own port: `wasmedge_wasi_socket` brings `bind` and `accept` to WASI preview 1.
//! One thread, one poll loop; nothing blocks but the poll itself.

use std::io::{ErrorKind, Read, Write};

use wasmedge_wasi_socket::poll::{poll, EventType, Subscription};
use wasmedge_wasi_socket::{TcpListener, TcpStream};

const CONNECTIONS_MAX: usize = 256;
const HEAD_BYTES_MAX: usize = 8192;
const LISTENER: u64 = u64::MAX;

fn main() -> std::io::Result<()> {
    let port = std::env::var("PORT").unwrap_or_else(|_| "8080".into());
    let listener = TcpListener::bind(format!("0.0.0.0:{port}"), true)?;
    eprintln!("listening on port {port}");

    let mut visits = 0u64;
    let mut connections: Vec<Option<Connection>> = Vec::new();
    loop {
        let mut waits = Vec::with_capacity(connections.len() + 1);
        let free = connections.iter().position(Option::is_none);
        if free.is_some() || connections.len() < CONNECTIONS_MAX {
            waits.push(Subscription::io(LISTENER, &listener, true, false, None));
        }
        for (id, connection) in connections.iter().enumerate() {
            if let Some(c) = connection {
                let sending = !c.output.is_empty();
                waits.push(Subscription::io(id as u64, &c.stream, !sending, sending, None));
            }
        }
        for event in poll(&waits)? {
            if event.userdata == LISTENER {
                if let Ok((stream, _)) = listener.accept(true) {
                    let connection = Some(Connection::new(stream));
                    match free {
                        Some(id) => connections[id] = connection,
                        None => connections.push(connection),
                    }
                }
                continue;
            }
            let place = &mut connections[event.userdata as usize];
            let alive = match (&event.event_type, place.as_mut()) {
                (EventType::Read | EventType::Write, Some(c)) => c.advance(&mut visits).is_ok(),
                _ => false,
            };
            if !alive {
                *place = None;
            }
        }
    }
}

struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
    output: Vec<u8>,
    closing: bool,
}

impl Connection {
    fn new(stream: TcpStream) -> Self {
        Connection { stream, input: Vec::new(), output: Vec::new(), closing: false }
    }

    /// Reads, answers and writes as far as that goes without waiting. An error means that the connection is over.
    fn advance(&mut self, visits: &mut u64) -> std::io::Result<()> {
        if self.output.is_empty() {
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(ErrorKind::ConnectionAborted.into()),
                Ok(n) => self.input.extend_from_slice(&buffer[..n]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        loop {
            if self.output.is_empty() && !self.answer(visits) {
                return Ok(());
            }
            match self.stream.write(&self.output) {
                Ok(n) => drop(self.output.drain(..n)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
            if self.output.is_empty() && self.closing {
                return Err(ErrorKind::ConnectionAborted.into());
            }
        }
    }

    /// Answers the first request in the buffer; false when it has not arrived whole.
    fn answer(&mut self, visits: &mut u64) -> bool {
        let head_end = self.input.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4);
        let Some(head_end) = head_end else {
            return self.input.len() > HEAD_BYTES_MAX && self.refuse("431 Request Header Fields Too Large");
        };
        let head = String::from_utf8_lossy(&self.input[..head_end]).into_owned();
        let field = |name: &str| {
            head.lines().filter_map(|line| line.split_once(':')).find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.trim())
        };
        if field("transfer-encoding").is_some() {
            return self.refuse("411 Length Required");
        }
        let body: usize = field("content-length").and_then(|v| v.parse().ok()).unwrap_or(0);
        if body > HEAD_BYTES_MAX {
            return self.refuse("413 Content Too Large");
        }
        if self.input.len() < head_end + body {
            return false;
        }
        self.input.drain(..head_end + body);
        let mut words = head.split(' ');
        match (words.next(), words.next().and_then(|target| target.split('?').next())) {
            (Some("GET"), Some("/")) => {
                *visits += 1;
                self.respond("200 OK", &format!("Hello from Rust: visit {visits}\n"));
            }
            _ => self.respond("404 Not Found", "There is only /\n"),
        }
        true
    }

    fn refuse(&mut self, status: &str) -> bool {
        self.closing = true;
        self.input.clear();
        self.respond(status, &format!("{status}\n"));
        true
    }

    fn respond(&mut self, status: &str, text: &str) {
        let close = if self.closing { "Connection: close\r\n" } else { "" };
        let length = text.len();
        self.output = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\n{close}\r\n{text}"
        )
        .into_bytes();
    }
}

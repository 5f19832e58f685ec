//! A server with nothing but std, on the socket it is handed as descriptor 3: each connection gets one answer, then it ends.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::FromRawFd;

fn main() -> std::io::Result<()> {
    // Descriptor 3 is nobody else's.
    let listener = unsafe { TcpListener::from_raw_fd(3) };
    listener.set_nonblocking(false)?;
    println!("listening");
    for visit in 1u64.. {
        let (stream, _) = listener.accept()?;
        match serve(stream, visit) {
            Err(error) if error.kind() == ErrorKind::OutOfMemory => return Err(error),
            // A client that went away is no reason to stop.
            _ => {}
        }
    }
    Ok(())
}

fn serve(stream: TcpStream, visit: u64) -> std::io::Result<()> {
    let mut reader = BufReader::new(&stream);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let text = format!("hello from rust std: visit {visit}\n");
    let length = text.len();
    write!(&stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}")
}

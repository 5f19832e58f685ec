//! A server on `wasi:sockets`: gives back what each connection sends, many connections at a time.
use wstd::io;
use wstd::iter::AsyncIterator;
use wstd::net::TcpListener;

#[wstd::main]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "0.0.0.0:7000".into());
    let listener = TcpListener::bind(&address).await?;
    println!("listens on {}", listener.local_addr()?);
    let mut incoming = listener.incoming();
    while let Some(stream) = incoming.next().await {
        let stream = stream?;
        wstd::runtime::spawn(async move {
            // A client that goes away is its own affair.
            let _ = io::copy(&stream, &stream).await;
        })
        .detach();
    }
    Ok(())
}

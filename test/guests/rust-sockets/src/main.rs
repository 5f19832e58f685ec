// A client and server over the crate wasmedge_wasi_socket, which mixes both versions of WasmEdge's functions.
use std::io::{Read, Write};
use wasmedge_wasi_socket::{
    nslookup, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket,
};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    match args[1].as_str() {
        "client" => {
            let found = nslookup(&args[2], "http").expect("nslookup");
            println!("{} has {}", args[2], found.len());
            let ip = found.iter().find(|a| a.is_ipv4()).expect("an IPv4 address").ip();
            let mut stream = TcpStream::connect((ip.to_string().as_str(), port(&args[3]))).expect("connect");
            println!("peer port {}", stream.peer_addr().expect("peer").port());
            stream.write_all(args[4].as_bytes()).expect("write");
            stream.shutdown(Shutdown::Write).expect("shutdown");
            let mut text = String::new();
            stream.read_to_string(&mut text).expect("read");
            println!("{text}\nended");
        }
        "udp" => {
            let socket = UdpSocket::bind("127.0.0.1:0").expect("bind");
            let to: SocketAddr = format!("{}:{}", args[2], args[3]).parse().expect("address");
            socket.send_to(args[4].as_bytes(), to).expect("send_to");
            let mut buffer = [0; 512];
            let (count, from) = socket.recv_from(&mut buffer).expect("recv_from");
            println!("{} from port {}", String::from_utf8_lossy(&buffer[..count]), from.port());
        }
        "server" => {
            let listener = TcpListener::bind("0.0.0.0:8080", false).expect("bind");
            loop {
                let (mut stream, _) = listener.accept(false).expect("accept");
                let mut buffer = [0; 512];
                let count = stream.read(&mut buffer).expect("read");
                write!(stream, "port 8080: {}", String::from_utf8_lossy(&buffer[..count])).expect("write");
            }
        }
        other => panic!("{other}?"),
    }
}

fn port(text: &str) -> u16 {
    text.parse().expect("a port")
}

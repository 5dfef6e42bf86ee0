//! A server of static files: a page, and the library that it runs.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The application's two files, as a server of static files has them.
pub(super) struct Files {
    pub(super) page: String,
    pub(super) script: String,
}

/// Serves `files` to whoever connects to `listener`; the address.
pub(super) fn serve(listener: TcpListener, files: Files) -> SocketAddr {
    let address = listener.local_addr().unwrap();
    let files = Arc::new(files);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, Arc::clone(&files)));
        }
    });
    address
}

/// Answers one request: the library by its name, the page for everything else.
async fn answer(mut stream: TcpStream, files: Arc<Files>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else {
            return;
        };
        head.push(byte);
    }
    let is_library = String::from_utf8_lossy(&head).contains(".js ");
    let (kind, body) = if is_library {
        ("text/javascript", &files.script)
    } else {
        ("text/html; charset=utf-8", &files.page)
    };
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    );
    // A browser that goes away early is no fault of the server.
    drop(stream.write_all(answer.as_bytes()).await);
}

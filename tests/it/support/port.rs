//! Ports for programs that are told theirs, and addresses where nobody is.

use std::collections::HashSet;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Mutex, PoisonError};

use tokio::net::TcpSocket;

/// All that were given away. Who got one may not listen yet, and the system would give it again.
static GIVEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);

/// A port that nobody listens on and that no other test gets.
pub(crate) fn free_port() -> u16 {
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let given = given.get_or_insert_default();
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        if given.insert(port) {
            return port;
        }
    }
}

/// An address at which nobody listens and nobody else can, as long as it is held.
#[derive(Debug)]
pub(crate) struct Dead {
    pub(crate) address: SocketAddr,
    _socket: TcpSocket,
}

impl Dead {
    pub(crate) fn hold() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket
            .bind(SocketAddr::from(([127, 0, 0, 1], 0)))
            .expect("a port is free");
        Self {
            address: socket.local_addr().expect("it is bound"),
            _socket: socket,
        }
    }
}

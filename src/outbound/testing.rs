//! Where calls in tests lead.

use std::net::SocketAddr;

use tokio::net::TcpSocket;

/// An address at which nobody listens and nobody else can, as long as it is held.
#[derive(Debug)]
pub(crate) struct Dead {
    pub(crate) address: SocketAddr,
    _socket: TcpSocket,
}

impl Dead {
    pub(crate) fn hold() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        Self {
            address: socket.local_addr().unwrap(),
            _socket: socket,
        }
    }
}

//! Listening sockets and their accept loops.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::time::timeout;

use super::connection::{Application, Guard, Opening};

/// Connections that the kernel completes before we accept them.
const BACKLOG: u32 = 4096;

/// How long an accept loop rests when the process is out of file descriptors or memory.
const REST: Duration = Duration::from_millis(200);

/// Listens on `address`. Fails at once when it is taken; port 0 picks a free one.
pub(super) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A restart must not wait for connections of the process before to time out.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Hands every connection to `guard` until it shuts down; the port is closed then.
pub(super) async fn accept<A>(listener: TcpListener, opening: Opening, guard: Guard<A>)
where
    A: Application,
{
    let mut shutdown = guard.shutdown.leaving.clone();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = shutdown.wait_for(|ends| *ends) => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => guard.admit(stream, peer, &opening),
            Err(error) if is_the_peers(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections");
                drop(timeout(REST, shutdown.wait_for(|ends| *ends)).await);
            }
        }
    }
}

/// Whether one connection failed, and not accepting as such.
fn is_the_peers(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

//! Telling the service manager that this process serves (`sd_notify(3)`).

use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use crate::config;

/// Tells it, if there is one, that this process serves and is the main one from now on.
pub(super) fn ready() {
    let Some(socket) = config::notify_socket() else {
        return;
    };
    let pid = std::process::id();
    if let Err(error) = send(&socket, &format!("MAINPID={pid}\nREADY=1\n")) {
        tracing::warn!(%error, "the service manager cannot be told that this process serves");
    }
}

fn send(socket: &str, text: &str) -> io::Result<()> {
    let address = match socket.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(socket)?,
    };
    let datagram = UnixDatagram::unbound()?;
    datagram.send_to_addr(text.as_bytes(), &address)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manager_hears_it_at_a_file_or_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("notify").to_str().unwrap().to_owned();
        let name = format!("@cellgate-test-{}", std::process::id());
        let at_name = SocketAddr::from_abstract_name(name.strip_prefix('@').unwrap()).unwrap();
        for (socket, at) in [
            (&file, SocketAddr::from_pathname(&file).unwrap()),
            (&name, at_name),
        ] {
            let manager = UnixDatagram::bind_addr(&at).unwrap();
            send(socket, "READY=1\n").unwrap();
            let mut heard = [0; 64];
            let n = manager.recv(&mut heard).unwrap();
            assert_eq!(&heard[..n], b"READY=1\n", "{socket}");
        }
        assert!(send("/nowhere/at/all", "READY=1\n").is_err());
    }
}

//! One process takes the place of another without a moment in which nobody listens.
//!
//! The successor asks at the control socket, and is handed every listening socket (`SCM_RIGHTS`,
//! unix(7)): both then hold the same sockets, and connections that nobody has accepted yet are
//! everybody's. It starts as any process does, and only when it serves does it say so; then the other
//! one stops accepting and finishes what it has. If the successor fails before that, nothing has
//! changed.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, Interest};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// What the successor asks.
pub(super) const QUESTION: &str = "take over\n";
/// What it says once it serves.
const SERVING: &[u8] = b"serving\n";
/// What it is told then.
const LEAVING: &[u8] = b"leaving\n";

/// The most sockets that are handed over; the kernel takes 253 at once.
const MAX_SOCKETS: usize = 128;

/// How long either side may take to write a line.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a successor may take to start: migrations of the state and look-ups of names.
const START_PATIENCE: Duration = Duration::from_secs(120);

/// A running process whose place is being taken.
#[derive(Debug)]
pub(super) struct Predecessor {
    stream: UnixStream,
}

impl Predecessor {
    /// Asks the process that listens at `path` for its sockets; the last is that of `path`.
    ///
    /// # Errors
    ///
    /// Of the operating system: nobody listens there, or answers something else.
    pub(super) async fn ask(path: &Path) -> io::Result<(Self, Vec<OwnedFd>)> {
        let mut stream = UnixStream::connect(path).await?;
        timeout(PATIENCE, stream.write_all(QUESTION.as_bytes())).await??;
        let sockets = timeout(PATIENCE, receive(&stream)).await??;
        Ok((Self { stream }, sockets))
    }

    /// Tells it that it may leave; returns when it does.
    ///
    /// # Errors
    ///
    /// Of the operating system: it is gone, which comes to the same.
    pub(super) async fn relieve(mut self) -> io::Result<()> {
        timeout(PATIENCE, self.stream.write_all(SERVING)).await??;
        timeout(PATIENCE, expect(&mut self.stream, LEAVING)).await?
    }
}

/// Hands `sockets` to whoever asked on `stream`, and waits until it serves.
///
/// # Errors
///
/// When it ends before that, or takes too long.
pub(super) async fn hand_over(stream: &mut UnixStream, sockets: &[OwnedFd]) -> io::Result<()> {
    timeout(PATIENCE, send(stream, sockets)).await??;
    timeout(START_PATIENCE, expect(stream, SERVING)).await??;
    // Whoever has said so serves, even if it does not hear this.
    drop(timeout(PATIENCE, stream.write_all(LEAVING)).await);
    Ok(())
}

async fn expect(stream: &mut UnixStream, line: &[u8]) -> io::Result<()> {
    let mut said = vec![0; line.len()];
    stream.read_exact(&mut said).await?;
    if said == line {
        return Ok(());
    }
    Err(io::ErrorKind::InvalidData.into())
}

/// One byte, the number of the sockets, goes along with them: nothing can be passed with no data.
async fn send(stream: &UnixStream, sockets: &[OwnedFd]) -> io::Result<()> {
    let too_many = || io::Error::other("too many sockets to hand over");
    let count = u8::try_from(sockets.len()).map_err(|_| too_many())?;
    if sockets.len() > MAX_SOCKETS {
        return Err(too_many());
    }
    let sockets: Vec<BorrowedFd<'_>> = sockets.iter().map(|socket| socket.as_fd()).collect();
    loop {
        stream.writable().await?;
        let sent = stream.try_io(Interest::WRITABLE, || {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_SOCKETS))];
            let mut control = SendAncillaryBuffer::new(&mut space);
            if !control.push(SendAncillaryMessage::ScmRights(&sockets)) {
                return Err(too_many());
            }
            let data = [IoSlice::new(std::slice::from_ref(&count))];
            Ok(sendmsg(stream, &data, &mut control, SendFlags::NOSIGNAL)?)
        });
        match sent {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

async fn receive(stream: &UnixStream) -> io::Result<Vec<OwnedFd>> {
    loop {
        stream.readable().await?;
        let received = stream.try_io(Interest::READABLE, || {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_SOCKETS))];
            let mut control = RecvAncillaryBuffer::new(&mut space);
            let mut count = 0;
            let mut data = [IoSliceMut::new(std::slice::from_mut(&mut count))];
            let message = recvmsg(stream, &mut data, &mut control, RecvFlags::CMSG_CLOEXEC)?;
            let mut sockets = Vec::new();
            for part in control.drain() {
                if let RecvAncillaryMessage::ScmRights(passed) = part {
                    sockets.extend(passed);
                }
            }
            // An older process does not know the question, and closes.
            if message.bytes == 0 || sockets.len() != usize::from(count) {
                let why = "the process that runs hands over no sockets";
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
            }
            Ok(sockets)
        });
        match received {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            received => return received,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd as _;

    use super::*;

    /// A socket and the address it has.
    fn listening() -> (OwnedFd, std::net::SocketAddr) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        (listener.into(), address)
    }

    #[tokio::test]
    async fn what_is_handed_over_are_the_same_sockets() {
        let (mut old, new) = UnixStream::pair().unwrap();
        let (first, address) = listening();
        let (second, other) = listening();
        let sockets = [first, second];
        let successor = async {
            let taken = receive(&new).await.unwrap();
            assert_ne!(taken[0].as_raw_fd(), sockets[0].as_raw_fd());
            Predecessor { stream: new }.relieve().await.unwrap();
            taken
        };
        let (handed, taken) = tokio::join!(hand_over(&mut old, &sockets), successor);

        handed.unwrap();
        drop(sockets);
        let taken: Vec<_> = taken.into_iter().map(std::net::TcpListener::from).collect();
        assert_eq!(taken[0].local_addr().unwrap(), address);
        assert_eq!(taken[1].local_addr().unwrap(), other);
        // Still listened on, though whoever opened it has closed it.
        std::net::TcpStream::connect(address).unwrap();
        taken[0].accept().unwrap();
    }

    #[tokio::test]
    async fn a_successor_that_fails_before_it_serves_relieves_nobody() {
        let (mut old, new) = UnixStream::pair().unwrap();
        let sockets = [listening().0];
        let failing = async {
            drop(receive(&new).await.unwrap());
            drop(new);
        };
        let (handed, ()) = tokio::join!(hand_over(&mut old, &sockets), failing);
        assert!(handed.is_err());
    }

    #[tokio::test]
    async fn a_process_that_knows_no_such_question_hands_over_nothing() {
        let (old, new) = UnixStream::pair().unwrap();
        drop(old);
        assert!(receive(&new).await.is_err());
        let (mut old, new) = UnixStream::pair().unwrap();
        old.write_all(b"{}\n").await.unwrap();
        assert!(receive(&new).await.is_err());
    }
}

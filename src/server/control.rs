//! The control socket: a command on this machine asks for a reload or a successor and is told what
//! came of it, which a signal cannot tell.
//!
//! One question and one answer for each connection: the line `reload`, and a [`Reloaded`] as one
//! line of JSON. A successor asks for the sockets here, see `handover`. Who may ask is who may write
//! to the socket's file, which is its owner.

use std::fs::{self, Permissions};
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{interval, timeout};

use super::handover::{self, hand_over};
use super::task::Task;

const RELOAD: &str = "reload\n";
const UPGRADE: &str = "upgrade\n";
/// Which process listens.
const PID: &str = "pid\n";

/// How long either side may take to write its line.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a reload may take, with fetches of keys and look-ups of names; and how long a process may
/// take to start, during which nobody else is answered.
const ANSWER_PATIENCE: Duration = Duration::from_secs(130);

/// How often is looked whether a successor serves.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The longest answer; one of a file that is wrong in every line.
const MAX_ANSWER: u64 = 1024 * 1024;

/// What came of a reload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(crate) enum Reloaded {
    /// The file is in force.
    Loaded {
        /// Which file.
        config: PathBuf,
        /// What has changed in it, but only a restart puts in force.
        needs_restart: Vec<String>,
        /// What its author may not have meant.
        warnings: Vec<String>,
    },
    /// The one before stays in force.
    Refused {
        /// Which file.
        config: PathBuf,
        /// Every reason.
        error: String,
    },
}

/// What came of the wish for a successor, so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum Started {
    /// It is starting.
    Started {
        /// Its number.
        pid: u32,
    },
    /// It is not.
    Refused {
        /// Why.
        error: String,
    },
}

/// What somebody asks of this process.
#[derive(Debug)]
pub(super) enum Asked {
    /// A reload.
    Reload(Asker<Reloaded>),
    /// That a successor is started; its number is the answer.
    Upgrade(Asker<io::Result<u32>>),
    /// The listening sockets, for a successor that has been started.
    Sockets(Asker<io::Result<Vec<OwnedFd>>>),
    /// Nothing more: a successor serves.
    Relieved,
}

/// Who waits for an answer.
#[derive(Debug)]
pub(super) struct Asker<T>(oneshot::Sender<T>);

/// The socket, on which nobody is heard where none is configured.
#[derive(Debug)]
pub(super) struct Control {
    asked: mpsc::Receiver<Asked>,
    /// Held so that waiting for somebody who asks never ends.
    _asking: mpsc::Sender<Asked>,
    _accepting: Option<Task>,
    file: Option<SocketFile>,
}

impl Control {
    /// Listens at `path`, if there is one. What a process that is gone left there is replaced.
    ///
    /// # Errors
    ///
    /// Of the operating system, and `AddrInUse` when another process listens there.
    pub(super) async fn listen(path: Option<&Path>) -> io::Result<Self> {
        let Some(path) = path else {
            return Ok(Self::on(None));
        };
        let listener = bind(path).await?;
        let file = SocketFile(path.to_owned());
        // In between, the mask of the process keeps others from it.
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        Ok(Self::on(Some((listener, file))))
    }

    /// Goes on listening at `path` on the `socket` of another process.
    ///
    /// # Errors
    ///
    /// Of the operating system.
    pub(super) fn take(path: &Path, socket: OwnedFd) -> io::Result<Self> {
        let listener = UnixListener::from_std(socket.into())?;
        Ok(Self::on(Some((listener, SocketFile(path.to_owned())))))
    }

    fn on(socket: Option<(UnixListener, SocketFile)>) -> Self {
        let (asking, asked) = mpsc::channel(1);
        let (accepting, file) = match socket {
            None => (None, None),
            Some((listener, file)) => {
                let accepting = Task::spawn(accept(listener, asking.clone()));
                (Some(accepting), Some(file))
            }
        };
        Self {
            asked,
            _asking: asking,
            _accepting: accepting,
            file,
        }
    }

    /// The next one who asks. Cancel safe.
    pub(super) async fn asked(&mut self) -> Asked {
        match self.asked.recv().await {
            Some(asked) => asked,
            // A sender is held.
            None => std::future::pending().await,
        }
    }

    /// Stops listening, and leaves the file to the successor that listens there.
    pub(super) fn leave(mut self) {
        if let Some(file) = self.file.take() {
            std::mem::forget(file);
        }
    }
}

impl<T> Asker<T> {
    /// Answers. Who has gone away is not told.
    pub(super) fn tell(self, answer: T) {
        let _gone = self.0.send(answer);
    }
}

/// Removed when we go, so that nobody waits at it.
#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Whoever starts next finds that nobody listens, and replaces it.
        let _left = fs::remove_file(&self.0);
    }
}

async fn bind(path: &Path) -> io::Result<UnixListener> {
    match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            let is_socket = fs::symlink_metadata(path)?.file_type().is_socket();
            if !is_socket || UnixStream::connect(path).await.is_ok() {
                return Err(error);
            }
            fs::remove_file(path)?;
            UnixListener::bind(path)
        }
        bound => bound,
    }
}

/// Hears one after the other: there is one configuration, and one successor.
async fn accept(listener: UnixListener, asking: mpsc::Sender<Asked>) {
    loop {
        let heard = match listener.accept().await {
            Ok((stream, _)) => hear(stream, &listener, &asking).await,
            Err(error) => {
                tracing::error!(%error, "the control socket cannot be listened on any more");
                return;
            }
        };
        match heard {
            Ok(Heard::Answered) => {}
            Ok(Heard::Relieved) => {
                let _stopping = asking.send(Asked::Relieved).await;
                return;
            }
            Err(error) => {
                tracing::debug!(%error, "a question at the control socket was not answered");
            }
        }
    }
}

enum Heard {
    Answered,
    Relieved,
}

async fn hear(
    mut stream: UnixStream,
    listener: &UnixListener,
    asking: &mpsc::Sender<Asked>,
) -> io::Result<Heard> {
    let mut line = String::new();
    let mut question = BufReader::new(&mut stream).take(64);
    timeout(PATIENCE, question.read_line(&mut line)).await??;
    match line.as_str() {
        RELOAD => {
            let reloaded = ask(asking, Asked::Reload).await?;
            answer(&mut stream, &reloaded).await?;
        }
        UPGRADE => {
            let started = match ask(asking, Asked::Upgrade).await? {
                Ok(pid) => Started::Started { pid },
                Err(error) => Started::Refused {
                    error: error.to_string(),
                },
            };
            answer(&mut stream, &started).await?;
        }
        PID => answer(&mut stream, &std::process::id()).await?,
        handover::QUESTION => {
            let mut sockets = ask(asking, Asked::Sockets).await??;
            sockets.push(listener.as_fd().try_clone_to_owned()?);
            if let Err(error) = hand_over(&mut stream, &sockets).await {
                tracing::warn!(%error, "a successor did not come to serve; this process goes on");
                return Ok(Heard::Answered);
            }
            return Ok(Heard::Relieved);
        }
        _ => return Err(io::ErrorKind::InvalidData.into()),
    }
    Ok(Heard::Answered)
}

/// Has this process answer.
async fn ask<T>(
    asking: &mpsc::Sender<Asked>,
    question: impl FnOnce(Asker<T>) -> Asked,
) -> io::Result<T> {
    let (teller, told) = oneshot::channel();
    let stopping = || io::Error::from(io::ErrorKind::BrokenPipe);
    let asked = asking.send(question(Asker(teller))).await;
    asked.map_err(|_| stopping())?;
    told.await.map_err(|_| stopping())
}

async fn answer(stream: &mut UnixStream, answer: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    timeout(PATIENCE, stream.write_all(&line)).await?
}

/// Has the process that listens at `path` load its configuration anew.
///
/// # Errors
///
/// Of the operating system: nobody listens there, or stops without an answer.
pub(crate) async fn request_reload(path: &Path) -> io::Result<Reloaded> {
    request(path, RELOAD).await
}

/// Has the process that listens at `path` start a successor, and waits until that one listens there
/// instead. Its number.
///
/// # Errors
///
/// Of the operating system, and when the successor ends before it serves: the process that was asked
/// then goes on.
pub(crate) async fn request_upgrade(path: &Path) -> io::Result<u32> {
    let pid = match request(path, UPGRADE).await? {
        Started::Started { pid } => pid,
        Started::Refused { error } => return Err(io::Error::other(error)),
    };
    let of_successor = PathBuf::from(format!("/proc/{pid}"));
    let mut looks = interval(LOOK_AGAIN);
    loop {
        looks.tick().await;
        if request::<u32>(path, PID).await? == pid {
            return Ok(pid);
        }
        if !of_successor.exists() {
            let why =
                "the new process ended before it served, and the old one goes on; its log says why";
            return Err(io::Error::other(why));
        }
    }
}

/// What the process that listens at `path` answers.
async fn request<T: DeserializeOwned>(path: &Path, question: &str) -> io::Result<T> {
    let mut stream = UnixStream::connect(path).await?;
    timeout(PATIENCE, stream.write_all(question.as_bytes())).await??;
    let mut answer = Vec::new();
    let mut stream = stream.take(MAX_ANSWER);
    timeout(ANSWER_PATIENCE, stream.read_to_end(&mut answer)).await??;
    if answer.is_empty() {
        let why = "the process stopped before it answered";
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
    }
    Ok(serde_json::from_slice(&answer)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> Reloaded {
        Reloaded::Refused {
            config: PathBuf::from("cellgate.yaml"),
            error: "line 1: is wrong".to_owned(),
        }
    }

    /// Answers who asks for a reload.
    fn tell(asked: Asked) {
        match asked {
            Asked::Reload(asker) => asker.tell(refused()),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn who_asks_is_told_what_came_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control");
        let mut control = Control::listen(Some(&path)).await.unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        let answer = async { tell(control.asked().await) };
        let (asked, ()) = tokio::join!(request_reload(&path), answer);

        assert_eq!(asked.unwrap(), refused());
        drop(control);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn another_question_is_not_answered_and_the_next_one_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control");
        let mut control = Control::listen(Some(&path)).await.unwrap();
        let mut stranger = UnixStream::connect(&path).await.unwrap();
        stranger.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        let mut answer = Vec::new();
        // A reset is as good as an end.
        drop(stranger.read_to_end(&mut answer).await);
        assert!(answer.is_empty());

        let (asked, ()) = tokio::join!(request_reload(&path), async {
            tell(control.asked().await);
        });
        assert!(asked.is_ok());
    }

    #[tokio::test]
    async fn who_leaves_without_an_answer_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control");
        let mut control = Control::listen(Some(&path)).await.unwrap();
        let stop = async move { drop(control.asked().await) };
        let (asked, ()) = tokio::join!(request_reload(&path), stop);
        assert_eq!(asked.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn what_a_dead_process_left_is_replaced_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let first = Control::listen(Some(&path)).await.unwrap();
        let in_use = |error: io::Error| assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        in_use(Control::listen(Some(&path)).await.unwrap_err());
        drop(first);

        fs::write(&path, "a file of somebody's").unwrap();
        in_use(Control::listen(Some(&path)).await.unwrap_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "a file of somebody's");
    }
}

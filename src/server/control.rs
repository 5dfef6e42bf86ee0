//! The control socket: a command on this machine asks for a reload and is told what came of it,
//! which a signal cannot tell.
//!
//! One question and one answer for each connection: the line `reload`, and a [`Reloaded`] as one
//! line of JSON. Who may ask is who may write to the socket's file, which is its owner.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::task::Task;

const QUESTION: &str = "reload\n";

/// How long either side may take to write its line.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a reload may take, with fetches of keys and look-ups of names.
const RELOAD_PATIENCE: Duration = Duration::from_secs(60);

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

/// Who waits for what came of a reload.
#[derive(Debug)]
pub(super) struct Asker(oneshot::Sender<Reloaded>);

/// The socket, on which nobody is heard where none is configured.
#[derive(Debug)]
pub(super) struct Control {
    asked: mpsc::Receiver<Asker>,
    /// Held so that waiting for somebody who asks never ends.
    _asking: mpsc::Sender<Asker>,
    _accepting: Option<Task>,
    _file: Option<SocketFile>,
}

impl Control {
    /// Listens at `path`, if there is one. What a process that is gone left there is replaced.
    ///
    /// # Errors
    ///
    /// Of the operating system, and `AddrInUse` when another process listens there.
    pub(super) async fn listen(path: Option<&Path>) -> io::Result<Self> {
        let (asking, asked) = mpsc::channel(1);
        let (accepting, file) = match path {
            None => (None, None),
            Some(path) => {
                let listener = bind(path).await?;
                let file = SocketFile(path.to_owned());
                // In between, the mask of the process keeps others from it.
                fs::set_permissions(path, Permissions::from_mode(0o600))?;
                let accepting = Task::spawn(accept(listener, asking.clone()));
                (Some(accepting), Some(file))
            }
        };
        Ok(Self {
            asked,
            _asking: asking,
            _accepting: accepting,
            _file: file,
        })
    }

    /// The next one who asks for a reload. Cancel safe.
    pub(super) async fn asked(&mut self) -> Asker {
        match self.asked.recv().await {
            Some(asker) => asker,
            // A sender is held.
            None => std::future::pending().await,
        }
    }
}

impl Asker {
    /// Tells what came of it. Who has gone away is not told.
    pub(super) fn tell(self, reloaded: Reloaded) {
        let _gone = self.0.send(reloaded);
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

/// Hears one after the other: there is one configuration.
async fn accept(listener: UnixListener, asking: mpsc::Sender<Asker>) {
    loop {
        let heard = match listener.accept().await {
            Ok((stream, _)) => hear(stream, &asking).await,
            Err(error) => {
                tracing::error!(%error, "the control socket cannot be listened on any more");
                return;
            }
        };
        if let Err(error) = heard {
            tracing::debug!(%error, "a question at the control socket was not answered");
        }
    }
}

async fn hear(mut stream: UnixStream, asking: &mpsc::Sender<Asker>) -> io::Result<()> {
    let mut line = String::new();
    let mut question = BufReader::new(&mut stream).take(64);
    timeout(PATIENCE, question.read_line(&mut line)).await??;
    if line != QUESTION {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let (teller, told) = oneshot::channel();
    let stopping = |_| io::Error::from(io::ErrorKind::BrokenPipe);
    asking.send(Asker(teller)).await.map_err(|_| stopping(()))?;
    let mut answer = serde_json::to_vec(&told.await.map_err(|_| stopping(()))?)?;
    answer.push(b'\n');
    timeout(PATIENCE, stream.write_all(&answer)).await?
}

/// Has the process that listens at `path` load its configuration anew.
///
/// # Errors
///
/// Of the operating system: nobody listens there, or stops without an answer.
pub(crate) async fn request_reload(path: &Path) -> io::Result<Reloaded> {
    let mut stream = UnixStream::connect(path).await?;
    timeout(PATIENCE, stream.write_all(QUESTION.as_bytes())).await??;
    let mut answer = Vec::new();
    let mut stream = stream.take(MAX_ANSWER);
    timeout(RELOAD_PATIENCE, stream.read_to_end(&mut answer)).await??;
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

    #[tokio::test]
    async fn who_asks_is_told_what_came_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control");
        let mut control = Control::listen(Some(&path)).await.unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        let answer = async { control.asked().await.tell(refused()) };
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
            control.asked().await.tell(refused());
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

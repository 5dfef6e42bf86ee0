//! A running Cellgate.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use tempfile::TempDir;

use super::site::{DEADLINE, Site};
use super::tls::AUTHORITY;
use super::{Answer, free_port};

/// The real program, with a configuration and a state of its own, stopped when dropped.
#[derive(Debug)]
pub(crate) struct Edge {
    process: Child,
    pub(crate) folder: TempDir,
    pub(super) site: Site,
    pub(crate) admin: SocketAddr,
    log: Arc<Mutex<String>>,
    lines: Receiver<String>,
    /// Held by whoever reads a line of standard output.
    reading: Arc<Mutex<()>>,
}

/// Keeps standard output of an [`Edge`] unread.
#[derive(Debug)]
#[expect(dead_code, reason = "held, not read")]
pub(crate) struct Unread<'e>(MutexGuard<'e, ()>);

impl Edge {
    /// Starts Cellgate with `config/demo.yaml`, on ports of its own.
    pub(crate) fn demo() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let yaml = fs::read_to_string(root.join("config/demo.yaml"))
            .expect("the demo configuration is there");
        Self::start(&yaml)
    }

    /// Starts Cellgate with `yaml`, in which the demo's ports and state are replaced by free ones:
    /// `127.0.0.1:9480` the edge, `127.0.0.1:9481` the admin listener, `./data/demo` the state.
    pub(crate) fn start(yaml: &str) -> Self {
        Self::start_in(
            tempfile::tempdir().expect("a temporary folder"),
            yaml,
            "info",
        )
    }

    /// Starts Cellgate in `folder`, which may hold the state and files of an earlier one.
    pub(crate) fn start_in(folder: TempDir, yaml: &str, log_filter: &str) -> Self {
        let (port, admin) = (free_port(), free_port());
        let yaml = yaml
            .replace("127.0.0.1:9480", &format!("127.0.0.1:{port}"))
            .replace("127.0.0.1:9481", &format!("127.0.0.1:{admin}"))
            .replace("./data/demo", &folder.path().join("data").to_string_lossy());
        let yaml = format!("{yaml}\nlog:\n  filter: {log_filter}\n");
        Self::launch(&[], folder, &yaml, port, admin)
    }

    /// The same, as its peers see it after `change`.
    pub(super) fn with_site(mut self, change: impl FnOnce(Site) -> Site) -> Self {
        self.site = change(Site::at(self.site.address));
        self
    }

    fn launch(by: &[&str], folder: TempDir, yaml: &str, port: u16, admin: u16) -> Self {
        let config = folder.path().join("cellgate.yaml");
        fs::write(&config, yaml).expect("the configuration can be written");
        let mut words = by.iter().copied().chain([env!("CARGO_BIN_EXE_cellgate")]);
        let mut command = Command::new(words.next().expect("at least the program"));
        command.args(words);
        let authority = folder.path().join(AUTHORITY);
        if authority.exists() {
            command.env("SSL_CERT_FILE", authority);
        }
        let mut process = command
            .args(["run", "--config"])
            .arg(&config)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let log = Arc::new(Mutex::new(String::new()));
        let (sender, lines) = channel();
        let reading = Arc::new(Mutex::new(()));
        let streams: [(Box<dyn std::io::Read + Send>, _); 2] = [
            (
                Box::new(process.stdout.take().expect("piped")),
                Arc::clone(&reading),
            ),
            (
                Box::new(process.stderr.take().expect("piped")),
                Arc::default(),
            ),
        ];
        for (stream, reading) in streams {
            let (log, sender) = (Arc::clone(&log), sender.clone());
            thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    drop(reading.lock());
                    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                    log.push_str(&line);
                    log.push('\n');
                    drop(sender.send(line));
                }
            });
        }
        // Only the readers hold it now: when the process ends, waiting ends.
        drop(sender);
        let edge = Self {
            process,
            folder,
            site: Site::at(SocketAddr::from(([127, 0, 0, 1], port))),
            admin: SocketAddr::from(([127, 0, 0, 1], admin)),
            log,
            lines,
            reading,
        };
        edge.wait_for("\"message\":\"serving\"");
        edge
    }

    /// Starts Cellgate once more in `folder`, with the file an earlier one ran on and so on its
    /// ports.
    pub(crate) fn start_again(folder: TempDir, yaml: &str) -> Self {
        Self::start_again_by(&[], folder, yaml)
    }

    /// The same, by another program that becomes Cellgate: its words come first.
    pub(crate) fn start_again_by(by: &[&str], folder: TempDir, yaml: &str) -> Self {
        let port_after = |key: &str| -> u16 {
            let rest = yaml.split_once(key).expect("the key is there").1;
            let address = rest.split_once("127.0.0.1:").expect("an address").1;
            address
                .chars()
                .take_while(char::is_ascii_digit)
                .collect::<String>()
                .parse()
                .expect("a port")
        };
        let (port, admin) = (port_after("\nlisteners:"), port_after("\nadmin:"));
        Self::launch(by, folder, yaml, port, admin)
    }

    /// Waits until a line with `text` is logged, from the last one waited for on.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) -> String {
        loop {
            match self.lines.recv_timeout(DEADLINE) {
                Ok(line) if line.contains(text) => return line,
                Ok(_) => {}
                Err(_) => panic!("no line with {text}; the log:\n{}", self.log()),
            }
        }
    }

    /// Leaves standard output unread until the answer is dropped.
    pub(crate) fn leave_log_unread(&self) -> Unread<'_> {
        Unread(self.reading.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits for the process to end; all that it logged, and its exit code.
    pub(crate) fn last_words(&mut self) -> (String, Option<i32>) {
        let code = self.wait();
        // The readers end with the streams.
        while self.lines.recv_timeout(DEADLINE).is_ok() {}
        (self.log(), code)
    }

    /// All that was logged so far.
    pub(crate) fn log(&self) -> String {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// GET `path` of the admin listener.
    pub(crate) async fn admin(&self, path: &str) -> Answer {
        self.send(self.http.get(format!("http://{}{path}", self.admin)))
            .await
    }

    /// The number of the process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Sends `signal` (as `kill` spells it) to the process.
    pub(crate) fn signal(&self, signal: &str) {
        let status = Command::new("kill")
            .args([format!("-{signal}"), self.process.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(status.success());
    }

    /// Waits for the process to end; its exit code, or `None` when a signal ended it.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        self.process.wait().expect("it can be waited for").code()
    }

    /// Resident memory of the process, KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status =
            fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("it runs");
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .expect("Linux tells");
        line.split_whitespace()
            .nth(1)
            .and_then(|kib| kib.parse().ok())
            .expect("a number")
    }

    /// Kills the process (SIGKILL) and gives its folder back, for a next start on its state.
    pub(crate) fn kill(mut self) -> TempDir {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it can be waited for");
        let placeholder = tempfile::tempdir().expect("a temporary folder");
        std::mem::replace(&mut self.folder, placeholder)
    }
}

impl Deref for Edge {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

impl Drop for Edge {
    #[expect(
        clippy::print_stderr,
        reason = "the harness shows it for tests that fail only"
    )]
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
        if thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let last = lines.len().saturating_sub(40);
            eprintln!("the last lines of the log:\n{}", lines[last..].join("\n"));
        }
    }
}

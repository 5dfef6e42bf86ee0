//! An application's process.

use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The folder of the applications.
pub(super) fn apps() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/stock/apps")
}

/// What a program that succeeds says, line by line.
#[track_caller]
pub(super) fn said_by(program: &mut Command) -> Vec<String> {
    let output = program.output().expect("it runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let said = String::from_utf8_lossy(&output.stdout);
    said.lines().map(str::to_owned).collect()
}

/// A running application, stopped when dropped.
#[derive(Debug)]
pub(super) struct Application {
    process: Child,
    pub(super) home: String,
}

impl Application {
    /// Starts `command`, which listens at `port` and is ready once it prints a line with `ready`.
    #[track_caller]
    pub(super) fn start(mut command: Command, port: u16, ready: &str) -> Self {
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the application starts");
        let stdout: Box<dyn Read + Send> = Box::new(process.stdout.take().expect("piped"));
        let stderr: Box<dyn Read + Send> = Box::new(process.stderr.take().expect("piped"));
        let (sender, lines) = std::sync::mpsc::channel();
        for stream in [stdout, stderr] {
            let sender = sender.clone();
            // To the end, so that the application never waits for a reader.
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    drop(sender.send(line));
                }
            });
        }
        drop(sender);
        let mut log = Vec::new();
        let is_ready = lines.iter().any(|line| {
            let is_ready = line.contains(ready);
            log.push(line);
            is_ready
        });
        assert!(is_ready, "the application ended:\n{}", log.join("\n"));
        Self {
            process,
            home: format!("http://127.0.0.1:{port}/"),
        }
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        // Apache ends its workers at this signal and not at a harder one.
        drop(
            Command::new("kill")
                .arg(self.process.id().to_string())
                .status(),
        );
        drop(self.process.wait());
    }
}

//! What happens to the state as a whole: it is backed up, restored, moved, locked by another key, and
//! it runs out of room.

mod backup;
mod durability;
mod moving;
mod room;

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use crate::support::{Browser, Edge, Site, Tokens};

/// What a command said, on both streams, and its exit code.
#[derive(Debug)]
struct Said {
    text: String,
    code: Option<i32>,
}

impl Said {
    fn of(output: Output) -> Self {
        let text = [output.stdout, output.stderr].concat();
        Self {
            text: String::from_utf8(text).unwrap(),
            code: output.status.code(),
        }
    }

    /// Asserts that it did what it was asked, and hands on what it said.
    #[track_caller]
    fn done(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.text);
        self.text
    }

    /// Asserts that it did not, for the reason that says all of `words`.
    #[track_caller]
    fn refused(self, words: &[&str]) {
        assert_eq!(self.code, Some(1), "{}", self.text);
        for word in words {
            assert!(self.text.contains(word), "{word:?}: {}", self.text);
        }
    }
}

/// The command line that these words make, in `folder`.
fn command(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cellgate"));
    command.args(words).current_dir(folder).stdin(Stdio::null());
    command
}

/// Runs a command to its end.
fn cellgate(folder: &Path, words: &[&str]) -> Said {
    Said::of(command(folder, words).output().unwrap())
}

/// Begins a command.
fn begin(folder: &Path, words: &[&str]) -> Child {
    command(folder, words)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The token request of `demo-app` for new tokens.
fn refresh(tokens: &Tokens) -> [(&'static str, &str); 3] {
    [
        ("grant_type", "refresh_token"),
        ("client_id", "demo-app"),
        ("refresh_token", tokens.refresh_token.as_deref().unwrap()),
    ]
}

/// Whether a browser is signed in: it gets a code without a page.
async fn is_signed_in(site: &Site, browser: &mut Browser) -> bool {
    let answer = browser.get(site, &site.sign_in("alice").url()).await;
    answer.status.is_redirection() && answer.location_parameter("code").is_some()
}

/// Starts Cellgate in the folder of one that was killed, on the file that is there.
fn start_again(folder: tempfile::TempDir) -> Edge {
    let yaml = std::fs::read_to_string(folder.path().join("cellgate.yaml")).unwrap();
    Edge::start_again(folder, &yaml)
}

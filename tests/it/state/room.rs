//! A disk that is full, or may only be read.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Said, command, refresh, start_again};
use crate::support::{Edge, Tokens, exchange};

const DEMO: &str = include_str!("../../../config/demo.yaml");

/// A file system of 8 MiB, unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts it; `None` where the test may not.
    fn mount(at: &Path) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=8m,mode=700", "cellgate-test"])
            .arg(at)
            .stderr(Stdio::null())
            .status();
        mounted.ok()?.success().then(|| Self(at.to_owned()))
    }

    fn fill(&self) {
        let mut filler = fs::File::create(self.0.join("filler")).unwrap();
        for size in [65_536, 4096] {
            while filler.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn free(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

/// Lets the process write so many bytes of a file, `unlimited` or none.
fn limit(edge: &Edge, size: &str) {
    let limited = Command::new("prlimit")
        .args([
            "--pid",
            &edge.pid().to_string(),
            &format!("--fsize={size}:"),
        ])
        .status();
    assert!(limited.expect("prlimit is there").success());
}

/// Errors, and no corruption; and it goes on when there is room.
async fn runs_out_of_room(
    edge: Edge,
    fill: impl Fn(&Edge),
    free: impl Fn(&Edge),
    reason: &str,
) -> Edge {
    let first = edge.sign_in("alice").tokens().await;
    let code = edge.sign_in("alice").code().await;
    fill(&edge);
    // What fits into room that SQLite has already is acknowledged, and has to hold.
    let mut tokens = first.clone();
    let mut n_acknowledged = 0;
    let refused = loop {
        let answer = edge.token(&refresh(&tokens)).await;
        if answer.status != 200 {
            break answer;
        }
        tokens = Tokens::read(&answer);
        n_acknowledged += 1;
        assert!(n_acknowledged < 10_000, "it never runs out of room");
    };
    assert!(!refused.header("retry-after").is_empty(), "{refused:?}");
    refused.assert_status(503);
    edge.token(&exchange(&code)).await.assert_status(503);
    edge.sign_in("bob").submit().await.assert_status(503);
    edge.get_with("/api/x", &first.access_token)
        .await
        .assert_status(200);
    edge.admin("/healthz").await.assert_status(200);
    assert!(edge.log().contains(reason), "{}", edge.log());

    free(&edge);
    let answer = edge.token(&refresh(&tokens)).await.assert_status(200);
    let tokens = Tokens::read(&answer);
    edge.token(&exchange(&code)).await.assert_status(200);
    edge.sign_in("bob").tokens().await;

    let edge = start_again(edge.kill());
    let state = rusqlite::Connection::open(edge.folder.path().join("data/cellgate.db")).unwrap();
    let whole: String = state
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(whole, "ok");
    drop(state);
    edge.token(&refresh(&tokens)).await.assert_status(200);
    edge.token(&exchange(&code))
        .await
        .assert_refused(400, "invalid_grant");
    edge
}

/// The file system is full: where a test may mount one, and else the next one has to do.
#[tokio::test]
async fn a_full_disk_is_an_error_and_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    let Some(disk) = SmallDisk::mount(&data) else {
        let word =
            "SKIPPED: no file system may be mounted here; the process is refused room instead";
        drop(writeln!(std::io::stderr(), "{word}"));
        return;
    };
    let edge = Edge::start_in(folder, DEMO, "info");

    let full = "the disk of the database is full";
    let edge = runs_out_of_room(edge, |_| disk.fill(), |_| disk.free(), full).await;

    let folder = edge.kill();
    drop(disk);
    drop(folder);
}

/// No file may grow any more (`RLIMIT_FSIZE`), which needs no right to anything.
#[tokio::test]
async fn a_process_without_room_is_an_error_and_no_harm() {
    let folder = Edge::demo().kill();
    let yaml = fs::read_to_string(folder.path().join("cellgate.yaml")).unwrap();
    // By default the signal that comes with the error ends a process.
    let by = ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"];
    let edge = Edge::start_again_by(&by, folder, &yaml);

    let (none, any) = (
        |edge: &Edge| limit(edge, "0"),
        |edge: &Edge| limit(edge, "unlimited"),
    );
    runs_out_of_room(edge, none, any, "disk I/O error").await;
}

/// A start says what is wrong, changes nothing, and succeeds once that is mended.
#[tokio::test]
async fn a_state_that_may_only_be_read_is_refused_at_start() {
    let edge = Edge::demo();
    let tokens = edge.sign_in("alice").tokens().await;
    let folder = edge.kill();
    let data = folder.path().join("data");
    let set_modes = |of_folder: u32, of_files: u32| {
        let mode = std::os::unix::fs::PermissionsExt::from_mode;
        fs::set_permissions(&data, mode(0o700)).unwrap();
        for file in fs::read_dir(&data).unwrap() {
            fs::set_permissions(file.unwrap().path(), mode(of_files)).unwrap();
        }
        fs::set_permissions(&data, mode(of_folder)).unwrap();
    };
    set_modes(0o500, 0o400);

    // Permissions are nothing to root, unless it gives that right away.
    let mut setpriv = Command::new("setpriv");
    setpriv
        .arg("--bounding-set=-dac_override,-dac_read_search")
        .arg(env!("CARGO_BIN_EXE_cellgate"))
        .args(["run", "--config", "cellgate.yaml"]);
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let mut run = match is_root {
        true => setpriv,
        false => command(folder.path(), &["run", "--config", "cellgate.yaml"]),
    };
    let said = Said::of(
        run.current_dir(folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap(),
    );
    said.refused(&[
        "cannot open or create the database",
        "cellgate.db",
        "must be writable",
    ]);

    set_modes(0o700, 0o600);
    let edge = start_again(folder);
    edge.token(&refresh(&tokens)).await.assert_status(200);
}

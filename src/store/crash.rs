//! A process is killed in the middle of its work; what it acknowledged must hold.
//!
//! The test starts this test program again as a child that does nothing but the one test
//! [`child`], and kills it with a signal that cannot be caught.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::contract::{code, digest, later, rotate, settings_in};
use super::{Redemption, Rotation, Store};
use crate::model::GrantId;

/// Every line of the child that acknowledges something begins with this.
const ACKNOWLEDGED: &str = "acknowledged ";

/// The environment variable that tells the child where to work.
const FOLDER: &str = "CELLGATE_CRASH_TEST_FOLDER";

/// How many acknowledgements the parent waits for before it kills.
const N_ACKNOWLEDGED: usize = 300;

#[tokio::test]
async fn nothing_acknowledged_is_lost_and_nothing_is_redeemable_twice() {
    let folder = tempfile::tempdir().unwrap();
    let acknowledged = run_and_kill(folder.path().to_str().unwrap());
    assert!(acknowledged.len() >= N_ACKNOWLEDGED);

    let store = Store::open(&settings_in(folder.path())).await.unwrap();

    for line in &acknowledged {
        let (what, n) = line.split_once(' ').unwrap();
        match what {
            "saved" => {
                let again = format!("redeemed {n}");
                let first = store
                    .redeem_code(&digest(&format!("code {n}")), later(1))
                    .await;
                let was_redeemed = matches!(first, Ok(Redemption::Replayed(_)));
                let was_saved = matches!(first, Ok(Redemption::Fresh(_)));
                assert!(was_redeemed || was_saved, "code {n} is lost: {first:?}");
                assert!(
                    was_redeemed || !acknowledged.contains(&again),
                    "code {n} again"
                );
                let second = store
                    .redeem_code(&digest(&format!("code {n}")), later(1))
                    .await;
                assert!(matches!(second, Ok(Redemption::Replayed(_))), "code {n}");
            }
            "rotated" => {
                // Its successor is out: another one would be a fork.
                let again = rotate(&store, &format!("token {n}"), 1).await;
                assert!(
                    matches!(again, Rotation::Repeated(_) | Rotation::Replayed(_)),
                    "token {n}: {again:?}"
                );
            }
            "revoked" => {
                let grant = GrantId::new(format!("grant {n}"));
                assert!(
                    store.revocations().covers_grant(grant.as_str()),
                    "grant {n}"
                );
            }
            _ => assert_eq!(what, "redeemed"),
        }
    }
}

/// Runs the child until it has acknowledged enough, kills it, and returns all it acknowledged.
fn run_and_kill(folder: &str) -> BTreeSet<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::crash::child", "--nocapture"])
        .env(FOLDER, folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut lines = String::new();
    while lines.matches(ACKNOWLEDGED).count() < N_ACKNOWLEDGED {
        let length = output.read_line(&mut lines).unwrap();
        assert_ne!(length, 0, "the child ended by itself: {lines}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    output.read_to_string(&mut lines).unwrap();
    // A last line without its end is none.
    let (whole, _cut_off) = lines.rsplit_once('\n').unwrap();
    whole
        .lines()
        .filter_map(|line| line.strip_prefix(ACKNOWLEDGED).map(str::to_owned))
        .collect()
}

/// The process that gets killed: does nothing unless the test above started it.
#[tokio::test]
async fn child() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let store = Store::open(&settings_in(&folder)).await.unwrap();
    // Ends the line in which the test harness has begun to name this test.
    writeln!(std::io::stdout()).unwrap();
    let acknowledge = |what: &str, n: u32| {
        writeln!(std::io::stdout(), "{ACKNOWLEDGED}{what} {n}").unwrap();
    };
    for n in 0.. {
        let grant = GrantId::new(format!("grant {n}"));
        let token = format!("token {n}");
        let code_digest = digest(&format!("code {n}"));
        store
            .save_code(&code_digest, &code(grant.as_str()))
            .await
            .unwrap();
        acknowledge("saved", n);
        store.redeem_code(&code_digest, later(1)).await.unwrap();
        acknowledge("redeemed", n);
        store
            .save_refresh_token(&digest(&token), &grant, later(99))
            .await
            .unwrap();
        assert!(matches!(
            rotate(&store, &token, 1).await,
            Rotation::Fresh(_)
        ));
        acknowledge("rotated", n);
        store.revoke_grant(&grant, later(1)).await.unwrap();
        acknowledge("revoked", n);
    }
}

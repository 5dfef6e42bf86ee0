//! How fast news travel; `benches/README.md` has the figures.

use std::io::Write as _;
use std::time::Duration;

use futures_util::future::join_all;

use super::Cluster;

/// What the 99th of a hundred sign-outs may take where the database announces them.
const ANNOUNCED: Duration = Duration::from_millis(200);
/// The same where it does not: it is looked at every five seconds, which takes a moment itself.
const LOOKED_FOR: Duration = Duration::from_millis(5200);

/// How long tokens went on being let in by the last node after their sessions ended at the first.
#[derive(Debug)]
struct Delays(Vec<Duration>);

impl Delays {
    fn of(mut delays: Vec<Duration>) -> Self {
        delays.sort();
        Self(delays)
    }

    fn at(&self, hundredth: usize) -> Duration {
        self.0[(self.0.len() * hundredth / 100).min(self.0.len() - 1)]
    }

    fn tell(&self, how: &str) {
        let (median, late, last) = (self.at(50), self.at(99), self.at(100));
        let line = format!("{how}: median {median:?}, p99 {late:?}, longest {last:?}");
        writeln!(std::io::stderr().lock(), "{line}").unwrap();
    }
}

impl Cluster {
    /// Of `n` sessions, one after the other.
    async fn delays(&self, n: usize) -> Delays {
        let mut delays = Vec::new();
        for _ in 0..n {
            delays.push(self.until_refused().await);
        }
        Delays::of(delays)
    }

    /// Of `n` sessions at once.
    async fn delays_at_once(&self, n: usize) -> Delays {
        let mut signed_in = Vec::new();
        for _ in 0..n {
            signed_in.push(self.site.sign_in("alice").tokens().await);
        }
        Delays::of(join_all(signed_in.iter().map(|it| self.until_known(it))).await)
    }
}

#[tokio::test]
async fn sign_outs_are_known_at_another_node_in_time() {
    let Some(cluster) = Cluster::start("") else {
        return;
    };

    // Other tests run beside this one: what they hold up is not how long the news take.
    let mut announced = cluster.delays(200).await;
    for _ in 0..2 {
        announced.tell("announced");
        if announced.at(99) < ANNOUNCED {
            break;
        }
        announced = cluster.delays(200).await;
    }
    let mute = "ALTER TABLE revocations DISABLE TRIGGER revocations_announced";
    cluster.database.sql("cellgate", mute);
    let looked_for = cluster.delays_at_once(40).await;
    looked_for.tell("looked for");

    assert!(announced.at(99) < ANNOUNCED, "{announced:?}");
    assert!(looked_for.at(99) < LOOKED_FOR, "{looked_for:?}");
    assert!(looked_for.at(100) > ANNOUNCED, "nobody announced them");
}

//! How fast news travel; `benches/README.md` has the figures.

use std::io::Write as _;
use std::time::Duration;

use super::Cluster;

impl Cluster {
    /// How long a token goes on being let in by the last node after its session ended at the first, for
    /// each of `n` sessions: sorted.
    async fn delays(&self, n: usize) -> Vec<Duration> {
        let mut delays = Vec::new();
        for _ in 0..n {
            delays.push(self.until_refused().await);
        }
        delays.sort();
        delays
    }
}

fn at(delays: &[Duration], hundredth: usize) -> Duration {
    delays[(delays.len() * hundredth / 100).min(delays.len() - 1)]
}

/// Half of them while the database announces what changes, half while it does not.
#[tokio::test]
#[ignore = "takes many minutes, and means something on a quiet machine only"]
async fn four_hundred_sign_outs_are_known_at_another_node_in_time() {
    let Some(cluster) = Cluster::start("") else {
        return;
    };
    let announced = cluster.delays(200).await;
    let mute = "ALTER TABLE revocations DISABLE TRIGGER revocations_announced";
    cluster.database.sql("cellgate", mute);
    let polled = cluster.delays(200).await;

    let mut terminal = std::io::stderr().lock();
    for (how, delays) in [("announced", &announced), ("polled", &polled)] {
        let (median, late, last) = (at(delays, 50), at(delays, 99), at(delays, 100));
        let line = format!("{how}: median {median:?}, p99 {late:?}, longest {last:?}");
        writeln!(terminal, "{line}").unwrap();
    }
    drop(terminal);
    assert!(
        at(&announced, 99) < Duration::from_millis(200),
        "{announced:?}"
    );
    // Looked for every five seconds, which takes a moment itself.
    assert!(at(&polled, 99) < Duration::from_millis(5200), "{polled:?}");
}

//! What is guessed is counted by all nodes together.

use super::{Cluster, N_NODES};
use crate::support::Answer;

const LIMIT: usize = 7;

impl Cluster {
    /// `demo-service` asks for a token at a node, from `address` as the load balancer tells it.
    async fn client_at(&self, node: usize, secret: &str, address: &str) -> Answer {
        let node = &self.nodes[node];
        let request = node
            .http
            .post(node.url("/oidc/oauth2/token"))
            .header("host", self.site.address.to_string())
            .header("x-forwarded-for", address)
            .header("x-forwarded-proto", "http")
            .basic_auth("demo-service", Some(secret))
            .header("content-type", "application/x-www-form-urlencoded")
            .body("grant_type=refresh_token&refresh_token=nothing");
        node.send(request).await
    }
}

fn limited(yaml: &str) -> String {
    let policy = format!(
        "\nprovider:\n  client_authentication: {{failures_per_address: {LIMIT}}}\n  \
         sign_in: {{failures_per_address: {LIMIT}}}\n"
    );
    yaml.replacen("\nprovider:\n", &policy, 1)
}

#[tokio::test]
async fn wrong_secrets_of_an_address_are_counted_by_all_nodes_together() {
    let Some(cluster) = Cluster::start_with(limited) else {
        return;
    };
    let (bad, good) = ("192.0.2.1", "192.0.2.2");

    let mut n_checked = 0;
    for n in 0..3 * LIMIT {
        let answer = cluster.client_at(n % N_NODES, "wrong", bad).await;
        n_checked += usize::from(answer.status == 401);
    }
    assert_eq!(n_checked, LIMIT);
    for node in 0..N_NODES {
        // Not even the right one any more, and nobody else is meant.
        let answer = cluster.client_at(node, "cells-demo-secret", bad).await;
        answer.assert_status(429).header("retry-after");
        let answer = cluster.client_at(node, "cells-demo-secret", good).await;
        answer.assert_status(400);
    }
}

/// At the token endpoint nobody is checked more than a moment's worth beyond the limit, however many
/// try at once.
#[tokio::test]
async fn wrong_secrets_sent_at_once_are_checked_hardly_more_often() {
    let Some(cluster) = Cluster::start_with(limited) else {
        return;
    };

    let attempts = (0..90).map(|n| cluster.client_at(n % N_NODES, "wrong", "192.0.2.1"));
    let answers = futures_util::future::join_all(attempts).await;

    let n_with = |status: u16| answers.iter().filter(|it| it.status == status).count();
    assert_eq!(n_with(401) + n_with(429) + n_with(503), 90, "{answers:#?}");
    for node in 0..N_NODES {
        let answer = cluster
            .client_at(node, "cells-demo-secret", "192.0.2.1")
            .await;
        answer.assert_status(429);
    }
}

/// One password tried on many logins: each login's own count stays low.
#[tokio::test]
async fn wrong_passwords_of_an_address_are_counted_by_all_nodes_together() {
    let Some(cluster) = Cluster::start_with(limited) else {
        return;
    };

    // HAProxy takes one node after the other.
    let mut n_denied = 0;
    for n in 0..3 * LIMIT {
        let login = format!("user{n}");
        let answer = cluster
            .site
            .sign_in(&login)
            .password("Summer2026")
            .submit()
            .await;
        if answer.status == 403 {
            n_denied += 1;
        } else {
            answer.assert_status(429);
        }
    }
    assert_eq!(n_denied, LIMIT);
    let right = cluster.site.sign_in("alice").submit().await;
    right.assert_status(429);
}

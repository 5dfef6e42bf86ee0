//! The token in a message of Cells' WebSocket (fact sheet E.1 and E.3): swapped, passed on, or the end.

mod scene;

use scene::{Edge, assert_closed, frame, message, next, read, same, subscription};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::ends::closed;
use super::{SWITCHED, accept, asking};
use crate::gateway::tests::harness::NOW;
use crate::gateway::tests::played::LIFETIME;
use crate::telemetry::log::testing::Captured;
use crate::users::RenewalError;

#[tokio::test]
async fn a_token_of_ours_in_a_message_is_swapped_however_it_is_cut() {
    let edge = Edge::start().await;
    let token = edge.token();
    let text = json!({"@type": "subscribe", "jwt": token}).to_string();
    let (start, rest) = text.split_at(30);
    let (middle, end) = rest.split_at(17);
    let ping = frame(0x89, b"?");
    let fragmented = [
        frame(0x01, start.as_bytes()),
        ping.clone(),
        frame(0x00, middle.as_bytes()),
        frame(0x80, end.as_bytes()),
    ]
    .concat();
    let named = format!("{{\"JWT\":\"{token}\",\"@type\":\"subscribe\"}}");
    let escaped = format!("{{\"@type\":\"subscribe\",\"j\\u0077t\":\"{token}\"}}");
    for (row, bytes, n_before) in [
        ("whole", subscription(&token), 0),
        ("in fragments", fragmented, ping.len()),
        (
            "in other letters, as Cells reads it",
            frame(0x81, named.as_bytes()),
            0,
        ),
        ("escaped", frame(0x81, escaped.as_bytes()), 0),
    ] {
        for step in [1, 100, usize::MAX] {
            let (mut client, mut upstream) = edge.open("events").await;
            for piece in bytes.chunks(step.min(bytes.len())) {
                client.write(piece).await;
            }

            let before = read(&mut upstream, n_before).await;
            let (first, said) = next(&mut upstream).await;

            same(&before, &ping[..n_before], row);
            assert_eq!(first, 0x81, "{row}");
            let said: Value = serde_json::from_slice(&said).unwrap();
            assert_eq!(said["@type"], "subscribe", "{row}");
            let token = said.as_object().unwrap().values();
            let token: Vec<_> = token.filter(|value| **value != "subscribe").collect();
            assert_eq!(token, ["token-0"], "{row}");
            // What comes after it goes on, and so does what the backend says, untouched.
            client.write(&frame(0x82, b"\x00\x01")).await;
            same(
                &read(&mut upstream, 8).await,
                &frame(0x82, b"\x00\x01"),
                row,
            );
            upstream.write_all(b"\xf7 whatever \x00").await.unwrap();
            let mut heard = [0; 12];
            client.stream.read_exact(&mut heard).await.unwrap();
            same(&heard, b"\xf7 whatever \x00", row);
        }
    }
}

#[tokio::test]
async fn what_has_no_token_of_ours_goes_on_byte_by_byte() {
    let edge = Edge::start().await;
    let (mut client, mut upstream) = edge.open("events").await;
    for (row, bytes) in [
        ("a token of Cells", subscription("opaque.token")),
        ("nobody", subscription("")),
        ("no token", message(&json!({"@type": "unsubscribe"}))),
        ("no text that Cells reads", frame(0x81, b"{\"@type\":")),
        ("a list", message(&json!(["jwt"]))),
        (
            "in fragments",
            [
                frame(0x01, b"{\"a\""),
                frame(0x00, b""),
                frame(0x80, b":1}"),
            ]
            .concat(),
        ),
        ("binary", frame(0x82, edge.token().as_bytes())),
        ("a pong", frame(0x8a, b"!")),
    ] {
        client.write(&bytes).await;
        same(&read(&mut upstream, bytes.len()).await, &bytes, row);
    }
    // A close frame of the client's goes on, and then the ends are theirs.
    client.write(&frame(0x88, b"\x03\xe8")).await;
    same(
        &read(&mut upstream, 8).await,
        &frame(0x88, b"\x03\xe8"),
        "close",
    );
}

/// Each row: the route, what the client says, and the text that it is told.
async fn assert_refused(edge: &Edge, rows: &[(&str, &str, Vec<u8>, &str)]) {
    for (row, route, bytes, told) in rows {
        let mut ends = edge.open(route).await;
        ends.0.write(bytes).await;
        assert_closed(&mut ends, (1008, told), row).await;
    }
}

#[tokio::test]
async fn a_token_that_is_not_good_closes_the_tunnel_and_reaches_nobody() {
    let edge = Edge::start().await;
    let lines = Captured::start();
    let (bad, late) = ("invalid_token", NOW.as_secs() - 1);
    let expired = edge.token_with(|claims| claims["exp"] = late.into());
    let elsewhere = edge.token_with(|claims| claims["aud"] = "other".into());
    let narrow = edge.token_with(|claims| claims["scope"] = "write".into());
    let forged = edge.gateway.forged();
    let without_user = edge.gateway.token(|_| {});
    assert_refused(
        &edge,
        &[
            ("of nobody", "events", subscription("a.b.c"), bad),
            ("forged", "events", subscription(&forged), bad),
            ("expired", "events", subscription(&expired), bad),
            ("elsewhere", "events", subscription(&elsewhere), bad),
            (
                "narrow",
                "events",
                subscription(&narrow),
                "insufficient_scope",
            ),
            (
                "no user",
                "events",
                subscription(&without_user),
                "access_denied",
            ),
            ("of Cells", "strict", subscription("opaque.token"), bad),
        ],
    )
    .await;
    closed(&edge.gateway).await;
    let access = lines.access();
    let is_refused = |line: &Value| line["tunnel.closed"] == "subscription_refused";
    assert!(access.iter().all(is_refused), "{access:?}");
    assert_eq!(access[0]["reason"], "invalid_token", "{:?}", access[0]);
}

#[tokio::test]
async fn a_message_with_two_readings_closes_the_tunnel() {
    let edge = Edge::start().await;
    let good = edge.token();
    let twice = format!("{{\"jwt\":\"a.b\",\"@type\":\"subscribe\",\"jwt\":\"{good}\"}}");
    let spelled_twice = format!("{{\"jwt\":\"{good}\",\"Jwt\":\"a.b\"}}");
    let no_text = message(&json!({"jwt": 1}));
    let told = "invalid_request";
    assert_refused(
        &edge,
        &[
            ("twice", "events", frame(0x81, twice.as_bytes()), told),
            (
                "in two spellings",
                "events",
                frame(0x81, spelled_twice.as_bytes()),
                told,
            ),
            ("no text", "events", no_text, told),
            ("unreadable", "strict", frame(0x81, b"{"), told),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_tunnel_ends_with_the_session_that_was_subscribed_with() {
    let edge = Edge::start().await;
    let lines = Captured::start();
    let mut ends = edge.open("events").await;
    let mut others = edge.open("events").await;
    ends.0.write(&subscription(&edge.token())).await;
    next(&mut ends.1).await;

    let token_ends = NOW.after(LIFETIME);
    edge.site
        .store
        .revoke_token("jti-1", token_ends)
        .await
        .unwrap();

    assert_closed(&mut ends, (1008, ""), "revoked").await;
    others.0.write(&frame(0x82, b"x")).await;
    same(
        &read(&mut others.1, 7).await,
        &frame(0x82, b"x"),
        "another tunnel",
    );
    others.0.write(&subscription(&edge.token())).await;
    assert_closed(&mut others, (1008, "invalid_token"), "after that").await;
    drop((ends, others));
    closed(&edge.gateway).await;
    let audit = lines.audit();
    let events: Vec<_> = audit
        .iter()
        .map(|line| {
            format!(
                "{} {} {}",
                line["event"], line["outcome"], line["user.subject"]
            )
        })
        .map(|line| line.replace('"', ""))
        .collect();
    assert_eq!(events[0], "subscription success alice");
    for expected in ["exchange_ended closed alice", "subscription refused null"] {
        assert!(events.iter().any(|line| line == expected), "{events:?}");
    }
    let access = lines.access();
    let first = access
        .iter()
        .find(|line| line["tunnel.closed"] == "revoked")
        .unwrap();
    assert_eq!(first["principal.subject"], "alice");
}
#[tokio::test]
async fn a_tunnel_outlives_its_token_only_where_the_route_says_so() {
    let edge = Edge::start().await;
    let mut short = edge.open("events").await;
    let mut lasting = edge.open("lasting").await;
    for ends in [&mut short, &mut lasting] {
        ends.0.write(&subscription(&edge.token())).await;
        next(&mut ends.1).await;
    }

    edge.gateway.clock.advance(LIFETIME);

    assert_closed(&mut short, (1008, ""), "expired").await;
    lasting.0.write(&frame(0x82, b"x")).await;
    same(
        &read(&mut lasting.1, 7).await,
        &frame(0x82, b"x"),
        "lasting",
    );
    // Whoever subscribes anew is looked after by the new token.
    lasting.0.write(&subscription(&edge.token())).await;
    assert_closed(&mut lasting, (1008, "invalid_token"), "expired before").await;
}

#[tokio::test]
async fn a_backend_that_is_away_is_said_to_be_so() {
    let edge = Edge::start().await;
    edge.site.backend.failures.lock().unwrap().extend([
        RenewalError::Unavailable("down"),
        RenewalError::Refused("gone"),
    ]);
    edge.gateway.clock.advance(LIFETIME);
    edge.site.clock.advance(LIFETIME);
    let token = || {
        edge.token_with(|claims| claims["exp"] = NOW.after(LIFETIME + LIFETIME).as_secs().into())
    };

    let mut away = edge.open("events").await;
    away.0.write(&subscription(&token())).await;
    assert_closed(&mut away, (1013, "try_again_later"), "away").await;

    edge.gateway.clock.advance(LIFETIME / 10);
    edge.site.clock.advance(LIFETIME / 10);
    let mut ended = edge.open("events").await;
    ended.0.write(&subscription(&token())).await;
    assert_closed(&mut ended, (1008, "invalid_token"), "ended").await;
}

/// Fact sheet E.3: Cells 2 reads messages of 2048 bytes at most.
#[tokio::test]
async fn a_message_is_swapped_up_to_what_cells_reads() {
    let edge = Edge::start().await;
    let padded = |n: usize| json!({"jwt": edge.token(), "pad": "x".repeat(n)});
    let swapped = json!({"jwt": "token-0", "pad": ""}).to_string().len();
    let room = 2048 - swapped;

    let mut ends = edge.open("events").await;
    ends.0.write(&message(&padded(room))).await;
    assert_eq!(next(&mut ends.1).await.1.len(), 2048);
    // Longer before than after: what counts is what Cells gets.
    assert!(padded(room).to_string().len() > 2048);
    ends.0.write(&message(&padded(room + 1))).await;
    assert_closed(&mut ends, (1009, ""), "too long").await;

    let mut endless = edge.open("events").await;
    endless.0.write(&frame(0x81, &[b' '; 16 * 1024 + 1])).await;
    assert_closed(&mut endless, (1009, ""), "endless").await;
}

#[tokio::test]
async fn frames_that_no_client_may_send_close_the_tunnel() {
    let edge = Edge::start().await;
    for (row, bytes) in [
        ("not masked", b"\x81\x02{}".to_vec()),
        ("compressed", frame(0xc1, b"x")),
        ("out of place", frame(0x80, b"x")),
    ] {
        let mut ends = edge.open("events").await;
        ends.0.write(&bytes).await;
        assert_closed(&mut ends, (1002, ""), row).await;
    }
}

/// What is compressed cannot be read, so nobody may agree on it.
#[tokio::test]
async fn extensions_are_not_offered_where_messages_are_read() {
    let edge = Edge::start().await;
    let offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    for (target, is_offered) in [("/events/event", false), ("/live/x", true)] {
        let mut client = edge.gateway.connect().await;
        client.write(asking(target, offer)).await;
        let (head, mut upstream) = accept(&edge.listener).await;
        let head = head.to_ascii_lowercase();
        assert_eq!(head.contains("permessage-deflate"), is_offered, "{head}");
        let agreed = SWITCHED.replace("\r\n\r\n", &format!("\r\n{offer}\r\n"));
        upstream.write_all(agreed.as_bytes()).await.unwrap();
        let head = client.head().await;
        let status = if is_offered { "101" } else { "502" };
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
    }
}

/// F11.
#[tokio::test]
async fn a_subject_has_no_more_tunnels_by_a_message_than_by_a_token() {
    let edge = Edge::start().await;
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut ends = edge.open("events").await;
        for _ in 0..2 {
            ends.0.write(&subscription(&edge.token())).await;
            next(&mut ends.1).await;
        }
        open.push(ends);
    }

    let mut third = edge.open("events").await;
    third.0.write(&subscription(&edge.token())).await;

    assert_closed(&mut third, (1013, "try_again_later"), "the third").await;
}

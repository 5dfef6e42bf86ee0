//! RFC 7662, and rows of I and J of the corpus: what an issuer says of an opaque token.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::super::{IntrospectionEndpoint, IntrospectionError, Issuer, TrustedIssuer};
use super::script::{INTROSPECTION, ISSUER, NOW, World, after, introspecting, reply};
use crate::model::{Reach, Timestamp};
use crate::outbound::OutboundError;
use crate::secret::Secret;

const TOKEN: &str = "opaque-token";

fn world() -> World {
    World::of(&[introspecting(ISSUER)])
}

fn active() -> Value {
    json!({"active": true, "sub": "alice", "aud": "api", "scope": "read", "token_type": "Bearer"})
}

/// The subject, or why there is none.
async fn subject(
    issuer: &Issuer,
    token: &str,
    now: Timestamp,
) -> Result<String, IntrospectionError> {
    let verified = issuer.introspect(token, now).await.outcome?;
    Ok(verified.subject.as_str().to_owned())
}

#[tokio::test]
async fn an_active_token_is_asked_about_once_in_a_while() {
    let world = world();
    world.script.show(INTROSPECTION, &active());
    let issuer = world.issuer();

    for (seconds, expected) in [(0, 1), (29, 1), (30, 2), (59, 2)] {
        let said = subject(&issuer, TOKEN, after(seconds)).await;
        assert_eq!(said, Ok("alice".to_owned()));
        assert_eq!(world.script.n_asked(INTROSPECTION), expected, "{seconds}");
    }
    let call = world.script.last();
    assert_eq!(call.reach, Reach::Anywhere);
    assert!(
        call.authorization
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("Basic ")
    );
}

/// J02, J13: what changes at the issuer counts after a bounded time.
#[tokio::test]
async fn j02_j13_what_was_said_is_forgotten_in_time() {
    let world = world();
    let issuer = world.issuer();
    world.script.show(INTROSPECTION, &json!({"active": false}));
    let inactive = Err(IntrospectionError::Inactive);
    assert_eq!(subject(&issuer, TOKEN, NOW).await, inactive);

    world.script.show(INTROSPECTION, &active());
    assert_eq!(subject(&issuer, TOKEN, after(4)).await, inactive);
    assert!(subject(&issuer, TOKEN, after(5)).await.is_ok());

    world.script.show(INTROSPECTION, &json!({"active": false}));
    assert!(subject(&issuer, TOKEN, after(34)).await.is_ok());
    assert_eq!(subject(&issuer, TOKEN, after(35)).await, inactive);
}

#[tokio::test]
async fn j01_a_token_that_expires_is_not_remembered_beyond_that() {
    let world = world();
    let issuer = world.issuer();
    let mut answer = active();
    answer["exp"] = (NOW.as_secs() + 7).into();
    world.script.show(INTROSPECTION, &answer);

    assert!(subject(&issuer, TOKEN, NOW).await.is_ok());
    assert!(subject(&issuer, TOKEN, after(6)).await.is_ok());
    assert_eq!(world.script.n_asked(INTROSPECTION), 1);

    // The issuer still calls it active; its own word about the end counts for more.
    let refused = subject(&issuer, TOKEN, after(7)).await;
    let expired = IntrospectionError::Refused(crate::jose::JwtError::Expired);
    assert_eq!(refused, Err(expired));
}

#[tokio::test]
async fn i11_j09_an_issuer_that_does_not_answer_makes_no_token_bad() {
    for (row, answer) in [
        ("timeout", Err(OutboundError::Timeout)),
        ("401", Ok(reply(401, "{}"))),
        ("403", Ok(reply(403, "{}"))),
        ("429", Ok(reply(429, ""))),
        ("500", Ok(reply(500, r#"{"active": true}"#))),
    ] {
        let world = world();
        let issuer = world.issuer();
        world.script.answer(INTROSPECTION, answer);

        let said = subject(&issuer, TOKEN, NOW).await;
        assert_eq!(said, Err(IntrospectionError::Unavailable), "{row}");

        world.script.show(INTROSPECTION, &active());
        let said = subject(&issuer, "another", NOW).await;
        assert_eq!(
            said,
            Err(IntrospectionError::Unavailable),
            "{row}: left alone"
        );
        assert_eq!(world.script.n_asked(INTROSPECTION), 1, "{row}");
        assert!(subject(&issuer, TOKEN, after(1)).await.is_ok(), "{row}");
    }
}

/// A stranger can make up tokens that an endpoint stumbles over, and must not take the issuer from
/// everybody else with one each second.
#[tokio::test]
async fn i15_a_token_that_the_endpoint_stumbles_over_is_the_only_one_without_an_answer() {
    for (row, answer) in [
        ("400", Ok(reply(400, "{}"))),
        ("404", Ok(reply(404, ""))),
        ("302", Ok(reply(302, ""))),
        ("too long", Err(OutboundError::TooLarge)),
        ("a page", Ok(reply(200, "<html>"))),
        ("a text for active", Ok(reply(200, r#"{"active": "true"}"#))),
        ("a number for active", Ok(reply(200, r#"{"active": 1}"#))),
        ("no active", Ok(reply(200, r#"{"sub": "alice"}"#))),
        (
            "active twice",
            Ok(reply(200, r#"{"active": false, "active": true}"#)),
        ),
        (
            "I13 a signed answer",
            Ok(reply(200, "eyJhbGciOiJFUzI1NiJ9.e30.AA")),
        ),
    ] {
        let world = world();
        let issuer = world.issuer();
        world.script.answer(INTROSPECTION, answer);

        let odd = Err(IntrospectionError::Unintelligible);
        let asked = issuer.introspect(TOKEN, NOW).await;
        assert!(asked.was_asked, "{row}: counts against who showed it");
        assert_eq!(
            asked.outcome.map(drop),
            Err(IntrospectionError::Unintelligible),
            "{row}"
        );

        world.script.show(INTROSPECTION, &active());
        assert!(subject(&issuer, "another", NOW).await.is_ok(), "{row}");
        assert_eq!(
            subject(&issuer, TOKEN, NOW).await,
            odd,
            "{row}: not again at once"
        );
        assert_eq!(world.script.n_asked(INTROSPECTION), 2, "{row}");
        assert!(subject(&issuer, TOKEN, after(1)).await.is_ok(), "{row}");
    }
}

#[tokio::test]
async fn a_reload_keeps_what_was_said_unless_something_else_would_be_said() {
    let mut world = world();
    world.script.show(INTROSPECTION, &active());
    assert!(subject(&world.issuer(), TOKEN, NOW).await.is_ok());

    world.reload(&[introspecting(ISSUER)]);
    assert!(subject(&world.issuer(), TOKEN, NOW).await.is_ok());
    assert_eq!(world.script.n_asked(INTROSPECTION), 1);

    let change = |change: fn(&mut TrustedIssuer)| {
        let mut settings = introspecting(ISSUER);
        change(&mut settings);
        settings
    };
    for (n, changed) in [
        change(|it| it.terms.leeway = Duration::from_secs(1)),
        change(|it| it.transport.timeout = Duration::from_secs(1)),
        change(|it| endpoint(it).client_secret = Secret::new("another")),
        change(|it| endpoint(it).remember = Duration::from_secs(1)),
        change(|it| endpoint(it).audience = vec!["api".to_owned()]),
    ]
    .into_iter()
    .enumerate()
    {
        world.reload(&[changed]);
        assert!(subject(&world.issuer(), TOKEN, NOW).await.is_ok());
        assert_eq!(world.script.n_asked(INTROSPECTION), n + 2);
    }
}

fn endpoint(settings: &mut TrustedIssuer) -> &mut IntrospectionEndpoint {
    settings.introspection.as_mut().unwrap()
}

#[tokio::test]
async fn i14_whoever_shows_one_token_waits_for_one_answer() {
    let world = world();
    world.script.show(INTROSPECTION, &active());
    world.script.hold();
    let issuer = world.issuer();
    let asking = join_all((0..1000).map(|_| subject(&issuer, TOKEN, NOW)));
    let release = async {
        tokio::task::yield_now().await;
        world.script.go_on();
    };

    let (said, ()) = tokio::join!(asking, release);

    assert!(said.iter().all(Result::is_ok));
    assert_eq!(world.script.n_asked(INTROSPECTION), 1);
    let asked =
        format!(r#"cellgate_issuer_introspections_total{{issuer="{ISSUER}",outcome="active"}}"#);
    assert_eq!(world.sample(&asked).as_deref(), Some("1"));
    let remembered = format!(
        r#"cellgate_issuer_introspections_total{{issuer="{ISSUER}",outcome="remembered"}}"#
    );
    assert_eq!(world.sample(&remembered).as_deref(), Some("999"));
}

/// I15: whatever strangers make up, the endpoint gets a bounded number of questions at once.
#[tokio::test]
async fn i15_the_endpoint_is_not_flooded() {
    let world = world();
    world.script.show(INTROSPECTION, &json!({"active": false}));
    world.script.hold();
    let issuer = world.issuer();
    let tokens: Vec<String> = (0..1000).map(|n| format!("made-up-{n}")).collect();
    let asking = join_all(tokens.iter().map(|token| subject(&issuer, token, NOW)));
    let release = async {
        tokio::task::yield_now().await;
        assert_eq!(world.script.n_asked(INTROSPECTION), 32, "at once");
        world.script.go_on();
    };

    let (said, ()) = tokio::join!(asking, release);

    let told_to_come_back = Err(IntrospectionError::Unavailable);
    let n_sent_away = said
        .iter()
        .filter(|said| **said == told_to_come_back)
        .count();
    assert_eq!(n_sent_away, 1000 - 32 - 512);
}

#[tokio::test]
async fn j03_one_token_at_two_issuers_is_two_questions() {
    const OTHER: &str = "https://other.test/";
    let world = World::of(&[introspecting(ISSUER), introspecting(OTHER)]);
    world.script.show(INTROSPECTION, &active());
    world
        .script
        .show("https://other.test/introspect", &json!({"active": false}));
    let other = world.issuers.find(OTHER).unwrap();

    assert!(subject(&world.issuer(), TOKEN, NOW).await.is_ok());
    let said = subject(other, TOKEN, NOW).await;

    assert_eq!(said, Err(IntrospectionError::Inactive));
}

#[tokio::test]
async fn i16_a_token_that_was_cut_is_another_token() {
    let world = world();
    let issuer = world.issuer();
    world.script.show(INTROSPECTION, &active());
    assert!(subject(&issuer, TOKEN, NOW).await.is_ok());
    world.script.show(INTROSPECTION, &json!({"active": false}));

    for other in ["opaque-toke", "Opaque-token", "opaque-tokenx"] {
        let said = subject(&issuer, other, NOW).await;
        assert_eq!(said, Err(IntrospectionError::Inactive), "{other}");
    }
}

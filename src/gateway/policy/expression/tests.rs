//! What expressions mean, which are taken, and that none of them passes by accident.

use serde_json::json;

use super::*;
use crate::gateway::tests::support::{asked, request, verified};
use crate::jose::Verified;

fn token() -> Verified {
    let claims = json!({
        "department": "sales",
        "level": 3,
        "share": 0.5,
        "groups": ["staff", "team-a"],
        "a.b": "literal",
        "nested": {"a": {"b": "inner"}},
        "nothing": null,
        "flag": true,
    });
    Verified {
        claims: claims.as_object().unwrap().clone(),
        ..verified()
    }
}

/// `passes`, or why not.
fn judged(text: &str, verified: Option<&Verified>) -> String {
    let expression = Expression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    match expression.check(&asked(&request("GET", "/files/x?admin=1"), verified)) {
        Ok(()) => "passes".to_owned(),
        Err(Rejection::ConditionFailed { why }) => format!("failed: {why}"),
        Err(rejection) => rejection.reason().to_owned(),
    }
}

#[test]
fn an_expression_sees_request_token_claims_and_time() {
    for (text, outcome) in [
        ("request.method == 'GET'", "passes"),
        ("request.method in ['PUT', 'POST']", "condition"),
        ("request.path.startsWith('/files/')", "passes"),
        ("request.path == '/files/x'", "passes"),
        (
            "request.host == 'a.test' && request.scheme == 'https'",
            "passes",
        ),
        ("request.source == '127.0.0.1'", "passes"),
        ("token.issuer == 'https://op.test/oidc/'", "passes"),
        (
            "token.subject == 'alice' && token.client_id == 'app'",
            "passes",
        ),
        ("'read' in token.scope && 'api' in token.audience", "passes"),
        ("'write' in token.scope", "condition"),
        ("token.expires_at - token.issued_at <= 1000", "passes"),
        ("now - token.issued_at < 500", "condition"),
        ("claims.department == 'sales' && claims.level > 2", "passes"),
        ("claims.share == 0.5", "passes"),
        ("claims.flag", "passes"),
        ("claims.nothing == null", "passes"),
        ("'staff' in claims.groups", "passes"),
        ("claims.groups.exists(g, g.startsWith('team-'))", "passes"),
        ("claims.groups.all(g, g.startsWith('team-'))", "condition"),
        (
            "claims.groups.exists_one(g, g.startsWith('team-'))",
            "passes",
        ),
        (
            "claims.groups.exists(g, ['x', 'staff'].exists(w, w == g))",
            "passes",
        ),
        ("has(claims.department)", "passes"),
        ("has(claims.missing) && claims.missing == 1", "condition"),
        ("type(claims.level) == int", "passes"),
        ("claims['a.b'] == 'literal'", "passes"),
        ("claims.nested.a.b == 'inner'", "passes"),
    ] {
        assert_eq!(judged(text, Some(&token())), outcome, "{text}");
    }
}

/// Neither `true` nor `false` is a refusal with a reason of its own, and never `true`.
#[test]
fn what_cannot_be_said_is_refused() {
    for (text, outcome) in [
        ("claims.missing == 1", "failed: there is no `missing`"),
        ("claims.missing != 'x'", "failed: there is no `missing`"),
        ("!claims.missing", "failed: there is no `missing`"),
        ("claims.department", "failed: it is of type string"),
        ("claims.groups[7] == 'x'", "failed: a list is shorter"),
        ("claims.level / 0 == 1", "failed: division by zero"),
        (
            "claims.level + 9223372036854775807 > 0",
            "failed: a number is too large",
        ),
    ] {
        assert_eq!(judged(text, Some(&token())), outcome, "{text}");
    }
    for text in [
        "claims.department > 3",
        "claims.level.startsWith('3')",
        "claims.department.exists(g, g == 's')",
        "claims.nothing.x == 1",
        "size(claims.level) == 1",
    ] {
        let outcome = judged(text, Some(&token()));
        assert!(outcome.starts_with("failed: "), "{text}: {outcome}");
        assert!(!outcome.contains("sales"), "{text}: {outcome}");
    }
}

/// As CEL has it: what decides alone decides, whatever is wrong beside it.
#[test]
fn an_alternative_that_holds_makes_up_for_one_that_fails() {
    for (text, outcome) in [
        ("claims.missing == 1 || claims.level == 3", "passes"),
        ("claims.missing == 1 && claims.level == 4", "condition"),
        (
            "claims.missing == 1 || claims.level == 4",
            "failed: there is no `missing`",
        ),
        (
            "claims.missing == 1 && claims.level == 3",
            "failed: there is no `missing`",
        ),
    ] {
        assert_eq!(judged(text, Some(&token())), outcome, "{text}");
    }
}

#[test]
fn without_a_token_there_are_no_claims() {
    for (text, outcome) in [
        ("token == null", "passes"),
        ("has(claims.department)", "condition"),
        ("request.method == 'GET' && token == null", "passes"),
    ] {
        assert_eq!(judged(text, None), outcome, "{text}");
    }
    assert!(judged("token.subject != 'alice'", None).starts_with("failed: "));
}

#[test]
fn what_would_never_work_or_cost_too_much_is_not_taken() {
    let deep = format!("{}true{}", "(".repeat(49), ")".repeat(49));
    let chain = format!("1{} > 0", "+1".repeat(60));
    let long = format!("request.path == '{}'", "a".repeat(1000));
    for (text, problem) in [
        ("", "cannot be understood at character 1"),
        ("claims.level >", "cannot be understood at character"),
        ("request.path == '/a", "cannot be understood at character"),
        ("claim.level > 3", "names `claim`"),
        ("request.query == 'x'", "names `request.query`"),
        ("request.headers == 'x'", "names `request.headers`"),
        ("token.sub == 'x'", "names `token.sub`"),
        ("claims.groups.exists(g, h == g)", "names `h`"),
        ("claims.department.matches('(a+)+$')", "calls `matches`"),
        ("timestamp('2020') == now", "calls `timestamp`"),
        ("claims.groups.map(g, g).size() > 1", "makes a list"),
        ("claims.groups.filter(g, g == 'a') == []", "makes a list"),
        (
            "claims.groups.exists(g, claims.groups.exists(h, g == h))",
            "runs over a list for each element",
        ),
        (
            "[1].exists(a, [2].exists(b, [3].exists(c, a == c)))",
            "runs over a list for each element",
        ),
        ("claims.level + 1", "says neither yes nor no"),
        ("'yes'", "says neither yes nor no"),
        ("now", "says neither yes nor no"),
        ("['x']", "says neither yes nor no"),
        ("Point{x: 1} == 1", "makes a struct"),
        (&deep, "more than 48 brackets"),
        (&chain, "levels"),
        (&long, "has more than 1000 bytes"),
    ] {
        let error = Expression::parse(text).expect_err(text);
        assert!(error.to_string().contains(problem), "{text}: {error}");
        assert!(
            !error.advice().is_empty() || problem.contains("bytes"),
            "{text}"
        );
    }
}

/// The depth that is taken fits the smallest stack there is, parsed and evaluated.
#[test]
fn the_deepest_expression_fits_the_stack() {
    let widest = vec!["(1 == 1)"; 40].join(" && ");
    let deepest = format!("{}true{}", "!(".repeat(10), ")".repeat(10));
    let brackets = format!("{}true{}", "(".repeat(48), ")".repeat(48));
    for text in [widest, deepest, brackets] {
        assert_eq!(judged(&text, Some(&token())), "passes", "{text}");
    }
}

#[test]
fn an_expression_knows_whether_it_asks_something_of_a_token() {
    for (text, asks) in [
        ("request.method == 'GET'", false),
        ("now > 5", false),
        ("token == null", true),
        ("has(claims.x)", true),
    ] {
        assert_eq!(
            Expression::parse(text).unwrap().asks_of_token(),
            asks,
            "{text}"
        );
    }
}

/// R06.
#[test]
fn a_panic_is_contained() {
    assert_eq!(contained(|| 7), Some(7));
    assert_eq!(contained(|| -> u8 { panic!("for the test") }), None);
}

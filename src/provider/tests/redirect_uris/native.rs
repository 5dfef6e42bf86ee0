//! The same for native applications (RFC 8252 §7, §8.10): the port of a loopback address is free,
//! and nothing else is.

use super::assert_page_only;
use crate::model::RedirectUri;
use crate::provider::tests::support::{Authorize, TestProvider};

/// What `app` registers, and every way we know in which a comparison with it was fooled.
const IPV4: (&str, &[&str]) = (
    "http://127.0.0.1/callback",
    &[
        // Other letter case.
        "HTTP://127.0.0.1/callback",
        "http://127.0.0.1:51004/Callback",
        // More or less path.
        "http://127.0.0.1",
        "http://127.0.0.1:51004",
        "http://127.0.0.1:51004/",
        "http://127.0.0.1:51004/callback/",
        "http://127.0.0.1:51004//callback",
        "http://127.0.0.1:51004/callback/x",
        "http://127.0.0.1:51004/callbackx",
        "http://127.0.0.1:51004/callbac",
        // Dot segments and their disguises.
        "http://127.0.0.1:51004/./callback",
        "http://127.0.0.1:51004/x/../callback",
        "http://127.0.0.1:51004/callback/../evil",
        "http://127.0.0.1:51004/callback/%2e%2e/evil",
        "http://127.0.0.1:51004/callback/..;/evil",
        "http://127.0.0.1:51004/callback;x",
        "http://127.0.0.1:51004/callback%2f..%2fevil",
        "http://127.0.0.1:51004/callback\\..\\evil",
        // Percent-encoding.
        "http://127.0.0.1:51004/%63allback",
        "http://127.0.0.1:51004/callback%00",
        "http://127.0.0.1:51004/callback%0a",
        "http://127.0.0.1:51004/callback%23",
        "http://127.0.0.1%3a51004/callback",
        "http://127.0.0.1:51004%2fcallback",
        // White space and control characters.
        " http://127.0.0.1:51004/callback",
        "http://127.0.0.1:51004/callback ",
        "http://127.0.0.1: 51004/callback",
        "http://127.0.0.1:51004/call\tback",
        "http://127.0.0.1:51004/callback\r\nX: y",
        "http://127.0.0.1:51004/callback\0",
        "\u{feff}http://127.0.0.1:51004/callback",
        // Query and fragment.
        "http://127.0.0.1:51004/callback?",
        "http://127.0.0.1:51004/callback?x=1",
        "http://127.0.0.1:51004?/callback",
        "http://127.0.0.1:51004/callback#x",
        "http://127.0.0.1:51004#@evil.example/callback",
        // User information.
        "http://user@127.0.0.1:51004/callback",
        "http://@127.0.0.1:51004/callback",
        "http://127.0.0.1@evil.example/callback",
        "http://127.0.0.1:51004@evil.example/callback",
        "http://127.0.0.1:pw@evil.example/callback",
        "http://127.0.0.1:51004\\@evil.example/callback",
        "http://evil.example@127.0.0.1@127.0.0.1/callback",
        "http://evil.example\\@127.0.0.1/callback",
        "http://evil.example#@127.0.0.1/callback",
        "http://evil.example/http://127.0.0.1/callback",
        // Host, and other spellings of it.
        "http://127.0.0.1./callback",
        "http://127.0.0.1.evil.example/callback",
        "http://127.0.0.1evil.example/callback",
        "http://evil127.0.0.1/callback",
        "http://127.0.0.2:51004/callback",
        "http://127.1:51004/callback",
        "http://0x7f.0.0.1:51004/callback",
        "http://0177.0.0.1:51004/callback",
        "http://2130706433:51004/callback",
        "http://0.0.0.0:51004/callback",
        "http://[::1]:51004/callback",
        "http://[::ffff:127.0.0.1]:51004/callback",
        "http://localhost:51004/callback",
        "http://localhost.evil.example:51004/callback",
        "http://127.0.0\u{3002}1:51004/callback",
        // Port.
        "http://127.0.0.1:/callback",
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:00080/callback",
        "http://127.0.0.1:+80/callback",
        "http://127.0.0.1:-1/callback",
        "http://127.0.0.1:65536/callback",
        "http://127.0.0.1:99999999999999999999/callback",
        "http://127.0.0.1:80:80/callback",
        "http://127.0.0.1:51004.evil.example/callback",
        "http://127.0.0.1:\u{ff15}/callback",
        "http://127.0.0.1:[1-65535]/callback",
        "http://127.0.0.1:*/callback",
        // Scheme.
        "https://127.0.0.1:51004/callback",
        "ftp://127.0.0.1:51004/callback",
        "//127.0.0.1:51004/callback",
        "http:/127.0.0.1:51004/callback",
        "http:127.0.0.1:51004/callback",
        "javascript:alert(1)//http://127.0.0.1/callback",
        "data:text/html,<script>alert(1)</script>",
    ],
);

/// The same on the other loopback address, where they differ.
const IPV6: (&str, &[&str]) = (
    "http://[::1]/callback",
    &[
        "http://[::1]:0/callback",
        "http://[::1]:51004/callback?x",
        "http://[::1]:51004@evil.example/callback",
        "http://[::1].evil.example/callback",
        "http://[::1]evil.example/callback",
        "http://[0:0:0:0:0:0:0:1]:51004/callback",
        "http://[0::1]:51004/callback",
        "http://[::0001]:51004/callback",
        "http://[::1%25eth0]:51004/callback",
        "http://[::2]:51004/callback",
        "http://[::]:51004/callback",
        "http://::1:51004/callback",
        "http://%5b::1%5d:51004/callback",
        "http://127.0.0.1:51004/callback",
        "http://localhost:51004/callback",
        "https://[::1]:51004/callback",
    ],
);

/// The same with a scheme of the application's own, where every character counts.
const PRIVATE_SCHEME: (&str, &[&str]) = (
    "com.example.app:/callback",
    &[
        // Other letter case.
        "COM.example.app:/callback",
        "com.example.App:/callback",
        "com.example.app:/Callback",
        // More or less.
        "com.example.app:",
        "com.example.app:/",
        "com.example.app:callback",
        "com.example.app:/callback/",
        "com.example.app://callback",
        "com.example.app:///callback",
        "com.example.app:/callback/x",
        "com.example.app:/callbackx",
        "com.example.app:/callbac",
        // Dot segments and percent-encoding.
        "com.example.app:/./callback",
        "com.example.app:/x/../callback",
        "com.example.app:/callback/..;/evil",
        "com.example.app:/%63allback",
        "com.example.app:/callback%00",
        "com.example.app%3a/callback",
        "com.example.app:\\callback",
        // White space and control characters.
        " com.example.app:/callback",
        "com.example.app:/callback ",
        "com.example.app:/call\tback",
        "com.example\n.app:/callback",
        "com.example.app:/callback\0",
        "\u{feff}com.example.app:/callback",
        // Query and fragment.
        "com.example.app:/callback?",
        "com.example.app:/callback?x=1",
        "com.example.app:/callback#x",
        // An authority where there is none.
        "com.example.app://evil.example/callback",
        "com.example.app://user@evil.example/callback",
        "com.example.app://127.0.0.1:51004/callback",
        // Other schemes, some of which look alike.
        "com.example.app2:/callback",
        "com.example.ap:/callback",
        "com.example.evil:/callback",
        "com.example.app.evil:/callback",
        "evil.com.example.app:/callback",
        "comXexample.app:/callback",
        "c\u{43e}m.example.app:/callback",
        "com.example.app\u{ff1a}/callback",
        "http://com.example.app/callback",
        "https://com.example.app/callback",
        "//com.example.app:/callback",
        "/callback",
        "intent:/callback#Intent;scheme=com.example.app;end",
        "javascript:com.example.app:/callback",
        "data:text/html,com.example.app:/callback",
    ],
);

async fn registered(uri: &str) -> TestProvider {
    let uri = RedirectUri::register(uri).unwrap();
    TestProvider::start_with(|settings| settings.clients[0].redirect_uris = vec![uri]).await
}

#[tokio::test]
async fn nothing_but_the_port_of_a_native_client_may_differ() {
    for (uri, mutations) in [IPV4, IPV6, PRIVATE_SCHEME] {
        let op = registered(uri).await;
        for mutation in mutations {
            assert_page_only(&op, "app", mutation).await;
        }
    }
}

/// RFC 8252 §7.3: "MUST allow any port"; which says that the pages above came for their reason.
#[tokio::test]
async fn a_native_client_may_choose_its_port_at_each_request() {
    for (uri, accepted) in [
        (
            IPV4.0,
            &[
                "http://127.0.0.1/callback",
                "http://127.0.0.1:51004/callback",
            ][..],
        ),
        (
            IPV6.0,
            &["http://[::1]/callback", "http://[::1]:65535/callback"],
        ),
        (PRIVATE_SCHEME.0, &["com.example.app:/callback"]),
    ] {
        let op = registered(uri).await;
        for redirect_uri in accepted {
            let request = Authorize::app().with("redirect_uri", redirect_uri);
            request.send(&op).await.assert_sign_in_page();
            let answer = request.with("prompt", "none").send(&op).await;
            let location = answer.header("location").unwrap();
            assert!(location.starts_with(redirect_uri), "{location}");
        }
    }
}

/// A client with a secret is on a server, whose port does not change.
#[tokio::test]
async fn a_confidential_client_has_the_port_that_it_registered() {
    let uri = RedirectUri::register("http://127.0.0.1:8080/callback").unwrap();
    let op =
        TestProvider::start_with(|settings| settings.clients[1].redirect_uris = vec![uri]).await;
    let at = |uri: &str| Authorize::service().with("redirect_uri", uri);

    at("http://127.0.0.1:8080/callback")
        .send(&op)
        .await
        .assert_sign_in_page();

    for port in ["", ":80", ":8081", ":51004"] {
        let other = format!("http://127.0.0.1{port}/callback");
        assert_page_only(&op, "service", &other).await;
    }
}

//! The admin listener.

use super::{Demo, assert_status, exchange};

#[tokio::test]
async fn metrics_and_health_are_all_there_is() {
    let demo = Demo::start().await;

    for path in ["/metrics", "/healthz", "/readyz"] {
        assert_status(&exchange(demo.admin, "GET", path).await, 200);
        assert_status(&demo.get(path).await, 404);
    }
    for path in [
        "/",
        "/metrics/",
        "/metricsx",
        "//metrics",
        "/debug/pprof",
        "/public/",
    ] {
        assert_status(&exchange(demo.admin, "GET", path).await, 404);
    }
}

#[tokio::test]
async fn nothing_can_be_changed_through_it() {
    let demo = Demo::start().await;

    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"] {
        let answer = exchange(demo.admin, method, "/metrics").await;
        assert_status(&answer, 405);
        assert!(
            answer.to_lowercase().contains("\r\nallow: get, head\r\n"),
            "{answer}"
        );
    }
}

/// RFC 9110 §9.3.2: as GET, without the content.
#[tokio::test]
async fn head_tells_the_length_and_sends_no_body() {
    let demo = Demo::start().await;

    let answer = exchange(demo.admin, "HEAD", "/readyz").await.to_lowercase();

    assert_status(&answer.to_uppercase(), 200);
    assert!(answer.contains("\r\ncontent-length: 6\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}

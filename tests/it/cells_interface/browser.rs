//! A page that does what the interface does, in Chromium.

use fantoccini::Locator;

use crate::cells_site::site;
use crate::support::Chromium;

async fn text(chromium: &Chromium, id: &str) -> String {
    let element = chromium.page.find(Locator::Id(id)).await;
    let element = element.expect("the element is there");
    element.text().await.expect("it has a text")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_opens_the_interface_with_one_password_and_leaves_by_either_door() {
    let Some(programs) = Chromium::find() else {
        return;
    };
    let (cells, edge) = site("").await;
    let chromium = Chromium::start(programs, true).await;

    chromium.page.goto(&edge.url("/")).await.unwrap();
    chromium.sign_in("alice").await;
    chromium.wait_for("body[data-step=ready]").await;
    assert_eq!(text(&chromium, "user").await, "alice");
    assert_eq!(
        text(&chromium, "event").await,
        "alice",
        "over the WebSocket"
    );
    let address = chromium.page.current_url().await.unwrap();
    assert_eq!(address.as_str(), edge.url("/"));
    chromium.click("renew").await;
    chromium.wait_for("body[data-step=renewed]").await;

    // Out by Cells' own button, and so out here: the next who opens it is asked.
    chromium.click("sign-out").await;
    chromium.wait_for("body[data-step=signed-out]").await;
    chromium.page.goto(&edge.url("/login")).await.unwrap();
    chromium.wait_for("input[name=password]").await;
    assert_eq!(cells.n_sign_ins(), 1);

    // In again, and out here: the interface notices with its next call.
    chromium.sign_in("alice").await;
    chromium.wait_for("body[data-step=ready]").await;
    let interface = chromium.page.window().await.unwrap();
    let tab = chromium.page.new_window(true).await.unwrap();
    chromium.page.switch_to_window(tab.handle).await.unwrap();
    let sign_out = edge.url("/oidc/oauth2/sessions/logout");
    chromium.page.goto(&sign_out).await.unwrap();
    chromium.press("form button").await;
    chromium.wait_for("main").await;
    chromium.page.switch_to_window(interface).await.unwrap();
    chromium.click("look").await;
    chromium.wait_for("body[data-step=signed-out]").await;
    chromium.page.clone().close().await.unwrap();
}

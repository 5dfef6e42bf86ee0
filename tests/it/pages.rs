//! Every page as people see it, in real Chromium: nothing that axe-core calls serious, nothing
//! wider than a small window, in light and dark, written from left to right and from right to
//! left. What it looks like is left in `target/pages` for whoever wants to see.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::support::{Chromium, Edge, Recorder, stock_component};

const USERNAME: &str = "input[name=username]";
const PASSWORD: &str = "input[name=password]";

/// One way to look at the pages.
struct Look {
    name: &'static str,
    language: &'static str,
    direction: &'static str,
    color_scheme: &'static str,
    width: u32,
}

const LIGHT: Look = Look {
    name: "light",
    language: "en",
    direction: "ltr",
    color_scheme: "light",
    width: 1000,
};

/// A walk through every page, each of which is looked at.
struct Walk {
    edge: Edge,
    application: Recorder,
    chromium: Chromium,
    axe: String,
    look: Look,
}

impl Walk {
    /// `None` when a component is not installed.
    async fn begin(look: Look) -> Option<Self> {
        let programs = Chromium::find()?;
        let axe = stock_component("node_modules/axe-core/axe.min.js")?;
        // Whatever is sent to the application leaves the browser on the page that sent it.
        let application = Recorder::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let yaml = include_str!("../../config/demo.yaml")
            .replace("127.0.0.1:9482", &application.address.to_string())
            .replace(
                "  clients:\n",
                &format!(
                    "  templates_dir: {}\n  clients:\n",
                    root.join("tests/data/pages").display()
                ),
            )
            .replace(
                "      name: Demo application\n",
                &format!(
                    "      name: Demo application\n      consent: remembered\n      \
                     client_uri: https://app.example/about\n      \
                     policy_uri: https://app.example/privacy\n      \
                     tos_uri: https://app.example/terms\n      \
                     frontchannel_logout_uri: http://{}/logout\n",
                    application.address
                ),
            );
        let chromium = Chromium::start(programs, true).await;
        chromium.show_in(look.color_scheme, (look.width, 900)).await;
        Some(Self {
            edge: Edge::start(&yaml),
            application,
            chromium,
            axe: fs::read_to_string(axe).unwrap(),
            look,
        })
    }

    async fn go_to(&self, path: &str) {
        let mark = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{mark}ui_locales={}", self.look.language);
        self.chromium
            .page
            .goto(&self.edge.url(&path))
            .await
            .unwrap();
    }

    /// Opens an authorization request of the demo's application.
    async fn authorize(&self, parameters: &[(&str, &str)]) {
        let callback = format!("http://{}/callback", self.application.address);
        let mut request = self
            .edge
            .sign_in("alice")
            .parameter("redirect_uri", &callback)
            .parameter("ui_locales", self.look.language);
        for (name, value) in parameters {
            request = request.parameter(name, value);
        }
        self.chromium.page.goto(&request.url()).await.unwrap();
    }

    async fn type_password(&self, password: &str) {
        self.chromium.type_into(PASSWORD, password).await;
        self.chromium.click("sign-in").await;
    }

    /// Looks at the page that has the element `id`.
    async fn look_at(&self, name: &str, css: &str) {
        let (chromium, look) = (&self.chromium, &self.look);
        chromium.wait_for(css).await;
        let script = "const page = document.documentElement;
            return [page.lang, page.dir, getComputedStyle(page).direction]";
        let said = chromium.page.execute(script, vec![]).await.unwrap();
        let expected = json!([look.language, look.direction, look.direction]);
        assert_eq!(said, expected, "{name}");

        let picture = chromium.page.screenshot().await.unwrap();
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/pages");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{name}-{}.png", look.name)), picture).unwrap();

        let wide = chromium.wider_than_the_window().await;
        assert!(
            wide.is_empty(),
            "{name} is wider than its window: {wide:#?}"
        );
        let problems = chromium.accessibility_problems(&self.axe).await;
        assert!(problems.is_empty(), "{name}: {problems:#?}");
    }

    async fn every_page(&self) {
        self.authorize(&[]).await;
        self.look_at("sign-in", "#sign-in").await;
        self.chromium.type_into(USERNAME, "alice").await;
        self.type_password("a mistake").await;
        self.look_at("sign-in-problem", "[role=alert]").await;
        self.type_password("cells-demo-password").await;
        self.look_at("consent", "#allow").await;

        self.chromium.page.refresh().await.unwrap();
        self.look_at("consent", "#allow").await;
        self.chromium.click("allow").await;
        self.application.next_body().await;
        self.authorize(&[("prompt", "select_account")]).await;
        self.look_at("select-account", "#another").await;
        self.authorize(&[("response_mode", "form_post")]).await;
        self.look_at("form-post", "#continue").await;

        self.go_to("/oidc/account").await;
        self.look_at("account", "#end-all").await;
        let name = "input[name=name]";
        self.chromium.type_into(name, "My telephone").await;
        self.chromium.click("mint").await;
        self.look_at("new-password", "#password").await;
        self.chromium.click("back").await;
        let revoke = "button[name=end-password]";
        self.look_at("account-with-password", revoke).await;
        self.go_to("/oidc/oauth2/sessions/logout").await;
        self.look_at("sign-out", "#sign-out").await;
        self.chromium.click("sign-out").await;
        self.look_at("signed-out", "iframe").await;
        self.go_to("/oidc/account").await;
        self.look_at("account-sign-in", "#sign-in").await;
        self.chromium.click("cancel").await;
        self.look_at("not-signed-in", "main:not(:has(form))").await;
        self.go_to("/oidc/nowhere").await;
        self.look_at("error", "main:not(:has(form))").await;
        self.chromium.page.clone().close().await.unwrap();
    }
}

async fn every_page_is_fine(look: Look) {
    if let Some(walk) = Walk::begin(look).await {
        walk.every_page().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_accessible() {
    every_page_is_fine(LIGHT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_accessible_in_the_dark() {
    every_page_is_fine(Look {
        name: "dark",
        language: "fr",
        color_scheme: "dark",
        ..LIGHT
    })
    .await;
}

/// In German, whose words are long.
#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_a_window_320_px_wide() {
    every_page_is_fine(Look {
        name: "small",
        language: "de",
        width: 320,
        ..LIGHT
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_can_be_written_from_right_to_left() {
    every_page_is_fine(Look {
        name: "right-to-left",
        language: "ar",
        direction: "rtl",
        color_scheme: "dark",
        width: 320,
    })
    .await;
}

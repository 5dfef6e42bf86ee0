//! A real browser: headless Chromium, driven by `chromedriver`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::{ParseError, Url};

use super::{component, free_port};

/// A Chromium with a profile of its own, stopped when dropped.
#[derive(Debug)]
pub(crate) struct Chromium {
    driver: Child,
    _profile: TempDir,
    pub(crate) page: Client,
}

impl Chromium {
    /// Starts it; `None` when it is not installed (and the test may be skipped).
    #[track_caller]
    pub(crate) fn find() -> Option<(std::path::PathBuf, std::path::PathBuf)> {
        Some((component("chromium")?, component("chromedriver")?))
    }

    /// Starts the programs that [`Self::find`] found; `scripts` says whether pages may run any.
    pub(crate) async fn start(
        (browser, driver): (std::path::PathBuf, std::path::PathBuf),
        scripts: bool,
    ) -> Self {
        let port = free_port();
        let mut driver = Command::new(driver)
            .arg(format!("--port={port}"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let mut lines = BufReader::new(driver.stdout.take().expect("piped")).lines();
        let started = lines
            .by_ref()
            .map_while(Result::ok)
            .any(|line| line.contains("started successfully"));
        assert!(started, "chromedriver did not start");
        // Whatever it prints later is of no interest, but somebody must read it.
        std::thread::spawn(move || lines.for_each(drop));

        let profile = tempfile::tempdir().expect("a temporary folder");
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--window-size=1000,800",
            &format!("--user-data-dir={}", profile.path().display()),
        ]
        .map(Value::from);
        let options = json!({
            "binary": browser,
            "args": arguments,
            "prefs": { "profile.default_content_setting_values.javascript": if scripts { 1 } else { 2 } },
        });
        let capabilities = [("goog:chromeOptions".to_owned(), options)]
            .into_iter()
            .collect();
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("Chromium starts");
        Self {
            driver,
            _profile: profile,
            page,
        }
    }
}

impl Chromium {
    /// Types `text` into the element that `css` selects.
    pub(crate) async fn type_into(&self, css: &str, text: &str) {
        let element = self
            .page
            .find(Locator::Css(css))
            .await
            .expect("the element is there");
        element.send_keys(text).await.expect("it can be typed into");
    }

    /// Clicks the element with this id.
    pub(crate) async fn click(&self, id: &str) {
        let element = self
            .page
            .find(Locator::Id(id))
            .await
            .expect("the element is there");
        element.click().await.expect("it can be clicked");
    }

    /// Clicks the element that `css` selects.
    pub(crate) async fn press(&self, css: &str) {
        let found = self.page.find(Locator::Css(css)).await;
        let element = found.expect("the element is there");
        element.click().await.expect("it can be clicked");
    }

    /// Fills in the sign-in page, once it is there, for a user of the demo.
    pub(crate) async fn sign_in(&self, login: &str) {
        self.wait_for("input[name=username]").await;
        self.type_into("input[name=username]", login).await;
        self.type_into("input[name=password]", "cells-demo-password")
            .await;
        self.click("sign-in").await;
    }

    /// Waits until the page has an element that `css` selects.
    pub(crate) async fn wait_for(&self, css: &str) {
        self.page
            .wait()
            .for_element(Locator::Css(css))
            .await
            .expect("it comes");
    }
}

/// What a user's system and window are like, and what is wrong with a page in it.
impl Chromium {
    /// Prefers a color scheme, in a window so wide and high.
    pub(crate) async fn show_in(&self, color_scheme: &str, (width, height): (u32, u32)) {
        let scheme = json!([{ "name": "prefers-color-scheme", "value": color_scheme }]);
        self.command("Emulation.setEmulatedMedia", json!({ "features": scheme }))
            .await;
        let window = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.command("Emulation.setDeviceMetricsOverride", window)
            .await;
    }

    async fn command(&self, name: &'static str, parameters: Value) {
        let command = DevToolsCommand { name, parameters };
        let answer = self.page.issue_cmd(command).await;
        answer.expect("the command is known");
    }

    /// The elements that reach beyond the window's sides.
    pub(crate) async fn wider_than_the_window(&self) -> Vec<Value> {
        let script = "const width = document.documentElement.clientWidth;
            const scrolls = document.documentElement.scrollWidth > width;
            return [...document.querySelectorAll('body *')].filter(element => {
                const box = element.getBoundingClientRect();
                return box.width > 1 && (box.left < 0 || box.right > width + 0.5);
            }).map(element => element.outerHTML).concat(scrolls ? ['the page scrolls'] : []);";
        let found = self.page.execute(script, vec![]).await.expect("it runs");
        found.as_array().expect("a list").clone()
    }

    /// What axe-core, whose source is `axe`, finds that is serious or critical.
    pub(crate) async fn accessibility_problems(&self, axe: &str) -> Vec<Value> {
        let script = format!(
            "{axe};
            const done = arguments[arguments.length - 1];
            window.axe.run(document, {{ iframes: false, resultTypes: ['violations'] }}).then(
                result => done(result.violations
                    .filter(violation => ['serious', 'critical'].includes(violation.impact))
                    .map(violation => [violation.id, violation.nodes.map(node => node.html)])),
                error => done([String(error)]));"
        );
        let found = self.page.execute_async(&script, vec![]).await;
        let found = found.expect("axe-core runs");
        found.as_array().expect("a list").clone()
    }
}

/// A command of the `DevTools` protocol, passed on by `chromedriver`.
#[derive(Debug)]
struct DevToolsCommand {
    name: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for DevToolsCommand {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        let session = session.unwrap_or_default();
        base.join(&format!("session/{session}/goog/cdp/execute"))
    }

    fn method_and_body(&self, _url: &Url) -> (Method, Option<String>) {
        let body = json!({ "cmd": self.name, "params": self.parameters });
        (Method::POST, Some(body.to_string()))
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

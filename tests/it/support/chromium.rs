//! A real browser: headless Chromium, driven by `chromedriver`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

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

    /// Waits until the page has an element that `css` selects.
    pub(crate) async fn wait_for(&self, css: &str) {
        self.page
            .wait()
            .for_element(Locator::Css(css))
            .await
            .expect("it comes");
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

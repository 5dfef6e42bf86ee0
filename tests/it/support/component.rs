//! Real components that a test may want and a machine may lack.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The program called `name`, from `PATH`.
///
/// `None`, and a clear word on the terminal, when it is not installed; with
/// `CELLGATE_TEST_REQUIRE=all` a missing component fails the test instead.
#[expect(
    clippy::disallowed_methods,
    reason = "tests choose by environment what must be there"
)]
#[track_caller]
pub(crate) fn component(name: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    found_or_skipped(found, name)
}

/// A file or folder that a component consists of; as [`component`] when it is not there.
#[track_caller]
pub(crate) fn component_at(path: impl AsRef<Path>) -> Option<PathBuf> {
    let path = path.as_ref();
    let found = path.exists().then(|| path.to_owned());
    found_or_skipped(found, &path.to_string_lossy())
}

/// A file or folder below `target/stock`, where `.ci/run` installs the packages of stock clients.
#[track_caller]
pub(crate) fn stock_component(path: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/stock");
    component_at(folder.join(path))
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests choose by environment what must be there"
)]
#[track_caller]
fn found_or_skipped(found: Option<PathBuf>, name: &str) -> Option<PathBuf> {
    if found.is_none() {
        let required = std::env::var("CELLGATE_TEST_REQUIRE").is_ok_and(|value| value == "all");
        assert!(
            !required,
            "{name} is not installed, and CELLGATE_TEST_REQUIRE=all wants it"
        );
        // Past the test harness's capture: a skip is to be seen.
        let mut terminal = std::io::stderr().lock();
        drop(writeln!(
            terminal,
            "SKIPPED: {name} is not installed ({})",
            std::panic::Location::caller()
        ));
    }
    found
}

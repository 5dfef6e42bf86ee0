//! A page with nothing to do on it.

use http::StatusCode;
use serde::Serialize;

use super::view::View;

/// What it says.
#[derive(Debug, Serialize)]
pub(crate) struct Message {
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
    #[serde(skip)]
    pub(crate) status: StatusCode,
}

impl View for Message {
    const TEMPLATE: &'static str = "message.html";

    fn status(&self) -> StatusCode {
        self.status
    }
}

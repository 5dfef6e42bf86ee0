//! The page that a code is copied from.

use http::StatusCode;
use serde::Serialize;

use super::view::View;

/// What the page shows; without a code it says that there is none.
#[derive(Debug, Serialize)]
pub(crate) struct OutOfBandPage<'a> {
    pub(crate) code: Option<&'a str>,
}

impl View for OutOfBandPage<'_> {
    const TEMPLATE: &'static str = "out_of_band.html";

    fn status(&self) -> StatusCode {
        match self.code {
            Some(_) => StatusCode::OK,
            None => StatusCode::BAD_REQUEST,
        }
    }
}

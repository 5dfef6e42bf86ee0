//! The page at which a code is read and copied to a command line: `cells-client` on a computer without
//! a browser has this address of Cells built in as the place where answers go.
//!
//! It is shown only where that client is registered. Whoever sends a user here with a code of their own
//! gains nothing by the page: what the user does with a code, any other page could ask for. So it shows
//! what may be a code and no other words of anybody.

use http::Method;

use super::Provider;
use super::endpoint::{Endpoint, Found};
use super::pages::OutOfBandPage;
use super::reply::Response;
use super::request::Request;
use crate::model::CellsClient;

/// Ours have 43 characters.
const MAX_CODE_BYTES: usize = 128;

impl Provider {
    /// Whether the page is at `path`.
    pub(super) fn is_out_of_band(&self, path: &str) -> bool {
        let is_registered = || {
            let clients = &self.settings.clients;
            clients
                .iter()
                .any(|client| client.of_cells == Some(CellsClient::CommandLine))
        };
        path == CellsClient::OUT_OF_BAND && is_registered()
    }

    /// What is at `path`: the page, or an endpoint below the issuer.
    pub(super) fn find_endpoint(&self, path: &str, method: &Method) -> Found {
        if self.is_out_of_band(path) {
            return Endpoint::OutOfBand.found(method);
        }
        Endpoint::find(&self.settings.issuer, path, method)
    }

    /// Shows the code that the request brings.
    pub(super) fn show_code(&self, request: &Request) -> Response {
        let params = request.params().unwrap_or_default();
        let code = params
            .one("code")
            .ok()
            .flatten()
            .filter(|code| may_be_code(code));
        self.pages
            .show(&self.texts_of(request), &OutOfBandPage { code })
    }
}

fn may_be_code(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !text.is_empty() && text.len() <= MAX_CODE_BYTES && text.bytes().all(is_plain)
}

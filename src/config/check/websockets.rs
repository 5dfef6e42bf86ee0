//! `websockets` of a route, and whose pages may open them.

use super::Checker;
use crate::config::file::{AuthenticationMode, RouteTable, TokenMode, WebSocketsMode};
use crate::config::key_path::KeyPath;
use crate::gateway::WebSockets;
use crate::model::WebOrigin;

/// Who may open WebSockets on a route; `None`: nobody.
pub(super) fn websockets(
    checker: &mut Checker,
    table: &RouteTable,
    at: &KeyPath,
) -> Option<WebSockets> {
    let at_origins = at.key("websocket_origins");
    if table.websockets == WebSocketsMode::Refuse {
        if !table.websocket_origins.is_empty() {
            let advice = "Write `websockets: allow`, or remove the origins.";
            checker.refuse(
                &at_origins,
                "is of no use without `websockets: allow`",
                advice,
            );
        }
        return None;
    }
    if table.whoami {
        checker.refuse(
            &at.key("websockets"),
            "excludes `whoami`: there is nobody to talk to",
            "Remove one of the two.",
        );
    }
    let subscribe = table.websockets == WebSocketsMode::Subscribe;
    if subscribe && !is_for_tokens(table) {
        checker.refuse(
            &at.key("websockets"),
            "`subscribe` is for routes to Cells, whose pages open a WebSocket without a token and send \
             one in a message",
            "Write `token: swap` and `authentication: optional`, or `websockets: allow`.",
        );
    }
    let mut origins = Vec::new();
    for (n, text) in table.websocket_origins.iter().enumerate() {
        match WebOrigin::parse(text) {
            Ok(origin) => origins.push(origin),
            Err(error) => {
                let advice = "Write, for example, `https://app.example`.";
                checker.refuse(&at_origins.item(n), error.to_string(), advice);
            }
        }
    }
    Some(WebSockets { origins, subscribe })
}

/// Whether tokens are swapped where clients may come without one.
fn is_for_tokens(table: &RouteTable) -> bool {
    table.token == TokenMode::Swap && table.authentication == AuthenticationMode::Optional
}

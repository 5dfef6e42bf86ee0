//! `token` of a route: what becomes of it on the way to the upstream.

use super::Checker;
use super::routes::Around;
use crate::config::file::{
    AuthenticationMode, OtherTokensMode, PasswordsMode, RouteTable, TokenMode,
};
use crate::config::key_path::KeyPath;
use crate::gateway::{OtherTokens, Passwords, TokenUse, Upstream};
use crate::users::{CellsSettings, Settings};

/// What becomes of the token of a route.
pub(super) fn token_use(
    checker: &mut Checker,
    table: &RouteTable,
    around: &Around<'_>,
    at: &KeyPath,
) -> TokenUse {
    let at_token = at.key("token");
    let at_others = at.key("other_tokens");
    let passes_others = table.other_tokens == OtherTokensMode::Pass;
    match table.token {
        TokenMode::Swap => {}
        TokenMode::Strip | TokenMode::Pass if passes_others => {
            checker.refuse(
                &at_others,
                "is of no use without `token: swap`",
                "Write `token: swap`, or remove it.",
            );
            return TokenUse::Strip;
        }
        TokenMode::Strip => return TokenUse::Strip,
        TokenMode::Pass => return TokenUse::Pass,
    }
    if table.authentication == AuthenticationMode::Anonymous {
        checker.refuse(
            &at_token,
            "has nothing to swap: on an anonymous route tokens are not looked at",
            "Write `authentication: required`, or `optional` if Cells answers everybody there.",
        );
    }
    if table.issuers.is_some() {
        checker.refuse(
            &at.key("issuers"),
            "contradicts `token: swap`: only users who signed in here have a session at Cells",
            "Remove it.",
        );
    }
    check_is_cells(checker, table, around, &at_token);
    if passes_others && table.authentication != AuthenticationMode::Optional {
        checker.refuse(
            &at_others,
            "lets in whoever sends something that may be a token of Cells, which \
             `authentication: required` would forbid",
            "Write `authentication: optional`: Cells judges those who come without a token, too.",
        );
    }
    TokenUse::Swap(match table.other_tokens {
        OtherTokensMode::Refuse => OtherTokens::Refuse,
        OtherTokensMode::Pass => OtherTokens::Pass,
    })
}

/// A token of Cells goes to the Cells that gave it, and to nobody else.
fn check_is_cells(checker: &mut Checker, table: &RouteTable, around: &Around<'_>, at: &KeyPath) {
    let cells = match around.users {
        Some(Settings::Cells(cells)) => cells,
        Some(Settings::Static(_) | Settings::Api(_)) => {
            return checker.refuse(
                at,
                "needs `users.cells`: users of a list have no token of Cells",
                "Write `strip` or `pass`, or let Cells check the passwords.",
            );
        }
        // Either there are problems with the users, or no provider, which is said elsewhere.
        None if checker.problems.is_broken(&KeyPath::root().key("users")) => return,
        None => {
            return checker.refuse(
                at,
                "needs a provider with `users.cells`, whose sign-ins bring tokens of Cells",
                "Write `strip` or `pass`, or add them.",
            );
        }
    };
    let Some(name) = &table.upstream else {
        return checker.refuse(
            at,
            "needs an `upstream`, the Cells of `users.cells`",
            "Write its name.",
        );
    };
    let named = |upstream: &&Upstream| upstream.name == *name;
    if let Some(upstream) = around.upstreams.settings.iter().find(named)
        && !leads_to(upstream, cells)
    {
        checker.refuse(
            at,
            format!(
                "would send tokens of Cells to `{name}`, which is not the Cells of `users.cells`"
            ),
            format!(
                "List `{}` among its servers, or swap tokens on routes to Cells only.",
                cells.url.as_str().trim_end_matches('/')
            ),
        );
    }
}

/// Whether the server that users sign in at is one of the upstream's.
fn leads_to(upstream: &Upstream, cells: &CellsSettings) -> bool {
    let is_https = cells.url.scheme() == "https";
    let host = cells.url.host_str().unwrap_or_default();
    let port = cells.url.port_or_known_default().unwrap_or_default();
    let authority = format!("{host}:{port}");
    upstream.tls.is_some() == is_https && upstream.servers.contains(&authority)
}

/// How passwords come on the route.
pub(super) fn passwords(
    checker: &mut Checker,
    table: &RouteTable,
    (token_use, around): (TokenUse, &Around<'_>),
    at: &KeyPath,
) -> Passwords {
    let passwords = match table.passwords {
        PasswordsMode::Unseen => return Passwords::Unseen,
        PasswordsMode::Session => Passwords::Session,
        PasswordsMode::Basic => Passwords::Basic,
        PasswordsMode::Page => {
            check_is_cells(checker, table, around, &at.key("passwords"));
            return Passwords::Page;
        }
    };
    if token_use != TokenUse::Swap(OtherTokens::Pass) {
        checker.refuse(
            &at.key("passwords"),
            "is for routes to Cells, where passwords are tried by whoever has no token of ours",
            "Write `token: swap`, `other_tokens: pass` and `authentication: optional`, or remove it.",
        );
    }
    passwords
}

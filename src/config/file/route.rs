//! `routes`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{
    AssertionTable, CorsTable, RouteLimitsTable, RouteLogTable, RoutePasswordsTable,
    RouteTimeoutsTable,
};

/// A part of the site: what it matches, who may pass, and where requests go.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a key of its own in the file"
)]
pub(crate) struct RouteTable {
    /// Unique name, for logs and metrics.
    #[schemars(extend("x-required" = true), length(min = 1, max = 64))]
    pub(crate) name: Option<String>,
    /// Host name, lower case and without a port, or `*.example.com`; left out: any.
    #[schemars(length(min = 1))]
    pub(crate) host: Option<String>,
    /// Path prefix, matched at whole segments: `/api` matches `/api` and `/api/x` but not
    /// `/apix`, and `/api/` matches what is below.
    #[schemars(extend("x-required" = true), length(min = 1, max = 2048))]
    pub(crate) path: Option<String>,
    /// Methods; left out: all that no other route with this host and path names.
    #[schemars(length(min = 1), inner(length(min = 1)))]
    pub(crate) methods: Option<Vec<String>>,
    /// Whether only calls of gRPC match (by `Content-Type`), and then before all other routes with
    /// this host and path.
    pub(crate) grpc: bool,
    /// Answers here, with what an upstream would get as JSON; for trying things out. Either this,
    /// `forward_auth`, `refuse` or `upstream`.
    pub(crate) whoami: bool,
    /// Requests are forwarded by a proxy in front, which only asks (`forward_auth`); whoever comes
    /// here directly gets 404.
    pub(crate) forward_auth: bool,
    /// Everybody gets 404, as where there is no route: for a part of what a shorter path lets
    /// through.
    pub(crate) refuse: bool,
    /// Name of the upstream that requests go to. Either this, `whoami`, `forward_auth` or `refuse`.
    #[schemars(length(min = 1))]
    pub(crate) upstream: Option<String>,
    /// Whether a token is needed.
    pub(crate) authentication: AuthenticationMode,
    /// Which of `trusted_issuers[].sign_in_clients` browsers sign in with, at its issuer; left out: at
    /// our own provider. Only with `authentication: sign_in`, and the same for a whole host.
    #[schemars(length(min = 1))]
    pub(crate) sign_in_client: Option<String>,
    /// Issuers whose tokens are accepted; left out: that of `sign_in_client`, else our own, or without a `provider` all
    /// `trusted_issuers`.
    #[schemars(length(min = 1), inner(length(min = 1)))]
    pub(crate) issuers: Option<Vec<String>>,
    /// Audiences of which a token must name one; left out: `provider.access_tokens.audience`, and
    /// what `trusted_issuers` are trusted for.
    #[schemars(length(min = 1), inner(length(min = 1)))]
    pub(crate) audience: Option<Vec<String>>,
    /// Scope values that a token must have.
    pub(crate) scopes: ScopesTable,
    /// Clients of which a token must be one's (`client_id`); left out: any.
    #[schemars(length(min = 1), inner(length(min = 1)))]
    pub(crate) clients: Option<Vec<String>>,
    /// What claims of a token must be: a name, as `groups`, or the way to a claim inside of another
    /// one, as `/realm_access/roles`.
    #[schemars(inner(length(min = 1)))]
    pub(crate) claims: BTreeMap<String, ClaimConditionTable>,
    /// How and how long ago the user must have signed in.
    pub(crate) step_up: StepUpTable,
    /// Networks or addresses that requests must come from; left out: any. The address is that of
    /// the connection, or what one of `trusted_proxies` says there.
    #[schemars(length(min = 1), inner(length(min = 1)))]
    pub(crate) networks: Option<Vec<String>>,
    /// A condition in CEL, the Common Expression Language, over `request`, `token`, `claims` and
    /// `now`.
    #[schemars(length(min = 1))]
    pub(crate) condition: Option<String>,
    /// Where a token may be; of all these places together there must be one.
    pub(crate) token_from: TokenPlacesTable,
    /// Whether metadata of the protected resource are published and named in challenges
    /// (RFC 9728); left out: if one of `audience` is a URL at or above this route.
    pub(crate) resource_metadata: Option<bool>,
    /// What becomes of the token on the way to the upstream.
    pub(crate) token: TokenMode,
    /// What becomes of tokens that are not ours, with `token: swap`.
    pub(crate) other_tokens: OtherTokensMode,
    /// How passwords of Cells come here, which are tried under the same counts as at the sign-in page.
    /// Only with `other_tokens: pass`.
    pub(crate) passwords: PasswordsMode,
    /// Whether the application passwords that users make at their account page are taken, in
    /// `Authorization: Basic`; left out: no.
    pub(crate) application_passwords: Option<RoutePasswordsTable>,
    /// A signed assertion of who asks (a JWT) for an upstream that need not believe the network then;
    /// left out: none.
    pub(crate) assertion: Option<AssertionTable>,
    /// Parts of `User-Agent`, whatever the case of letters, with any of which a request is refused
    /// (403).
    #[schemars(inner(length(min = 1)))]
    pub(crate) refused_user_agents: Vec<String>,
    /// Whether `%2F` may stand in a path. An upstream that takes it for a slash then sees another
    /// path than the one this route was chosen by.
    pub(crate) allow_encoded_slash: bool,
    /// Whether an exchange that is under way (a download, a stream of events, a WebSocket) goes on
    /// when its token expires. A revocation ends it within a second in any case.
    pub(crate) outlives_token: bool,
    /// Whether WebSockets may be opened. Only with `upstream`.
    pub(crate) websockets: WebSocketsMode,
    /// Origins whose pages may open WebSockets, besides pages of the host that is asked. Only with
    /// `websockets: allow` or `subscribe`.
    #[schemars(inner(length(min = 1)))]
    pub(crate) websocket_origins: Vec<String>,
    /// Beginning of the path that is taken off on the way upstream, whole segments: with `/notes` a
    /// request for `/notes/x` goes on as `/x`. Either this or `replace_prefix`; only with `upstream`.
    #[schemars(length(min = 1, max = 2048))]
    pub(crate) strip_prefix: Option<String>,
    /// Beginning of the path that another one takes the place of on the way upstream. Only with
    /// `upstream`.
    pub(crate) replace_prefix: Option<ReplacePrefixTable>,
    /// Which pages from elsewhere may read what it answers; left out: what the upstream says.
    pub(crate) cors: Option<CorsTable>,
    /// What becomes of the certificate that a listener with `client_certificates` asked for.
    pub(crate) client_certificate: ClientCertificateMode,
    /// Which certificates; left out: any that the listener takes. Only with
    /// `client_certificate: required`.
    pub(crate) client_certificate_of: Option<CertificateConditionsTable>,
    /// How much of it anybody may take; left out: as much as there is.
    pub(crate) limits: RouteLimitsTable,
    /// How long the upstream may take; left out: as long as the upstream says. Only with `upstream`.
    pub(crate) timeouts: RouteTimeoutsTable,
    /// What its lines in the access log have besides; left out: nothing.
    pub(crate) log: RouteLogTable,
}

/// What becomes of client certificates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClientCertificateMode {
    /// They are not looked at.
    #[default]
    Ignore,
    /// The upstream is told of one (`identity.client_certificate_headers`), if there is one.
    Optional,
    /// A request on a connection without one is refused.
    Required,
}

/// Which certificates: of every list one entry must fit, character by character.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CertificateConditionsTable {
    /// Common name of the subject.
    #[schemars(inner(length(min = 1)))]
    pub(crate) common_names: Vec<String>,
    /// Organization of the subject.
    #[schemars(inner(length(min = 1)))]
    pub(crate) organizations: Vec<String>,
    /// Organizational unit of the subject.
    #[schemars(inner(length(min = 1)))]
    pub(crate) organizational_units: Vec<String>,
    /// A host name, or `*.example.com` for every one with one label more.
    #[schemars(inner(length(min = 1)))]
    pub(crate) dns_names: Vec<String>,
    /// A mail address.
    #[schemars(inner(length(min = 1)))]
    pub(crate) emails: Vec<String>,
    /// A URI.
    #[schemars(inner(length(min = 1)))]
    pub(crate) uris: Vec<String>,
    /// The SHA-256 of the certificate, in hexadecimal with or without colons, or in base64url.
    #[schemars(inner(length(min = 1)))]
    pub(crate) thumbprints: Vec<String>,
}

/// What takes the place of the beginning of a path.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ReplacePrefixTable {
    /// What is taken off: at or above the route's `path`, whole segments. `/` takes off nothing.
    #[schemars(extend("x-required" = true), length(min = 1, max = 2048))]
    pub(crate) from: Option<String>,
    /// What takes its place.
    #[schemars(extend("x-required" = true), length(min = 1, max = 2048))]
    pub(crate) to: Option<String>,
}

/// Scope values that a token must have.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ScopesTable {
    /// Every one of these.
    #[schemars(inner(length(min = 1)))]
    pub(crate) all: Vec<String>,
    /// At least one of these, unless there is none.
    #[schemars(inner(length(min = 1)))]
    pub(crate) any: Vec<String>,
}

/// What a claim of a token must be. A list has the values that are in it; every other claim is one
/// value. Values are compared with their types, character by character.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ClaimConditionTable {
    /// At least one of these, unless there is none.
    pub(crate) any: Vec<ClaimValueTable>,
    /// Every one of these.
    pub(crate) all: Vec<ClaimValueTable>,
    /// Not one of these. A token without the claim has none of them.
    pub(crate) none: Vec<ClaimValueTable>,
}

/// A value that a claim is compared with.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum ClaimValueTable {
    Flag(bool),
    Number(i64),
    Text(String),
}

impl JsonSchema for ClaimValueTable {
    fn schema_name() -> Cow<'static, str> {
        "ClaimValue".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer", "boolean"], "minLength": 1 })
    }
}

/// How and how long ago the user must have signed in (RFC 9470).
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StepUpTable {
    /// Seconds since the user signed in, at most; left out: any.
    #[schemars(range(min = 1, max = 31_536_000))]
    pub(crate) max_age_s: Option<u64>,
    /// Ways to sign in (`acr`), of which it must have been one; left out: any.
    #[schemars(length(min = 1), inner(length(min = 1)))]
    pub(crate) acr: Option<Vec<String>>,
}

/// Where a token may be.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TokenPlacesTable {
    /// In `Authorization: Bearer`.
    pub(crate) authorization: bool,
    /// In the cookie of this name. A browser's request that may change something must then come
    /// from a page of the same origin.
    #[schemars(length(min = 1, max = 128))]
    pub(crate) cookie: Option<String>,
    /// In the header of this name, alone.
    #[schemars(length(min = 1, max = 128))]
    pub(crate) header: Option<String>,
    /// In the parameter of this name of the query, where logs and histories of others keep it; it
    /// never goes on to the upstream.
    #[schemars(length(min = 1, max = 128))]
    pub(crate) query: Option<String>,
}

impl Default for TokenPlacesTable {
    fn default() -> Self {
        Self {
            authorization: true,
            cookie: None,
            header: None,
            query: None,
        }
    }
}

/// Whether a token is needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuthenticationMode {
    /// A request without a good token is refused.
    #[default]
    Required,
    /// A request may come without a token; one with a bad token is refused.
    Optional,
    /// Tokens are not looked at.
    Anonymous,
    /// Browsers without a token are sent to the provider to sign in, and back; a request without a
    /// good token or session is refused. For applications that know no OpenID Connect. The route
    /// needs a `host`.
    SignIn,
}

/// What becomes of the token on the way to the upstream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TokenMode {
    /// It is removed.
    #[default]
    Strip,
    /// It goes on.
    Pass,
    /// One of Pydio Cells takes its place: of the session that its user has there since signing in.
    /// Only with `users.cells` and an upstream that is this Cells.
    Swap,
}

/// What becomes of tokens that are not ours where ours are swapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OtherTokensMode {
    /// They are refused.
    #[default]
    Refuse,
    /// What may be a token of Cells itself goes on, and Cells judges it; so do signatures by such.
    /// Only with `authentication: optional`.
    Pass,
}

/// How passwords of Cells come on a route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PasswordsMode {
    /// They do not, or are not looked at.
    #[default]
    Unseen,
    /// In calls of Cells' own interface to where it signs in (`POST /a/frontend/session`).
    Session,
    /// In `Authorization: Basic`, as for DAV; tokens may stand in their place.
    Basic,
    /// In the form of Cells' own interface: browsers that open it (at `/` or `/login`) sign in at the
    /// provider, and come into it without. Needs `host`.
    Page,
}

/// Whether WebSockets may be opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WebSocketsMode {
    /// A request for one is refused.
    #[default]
    Refuse,
    /// Whoever may pass the route may open them.
    Allow,
    /// The same, and a token of ours in a message of Cells (`subscribe`) is swapped.
    Subscribe,
}

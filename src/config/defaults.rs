//! Every default of the configuration, with its unit in the name or the comment.
//!
//! The file structs take their `Default` from here, the JSON Schema shows these values, and a
//! test holds `config/reference.yaml` to them. Bounds stand at the fields, in [`super::file`].

/// The port of `https` (RFC 9110 §4.2.2).
pub(crate) const HTTPS_PORT: u16 = 443;
/// Seconds that requests in flight have after SIGTERM.
pub(crate) const DRAIN_TIMEOUT_S: u64 = 30;

/// Nobody is there to notice, unless there is a load balancer.
pub(crate) const DRAIN_DELAY_S: u64 = 0;

/// Where proxies ask who may pass, out of the way of applications.
pub(crate) const FORWARD_AUTH_PATH: &str = "/.forward-auth";

/// `tracing` filter.
pub(crate) const LOG_FILTER: &str = "info";

/// Seconds for a whole request head to arrive: generous for a phone, short for a slow attack.
pub(crate) const HEAD_TIMEOUT_S: u64 = 10;
/// Bytes of all request fields together.
pub(crate) const HEAD_BYTES: usize = 32 * 1024;
/// Number of request fields.
pub(crate) const HEAD_FIELDS: usize = 100;
/// Bytes of a request target.
pub(crate) const TARGET_BYTES: usize = 8 * 1024;
/// Seconds that a connection may wait for its next request.
pub(crate) const KEEPALIVE_S: u64 = 60;
/// Seconds between two reads from, or writes to, a downstream.
pub(crate) const DOWNSTREAM_TIMEOUT_S: u64 = 60;
/// Connections at once.
pub(crate) const CONNECTIONS: usize = 10_000;
/// Connections at once from one address: an office behind one address fits.
pub(crate) const CONNECTIONS_PER_ADDRESS: usize = 256;
/// Failed verifications a minute from one address before signatures are no longer checked.
pub(crate) const TOKEN_FAILURES_PER_MINUTE: u32 = 600;
/// Verified tokens remembered.
pub(crate) const REMEMBERED_TOKENS: u64 = 100_000;
/// Seconds without a byte until a WebSocket is closed: several of the pings that keep one open.
pub(crate) const TUNNEL_IDLE_TIMEOUT_S: u64 = 300;
/// WebSockets of one subject at once: many tabs on many devices.
pub(crate) const TUNNELS_PER_SUBJECT: usize = 64;

/// Seconds that browsers ask for nothing without TLS: a year, as is usual.
pub(crate) const TRANSPORT_SECURITY_MAX_AGE_S: u64 = 31_536_000;
/// Request headers that pages from elsewhere may set: what a call to an API needs.
pub(crate) const CORS_HEADERS: [&str; 2] = ["Authorization", "Content-Type"];
/// Seconds that browsers may remember the answer to a preflight: a change is felt within ten minutes.
pub(crate) const CORS_MAX_AGE_S: u32 = 600;
/// Seconds of the period of a rate: what "requests a second" means.
pub(crate) const RATE_PERIOD_S: u64 = 1;

/// The database, relative to the working directory.
pub(crate) const STATE_PATH: &str = "./data/cellgate.db";
/// The key that signing keys are encrypted under, relative to the working directory.
pub(crate) const STATE_KEY_FILE: &str = "./data/cellgate.key";

/// Seconds that tokens are let in while the database is away: time for a failover.
pub(crate) const STATE_STALE_AFTER_S: u64 = 600;
/// Connections to PostgreSQL of one process: some thousand changes a second.
pub(crate) const POSTGRES_CONNECTIONS: usize = 10;
/// The port of PostgreSQL.
pub(crate) const POSTGRES_PORT: u16 = 5432;
/// What the database and its role are called.
pub(crate) const POSTGRES_NAME: &str = "cellgate";

/// What users read as the name of the place.
pub(crate) const DISPLAY_NAME: &str = "Cellgate";
/// The language of pages for readers who prefer none that there is.
pub(crate) const LANGUAGE: &str = "en";
/// Seconds an access token lives: what Cells itself gives.
pub(crate) const ACCESS_TOKEN_LIFETIME_S: u64 = 600;
/// Seconds an ID token lives.
pub(crate) const ID_TOKEN_LIFETIME_S: u64 = 3600;
/// Seconds without use until a refresh token ends: 30 days.
pub(crate) const REFRESH_TOKEN_IDLE_LIFETIME_S: u64 = 30 * 86_400;
/// Seconds from the sign-in until nothing can be refreshed any more: 90 days.
pub(crate) const REFRESH_TOKEN_ABSOLUTE_LIFETIME_S: u64 = 90 * 86_400;
/// Seconds in which a used refresh token brings the same successor again: a retry or two of a
/// client whose answer got lost.
pub(crate) const REFRESH_TOKEN_REUSE_WINDOW_S: u64 = 30;
/// Seconds that a user need not be confirmed while the users' backend is down: a night.
pub(crate) const REFRESH_TOKEN_OUTAGE_GRACE_S: u64 = 86_400;
/// Seconds an authorization code lives: it travels one redirect.
pub(crate) const CODE_LIFETIME_S: u64 = 60;
/// Seconds a session lives whatever happens: a working day.
pub(crate) const SESSION_LIFETIME_S: u64 = 12 * 3600;
/// Seconds a session lives without being used.
pub(crate) const SESSION_IDLE_LIFETIME_S: u64 = 3600;
/// Seconds a browser is signed in to an application whatever happens: as long as at the provider.
pub(crate) const BROWSER_SESSION_LIFETIME_S: u64 = SESSION_LIFETIME_S;
/// Seconds it is without a request.
pub(crate) const BROWSER_SESSION_IDLE_LIFETIME_S: u64 = SESSION_IDLE_LIFETIME_S;
/// Seconds that signing in to an application may take: as long as the sign-in page is good for, and
/// a while for what follows it.
pub(crate) const BROWSER_SIGN_IN_LIFETIME_S: u64 = 2 * PAGE_LIFETIME_S;
/// Days a signing key signs before another follows it.
pub(crate) const KEY_ROTATION_DAYS: u64 = 90;
/// Seconds that one is published before it signs: a day, the longest that a copy is usually kept.
pub(crate) const KEY_PUBLISH_BEFORE_S: u64 = 86_400;
/// Seconds a client has to answer a logout token.
pub(crate) const BACK_CHANNEL_TIMEOUT_S: u64 = 5;
/// Seconds after which a client that cannot be told of a sign-out is given up.
pub(crate) const BACK_CHANNEL_GIVE_UP_S: u64 = 86_400;
/// Seconds a sign-in page is good for.
pub(crate) const PAGE_LIFETIME_S: u64 = 1800;
/// Wrong passwords in a row before a pause.
pub(crate) const FAILURES_BEFORE_PAUSE: u32 = 5;
/// Seconds such a pause lasts.
pub(crate) const PAUSE_S: u64 = 900;
/// Wrong passwords in a row never exceeded with `users.cells`, which locks for good at ten.
pub(crate) const CELLS_CEILING: u32 = 8;
/// Wrong passwords in a row after which Cells locks a user until an administrator acts.
pub(crate) const CELLS_LOCKS_AT: u32 = 10;
/// How many of the ceiling strangers cannot use up.
pub(crate) const RESERVED_FOR_KNOWN_DEVICES: u32 = 2;
/// Seconds that a browser is known after it signed in: half a year.
pub(crate) const KNOWN_DEVICE_LIFETIME_S: u64 = 180 * 86_400;
/// Wrong passwords of one address in a window: a mistyping office fits.
pub(crate) const FAILURES_PER_ADDRESS: u32 = 50;
/// Wrong secrets and assertions of applications from one address in a window: several that were
/// configured wrong and try again every minute fit.
pub(crate) const CLIENT_FAILURES_PER_ADDRESS: u32 = 100;
/// Seconds that the assertion of an application may live: stock libraries write an hour.
pub(crate) const MAX_ASSERTION_LIFETIME_S: u64 = 3600;
/// Seconds of such a window.
pub(crate) const ADDRESS_WINDOW_S: u64 = 600;
/// Passwords that are checked at once.
pub(crate) const CHECKS_AT_ONCE: usize = 16;
/// Sign-ins that wait for a check.
pub(crate) const CHECKS_WAITING: usize = 64;
/// Milliseconds at whose multiples a wrong password is answered.
pub(crate) const REFUSAL_STEP_MS: u64 = 500;
/// The scope a client may ask for when it lists none.
pub(crate) const CLIENT_SCOPE: &str = "openid profile email";
/// The scope of a client that is registered while running and does not say; also the most that a
/// client may have that registers itself.
pub(crate) const REGISTRATION_SCOPE: &str = "openid profile email offline_access";

/// Clients that registered themselves: their rows are small, but somebody must want them.
pub(crate) const REGISTERED_CLIENTS: u32 = 1000;
/// Application passwords of one user: one for each device and program that anybody has.
pub(crate) const APPLICATION_PASSWORDS: u32 = 20;
/// Attempts an hour from one address to register a client.
pub(crate) const REGISTRATIONS_PER_HOUR: u32 = 20;

/// Seconds until a connection to Cells stands.
pub(crate) const CELLS_CONNECT_TIMEOUT_S: u64 = 3;
/// A client that every Cells brings along, public and with refresh tokens.
pub(crate) const CELLS_CLIENT_ID: &str = "cells-client";
/// One of its redirection URIs.
pub(crate) const CELLS_CLIENT_REDIRECT_URI: &str = "http://localhost:3000/servers/callback";
/// Seconds for a whole answer of Cells, whose login connectors may take five each.
pub(crate) const CELLS_TIMEOUT_S: u64 = 12;

/// Members of the JSON that most applications read login and password from.
pub(crate) const USERS_API_LOGIN_FIELD: &str = "username";
/// See [`USERS_API_LOGIN_FIELD`].
pub(crate) const USERS_API_PASSWORD_FIELD: &str = "password";
/// RFC 9110 §15.5.2: the credentials were refused. 403 and 404 may as well be a wrong address.
pub(crate) const USERS_API_DENIED_STATUSES: [u16; 1] = [401];
/// RFC 4918 §11.3, which APIs have taken over for accounts.
pub(crate) const USERS_API_LOCKED_STATUSES: [u16; 1] = [423];

/// `typ` of the tokens accepted from a trusted issuer (RFC 9068 §2.1).
pub(crate) const TRUSTED_TYPE: &str = "at+jwt";
/// Seconds that the clock of a trusted issuer may differ from ours.
pub(crate) const LEEWAY_S: u64 = 5;
/// Seconds for a whole answer of a trusted issuer: somebody may be waiting for it.
pub(crate) const ISSUER_TIMEOUT_S: u64 = 5;
/// Seconds after which the keys of a trusted issuer are fetched again: how long a key that it
/// withdrew may still be believed.
pub(crate) const KEY_REFRESH_INTERVAL_S: u64 = 900;
/// Seconds between two fetches for keys that nobody knows.
pub(crate) const KEY_REFRESH_MIN_INTERVAL_S: u64 = 10;
/// Seconds that fetched keys are believed while the issuer is down: a day.
pub(crate) const KEY_REFRESH_OUTAGE_GRACE_S: u64 = 86_400;
/// Seconds that an issuer's word about a good token counts: how long a token that was revoked there
/// may still pass here.
pub(crate) const INTROSPECTION_REMEMBER_S: u64 = 30;
/// Seconds that an issuer's word about a bad token counts.
pub(crate) const INTROSPECTION_REMEMBER_INACTIVE_S: u64 = 5;

/// Milliseconds until a connection to an upstream stands, TLS included.
pub(crate) const CONNECT_TIMEOUT_MS: u64 = 3000;
/// Seconds between two reads from an upstream.
pub(crate) const READ_TIMEOUT_S: u64 = 60;
/// The same from a Cells that `cells` makes the upstream of.
pub(crate) const CELLS_READ_TIMEOUT_S: u64 = 300;
/// Seconds between two writes to an upstream.
pub(crate) const WRITE_TIMEOUT_S: u64 = 60;
/// Seconds after which an unused upstream connection is closed.
pub(crate) const IDLE_TIMEOUT_S: u64 = 60;
/// Retries on another server, only while the request has not been sent.
pub(crate) const RETRIES: u8 = 1;
/// Seconds between two health checks.
pub(crate) const HEALTH_INTERVAL_S: u64 = 5;
/// Good health checks in a row until a server is up again.
pub(crate) const HEALTHY_AFTER: usize = 2;
/// Bad health checks in a row until a server is down.
pub(crate) const UNHEALTHY_AFTER: usize = 3;

/// Failed requests in a row until a server is left out: more than one bad URL brings.
pub(crate) const PASSIVE_FAILURES: u32 = 5;
/// Seconds that such a server is left out: a restart.
pub(crate) const PASSIVE_PAUSE_S: u64 = 10;

/// Identity headers and the claims they carry.
pub(crate) const IDENTITY_HEADERS: [(&str, &str); 5] = [
    ("X-Auth-Request-User", "sub"),
    ("X-Auth-Request-Email", "email"),
    ("X-Auth-Request-Preferred-Username", "preferred_username"),
    ("X-Auth-Request-Groups", "groups"),
    ("X-Forwarded-User", "preferred_username"),
];
/// Headers that applications take an identity from, which nobody but us may set.
pub(crate) const ALSO_STRIP: [&str; 10] = [
    "Remote-User",
    "Remote-Email",
    "Remote-Name",
    "Remote-Groups",
    "X-Remote-User",
    "X-Remote-Groups",
    "X-Forwarded-Email",
    "X-Forwarded-Groups",
    "X-Forwarded-Preferred-Username",
    "X-Auth-Request-Access-Token",
];

/// `trusted_issuers[].sign_in_clients[].scopes`.
pub(crate) const SIGN_IN_SCOPES: [&str; 3] = ["openid", "profile", "email"];

/// Account and certificates of ACME, beside the state.
pub(crate) const ACME_FOLDER: &str = "./data/acme";

/// A name that says what it is, and that nobody else uses.
pub(crate) const ASSERTION_HEADER: &str = "X-Cellgate-Assertion";
/// Long enough for a request that waits at the upstream, short enough for nobody to have much of one.
pub(crate) const ASSERTION_LIFETIME_S: u64 = 60;

/// `service.name` of all spans.
pub(crate) const TRACE_SERVICE_NAME: &str = "cellgate";
/// A tenth of all requests shows what is slow, and costs a tenth.
pub(crate) const TRACE_SAMPLE_ONE_IN: u32 = 10;

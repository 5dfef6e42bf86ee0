-- The whole schema as the SQLite steps up to this number left it.
--
-- Times are seconds since the Unix epoch, secrets are stored as SHA-256, profiles as JSON. Texts are
-- compared byte by byte, as there. Statements end with a semicolon at the end of a line: the runner
-- splits there.

CREATE TABLE secrets (
    name   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    sealed BYTEA NOT NULL
);

CREATE TABLE signing_keys (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    algorithm       TEXT COLLATE "C" NOT NULL,
    sealed          BYTEA  NOT NULL,
    created_at      BIGINT NOT NULL,
    active_from     BIGINT NOT NULL,
    published_until BIGINT
);

-- At most one youngest key of each algorithm, whoever makes it.
CREATE UNIQUE INDEX signing_keys_youngest ON signing_keys (algorithm) WHERE published_until IS NULL;

CREATE TABLE sessions (
    cookie           BYTEA  NOT NULL PRIMARY KEY,
    id               TEXT COLLATE "C" NOT NULL UNIQUE,
    profile          TEXT   NOT NULL,
    authenticated_at BIGINT NOT NULL,
    idle_until       BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL,
    ended_at         BIGINT,
    subject          TEXT COLLATE "C",
    user_agent       TEXT,
    address          TEXT,
    last_seen_at     BIGINT
);

CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE INDEX sessions_idleness ON sessions (idle_until);
CREATE INDEX sessions_subject ON sessions (subject);

-- The clients that a session was used to sign in to: those to tell when it ends. A row outlives
-- its session as long as something that was granted in it does.
CREATE TABLE session_clients (
    session_id TEXT COLLATE "C" NOT NULL,
    client_id  TEXT COLLATE "C" NOT NULL,
    subject    TEXT COLLATE "C" NOT NULL,
    first_at   BIGINT NOT NULL,
    PRIMARY KEY (session_id, client_id)
);

CREATE INDEX session_clients_subject ON session_clients (subject);

-- The outbox of back-channel logout: what a client has not been told yet.
CREATE TABLE logout_notices (
    session_id      TEXT COLLATE "C" NOT NULL,
    client_id       TEXT COLLATE "C" NOT NULL,
    subject         TEXT COLLATE "C" NOT NULL,
    ended_at        BIGINT NOT NULL,
    attempts        BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    PRIMARY KEY (session_id, client_id)
);

CREATE INDEX logout_notices_due ON logout_notices (next_attempt_at);

-- A grant outlives its session: refresh tokens do. Resources (RFC 8707) are a space apart, claims
-- that were asked for one by one are JSON; `confirmed_at` is when the users' backend last said that
-- the user may go on, null: at the sign-in.
CREATE TABLE grants (
    id               TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    client_id        TEXT COLLATE "C" NOT NULL,
    profile          TEXT   NOT NULL,
    session_id       TEXT COLLATE "C" NOT NULL,
    scope            TEXT   NOT NULL,
    authenticated_at BIGINT NOT NULL,
    nonce            TEXT,
    granted_at       BIGINT NOT NULL,
    revoked_at       BIGINT,
    subject          TEXT COLLATE "C" NOT NULL DEFAULT '',
    confirmed_at     BIGINT,
    resources        TEXT,
    claims           TEXT
);

CREATE INDEX grants_session ON grants (session_id);
CREATE INDEX grants_age ON grants (granted_at);
CREATE INDEX grants_subject ON grants (subject, client_id);
CREATE INDEX grants_client ON grants (client_id);

CREATE TABLE codes (
    digest         BYTEA  NOT NULL PRIMARY KEY,
    grant_id       TEXT COLLATE "C" NOT NULL REFERENCES grants (id),
    redirect_uri   TEXT   NOT NULL,
    code_challenge TEXT,
    expires_at     BIGINT NOT NULL,
    redeemed_at    BIGINT
);

CREATE INDEX codes_expiry ON codes (expires_at);
CREATE INDEX codes_grant ON codes (grant_id);

-- A token that was spent makes its one successor again for as long as the nonce is there; the
-- successor's first use removes it.
CREATE TABLE refresh_tokens (
    digest          BYTEA  NOT NULL PRIMARY KEY,
    grant_id        TEXT COLLATE "C" NOT NULL REFERENCES grants (id),
    expires_at      BIGINT NOT NULL,
    spent_at        BIGINT,
    predecessor     BYTEA,
    successor_nonce BYTEA
);

CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);
CREATE INDEX refresh_tokens_grant ON refresh_tokens (grant_id);

-- The sequence lets a process read only what others added since it last looked.
CREATE TABLE revocations (
    sequence     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         TEXT COLLATE "C" NOT NULL,
    id           TEXT COLLATE "C" NOT NULL,
    expires_at   BIGINT NOT NULL,
    issued_until BIGINT,
    UNIQUE (kind, id)
);

CREATE INDEX revocations_expiry ON revocations (expires_at);

-- Numbers are given out before a transaction ends, and the one with the lower number may end last:
-- whoever had read up to the higher one would never see it. So revocations are written one
-- transaction after the other.
CREATE FUNCTION cellgate_in_order() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_advisory_xact_lock(hashtextextended(''cellgate '' || TG_RELID, 0)); RETURN NULL; END';

CREATE TRIGGER revocations_in_order BEFORE INSERT ON revocations
    FOR EACH STATEMENT EXECUTE FUNCTION cellgate_in_order();

-- Every process that listens hears of it at the commit.
CREATE FUNCTION cellgate_announce() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_notify(''cellgate.'' || TG_TABLE_SCHEMA, TG_TABLE_NAME); RETURN NULL; END';

CREATE TRIGGER revocations_announced AFTER INSERT ON revocations
    FOR EACH STATEMENT EXECUTE FUNCTION cellgate_announce();

CREATE TRIGGER signing_keys_announced AFTER INSERT OR UPDATE OR DELETE ON signing_keys
    FOR EACH STATEMENT EXECUTE FUNCTION cellgate_announce();

-- Attempts of browsers that signed in as the login before are counted in lanes of their own; all
-- others share the lane with the empty name.
CREATE TABLE attempts (
    login    BYTEA  NOT NULL,
    lane     TEXT COLLATE "C" NOT NULL,
    failures BIGINT NOT NULL,
    last_at  BIGINT NOT NULL,
    PRIMARY KEY (login, lane)
);

CREATE INDEX attempts_age ON attempts (last_at);

-- What users allowed clients: a row for each scope value or claim.
CREATE TABLE consents (
    subject   TEXT COLLATE "C" NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    kind      TEXT COLLATE "C" NOT NULL,
    value     TEXT COLLATE "C" NOT NULL,
    given_at  BIGINT NOT NULL,
    PRIMARY KEY (subject, client_id, kind, value)
);

-- Clients that were registered while running, beside those of the configuration. What they
-- registered is JSON in the words of RFC 7591; the secrets of those that prove by a MAC that they
-- know them are encrypted. One that was removed stays for a while: see `insert_grant`.
CREATE TABLE clients (
    id                 TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    registered_by      TEXT COLLATE "C" NOT NULL,
    metadata           TEXT   NOT NULL,
    secret_hash        TEXT,
    registration_token BYTEA,
    created_at         BIGINT NOT NULL,
    removed_at         BIGINT,
    shared_secret      BYTEA
);

CREATE INDEX clients_removal ON clients (removed_at);

-- What lets a stranger register a client, so many times until then.
CREATE TABLE initial_access_tokens (
    digest     BYTEA  NOT NULL PRIMARY KEY,
    id         TEXT COLLATE "C" NOT NULL UNIQUE,
    note       TEXT,
    uses       BIGINT NOT NULL,
    uses_left  BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX initial_access_tokens_expiry ON initial_access_tokens (expires_at);

-- Assertions that were used, until they would expire.
CREATE TABLE client_assertions (
    digest     BYTEA  NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE INDEX client_assertions_expiry ON client_assertions (expires_at);

-- The clients of the configuration in force, so that one that is taken out is noticed, also when
-- that happened while nothing ran. A listing marks those that it has; the others go.
CREATE TABLE configured_clients (
    id        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    is_listed BIGINT NOT NULL
);

-- Browsers that are signed in to an application behind the gateway. Who signed in, and whether that
-- still holds, is the grant's.
CREATE TABLE application_sessions (
    cookie       BYTEA  NOT NULL PRIMARY KEY,
    host         TEXT   NOT NULL,
    grant_id     TEXT COLLATE "C" NOT NULL,
    begun_at     BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    idle_until   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);

CREATE INDEX application_sessions_grant ON application_sessions (grant_id);
CREATE INDEX application_sessions_expiry ON application_sessions (idle_until);

-- The `state` of sign-ins that were finished, until they would expire.
CREATE TABLE spent_states (
    digest     BYTEA  NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE INDEX spent_states_expiry ON spent_states (expires_at);

-- What the users' backend gave at a sign-in, encrypted under the key file. Each renewal raises the
-- version, so that one that was made from an older one is noticed. A row that has ended stays until
-- the backend was told of it.
CREATE TABLE upstream_sessions (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    session_id    TEXT COLLATE "C" NOT NULL,
    sealed        BYTEA  NOT NULL,
    version       BIGINT NOT NULL,
    renew_at      BIGINT NOT NULL,
    claimed_until BIGINT NOT NULL,
    attempts      BIGINT NOT NULL,
    ended_at      BIGINT
);

-- One of each session is good at a time.
CREATE UNIQUE INDEX upstream_sessions_session ON upstream_sessions (session_id) WHERE ended_at IS NULL;
CREATE INDEX upstream_sessions_renewal ON upstream_sessions (renew_at) WHERE ended_at IS NULL;
CREATE INDEX upstream_sessions_end ON upstream_sessions (ended_at) WHERE ended_at IS NOT NULL;

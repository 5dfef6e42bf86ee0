-- Times are seconds since the Unix epoch, secrets are stored as SHA-256, profiles as JSON.
-- Statements end with a semicolon at the end of a line: the runner splits there.

CREATE TABLE secrets (
    name   TEXT NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL
);

CREATE TABLE signing_keys (
    id              TEXT   NOT NULL PRIMARY KEY,
    algorithm       TEXT   NOT NULL,
    sealed          BLOB   NOT NULL,
    created_at      BIGINT NOT NULL,
    active_from     BIGINT NOT NULL,
    published_until BIGINT
);

-- At most one youngest key of each algorithm, whoever makes it.
CREATE UNIQUE INDEX signing_keys_youngest ON signing_keys (algorithm) WHERE published_until IS NULL;

CREATE TABLE sessions (
    cookie           BLOB   NOT NULL PRIMARY KEY,
    id               TEXT   NOT NULL UNIQUE,
    profile          TEXT   NOT NULL,
    authenticated_at BIGINT NOT NULL,
    idle_until       BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL,
    ended_at         BIGINT
);

CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE INDEX sessions_idleness ON sessions (idle_until);

-- A grant outlives its session: refresh tokens do.
CREATE TABLE grants (
    id               TEXT   NOT NULL PRIMARY KEY,
    client_id        TEXT   NOT NULL,
    profile          TEXT   NOT NULL,
    session_id       TEXT   NOT NULL,
    scope            TEXT   NOT NULL,
    authenticated_at BIGINT NOT NULL,
    nonce            TEXT,
    granted_at       BIGINT NOT NULL,
    revoked_at       BIGINT
);

CREATE INDEX grants_session ON grants (session_id);
CREATE INDEX grants_age ON grants (granted_at);

CREATE TABLE codes (
    digest         BLOB   NOT NULL PRIMARY KEY,
    grant_id       TEXT   NOT NULL REFERENCES grants (id),
    redirect_uri   TEXT   NOT NULL,
    code_challenge TEXT,
    expires_at     BIGINT NOT NULL,
    redeemed_at    BIGINT
);

CREATE INDEX codes_expiry ON codes (expires_at);
CREATE INDEX codes_grant ON codes (grant_id);

CREATE TABLE refresh_tokens (
    digest     BLOB   NOT NULL PRIMARY KEY,
    grant_id   TEXT   NOT NULL REFERENCES grants (id),
    expires_at BIGINT NOT NULL,
    spent_at   BIGINT
);

CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);
CREATE INDEX refresh_tokens_grant ON refresh_tokens (grant_id);

-- The sequence lets a process read only what others added since it last looked.
CREATE TABLE revocations (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    expires_at BIGINT  NOT NULL,
    UNIQUE (kind, id)
);

CREATE INDEX revocations_expiry ON revocations (expires_at);

CREATE TABLE attempts (
    login    BLOB   NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_at  BIGINT NOT NULL
);

CREATE INDEX attempts_age ON attempts (last_at);

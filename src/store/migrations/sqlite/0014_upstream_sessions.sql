-- What the users' backend gave at a sign-in, encrypted under the key file. Each renewal raises the
-- version, so that one that was made from an older one is noticed. A row that has ended stays until
-- the backend was told of it.
CREATE TABLE upstream_sessions (
    id            TEXT   NOT NULL PRIMARY KEY,
    session_id    TEXT   NOT NULL,
    sealed        BLOB   NOT NULL,
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

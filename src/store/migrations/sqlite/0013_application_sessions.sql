-- Browsers that are signed in to an application behind the gateway. Who signed in, and whether that
-- still holds, is the grant's.
CREATE TABLE application_sessions (
    cookie       BLOB   NOT NULL PRIMARY KEY,
    host         TEXT   NOT NULL,
    grant_id     TEXT   NOT NULL,
    begun_at     BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    idle_until   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);

CREATE INDEX application_sessions_grant ON application_sessions (grant_id);

CREATE INDEX application_sessions_expiry ON application_sessions (idle_until);

-- The `state` of sign-ins that were finished, until they would expire.
CREATE TABLE spent_states (
    digest     BLOB   NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE INDEX spent_states_expiry ON spent_states (expires_at);

-- Browsers that are signed in to an application behind the gateway by another issuer. What the issuer
-- gave and said is encrypted under the key file. Each refresh raises the version, so that one that was
-- made from an older one is noticed.
CREATE TABLE issuer_sessions (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    cookie        BYTEA  NOT NULL UNIQUE,
    host          TEXT COLLATE "C" NOT NULL,
    issuer        TEXT COLLATE "C" NOT NULL,
    client_id     TEXT COLLATE "C" NOT NULL,
    subject       TEXT COLLATE "C" NOT NULL,
    sid           TEXT COLLATE "C",
    sealed        BYTEA  NOT NULL,
    version       BIGINT NOT NULL,
    refresh_at    BIGINT,
    claimed_until BIGINT NOT NULL,
    begun_at      BIGINT NOT NULL,
    last_seen_at  BIGINT NOT NULL,
    idle_until    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL
);

CREATE INDEX issuer_sessions_subject ON issuer_sessions (issuer, subject);

CREATE INDEX issuer_sessions_sid ON issuer_sessions (issuer, sid);

CREATE INDEX issuer_sessions_expiry ON issuer_sessions (idle_until);

-- Initial access tokens with what an administrator tells them apart by. Nothing could be spent with
-- those of before: there was no registration endpoint.
DROP TABLE initial_access_tokens;

CREATE TABLE initial_access_tokens (
    digest     BLOB   NOT NULL PRIMARY KEY,
    id         TEXT   NOT NULL UNIQUE,
    note       TEXT,
    uses       BIGINT NOT NULL,
    uses_left  BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX initial_access_tokens_expiry ON initial_access_tokens (expires_at);

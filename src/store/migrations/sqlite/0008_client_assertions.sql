-- Assertions that were used, until they would expire.
CREATE TABLE client_assertions (
    digest     BLOB   NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE INDEX client_assertions_expiry ON client_assertions (expires_at);

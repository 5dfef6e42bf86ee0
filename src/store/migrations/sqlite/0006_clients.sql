-- Clients that were registered while running, beside those of the configuration. What they
-- registered is JSON in the words of RFC 7591. One that was removed stays for a while: see
-- `insert_grant`.
CREATE TABLE clients (
    id                 TEXT   NOT NULL PRIMARY KEY,
    registered_by      TEXT   NOT NULL,
    metadata           TEXT   NOT NULL,
    secret_hash        TEXT,
    registration_token BLOB,
    created_at         BIGINT NOT NULL,
    removed_at         BIGINT
);

CREATE INDEX clients_removal ON clients (removed_at);
CREATE INDEX grants_client ON grants (client_id);

-- What lets a stranger register a client, so many times until then.
CREATE TABLE initial_access_tokens (
    digest     BLOB   NOT NULL PRIMARY KEY,
    uses_left  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX initial_access_tokens_expiry ON initial_access_tokens (expires_at);

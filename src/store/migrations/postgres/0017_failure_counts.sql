-- How often an address failed within a window of time, for all processes together. The digest is of
-- what was counted, the address and the window.
CREATE TABLE failure_counts (
    digest     BYTEA  NOT NULL PRIMARY KEY,
    failures   BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX failure_counts_expiry ON failure_counts (expires_at);

-- The clients of the configuration in force, so that one that is taken out is noticed, also when
-- that happened while nothing ran. A listing marks those that it has; the others go.
CREATE TABLE configured_clients (
    id        TEXT   NOT NULL PRIMARY KEY,
    is_listed BIGINT NOT NULL
);

-- Kind 'client': the client is not registered, nothing of it is good. Kind 'client_until': it is
-- there again, and only what was issued until then stays refused.
ALTER TABLE revocations ADD COLUMN issued_until BIGINT;

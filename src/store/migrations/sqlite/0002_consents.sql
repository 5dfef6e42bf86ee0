-- What users allowed clients, a row for each scope value, so that allowing more adds rows and
-- never rewrites what was allowed before.

CREATE TABLE consents (
    subject   TEXT   NOT NULL,
    client_id TEXT   NOT NULL,
    scope     TEXT   NOT NULL,
    given_at  BIGINT NOT NULL,
    PRIMARY KEY (subject, client_id, scope)
);

-- Withdrawing a consent revokes what its user granted the client.
ALTER TABLE grants ADD COLUMN subject TEXT NOT NULL DEFAULT '';

-- Grants made before this column existed find their user in the profile.
UPDATE grants SET subject = coalesce(json_extract(profile, '$.sub'), '');

CREATE INDEX grants_subject ON grants (subject, client_id);

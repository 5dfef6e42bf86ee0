-- Claims that a client asked for one by one, in JSON; null: none.
ALTER TABLE grants ADD COLUMN claims TEXT;

-- Users allow such claims as they allow scope values: a row for each, of either kind.
CREATE TABLE consented (
    subject   TEXT   NOT NULL,
    client_id TEXT   NOT NULL,
    kind      TEXT   NOT NULL,
    value     TEXT   NOT NULL,
    given_at  BIGINT NOT NULL,
    PRIMARY KEY (subject, client_id, kind, value)
);

INSERT INTO consented (subject, client_id, kind, value, given_at)
    SELECT subject, client_id, 'scope', scope, given_at FROM consents;

DROP TABLE consents;

ALTER TABLE consented RENAME TO consents;

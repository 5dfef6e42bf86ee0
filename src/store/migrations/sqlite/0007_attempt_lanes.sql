-- Attempts of browsers that signed in as the login before are counted in lanes of their own; all
-- others share the lane with the empty name.
CREATE TABLE attempt_lanes (
    login    BLOB   NOT NULL,
    lane     TEXT   NOT NULL,
    failures BIGINT NOT NULL,
    last_at  BIGINT NOT NULL,
    PRIMARY KEY (login, lane)
);

INSERT INTO attempt_lanes (login, lane, failures, last_at)
    SELECT login, '', failures, last_at FROM attempts;

DROP TABLE attempts;

ALTER TABLE attempt_lanes RENAME TO attempts;

CREATE INDEX attempts_age ON attempts (last_at);

-- Passwords that users had made for applications which can send nothing better, by their digests.
CREATE TABLE application_passwords (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    digest       BYTEA NOT NULL UNIQUE,
    subject      TEXT COLLATE "C" NOT NULL,
    profile      TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    routes       TEXT   NOT NULL,
    scope        TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    last_used_at BIGINT,
    confirmed_at BIGINT NOT NULL
);

CREATE INDEX application_passwords_subject ON application_passwords (subject);

CREATE INDEX application_passwords_expiry ON application_passwords (expires_at);

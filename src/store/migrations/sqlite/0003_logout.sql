-- Who is signed in where, for the account page.
ALTER TABLE sessions ADD COLUMN subject TEXT;
ALTER TABLE sessions ADD COLUMN user_agent TEXT;
ALTER TABLE sessions ADD COLUMN address TEXT;
ALTER TABLE sessions ADD COLUMN last_seen_at BIGINT;

UPDATE sessions SET subject = json_extract(profile, '$.sub'), last_seen_at = authenticated_at;

CREATE INDEX sessions_subject ON sessions (subject);

-- The clients that a session was used to sign in to: those to tell when it ends. A row outlives
-- its session as long as something that was granted in it does.
CREATE TABLE session_clients (
    session_id TEXT   NOT NULL,
    client_id  TEXT   NOT NULL,
    subject    TEXT   NOT NULL,
    first_at   BIGINT NOT NULL,
    PRIMARY KEY (session_id, client_id)
);

CREATE INDEX session_clients_subject ON session_clients (subject);

INSERT INTO session_clients (session_id, client_id, subject, first_at)
SELECT session_id, client_id, json_extract(profile, '$.sub'), min(granted_at) FROM grants
WHERE revoked_at IS NULL GROUP BY session_id, client_id, json_extract(profile, '$.sub')
ON CONFLICT DO NOTHING;

-- The outbox of back-channel logout: what a client has not been told yet.
CREATE TABLE logout_notices (
    session_id      TEXT   NOT NULL,
    client_id       TEXT   NOT NULL,
    subject         TEXT   NOT NULL,
    ended_at        BIGINT NOT NULL,
    attempts        BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    PRIMARY KEY (session_id, client_id)
);

CREATE INDEX logout_notices_due ON logout_notices (next_attempt_at);

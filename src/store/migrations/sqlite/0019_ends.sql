-- What has ended is found without looking at what has not.
CREATE INDEX application_sessions_end ON application_sessions (expires_at);

CREATE INDEX issuer_sessions_end ON issuer_sessions (expires_at);

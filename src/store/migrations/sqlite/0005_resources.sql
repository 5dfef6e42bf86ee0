-- Resource indicators (RFC 8707) of a grant, a space apart; null: the client's usual audience.
ALTER TABLE grants ADD COLUMN resources TEXT;

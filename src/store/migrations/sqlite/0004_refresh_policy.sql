-- A token that was spent makes its one successor again for as long as the nonce is there; the
-- successor's first use removes it.
ALTER TABLE refresh_tokens ADD COLUMN predecessor BLOB;
ALTER TABLE refresh_tokens ADD COLUMN successor_nonce BLOB;

-- When the users' backend last said that the user may go on; null: at the sign-in.
ALTER TABLE grants ADD COLUMN confirmed_at BIGINT;

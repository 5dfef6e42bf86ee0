-- Secrets of clients that prove by a MAC that they know them, encrypted under the key file.
ALTER TABLE clients ADD COLUMN shared_secret BLOB;

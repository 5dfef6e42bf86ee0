//! What is a valid access token, and everything that is not.
//!
//! Every hostile token here is signed with a key that is accepted, unless the signature is the
//! point: what is refused is refused for the reason the row names, not for a bad signature.

mod assertion;
mod cache;
mod claims;
mod header;
mod interop;
mod introspected;
mod jwk;
mod jwk_set;
mod key_ring;
mod mutation;
mod shape;
mod signature;
mod signing;
mod support;
mod trusted_keys;

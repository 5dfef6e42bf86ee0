//! Issuers that follow a script, asked by a clock of the test's own.

mod introspection;
mod keys;
pub(crate) mod script;

//! Command line. CONTRACT STUB.

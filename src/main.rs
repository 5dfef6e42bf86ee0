//! The `cellgate` program: arguments → configuration → server.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything can open a TLS connection.
    cellgate::server::install_crypto_provider();
    cellgate::cli::main()
}

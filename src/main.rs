//! The `cellgate` program: arguments → configuration → server.

fn main() {}

//! What Cells does and does not do, held to what comes out at the edge: its defects, which the edge
//! repairs (`repairs.rs`), and the ways in which it can answer (`answers.rs`, and many tests elsewhere).
//! `README.md` is the map of both, and `map.rs` holds it to the tests.

mod answers;
mod map;
mod repairs;

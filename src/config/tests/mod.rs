//! The configuration as an operator meets it: files that are refused, and the files we ship.

mod cells;
mod mutated;
mod readme;
mod refused;
mod settings;
mod shipped;

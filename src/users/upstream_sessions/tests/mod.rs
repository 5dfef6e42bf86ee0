//! Sessions at a scripted backend, on a clock of their own.

pub(crate) mod site;

mod keeping;
mod requests;

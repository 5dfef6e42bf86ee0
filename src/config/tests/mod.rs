//! The configuration as an operator meets it: files that are refused, and the files we ship.

mod mutated;
mod refused;
mod refused_client_users;
mod refused_conditions;
mod refused_files;
mod refused_provider;
mod refused_routes;
mod refused_structure;
mod settings;
mod shipped;

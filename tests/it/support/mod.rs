//! The language the tests are written in.
//!
//! [`Edge`] is a running Cellgate, [`Clocked`] one whose clock the test moves, [`Site`] what either is
//! to its peers, [`ForeignIssuer`] another issuer, [`Recorder`] an upstream that writes down what reached it,
//! [`SignIn`] a user with a browser that has no JavaScript, [`Answer`] what came back.

mod answer;
mod chromium;
mod clocked;
mod component;
mod edge;
mod flow;
mod foreign_issuer;
mod form;
mod port;
pub(crate) mod postgres;
mod recorder;
mod site;
mod test_names;
mod tls;
mod wire;

pub(crate) use answer::Answer;
pub(crate) use chromium::Chromium;
pub(crate) use clocked::Clocked;
pub(crate) use component::{component, component_at, stock_component};
pub(crate) use edge::Edge;
pub(crate) use flow::{Browser, SignIn, Tokens, claims, exchange};
pub(crate) use foreign_issuer::ForeignIssuer;
pub(crate) use form::{Form, attributes, form_fields};
pub(crate) use port::{Dead, free_port};
pub(crate) use recorder::Recorder;
pub(crate) use site::Site;
pub(crate) use test_names::{quoted, root, tests};
pub(crate) use wire::{Wire, WireAnswer};

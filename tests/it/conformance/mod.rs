//! The OpenID Foundation's conformance plans for a provider, natively.
//!
//! One file for each plan, in it one test for each of the plan's modules under the module's own
//! name, so that a missing module is a missing name. What a module demands is written once, in
//! `modules/`, since plans share modules. The names are those of the conformance suite 5.2.4,
//! with `_` for `-` and without the plan's prefix where the file bears it.
//!
//! [`Suite`] plays the suite's part, with clients registered in the configuration (its variant
//! `static_client`) or registering themselves (`dynamic_client`), and metadata from discovery. [`User`] is the scripted user agent. [`Keys`]
//! checks every signature with the JOSE of the `openidconnect` crate, which shares no code with the
//! product's own. What the suite checks on the way in every module is in `common_path`; where it
//! only warns, these tests fail.
//!
//! A module that the suite skips, because the metadata says that a feature is not there, is a
//! test of that reason and of the refusal that has to come then.

/// Declares the tests of a plan: each runs the module of its name against a provider of its own,
/// with the clients of the configuration or with some that register themselves.
macro_rules! plan {
    (dynamic_client; $($name:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $name() {
                let (suite, clients) = Suite::start_dynamic().await;
                Box::pin(modules::$name(&suite)).await;
                for client in &clients {
                    suite.unregister(client).await;
                }
            }
        )+
    };
    ($delivery:expr; $($name:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $name() {
                let suite = Suite::start($delivery).await;
                Box::pin(modules::$name(&suite)).await;
            }
        )+
    };
}

mod common_path;
mod completeness;
mod jws;
mod logout;
mod modules;
mod registration;
mod request;
mod suite;
mod user;

mod backchannel_logout;
mod basic;
mod config;
mod dynamic;
mod dynamic_keys;
mod form_post_basic;
mod frontchannel_logout;
mod rp_initiated_logout;
mod third_party_initiated_login;

use jws::Keys;
use request::Request;
use suite::{Delivery, RelyingParty, Suite};
use user::{Arrival, Landing, User};

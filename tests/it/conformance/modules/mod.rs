//! What each module demands, written once for all plans that have it.
//!
//! The name of a function is that of the module; its doc line is the demand.

mod codes;
mod parameters;
mod prompts;
mod refresh;
mod refusals;
mod request_objects;
mod scopes;
mod server;
mod userinfo;

pub(crate) use codes::{oidcc_codereuse, oidcc_codereuse_30seconds};
pub(crate) use parameters::{
    oidcc_claims_essential, oidcc_claims_locales, oidcc_display_page, oidcc_display_popup,
    oidcc_ensure_request_with_acr_values_succeeds,
    oidcc_ensure_request_with_unknown_parameter_succeeds, oidcc_login_hint, oidcc_ui_locales,
};
pub(crate) use prompts::{
    oidcc_id_token_hint, oidcc_max_age_1, oidcc_max_age_10000, oidcc_prompt_login,
    oidcc_prompt_none_logged_in, oidcc_prompt_none_not_logged_in,
};
pub(crate) use refresh::oidcc_refresh_token;
pub(crate) use refusals::{oidcc_ensure_registered_redirect_uri, oidcc_response_type_missing};
pub(crate) use request_objects::{
    oidcc_ensure_request_object_with_redirect_uri,
    oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported,
    oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported,
};
pub(crate) use scopes::{
    oidcc_scope_address, oidcc_scope_all, oidcc_scope_email, oidcc_scope_phone, oidcc_scope_profile,
};
pub(crate) use server::{
    oidcc_alternate_happy_flow, oidcc_ensure_post_request_succeeds,
    oidcc_ensure_request_with_valid_pkce_succeeds,
    oidcc_ensure_request_without_nonce_succeeds_for_code_flow, oidcc_idtoken_signature,
    oidcc_idtoken_unsigned, oidcc_server, oidcc_server_client_secret_post,
};
pub(crate) use userinfo::{
    oidcc_userinfo_get, oidcc_userinfo_post_body, oidcc_userinfo_post_header,
};

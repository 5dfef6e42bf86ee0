//! Reading the templates: those built in, and those of the operator's folder in their place.

use std::fs;
use std::io;
use std::path::Path;

use minijinja::{Environment, UndefinedBehavior};

use crate::provider::ProviderError;

/// The templates built in.
const BUILT_IN: [(&str, &str); 10] = [
    (
        "layout.html",
        include_str!("../../../config/templates/layout.html"),
    ),
    (
        "sign_in.html",
        include_str!("../../../config/templates/sign_in.html"),
    ),
    (
        "select_account.html",
        include_str!("../../../config/templates/select_account.html"),
    ),
    (
        "consent.html",
        include_str!("../../../config/templates/consent.html"),
    ),
    (
        "claims.html",
        include_str!("../../../config/templates/claims.html"),
    ),
    (
        "form_post.html",
        include_str!("../../../config/templates/form_post.html"),
    ),
    (
        "sign_out.html",
        include_str!("../../../config/templates/sign_out.html"),
    ),
    (
        "signed_out.html",
        include_str!("../../../config/templates/signed_out.html"),
    ),
    (
        "account.html",
        include_str!("../../../config/templates/account.html"),
    ),
    (
        "message.html",
        include_str!("../../../config/templates/message.html"),
    ),
];

/// The stylesheet built in, under the name it has in a folder.
const STYLE: (&str, &str) = (
    "style.css",
    include_str!("../../../config/templates/style.css"),
);

/// All templates and the stylesheet; what `folder` has goes before what is built in.
pub(super) fn load(folder: Option<&Path>) -> Result<(Environment<'static>, String), ProviderError> {
    let mut environment = Environment::new();
    // A misspelled name in an operator's template is an error, not an empty space.
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    // A template is the operator's own, but a loop without end should still not stop a worker.
    environment.set_fuel(Some(100_000));
    for (name, built_in) in BUILT_IN {
        let source = read(folder, name)?.unwrap_or_else(|| built_in.to_owned());
        environment
            .add_template_owned(name, source)
            .map_err(|error| unusable(name, &error))?;
    }
    let (name, built_in) = STYLE;
    let style = read(folder, name)?.unwrap_or_else(|| built_in.to_owned());
    Ok((environment, style))
}

/// The file `name` of the folder, if there is one.
fn read(folder: Option<&Path>, name: &str) -> Result<Option<String>, ProviderError> {
    let Some(path) = folder.map(|folder| folder.join(name)) else {
        return Ok(None);
    };
    match fs::read_to_string(&path) {
        Ok(source) => Ok(Some(source)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ProviderError::Template {
            name: path.display().to_string(),
            message: error.to_string(),
        }),
    }
}

/// What is wrong with a template, and where.
pub(super) fn unusable(name: &str, error: &minijinja::Error) -> ProviderError {
    ProviderError::Template {
        name: name.to_owned(),
        message: error.to_string(),
    }
}

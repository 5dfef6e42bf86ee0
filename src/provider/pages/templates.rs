//! Reading the templates: those built in, and those of the operator's folder in their place.

use std::fs;
use std::io;
use std::path::Path;

use minijinja::{Environment, UndefinedBehavior};

use crate::provider::TemplateProblem;

/// The templates built in.
const BUILT_IN: [(&str, &str); 11] = [
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
        "new_password.html",
        include_str!("../../../config/templates/new_password.html"),
    ),
    (
        "out_of_band.html",
        include_str!("../../../config/templates/out_of_band.html"),
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

/// All templates and the stylesheet; what `folder` has goes before what is built in, unless it
/// cannot be used, which is one of `problems` then.
pub(super) fn load(
    folder: Option<&Path>,
    problems: &mut Vec<TemplateProblem>,
) -> (Environment<'static>, String) {
    let mut environment = Environment::new();
    // A misspelled name in an operator's template is an error, not an empty space.
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    // A template is the operator's own, but a loop without end should still not stop a worker.
    environment.set_fuel(Some(100_000));
    for (name, built_in) in BUILT_IN {
        let own = read(folder, name, problems);
        let own = own.map(|source| environment.add_template_owned(name, source));
        if let Some(Err(error)) = &own {
            problems.push(TemplateProblem::new(name, error));
        }
        // In the place of one that cannot be parsed too, so that the others can be tried out.
        if !matches!(own, Some(Ok(())))
            && let Err(error) = environment.add_template(name, built_in)
        {
            problems.push(TemplateProblem::new(name, &error));
        }
    }
    let (name, built_in) = STYLE;
    let style = read(folder, name, problems).unwrap_or_else(|| built_in.to_owned());
    (environment, style)
}

/// The file `name` of the folder, if there is one.
fn read(folder: Option<&Path>, name: &str, problems: &mut Vec<TemplateProblem>) -> Option<String> {
    let path = folder?.join(name);
    match fs::read_to_string(&path) {
        Ok(source) => Some(source),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            problems.push(TemplateProblem::new(&path.display().to_string(), &error));
            None
        }
    }
}

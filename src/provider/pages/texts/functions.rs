//! The functions by which templates ask for texts. All of them give HTML that is safe to show,
//! between tags and in attributes.

use std::sync::Arc;

use fluent_bundle::{FluentArgs, FluentValue};
use minijinja::HtmlEscape;
use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Error, ErrorKind};

use super::{Bundle, format};
use crate::model::Direction;

/// `text("name", …)`: plain text. What is put in is set apart by invisible marks where it may be
/// written the other way.
pub(super) fn text(bundle: &Arc<Bundle>, direction: Direction) -> Value {
    let bundle = Arc::clone(bundle);
    Value::from_function(move |name: String, args: Kwargs| {
        required(&bundle, &name, &args, |value| isolated(value, direction))
    })
}

/// `rich("name", …)`: what is put in is a `<bdi>`, for the style to set apart too.
pub(super) fn rich(bundle: &Arc<Bundle>) -> Value {
    let bundle = Arc::clone(bundle);
    Value::from_function(move |name: String, args: Kwargs| {
        required(&bundle, &name, &args, |value| {
            format!("<bdi>{}</bdi>", HtmlEscape(value))
        })
    })
}

/// `optional_text("name")`: nothing if there is none. Characters that a name cannot have stand
/// for `-`, so that one can be made of what others chose, as scope values.
pub(super) fn optional_text(bundle: &Arc<Bundle>) -> Value {
    let bundle = Arc::clone(bundle);
    Value::from_function(move |name: String| {
        let is_allowed = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '_';
        let name: String = name
            .chars()
            .map(|letter| if is_allowed(&letter) { letter } else { '-' })
            .collect();
        let text = format(&bundle, &name, &FluentArgs::new());
        text.and_then(Result::ok).map(Value::from_safe_string)
    })
}

fn required(
    bundle: &Bundle,
    name: &str,
    args: &Kwargs,
    put_in: impl Fn(&str) -> String,
) -> Result<Value, Error> {
    let mut values = FluentArgs::new();
    for name in args.args() {
        let value: Value = args.get(name)?;
        values.set(name.to_owned(), argument(name, &value, &put_in)?);
    }
    match format(bundle, name, &values) {
        Some(text) => text.map(Value::from_safe_string),
        None => Err(error(format!("there is no text {name}"))),
    }
}

fn argument(
    name: &str,
    value: &Value,
    put_in: impl Fn(&str) -> String,
) -> Result<FluentValue<'static>, Error> {
    if value.kind() == ValueKind::Number {
        return Ok(f64::try_from(value.clone())?.into());
    }
    match value.as_str() {
        // Another text, as HTML already.
        Some(html) if value.is_safe() => Ok(html.to_owned().into()),
        Some(text) => Ok(put_in(text).into()),
        None => Err(error(format!("{name} is neither a text nor a number"))),
    }
}

/// `text`, escaped; between U+2068 and U+2069, which keep it from turning the sentence around it,
/// unless it is plainly written the same way.
fn isolated(text: &str, direction: Direction) -> String {
    let html = HtmlEscape(text);
    if text.is_ascii() && direction == Direction::LeftToRight {
        html.to_string()
    } else {
        format!("\u{2068}{html}\u{2069}")
    }
}

/// Why a template cannot be shown.
pub(super) fn error(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

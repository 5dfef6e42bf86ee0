//! Conditions written by the operator in CEL, the Common Expression Language.
//!
//! An expression sees what has been established about a request and nothing that it only claims:
//! no header and no query. Whatever is not `true` is a refusal: `false`, a claim that is not
//! there, a type that does not fit, even a panic of the interpreter.
//!
//! What it may cost is bounded before it is taken ([`restrictions`]): what is left runs once over
//! each list of the token at most. *Invariant:* only here is `cel` named.

mod restrictions;
mod values;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

use cel::parser::PrattParser;
use cel::{Context, Env, ExecutionError, IdedExpr, Value};

use super::Asked;
use crate::gateway::rejection::Rejection;

pub use restrictions::ExpressionError;
use restrictions::{MAX_BRACKETS, MAX_BYTES, MAX_DEPTH};

/// The functions of the language; made once.
static LANGUAGE: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A condition in CEL, parsed and found harmless.
#[derive(Clone)]
pub struct Expression {
    text: Arc<str>,
    tree: Arc<IdedExpr>,
    /// The variables it names, which alone are made for it.
    variables: Vec<Variable>,
}

/// What an expression can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variable {
    Request,
    Token,
    Claims,
    Now,
}

impl Variable {
    const ALL: [Self; 4] = [Self::Request, Self::Token, Self::Claims, Self::Now];

    const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Token => "token",
            Self::Claims => "claims",
            Self::Now => "now",
        }
    }

    fn of(self, asked: &Asked<'_>) -> Value {
        match self {
            Self::Request => values::request(asked),
            Self::Token => values::token(asked.verified),
            Self::Claims => values::claims(asked.verified),
            Self::Now => values::moment(asked.now),
        }
    }
}

impl Expression {
    /// Parses `text`.
    ///
    /// # Errors
    ///
    /// [`ExpressionError`] says what cannot be understood or is not allowed.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        if text.len() > MAX_BYTES {
            return Err(ExpressionError::TooLong);
        }
        if text.matches(['(', '[', '{']).count() > MAX_BRACKETS {
            return Err(ExpressionError::TooDeep);
        }
        let tree = PrattParser::new()
            .max_recursion_depth(MAX_DEPTH)
            .enable_optional_syntax(false)
            .parse(text)
            .map_err(|errors| ExpressionError::syntax(&errors))?;
        restrictions::check(&tree)?;
        let named = tree.references();
        let variables = Variable::ALL
            .into_iter()
            .filter(|variable| named.has_variable(variable.name()))
            .collect();
        Ok(Self {
            text: Arc::from(text),
            tree: Arc::new(tree),
            variables,
        })
    }

    /// Whether it asks something of a token.
    pub fn asks_of_token(&self) -> bool {
        self.variables.contains(&Variable::Token) || self.variables.contains(&Variable::Claims)
    }

    /// Whether the request is as asked.
    ///
    /// # Errors
    ///
    /// [`Rejection::Condition`] when it is not, [`Rejection::ConditionFailed`] when that cannot be
    /// said of this token and request, [`Rejection::Fault`] when the interpreter is broken.
    pub(super) fn check(&self, asked: &Asked<'_>) -> Result<(), Rejection> {
        match contained(|| self.evaluate(asked)) {
            Some(Ok(Value::Bool(true))) => Ok(()),
            Some(Ok(Value::Bool(false))) => Err(Rejection::Condition),
            Some(Ok(other)) => Err(Rejection::ConditionFailed {
                why: format!("it is of type {}", other.type_of()),
            }),
            Some(Err(error)) => Err(Rejection::ConditionFailed { why: why(&error) }),
            None => Err(Rejection::Fault("a condition cannot be evaluated")),
        }
    }

    fn evaluate(&self, asked: &Asked<'_>) -> Result<Value, ExecutionError> {
        let mut context = Context::with_env(Arc::clone(&LANGUAGE));
        for variable in &self.variables {
            context.add_variable_from_value(variable.name(), variable.of(asked));
        }
        Value::resolve(&self.tree, &context)
    }
}

/// What `evaluate` returns; `None` if it panics: one request's bad luck must neither end its
/// connection without an answer nor let it pass.
fn contained<T>(evaluate: impl FnOnce() -> T) -> Option<T> {
    // Nothing that it could leave half-changed is looked at again.
    catch_unwind(AssertUnwindSafe(evaluate)).ok()
}

/// What went wrong, without the values it went wrong with: those are somebody's.
fn why(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => format!("there is no `{key}`"),
        ExecutionError::NoSuchOverload(overload) => overload.to_string(),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "division by zero".to_owned()
        }
        ExecutionError::Overflow(..) => "a number is too large".to_owned(),
        ExecutionError::IndexOutOfBounds(_) => "a list is shorter".to_owned(),
        ExecutionError::UndeclaredReference(name) => format!("there is no `{name}`"),
        _ => "the types do not fit".to_owned(),
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.text).finish()
    }
}

#[cfg(test)]
mod tests;

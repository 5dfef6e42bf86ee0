//! What an expression may be made of: so little that its cost is bounded by its length and the
//! token's, and that a slip is found when the configuration is read.

use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, LiteralValue};
use cel::{IdedExpr, ParseErrors};

use super::Variable;
use super::values::{OF_REQUEST, OF_TOKEN};

/// Bytes of a text.
pub(super) const MAX_BYTES: usize = 1000;
/// Levels of operators and calls inside each other: what the smallest stack holds.
pub(super) const MAX_DEPTH: u16 = 24;
/// Opening brackets: the parser calls itself for each, and counts not all of them.
pub(super) const MAX_BRACKETS: usize = 48;

/// Functions and operators. `map` and `filter`, which make lists, and `matches`, which runs a
/// program of its own, are not among them.
const FUNCTIONS: [&str; 28] = [
    "_&&_",
    "_||_",
    "!_",
    "_?_:_",
    "_==_",
    "_!=_",
    "_<_",
    "_<=_",
    "_>_",
    "_>=_",
    "_+_",
    "_-_",
    "_*_",
    "_/_",
    "_%_",
    "-_",
    "_[_]",
    "@in",
    "@not_strictly_false",
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "int",
    "double",
    "string",
    "type",
    "dyn",
];

/// Those whose outcome is no condition.
const NO_CONDITIONS: [&str; 11] = [
    "_+_", "_-_", "_*_", "_/_", "_%_", "-_", "size", "int", "double", "string", "type",
];

/// Names of types, for `type(claims.x) == list`.
const TYPES: [&str; 7] = ["bool", "int", "uint", "double", "string", "list", "map"];

/// Why an expression is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// It cannot be parsed.
    #[error("cannot be understood at character {at}: {what}")]
    Syntax {
        /// Counted from 1.
        at: isize,
        /// The parser's words.
        what: String,
    },
    /// It is too long.
    #[error("has more than {MAX_BYTES} bytes")]
    TooLong,
    /// It is too deep.
    #[error("has more than {MAX_DEPTH} levels, or more than {MAX_BRACKETS} brackets")]
    TooDeep,
    /// Nothing is called so.
    #[error("names `{0}`, which does not exist here")]
    UnknownName(String),
    /// There is no such function, or none here.
    #[error("calls `{0}`, which does not exist here")]
    UnknownFunction(String),
    /// `map` or `filter`.
    #[error("makes a list with `map` or `filter`, which do not exist here")]
    MakesList,
    /// A loop inside a loop.
    #[error("runs over a list for each element of another one")]
    NestedLoops,
    /// A struct.
    #[error("makes a struct, which does not exist here")]
    Struct,
    /// A number or a text.
    #[error("is no condition: it says neither yes nor no")]
    NoCondition,
}

impl ExpressionError {
    pub(super) fn syntax(errors: &ParseErrors) -> Self {
        let first = errors.errors.first();
        Self::Syntax {
            at: first.map_or(1, |error| error.pos.1.max(1)),
            what: first.map_or_else(String::new, |error| error.msg.clone()),
        }
    }

    /// What to write instead; empty where the reason says it.
    pub fn advice(&self) -> String {
        match self {
            Self::UnknownName(name) if name.contains('.') => {
                let members = if name.starts_with("token") {
                    OF_TOKEN.as_slice()
                } else {
                    &OF_REQUEST
                };
                format!("There are {}.", members.join(", "))
            }
            Self::UnknownName(_) => {
                let names = Variable::ALL.map(Variable::name);
                format!("There are {}.", names.join(", "))
            }
            Self::UnknownFunction(_) => "There are operators, `in`, `has`, `size`, `contains`, \
                `startsWith`, `endsWith`, `int`, `double`, `string`, `type`, and over lists \
                `exists`, `all` and `exists_one`."
                .to_owned(),
            Self::MakesList | Self::NestedLoops => {
                "Write `exists`, `all` or `exists_one` over one list of the token; inside of it, \
                 only over lists written out here."
                    .to_owned()
            }
            Self::NoCondition => "Compare it with something.".to_owned(),
            Self::TooLong | Self::TooDeep => "Use `claims`, `scopes` or several routes.".to_owned(),
            Self::Syntax { .. } | Self::Struct => {
                "Write, for example, `'staff' in claims.groups && request.method == 'GET'`."
                    .to_owned()
            }
        }
    }
}

/// Checks a parsed expression.
pub(super) fn check(tree: &IdedExpr) -> Result<(), ExpressionError> {
    // First, since everything else walks down by calling itself.
    check_depth(tree)?;
    let walk = Walk { inner: Vec::new() };
    walk.check(tree)?;
    if is_condition(&tree.expr) {
        Ok(())
    } else {
        Err(ExpressionError::NoCondition)
    }
}

/// What one value is made of.
fn parts(expr: &Expr) -> Vec<&IdedExpr> {
    match expr {
        Expr::Call(call) => call
            .target
            .as_deref()
            .into_iter()
            .chain(&call.args)
            .collect(),
        Expr::Comprehension(comprehension) => vec![
            &comprehension.iter_range,
            &comprehension.accu_init,
            &comprehension.loop_cond,
            &comprehension.loop_step,
            &comprehension.result,
        ],
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Select(select) => vec![&select.operand],
        Expr::Map(map) => map
            .entries
            .iter()
            .flat_map(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
                EntryExpr::StructField(field) => vec![&field.value],
            })
            .collect(),
        Expr::Struct(_) | Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => Vec::new(),
    }
}

/// A comprehension is a few levels by itself.
fn check_depth(tree: &IdedExpr) -> Result<(), ExpressionError> {
    const MAX_LEVELS: u16 = 2 * MAX_DEPTH;
    let mut left = vec![(tree, 1)];
    while let Some((part, depth)) = left.pop() {
        if depth > MAX_LEVELS {
            return Err(ExpressionError::TooDeep);
        }
        left.extend(parts(&part.expr).into_iter().map(|part| (part, depth + 1)));
    }
    Ok(())
}

fn is_condition(expr: &Expr) -> bool {
    match expr {
        Expr::Call(call) => !NO_CONDITIONS.contains(&call.func_name.as_str()),
        Expr::Literal(literal) => matches!(literal, LiteralValue::Boolean(_)),
        Expr::Comprehension(_) | Expr::Select(_) => true,
        // A variable is a mapping or a number.
        Expr::Ident(_) | Expr::List(_) | Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => {
            false
        }
    }
}

/// The element, and what has come of those before it.
const NAMES_OF_A_LOOP: usize = 2;

/// A way down the tree.
struct Walk<'a> {
    /// The variables of the comprehensions around.
    inner: Vec<&'a str>,
}

impl<'a> Walk<'a> {
    fn check(&self, part: &'a IdedExpr) -> Result<(), ExpressionError> {
        match &part.expr {
            Expr::Ident(name) => self.check_name(name)?,
            Expr::Call(call) if !FUNCTIONS.contains(&call.func_name.as_str()) => {
                return Err(ExpressionError::UnknownFunction(call.func_name.clone()));
            }
            Expr::Select(select) => self.check_member(&select.operand.expr, &select.field)?,
            Expr::Comprehension(comprehension) => return self.check_comprehension(comprehension),
            Expr::Struct(_) | Expr::Unspecified => return Err(ExpressionError::Struct),
            Expr::Call(_) | Expr::List(_) | Expr::Literal(_) | Expr::Map(_) => {}
        }
        parts(&part.expr)
            .into_iter()
            .try_for_each(|part| self.check(part))
    }

    fn check_name(&self, name: &str) -> Result<(), ExpressionError> {
        let is_variable = Variable::ALL.iter().any(|known| known.name() == name);
        if is_variable || self.inner.contains(&name) || TYPES.contains(&name) {
            Ok(())
        } else {
            Err(ExpressionError::UnknownName(name.to_owned()))
        }
    }

    /// The members of `request` and `token` are known; a slip in one would refuse everybody.
    fn check_member(&self, of: &Expr, member: &str) -> Result<(), ExpressionError> {
        let Expr::Ident(name) = of else {
            return Ok(());
        };
        let known = match name.as_str() {
            "request" => OF_REQUEST.as_slice(),
            "token" => &OF_TOKEN,
            _ => return Ok(()),
        };
        if known.contains(&member) || self.inner.contains(&name.as_str()) {
            Ok(())
        } else {
            Err(ExpressionError::UnknownName(format!("{name}.{member}")))
        }
    }

    fn check_comprehension(&self, loops: &'a ComprehensionExpr) -> Result<(), ExpressionError> {
        if matches!(loops.accu_init.expr, Expr::List(_)) {
            return Err(ExpressionError::MakesList);
        }
        // Over a list that is written out, the length of the expression bounds it.
        let is_written_out = matches!(loops.iter_range.expr, Expr::List(_));
        let may_be_here = match self.inner.len() / NAMES_OF_A_LOOP {
            0 => true,
            1 => is_written_out,
            _ => false,
        };
        if !may_be_here {
            return Err(ExpressionError::NestedLoops);
        }
        self.check(&loops.iter_range)?;
        let mut inner = self.inner.clone();
        inner.extend([loops.iter_var.as_str(), loops.accu_var.as_str()]);
        let walk = Walk { inner };
        [&loops.loop_cond, &loops.loop_step, &loops.result]
            .into_iter()
            .try_for_each(|part| walk.check(part))
    }
}

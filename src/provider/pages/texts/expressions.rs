//! Going through what stands in the braces of a text.

use fluent_syntax::ast::{CallArguments, Expression, InlineExpression, Pattern, PatternElement};

/// Shows `see` every expression of `pattern`, and those within it.
pub(super) fn visit(pattern: &Pattern<&str>, see: &mut dyn FnMut(&InlineExpression<&str>)) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            visit_expression(expression, see);
        }
    }
}

fn visit_expression(expression: &Expression<&str>, see: &mut dyn FnMut(&InlineExpression<&str>)) {
    match expression {
        Expression::Inline(inline) => visit_inline(inline, see),
        Expression::Select { selector, variants } => {
            visit_inline(selector, see);
            for variant in variants {
                visit(&variant.value, see);
            }
        }
    }
}

fn visit_inline(inline: &InlineExpression<&str>, see: &mut dyn FnMut(&InlineExpression<&str>)) {
    see(inline);
    match inline {
        InlineExpression::Placeable { expression } => visit_expression(expression, see),
        InlineExpression::FunctionReference { arguments, .. } => visit_arguments(arguments, see),
        InlineExpression::TermReference { arguments, .. } => {
            if let Some(arguments) = arguments {
                visit_arguments(arguments, see);
            }
        }
        InlineExpression::StringLiteral { .. }
        | InlineExpression::NumberLiteral { .. }
        | InlineExpression::MessageReference { .. }
        | InlineExpression::VariableReference { .. } => {}
    }
}

fn visit_arguments(arguments: &CallArguments<&str>, see: &mut dyn FnMut(&InlineExpression<&str>)) {
    let named = arguments.named.iter().map(|argument| &argument.value);
    for argument in arguments.positional.iter().chain(named) {
        visit_inline(argument, see);
    }
}

//! An explanation, for people and for programs.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::gateway::{Explanation, Outcome, Step};

/// Writes the explanation; `doubt` is what could not be looked at.
pub(super) fn show(
    out: &mut impl Write,
    explanation: &Explanation,
    doubt: Option<&str>,
    as_json: bool,
) -> io::Result<()> {
    if as_json {
        return writeln!(out, "{:#}", document(explanation, doubt));
    }
    for step in &explanation.steps {
        let mark = match step.outcome {
            Outcome::Passed => "ok",
            Outcome::Refused(_) => "NO",
        };
        writeln!(out, "{:<12} {mark}  {}", step.name, step.text)?;
    }
    if let Some(doubt) = doubt {
        writeln!(out, "{:<12} ??  {doubt}", "state")?;
    }
    if let Some((target, fields)) = explanation.forwarded.split_first() {
        writeln!(out, "\n{target}")?;
        for field in fields {
            writeln!(out, "    {field}")?;
        }
    }
    match explanation.refusal {
        None => writeln!(out, "\nallowed"),
        Some((status, reason)) => writeln!(out, "\nrefused: {status}, {reason}"),
    }
}

fn document(explanation: &Explanation, doubt: Option<&str>) -> Value {
    let (status, reason) = explanation.refusal.unzip();
    json!({
        "allowed": explanation.is_allowed(),
        "status": status,
        "reason": reason,
        "steps": explanation.steps.iter().map(step).collect::<Vec<_>>(),
        "forwarded": explanation.forwarded,
        "doubt": doubt,
    })
}

fn step(step: &Step) -> Value {
    let reason = match step.outcome {
        Outcome::Passed => None,
        Outcome::Refused(reason) => Some(reason),
    };
    json!({
        "step": step.name,
        "passed": reason.is_none(),
        "reason": reason,
        "text": step.text,
    })
}

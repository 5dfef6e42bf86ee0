//! The problems of a configuration, each with the lines it stands in.

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report,
};

use super::error::CliError;
use crate::config::{Config, ConfigError, Place, Problem, base, located, read_text};
use crate::model::Timestamp;
use crate::server::{Finding, Severity, inspect};

/// A configuration that was refused, with its text, to be quoted.
#[derive(Debug)]
pub(super) struct Refusal {
    path: PathBuf,
    /// Empty when the file cannot be read.
    text: String,
    error: ConfigError,
}

/// A configuration with what is odd about it, but does not keep it from being run.
pub(super) struct Inspected {
    pub(super) config: Config,
    /// Each with its line.
    pub(super) warnings: Vec<String>,
}

/// Loads a configuration as start-up does.
pub(super) fn load(path: &Path) -> Result<Config, CliError> {
    read(path).map(|(_, config)| config)
}

/// Loads a configuration and looks into all files it names, as start-up does at `now`.
pub(super) fn inspected(path: &Path, now: Timestamp) -> Result<Inspected, CliError> {
    let (text, config) = read(path)?;
    let (doubtful, fatal): (Vec<Finding>, Vec<Finding>) = inspect(&config, now)
        .into_iter()
        .partition(|finding| finding.severity == Severity::Doubtful);
    let place = |found: Vec<Finding>| {
        let found = found.into_iter();
        located(
            &text,
            found.map(|found| (found.at, found.reason, found.advice)),
        )
    };
    if !fatal.is_empty() {
        let error = place(fatal);
        return Err(refused(path, text, error));
    }
    let mut warnings = config.warnings.clone();
    warnings.extend(place(doubtful).problems.iter().map(warning));
    Ok(Inspected { config, warnings })
}

fn read(path: &Path) -> Result<(String, Config), CliError> {
    let text = read_text(path).map_err(|error| refused(path, String::new(), error))?;
    match Config::parse(&text, base(path)) {
        Ok(config) => Ok((text, config)),
        Err(error) => Err(refused(path, text, error)),
    }
}

fn refused(path: &Path, text: String, error: ConfigError) -> CliError {
    CliError::Config(Box::new(Refusal {
        path: path.to_owned(),
        text,
        error,
    }))
}

/// A problem that is none, as the configuration words its own warnings.
fn warning(problem: &Problem) -> String {
    let Problem {
        key,
        reason,
        advice,
        place,
    } = problem;
    let line = place.map_or(1, |place| place.line);
    format!("line {line}: {key}: {reason}. {advice}")
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Refusal {
    /// Writes every problem with the lines around it, and how many there are.
    pub(super) fn write(&self, to: &mut impl Write, theme: &GraphicalTheme) -> io::Result<()> {
        let handler = GraphicalReportHandler::new_themed(theme.clone())
            .with_context_lines(1)
            .with_width(100);
        let path = self.path.display();
        for problem in &self.error.problems {
            let source = NamedSource::new(path.to_string(), self.text.clone());
            let report = Report::new(diagnostic(&self.text, problem)).with_source_code(source);
            let mut rendered = String::new();
            if handler
                .render_report(&mut rendered, report.as_ref())
                .is_err()
            {
                rendered = problem.to_string();
            }
            writeln!(to, "{}\n", rendered.trim_end())?;
        }
        let n_problems = self.error.problems.len();
        let plural = if n_problems == 1 {
            "problem"
        } else {
            "problems"
        };
        writeln!(to, "{path}: {n_problems} {plural}; nothing was started")
    }
}

fn diagnostic(text: &str, problem: &Problem) -> MietteDiagnostic {
    let headline = if problem.key.is_empty() {
        problem.reason.clone()
    } else {
        format!("{}: {}", problem.key, problem.reason)
    };
    let mut diagnostic = MietteDiagnostic::new(headline);
    if !problem.advice.is_empty() {
        diagnostic = diagnostic.with_help(&problem.advice);
    }
    if let Some(place) = problem.place {
        let (offset, length) = span(text, place);
        diagnostic = diagnostic.with_label(LabeledSpan::at(offset..offset + length, "here"));
    }
    diagnostic
}

/// Byte offset and length of a place; clamped to its line.
fn span(text: &str, place: Place) -> (usize, usize) {
    let mut offset = 0;
    let mut lines = text.split_inclusive('\n');
    for line in lines.by_ref().take(place.line.saturating_sub(1)) {
        offset += line.len();
    }
    let line = lines.next().unwrap_or_default().trim_end();
    let before: usize = line
        .chars()
        .take(place.column.saturating_sub(1))
        .map(char::len_utf8)
        .sum();
    let marked: usize = line
        .chars()
        .skip(place.column.saturating_sub(1))
        .take(place.length)
        .map(char::len_utf8)
        .sum();
    (offset + before, marked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let refusal = Refusal {
            path: PathBuf::from("cellgate.yaml"),
            text: text.to_owned(),
            error: Config::parse(text, Path::new("")).unwrap_err(),
        };
        let mut out = Vec::new();
        refusal.write(&mut out, &GraphicalTheme::none()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_problem_is_shown_with_its_line_and_what_to_write() {
        let text = "listeners:\n  - {name: edge, address: \"127.0.0.1:0\"}\nroutes:\n  - name: é\n    path: /\n    whoami: yes please\n    authentication: anonymous\n";

        let shown = shown(text);

        assert!(
            shown.contains("routes[0].whoami: is a text, not `true` or `false`"),
            "{shown}"
        );
        assert!(shown.contains("cellgate.yaml:6:13"), "{shown}");
        assert!(shown.contains("    whoami: yes please"), "{shown}");
        assert!(shown.contains("help: Write it without quotes"), "{shown}");
        assert!(
            shown.contains("cellgate.yaml: 2 problems; nothing was started"),
            "{shown}"
        );
    }

    #[test]
    fn a_place_outside_the_text_is_clamped() {
        let place = Place {
            line: 9,
            column: 9,
            length: 9,
        };

        assert_eq!(span("a\nb", place), (3, 0));
        assert_eq!(
            span(
                "aé\nb",
                Place {
                    line: 1,
                    column: 2,
                    length: 9
                }
            ),
            (1, 2)
        );
    }
}

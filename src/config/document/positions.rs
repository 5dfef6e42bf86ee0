//! Where each key and value of a file stands, and what only the bare syntax shows.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Marker, Parser, Span, Tag};

use crate::config::key_path::KeyPath;
use crate::config::problem::Place;

/// Key path → place of the key and of the value.
#[derive(Debug, Default)]
pub(crate) struct Positions {
    keys: HashMap<KeyPath, Place>,
    values: HashMap<KeyPath, Place>,
}

impl Positions {
    /// The place of the value at `path`; of what is around it where there is none, as for a
    /// missing key or one that came through an anchor.
    pub(crate) fn value(&self, path: &KeyPath) -> Option<Place> {
        nearest_place(&self.values, path)
    }

    /// Gives `to` the place of the value at `from`.
    pub(crate) fn copy(&mut self, from: &KeyPath, to: &KeyPath) {
        if let Some(place) = self.values.get(from).copied() {
            self.values.insert(to.clone(), place);
        }
    }

    /// The place of the key at `path`.
    pub(crate) fn key(&self, path: &KeyPath) -> Option<Place> {
        self.keys.get(path).copied().or_else(|| self.value(path))
    }
}

fn nearest_place(places: &HashMap<KeyPath, Place>, path: &KeyPath) -> Option<Place> {
    let mut path = path.clone();
    loop {
        if let Some(place) = places.get(&path) {
            return Some(*place);
        }
        path = path.parent()?;
    }
}

/// What the syntax of a file shows.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) positions: Positions,
    pub(super) findings: Vec<Finding>,
}

/// A problem of syntax that does not keep the rest from being read.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) at: KeyPath,
    pub(super) place: Place,
    pub(super) reason: String,
    pub(super) advice: String,
}

/// Why a text cannot be read at all.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub(super) reason: String,
    pub(super) place: Place,
}

/// Mappings and lists within each other that a configuration may have; it needs nine.
///
/// Checked here, event by event, because `serde_yaml` reads the whole text first and takes
/// quadratic time over a heap of brackets.
const MAX_DEPTH: usize = 32;

/// Reads where everything stands in `text`.
pub(super) fn read(text: &str) -> Result<Outline, SyntaxError> {
    let mut reader = Reader::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| SyntaxError {
            reason: error.info().to_owned(),
            place: place_of(*error.marker(), 1),
        })?;
        reader.take(&event, span);
        if reader.open.len() > MAX_DEPTH {
            return Err(SyntaxError {
                reason: format!("more than {MAX_DEPTH} levels within each other"),
                place: place_of(span.start, 1),
            });
        }
    }
    Ok(reader.outline)
}

/// The place at `marker`, `length` characters long.
fn place_of(marker: Marker, length: usize) -> Place {
    Place {
        line: marker.line(),
        column: marker.col() + 1,
        length: length.max(1),
    }
}

/// A mapping or list that is not closed yet.
enum Open {
    Mapping {
        path: KeyPath,
        seen: HashSet<String>,
        /// The key whose value comes next.
        key: Option<String>,
    },
    List {
        path: KeyPath,
        n: usize,
    },
}

#[derive(Default)]
struct Reader {
    open: Vec<Open>,
    outline: Outline,
}

impl Reader {
    fn take(&mut self, event: &Event<'_>, span: Span) {
        match event {
            Event::Scalar(text, _, _, tag) => {
                self.scalar(text, span, tag.is_some());
            }
            Event::Alias(_) => {
                self.value(span, false);
            }
            Event::MappingStart(_, tag) => {
                let path = self.container(span, tag.as_deref());
                self.open.push(Open::Mapping {
                    path,
                    seen: HashSet::new(),
                    key: None,
                });
            }
            Event::SequenceStart(_, tag) => {
                let path = self.container(span, tag.as_deref());
                self.open.push(Open::List { path, n: 0 });
            }
            Event::MappingEnd | Event::SequenceEnd => {
                self.open.pop();
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
    }

    /// A scalar is a key when the mapping around it waits for one.
    fn scalar(&mut self, text: &str, span: Span, is_tagged: bool) {
        let place = place_of(
            span.start,
            span.end.index().saturating_sub(span.start.index()),
        );
        let Some(Open::Mapping {
            path,
            seen,
            key: key @ None,
        }) = self.open.last_mut()
        else {
            self.value(span, is_tagged);
            return;
        };
        *key = Some(text.to_owned());
        let at = path.key(text);
        // `<<` may stand several times: each merges one mapping.
        if text == "<<" || seen.insert(text.to_owned()) {
            self.outline.positions.keys.insert(at, place);
            return;
        }
        let first = self
            .outline
            .positions
            .keys
            .get(&at)
            .map_or(1, |first| first.line);
        self.outline.findings.push(Finding {
            at,
            place,
            reason: format!("is written twice (first in line {first})"),
            advice: "Keep one of the two.".to_owned(),
        });
    }

    /// The start of a mapping or list; its path.
    fn container(&mut self, span: Span, tag: Option<&Tag>) -> KeyPath {
        if let Some(Open::Mapping {
            path,
            key: key @ None,
            ..
        }) = self.open.last_mut()
        {
            // A mapping or list as a key: `structure` refuses it, here it only must not upset
            // the order of keys and values.
            *key = Some(String::new());
            return path.key("?");
        }
        self.value(Span::new(span.start, span.start), tag.is_some())
    }

    /// Notes the place of a value and returns its path.
    fn value(&mut self, span: Span, is_tagged: bool) -> KeyPath {
        let at = match self.open.last_mut() {
            None => KeyPath::root(),
            Some(Open::Mapping { path, key, .. }) => path.key(&key.take().unwrap_or_default()),
            Some(Open::List { path, n }) => {
                *n += 1;
                path.item(*n - 1)
            }
        };
        let place = place_of(
            span.start,
            span.end.index().saturating_sub(span.start.index()),
        );
        if is_tagged {
            self.outline.findings.push(Finding {
                at: at.clone(),
                place,
                reason: "has a YAML tag".to_owned(),
                advice: "Write the value without `!…` in front.".to_owned(),
            });
        }
        self.outline
            .positions
            .values
            .entry(at.clone())
            .or_insert(place);
        at
    }
}

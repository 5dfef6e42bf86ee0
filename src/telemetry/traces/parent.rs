//! `traceparent` and `tracestate` of others (W3C Trace Context, §3.2 and §3.3).

use http::header::{HeaderMap, HeaderName};
use opentelemetry::{SpanId, TraceId};

pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(super) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The most of a `tracestate` that is passed on; §3.3.1.5 asks for no less.
const MAX_STATE_BYTES: usize = 512;

/// The span that ours is a child of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parent {
    pub(super) trace: TraceId,
    pub(super) span: SpanId,
    pub(super) is_sampled: bool,
    /// `tracestate`, as it came.
    pub(super) state: Option<String>,
}

impl Parent {
    /// What the fields say; `None` when they are not exactly one right `traceparent`.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return None;
        };
        let mut parent = Self::parse(value.to_str().ok()?)?;
        parent.state = state(headers);
        Some(parent)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let version = hex(parts.next()?, 2)?;
        let trace = hex(parts.next()?, 32)?;
        let span = hex(parts.next()?, 16)?;
        let flags = hex(parts.next()?, 2)?;
        // What later versions append is not ours to know (§3.2.4); the first one has nothing.
        let is_longer = parts.next().is_some();
        if version == "ff" || version == "00" && is_longer {
            return None;
        }
        let trace = TraceId::from_hex(trace).ok()?;
        let span = SpanId::from_hex(span).ok()?;
        if trace == TraceId::INVALID || span == SpanId::INVALID {
            return None;
        }
        let flags = u8::from_str_radix(flags, 16).ok()?;
        Some(Self {
            trace,
            span,
            is_sampled: flags & 1 == 1,
            state: None,
        })
    }
}

/// `text`, if it is so many lower-case hexadecimal digits.
fn hex(text: &str, length: usize) -> Option<&str> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (text.len() == length && text.bytes().all(is_digit)).then_some(text)
}

/// All of `tracestate`, if it is short enough to be passed on whole.
fn state(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(TRACESTATE).iter();
    let values: Option<Vec<&str>> = values.map(|value| value.to_str().ok()).collect();
    let state = values?.join(",");
    (!state.is_empty() && state.len() <= MAX_STATE_BYTES).then_some(state)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";

    fn read(values: &[&str]) -> Option<Parent> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(TRACEPARENT, HeaderValue::from_str(value).unwrap());
        }
        headers.append(TRACESTATE, HeaderValue::from_static("a=1"));
        headers.append(TRACESTATE, HeaderValue::from_static("b=2"));
        Parent::read(&headers)
    }

    #[test]
    fn a_right_traceparent_is_read() {
        for (text, is_sampled) in [
            (format!("00-{TRACE}-{SPAN}-01"), true),
            (format!("00-{TRACE}-{SPAN}-00"), false),
            (format!("00-{TRACE}-{SPAN}-03"), true),
            (format!("cc-{TRACE}-{SPAN}-01-what-the-future-brings"), true),
        ] {
            let parent = read(&[&text]).unwrap();
            assert_eq!(parent.trace.to_string(), TRACE, "{text}");
            assert_eq!(parent.span.to_string(), SPAN, "{text}");
            assert_eq!(parent.is_sampled, is_sampled, "{text}");
            assert_eq!(parent.state.as_deref(), Some("a=1,b=2"), "{text}");
        }
    }

    #[test]
    fn anything_else_is_none() {
        let right = format!("00-{TRACE}-{SPAN}-01");
        for values in [
            vec![],
            vec![right.as_str(), right.as_str()],
            vec![&format!("00-{TRACE}-{SPAN}-01-more")],
            vec![&format!("ff-{TRACE}-{SPAN}-01")],
            vec![&format!("00-{}-{SPAN}-01", "0".repeat(32))],
            vec![&format!("00-{TRACE}-{}-01", "0".repeat(16))],
            vec![&right.to_ascii_uppercase()],
            vec![&format!("00-{TRACE}-{SPAN}")],
            vec![&format!("00-{TRACE}-{SPAN}-1")],
            vec![&right.replace("-0a", "-+a")],
            vec![""],
        ] {
            assert_eq!(read(&values), None, "{values:?}");
        }
    }
}

//! Lines of a head, request's or answer's: what may stand in one (RFC 9110 §5, RFC 9112 §5).

/// Name and value of a field line, the value with the white space around it; `None` unless it is
/// `name: value` and nothing else.
pub(in crate::gateway) fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, value) = line.split_at_checked(memchr::memchr(b':', line)?)?;
    let value = value.get(1..).unwrap_or_default();
    let is_field = !name.is_empty() && name.iter().all(is_token_byte) && is_value(value);
    is_field.then_some((name, value))
}

/// Whether there is no control character but HTAB (RFC 9110 §5.5). Looks at every byte whatever
/// it finds, so that it looks at many at once.
pub(in crate::gateway) fn is_value(value: &[u8]) -> bool {
    let is_control = |byte: u8| (byte < 0x20) & (byte != b'\t') | (byte == 0x7f);
    !value
        .iter()
        .fold(false, |found, byte| found | is_control(*byte))
}

/// `tchar` (RFC 9110 §5.6.2).
pub(in crate::gateway) const fn is_token_byte(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            *byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

/// The comma-separated members of a field's value; empty ones do not count (RFC 9110 §5.6.1.2).
pub(in crate::gateway) fn members(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|member| !member.is_empty())
}

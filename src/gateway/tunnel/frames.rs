//! Where frames begin and end (RFC 6455 §5.2), as far as needed to say goodbye between two.
//!
//! What is in them is between the two ends: nothing is decoded, held back or refused here.

/// The opcode of a close frame.
const CLOSE: u8 = 0x8;
/// The most that stands before a payload.
const HEADER_BYTES: usize = 14;

/// What stands before a payload, as far as it has come.
#[derive(Debug, Default)]
pub(super) struct FrameHeader {
    bytes: [u8; HEADER_BYTES],
    filled: usize,
}

impl FrameHeader {
    /// Adds the next byte; whether the header is complete.
    pub(super) fn push(&mut self, byte: u8) -> bool {
        if let Some(place) = self.bytes.get_mut(self.filled) {
            *place = byte;
            self.filled += 1;
        }
        self.filled == self.complete_bytes()
    }

    /// Whether nothing has come yet.
    pub(super) const fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// What has come.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.filled).unwrap_or_default()
    }

    /// The first two bytes: flags and opcode, and whether there is a mask.
    pub(super) const fn first_two(&self) -> (u8, u8) {
        (self.bytes[0], self.bytes[1])
    }

    /// How long it is, as far as is known.
    const fn complete_bytes(&self) -> usize {
        if self.filled < 2 {
            return 2;
        }
        let mask = if self.bytes[1] & 0x80 == 0 { 0 } else { 4 };
        let length = match self.bytes[1] & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        2 + length + mask
    }

    /// What a complete header says of the payload.
    pub(super) const fn payload_bytes(&self) -> u64 {
        let [_, short, a, b, c, d, e, f, g, h, ..] = self.bytes;
        match short & 0x7f {
            126 => u16::from_be_bytes([a, b]) as u64,
            127 => u64::from_be_bytes([a, b, c, d, e, f, g, h]),
            short => short as u64,
        }
    }
}

/// How far a stream of frames has come.
#[derive(Debug, Default)]
pub(super) struct Frames {
    header: FrameHeader,
    payload_left: u64,
    has_closed: bool,
}

impl Frames {
    /// Notes the next bytes.
    pub(super) fn advance(&mut self, mut bytes: &[u8]) {
        loop {
            let here = usize::try_from(self.payload_left).unwrap_or(usize::MAX);
            let here = here.min(bytes.len());
            self.payload_left -= here as u64;
            let Some((byte, rest)) = bytes.get(here..).and_then(<[u8]>::split_first) else {
                return;
            };
            bytes = rest;
            if self.header.push(*byte) {
                let header = std::mem::take(&mut self.header);
                self.has_closed |= header.first_two().0 & 0x0f == CLOSE;
                self.payload_left = header.payload_bytes();
            }
        }
    }

    /// Whether a close frame may follow: between two frames, and when none was there yet.
    pub(super) const fn may_close(&self) -> bool {
        self.header.is_empty() && self.payload_left == 0 && !self.has_closed
    }
}

/// The longest text of a close frame: a control frame has at most 125 bytes (RFC 6455 §5.5).
const REASON_BYTES: usize = 123;

/// A close frame with this status and text (RFC 6455 §5.5.1, §7.4), masked with `mask` as a client's
/// must be. A text that is too long is left out.
pub(super) fn close(status: u16, reason: &str, mask: Option<[u8; 4]>) -> Vec<u8> {
    let reason = Some(reason.as_bytes()).filter(|reason| reason.len() <= REASON_BYTES);
    let payload = [&status.to_be_bytes(), reason.unwrap_or_default()].concat();
    let length = u8::try_from(payload.len()).unwrap_or_default();
    let Some(mask) = mask else {
        return [&[0x88, length], payload.as_slice()].concat();
    };
    let masked = payload.iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m);
    let header = [0x88, 0x80 | length].into_iter().chain(mask);
    header.chain(masked).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn after(bytes: &[u8]) -> Frames {
        let mut frames = Frames::default();
        frames.advance(bytes);
        frames
    }

    #[test]
    fn a_close_frame_may_stand_between_frames_only() {
        let long = [&[0x82, 126, 1, 0][..], &[7; 256]].concat();
        let longer = [&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0][..], &[7; 65536]].concat();
        let masked = [&[0x81, 0x85, 1, 2, 3, 4][..], b"hello"].concat();
        for (name, bytes) in [
            ("a text", &b"\x81\x05hello"[..]),
            ("nothing in it", b"\x89\x00"),
            ("a part of a message", b"\x01\x05hello"),
            ("masked", &masked),
            ("two bytes of length", &long),
            ("eight bytes of length", &longer),
        ] {
            assert!(after(bytes).may_close(), "{name}");
            for cut in [1, bytes.len() / 2, bytes.len() - 1] {
                assert!(!after(&bytes[..cut]).may_close(), "{name}, cut at {cut}");
            }
            let twice = [bytes, bytes].concat();
            assert!(after(&twice).may_close(), "{name}, twice");
        }
        assert!(after(b"").may_close());
    }

    #[test]
    fn nobody_closes_twice() {
        assert!(!after(&close(1000, "", None)).may_close());
        assert!(!after(&close(1000, "why", Some([1, 2, 3, 4]))).may_close());
        assert!(after(b"\x89\x01\x08").may_close(), "an eight in a payload");
    }

    #[test]
    fn a_clients_close_frame_is_masked() {
        assert_eq!(close(1001, "", None), [0x88, 0x02, 0x03, 0xe9]);
        assert_eq!(
            close(1001, "", Some([0xff, 0x0f, 1, 2])),
            [0x88, 0x82, 0xff, 0x0f, 1, 2, 0x03 ^ 0xff, 0xe9 ^ 0x0f]
        );
        assert_eq!(close(1008, "no", None), b"\x88\x04\x03\xf0no");
        assert_eq!(close(1008, &"x".repeat(124), None), b"\x88\x02\x03\xf0");
    }

    proptest! {
        #[test]
        fn pieces_lead_to_where_the_whole_does(
            bytes in prop::collection::vec(any::<u8>(), 0..400),
            cut in 0_usize..400,
        ) {
            let (first, second) = bytes.split_at(cut.min(bytes.len()));
            let mut pieces = after(first);
            pieces.advance(second);
            let whole = after(&bytes);
            prop_assert_eq!(pieces.may_close(), whole.may_close());
            prop_assert_eq!(pieces.payload_left, whole.payload_left);
        }
    }
}

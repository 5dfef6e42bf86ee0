//! The messages that a client sends (RFC 6455 §5, §6): whole texts are held until they are complete,
//! everything else goes through byte by byte as it comes.
//!
//! A text may be a message that a token is swapped in, so none of it may be on its way before all of
//! it was seen. Control frames may stand between the fragments of a message (§5.4) and overtake it
//! here, which changes nothing of what either end may conclude.

use super::frames::FrameHeader;

/// The most that a text may have, and what its frames may take besides.
const TEXT_BYTES: usize = 16 * 1024;
const FRAMES_BYTES: usize = 2 * TEXT_BYTES;
/// The most that a control frame may have (RFC 6455 §5.5).
const CONTROL_BYTES: u64 = 125;

const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;

/// Why no more is read of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Violation {
    /// A frame that no client may send, or not here (RFC 6455 §5.1 to §5.5).
    #[error("a frame that no client may send")]
    Frame,
    /// A text with more than may be held.
    #[error("a text that is too long")]
    TooLong,
}

/// A whole text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    /// Its frames, as they came.
    pub(super) frames: Vec<u8>,
    /// What they say.
    pub(super) payload: Vec<u8>,
}

/// The message that frames without a name of their own belong to.
#[derive(Debug, Default, PartialEq, Eq)]
enum Open {
    #[default]
    None,
    Text,
    Binary,
}

/// How far a client has come.
#[derive(Debug, Default)]
pub(super) struct Messages {
    header: FrameHeader,
    payload_left: u64,
    mask: [u8; 4],
    /// Of the mask, for the next byte.
    at: usize,
    open: Open,
    /// Whether the frame is a part of a text.
    is_held: bool,
    /// Whether it is the last of its message.
    is_last: bool,
    has_closed: bool,
    text: Text,
}

impl Messages {
    /// Reads of `bytes`, up to the end of a text if there is one. What goes through is added to
    /// `through`, and stands before that text.
    ///
    /// # Errors
    ///
    /// [`Violation`].
    pub(super) fn take(
        &mut self,
        bytes: &mut &[u8],
        through: &mut Vec<u8>,
    ) -> Result<Option<Text>, Violation> {
        loop {
            self.take_payload(bytes, through);
            if self.payload_left > 0 {
                return Ok(None);
            }
            if let Some(text) = self.finished() {
                return Ok(Some(text));
            }
            let Some((byte, rest)) = bytes.split_first() else {
                return Ok(None);
            };
            if self.has_closed {
                // Nothing counts after a close frame (RFC 6455 §5.5.1).
                *bytes = &[];
                return Ok(None);
            }
            *bytes = rest;
            if self.header.push(*byte) {
                let header = std::mem::take(&mut self.header);
                self.begin_frame(&header, through)?;
            }
        }
    }

    fn take_payload(&mut self, bytes: &mut &[u8], through: &mut Vec<u8>) {
        let here = usize::try_from(self.payload_left).unwrap_or(usize::MAX);
        let (payload, rest) = bytes
            .split_at_checked(here)
            .unwrap_or((bytes, Default::default()));
        self.payload_left -= payload.len() as u64;
        *bytes = rest;
        if !self.is_held {
            through.extend_from_slice(payload);
            return;
        }
        self.text.frames.extend_from_slice(payload);
        let mask = self.mask.iter().cycle().skip(self.at % 4);
        let unmasked = payload.iter().zip(mask).map(|(byte, mask)| byte ^ mask);
        self.text.payload.extend(unmasked);
        self.at += payload.len();
    }

    /// The text that is complete, if one is.
    fn finished(&mut self) -> Option<Text> {
        let is_over = self.is_held && self.is_last && self.header.is_empty();
        is_over.then(|| {
            self.is_held = false;
            std::mem::take(&mut self.text)
        })
    }

    /// Looks at a complete header.
    fn begin_frame(
        &mut self,
        header: &FrameHeader,
        through: &mut Vec<u8>,
    ) -> Result<(), Violation> {
        let (first, second) = header.first_two();
        let opcode = first & 0x0f;
        let is_last = first & 0x80 != 0;
        // Extensions were not offered, so their bits mean nothing (§5.2), and clients mask (§5.1).
        if first & 0x70 != 0 || second & 0x80 == 0 {
            return Err(Violation::Frame);
        }
        let length = header.payload_bytes();
        match (opcode, &self.open) {
            (CLOSE | PING | PONG, _) if is_last && length <= CONTROL_BYTES => {
                self.is_held = false;
                self.has_closed = opcode == CLOSE;
            }
            (TEXT, Open::None) | (CONTINUATION, Open::Text) => {
                self.is_held = true;
                self.open = if is_last { Open::None } else { Open::Text };
            }
            (BINARY, Open::None) | (CONTINUATION, Open::Binary) => {
                self.is_held = false;
                self.open = if is_last { Open::None } else { Open::Binary };
            }
            _ => return Err(Violation::Frame),
        }
        let header = header.bytes();
        if self.is_held {
            let fits = |held: usize, limit: usize| {
                let more = usize::try_from(length).unwrap_or(usize::MAX);
                held.saturating_add(more) <= limit
            };
            if !fits(self.text.payload.len(), TEXT_BYTES)
                || !fits(self.text.frames.len() + header.len(), FRAMES_BYTES)
            {
                return Err(Violation::TooLong);
            }
            self.text.frames.extend_from_slice(header);
            self.is_last = is_last;
        } else {
            through.extend_from_slice(header);
        }
        let mask = header.last_chunk();
        self.mask = mask.copied().unwrap_or_default();
        self.at = 0;
        self.payload_left = length;
        Ok(())
    }
}

/// A text in one frame, as a client sends it.
pub(super) fn text(payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut frame = vec![0x80 | TEXT];
    match u16::try_from(payload.len()) {
        Ok(short @ 0..=125) => frame.extend([0x80 | short.to_be_bytes()[1]]),
        Ok(medium) => {
            frame.push(0x80 | 126);
            frame.extend(medium.to_be_bytes());
        }
        Err(_) => {
            frame.push(0x80 | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m));
    frame
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MASK: [u8; 4] = [0xff, 0x10, 0x33, 0x01];

    /// A masked frame with this first byte.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = text(payload, MASK);
        frame[0] = first;
        frame
    }

    /// What goes through, and what the texts say, of bytes that come in pieces of `n`.
    fn read(bytes: &[u8], n: usize) -> Result<(Vec<u8>, Vec<Text>), Violation> {
        let mut messages = Messages::default();
        let (mut through, mut texts) = (Vec::new(), Vec::new());
        for mut piece in bytes.chunks(n) {
            while let Some(text) = messages.take(&mut piece, &mut through)? {
                texts.push(text);
            }
        }
        Ok((through, texts))
    }

    fn said(texts: &[Text]) -> Vec<&[u8]> {
        texts.iter().map(|text| text.payload.as_slice()).collect()
    }

    #[test]
    fn a_text_is_held_until_it_is_whole_and_control_frames_overtake_it() {
        let ping = frame(0x89, b"are you there");
        let (a, b, c) = (frame(0x01, b"he"), frame(0x00, b""), frame(0x80, b"llo"));
        let bytes = [&a[..], &ping, &b, &c, &frame(0x81, b"again")].concat();
        for n in [1, 2, 7, 1000] {
            let (through, texts) = read(&bytes, n).unwrap();
            assert_eq!(through, ping, "{n}");
            assert_eq!(said(&texts), [&b"hello"[..], b"again"], "{n}");
            assert_eq!(texts[0].frames, [&a[..], &b, &c].concat(), "{n}");
        }
        let unfinished = [&a[..], &b].concat();
        assert_eq!(read(&unfinished, 3), Ok((vec![], vec![])));
    }

    #[test]
    fn an_empty_text_is_one() {
        let (_, texts) = read(&frame(0x81, b""), 100).unwrap();
        assert_eq!(said(&texts), [b""]);
    }

    #[test]
    fn binary_messages_go_through_whatever_their_length() {
        let long = frame(0x02, &[7; 70_000]);
        let bytes = [&long[..], &frame(0x80, b"end"), &frame(0x81, b"t")].concat();
        let (through, texts) = read(&bytes, 4096).unwrap();
        assert_eq!(through, bytes[..bytes.len() - 7]);
        assert_eq!(said(&texts), [b"t"]);
    }

    #[test]
    fn what_no_client_may_send_is_refused() {
        for (row, bytes) in [
            ("not masked", b"\x81\x02hi".to_vec()),
            ("a bit of an extension", frame(0xc1, b"hi")),
            ("an unknown opcode", frame(0x83, b"")),
            ("an unknown control opcode", frame(0x8b, b"")),
            ("a continuation of nothing", frame(0x80, b"hi")),
            ("a control frame in fragments", frame(0x09, b"")),
            ("a long control frame", frame(0x89, &[0; 126])),
            (
                "a message inside another",
                [frame(0x01, b"a"), frame(0x81, b"b")].concat(),
            ),
            (
                "binary inside a text",
                [frame(0x01, b"a"), frame(0x82, b"b")].concat(),
            ),
        ] {
            for n in [1, 1000] {
                assert_eq!(read(&bytes, n), Err(Violation::Frame), "{row}");
            }
        }
    }

    #[test]
    fn a_text_has_a_bound_however_it_is_cut() {
        let whole = frame(0x81, &[b'a'; TEXT_BYTES]);
        assert_eq!(read(&whole, 999).unwrap().1.len(), 1);
        let larger = frame(0x81, &[b'a'; TEXT_BYTES + 1]);
        assert_eq!(read(&larger, 999), Err(Violation::TooLong));
        let endless = [0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        let endless = [&endless[..], &MASK].concat();
        assert_eq!(read(&endless, 1), Err(Violation::TooLong));
        let mut empty = frame(0x01, b"");
        empty.extend(frame(0x00, b"").repeat(FRAMES_BYTES));
        assert_eq!(read(&empty, 999), Err(Violation::TooLong));
    }

    #[test]
    fn nothing_counts_after_a_close_frame() {
        let bytes = [frame(0x88, b"\x03\xe8"), frame(0x81, b"late")].concat();
        let (through, texts) = read(&bytes, 1000).unwrap();
        assert_eq!(through, frame(0x88, b"\x03\xe8"));
        assert_eq!(texts, []);
    }

    proptest! {
        #[test]
        fn pieces_say_what_the_whole_says(
            bytes in prop::collection::vec(any::<u8>(), 0..400),
            n in 1_usize..400,
        ) {
            prop_assert_eq!(read(&bytes, n), read(&bytes, 400));
        }

        #[test]
        fn what_is_written_is_read(payload in prop::collection::vec(any::<u8>(), 0..1000)) {
            let (through, texts) = read(&text(&payload, MASK), 100).unwrap();
            prop_assert_eq!(through, Vec::<u8>::new());
            prop_assert_eq!(said(&texts), [&payload[..]]);
        }
    }
}

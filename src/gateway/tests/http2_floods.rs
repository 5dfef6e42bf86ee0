//! Rows of G of the corpus: connections of HTTP/2 that cost more than they ask for.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Frames, HEADERS, OK, PING, RST_STREAM, SETTINGS,
    WINDOW_UPDATE, block, frame, get, sent,
};
use super::harness::{PATIENCE, Protocol, TestGateway};

/// G07: a few kilobytes on the wire, which name one entry of the table again and again.
#[tokio::test]
async fn a_bomb_of_fields_is_not_let_through() {
    let gateway = TestGateway::speaking(Protocol::Http2, |_| {}).await;
    let mut frames = Frames::connect(&gateway).await;
    // Indexed from now on (RFC 7541 §6.2.1): `a` without a value, the entry 62.
    let first = [block(&get("/public/x")), vec![0x40, 1, b'a', 0]].concat();
    frames.write(&frame(HEADERS, END_STREAM, 1, &first)).await;
    for _ in 0..4 {
        let bomb = frame(CONTINUATION, 0, 1, &[0xbe; 16_000]);
        frames.write(&bomb).await;
    }
    frames
        .write(&frame(CONTINUATION, END_HEADERS, 1, &[]))
        .await;

    assert_ne!(frames.outcome(1).await, OK);
    gateway.assert_nothing_forwarded("G07");
}

/// G08.
#[tokio::test]
async fn thousands_of_fields_and_cookies_are_refused() {
    let gateway = TestGateway::speaking(Protocol::Http2, |_| {}).await;
    for (name, n) in [("x-a", 3000), ("cookie", 4000)] {
        let mut frames = Frames::connect(&gateway).await;
        frames
            .write(&frame(HEADERS, END_STREAM, 1, &block(&get("/public/x"))))
            .await;
        let part = block(&[(name, "a=1")]).repeat(500);
        for _ in 0..n / 500 {
            frames.write(&frame(CONTINUATION, 0, 1, &part)).await;
        }
        frames
            .write(&frame(CONTINUATION, END_HEADERS, 1, &[]))
            .await;
        assert_ne!(frames.outcome(1).await, OK, "{name}");
        gateway.assert_nothing_forwarded(name);
    }
}

/// G09 (RFC 9113 §6.5.2): what a connection may take is announced.
#[tokio::test]
async fn the_settings_say_how_much_is_taken() {
    let gateway = TestGateway::speaking(Protocol::Http2, |_| {}).await;
    let mut frames = Frames::connect(&gateway).await;
    let settings = loop {
        let (kind, _, payload) = frames.next().await.expect("a connection");
        if kind == SETTINGS && !payload.is_empty() {
            break payload;
        }
    };
    let value = |id: u16| {
        let entry = settings
            .chunks(6)
            .find(|entry| entry[..2] == id.to_be_bytes());
        entry.map(|entry| u32::from_be_bytes([entry[2], entry[3], entry[4], entry[5]]))
    };
    assert_eq!(value(3), Some(100), "streams at once");
    let heads = value(6).expect("the size of heads");
    assert!((32 * 1024..64 * 1024).contains(&heads), "{heads}");
}

/// G10 to G12: whoever keeps a connection at work for nothing loses it, and others notice nothing.
#[tokio::test]
async fn a_flood_ends_the_connection_it_comes_on() {
    let gateway = TestGateway::speaking(Protocol::Http2, |_| {}).await;
    let head = |stream, flags| frame(HEADERS, flags, stream, &block(&get("/public/x")));
    let streams = || (0..20_000).map(|n| 2 * n + 1);
    let whole = END_STREAM | END_HEADERS;
    let resets = streams().flat_map(|n| {
        let cancel = frame(RST_STREAM, 0, n, &8_u32.to_be_bytes());
        [head(n, whole), cancel].concat()
    });
    let updates = streams().flat_map(|n| {
        let nothing = frame(WINDOW_UPDATE, 0, n, &[0; 4]);
        [head(n, END_HEADERS), nothing].concat()
    });
    let continued = frame(CONTINUATION, 0, 1, &block(&[("x-a", "b")]));
    let heads = [head(1, 0), continued.repeat(20_000)].concat();
    for (row, flood) in [
        ("G10 resets", resets.collect::<Vec<u8>>()),
        ("G11 resets by us", updates.collect()),
        ("G12 heads without end", heads),
    ] {
        let frames = Frames::connect(&gateway).await;
        let (mut reader, mut writer) = frames.0.into_split();
        let writing = tokio::spawn(async move { drop(writer.write_all(&flood).await) });
        let mut read = Vec::new();
        let end = timeout(PATIENCE, reader.read_to_end(&mut read)).await;
        drop(end.unwrap_or_else(|_| panic!("{row}: the connection goes on")));
        writing.abort();
        assert_eq!(sent(&gateway, &get("/public/x")).await, OK, "{row}");
    }
}

/// G12: what asks for an answer is not read faster than its answers are.
#[tokio::test]
async fn floods_of_small_frames_stop_nobody() {
    let gateway = TestGateway::speaking(Protocol::Http2, |_| {}).await;
    let mut post = get("/public/x").to_vec();
    post[0].1 = "POST";
    let open = frame(HEADERS, END_HEADERS, 1, &block(&post));
    for (row, flood) in [
        ("PING", frame(PING, 0, 0, &[7; 8]).repeat(10_000)),
        ("SETTINGS", frame(SETTINGS, 0, 0, &[]).repeat(10_000)),
        (
            "empty DATA",
            [open, frame(DATA, 0, 1, &[]).repeat(10_000)].concat(),
        ),
    ] {
        let frames = Frames::connect(&gateway).await;
        let (reader, mut writer) = frames.0.into_split();
        // Nothing that comes back is read.
        let writing = tokio::spawn(async move { drop(writer.write_all(&flood).await) });
        for _ in 0..3 {
            assert_eq!(sent(&gateway, &get("/public/x")).await, OK, "{row}");
        }
        writing.abort();
        drop(reader);
    }
}

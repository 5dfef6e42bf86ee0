//! The names of `flate2` that `pingora-core` needs to compile, and no codec behind them.
//!
//! Pingora's response compression is built on `flate2` with zlib-ng, a C library that is built
//! with cmake, and no feature of Pingora leaves it out. Cellgate never compresses and never
//! inflates (a compressed answer passes as it is), and is to build where only Rust and a C
//! compiler are. Whoever switched that module on would get an error from every write.

#![forbid(unsafe_code)]

use std::io;

/// A compression level; accepted and ignored.
#[derive(Clone, Copy, Debug)]
pub struct Compression;

impl Compression {
    /// Any level.
    pub const fn new(_level: u32) -> Self {
        Self
    }
}

/// Codecs that wrap a writer.
pub mod write {
    use super::{Compression, io, unsupported};

    /// Refuses to compress.
    #[derive(Debug)]
    pub struct GzEncoder<W>(W);

    impl<W> GzEncoder<W> {
        /// Wraps `inner`.
        pub const fn new(inner: W, _level: Compression) -> Self {
            Self(inner)
        }
    }

    /// Refuses to inflate.
    #[derive(Debug)]
    pub struct GzDecoder<W>(W);

    impl<W> GzDecoder<W> {
        /// Wraps `inner`.
        pub const fn new(inner: W) -> Self {
            Self(inner)
        }
    }

    macro_rules! refusing_writer {
        ($codec:ident) => {
            impl<W> $codec<W> {
                /// The writer inside.
                pub const fn get_ref(&self) -> &W {
                    &self.0
                }

                /// The writer inside, to change it.
                pub const fn get_mut(&mut self) -> &mut W {
                    &mut self.0
                }

                /// Refuses.
                ///
                /// # Errors
                ///
                /// Always [`io::ErrorKind::Unsupported`].
                pub fn try_finish(&mut self) -> io::Result<()> {
                    Err(unsupported())
                }
            }

            impl<W> io::Write for $codec<W> {
                fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
                    Err(unsupported())
                }

                fn flush(&mut self) -> io::Result<()> {
                    Err(unsupported())
                }
            }
        };
    }

    refusing_writer!(GzEncoder);
    refusing_writer!(GzDecoder);
}

fn unsupported() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "Cellgate is built without compression")
}

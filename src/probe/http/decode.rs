//! Content encodings, undone piece by piece under a cap on the size and on the ratio, so that a bomb costs what a page of
//! that size costs.

use std::io::{self, Write};

use flate2::write::GzDecoder;
use hyper::HeaderMap;
use hyper::header::CONTENT_ENCODING;

use super::zstd::Zstd;
use crate::probe::dial::Failure;
use crate::probe::escape::escape;
use crate::probe::failure::Reason;

/// What is asked for: what the large platforms serve.
pub(super) const ACCEPTED: &str = "gzip, br, zstd";

/// Text shrinks tenfold, very repetitive pages fiftyfold; bombs grow a thousandfold and more.
const MAX_RATIO: usize = 200;

/// Below this much output the ratio says nothing and costs nothing.
const RATIO_FLOOR: usize = 256 * 1024;

/// How much is decoded at once, so that the ratio is that of what was decoded and not of what arrived.
const PIECE: usize = 512;

/// brotli's piece of output; its default.
const BROTLI_BUFFER: usize = 4096;

/// Undoes a body's encoding.
pub(super) enum Decoder {
    Plain(Sink),
    Gzip(Box<GzDecoder<Sink>>),
    Brotli(Box<brotli::DecompressorWriter<Sink>>),
    Zstd(Box<Zstd>),
}

impl Decoder {
    /// For the encoding that the headers name. Chains are refused: no platform uses one, attackers do.
    pub(super) fn new(headers: &HeaderMap, limit: usize) -> Result<Self, Failure> {
        let named = headers
            .get_all(CONTENT_ENCODING)
            .iter()
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        let encodings: Vec<String> = named
            .map(|name| name.trim_ascii().to_ascii_lowercase())
            .filter(|name| !name.is_empty() && name != b"identity")
            .map(|name| escape(&name, 40))
            .take(2)
            .collect();
        let sink = Sink::new(limit);
        Ok(match encodings.as_slice() {
            [] => Self::Plain(sink),
            [one] if one == "gzip" || one == "x-gzip" => Self::Gzip(Box::new(GzDecoder::new(sink))),
            [one] if one == "br" => Self::Brotli(Box::new(brotli::DecompressorWriter::new(
                sink,
                BROTLI_BUFFER,
            ))),
            [one] if one == "zstd" => Self::Zstd(Box::new(Zstd::new(sink))),
            [one] => return Err(failure(format!("content encoding {one} was not asked for"))),
            _ => return Err(failure("a chain of content encodings".to_owned())),
        })
    }

    /// Takes a part of the encoded body. True once the limit is passed: then no more is wanted.
    pub(super) fn push(&mut self, data: &[u8]) -> Result<bool, Failure> {
        for piece in data.chunks(PIECE) {
            if self.push_piece(piece)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn push_piece(&mut self, data: &[u8]) -> Result<bool, Failure> {
        self.sink().fed += data.len();
        let done = match self {
            Self::Plain(sink) => sink.write_all(data),
            Self::Gzip(gzip) => write_until_end(gzip, data),
            Self::Brotli(brotli) => brotli.write_all(data),
            Self::Zstd(zstd) => zstd.push(data),
        };
        self.check(done)
    }

    /// After the last part: what was decoded, and whether there was more. What does not end properly is broken; an empty
    /// body has no encoding to break.
    pub(super) fn finish(mut self) -> Result<(Vec<u8>, bool), Failure> {
        if self.sink().fed > 0 {
            let done = match &mut self {
                Self::Plain(_) => Ok(()),
                Self::Gzip(gzip) => gzip.try_finish(),
                Self::Brotli(brotli) => brotli.close(),
                Self::Zstd(zstd) => zstd.finish(),
            };
            self.check(done)?;
        }
        let cut = self.sink().full;
        Ok((self.into_read(), cut))
    }

    /// What was decoded so far.
    pub(super) fn into_read(mut self) -> Vec<u8> {
        std::mem::take(&mut self.sink().out)
    }

    /// Bytes of encoded body so far.
    pub(super) fn fed(&mut self) -> u64 {
        self.sink().fed as u64
    }

    fn check(&mut self, done: io::Result<()>) -> Result<bool, Failure> {
        let sink = self.sink();
        match done {
            _ if sink.full => Ok(true),
            _ if sink.bomb => Err(failure(format!(
                "the body grows more than {MAX_RATIO} times in decoding"
            ))),
            Ok(()) => Ok(false),
            Err(error) => Err(failure(escape(error.to_string().as_bytes(), 150))),
        }
    }

    fn sink(&mut self) -> &mut Sink {
        match self {
            Self::Plain(sink) => sink,
            Self::Gzip(gzip) => gzip.get_mut(),
            Self::Brotli(brotli) => brotli.get_mut(),
            Self::Zstd(zstd) => zstd.get_mut(),
        }
    }
}

fn failure(detail: String) -> Failure {
    Failure::new(Reason::HttpDecode, detail)
}

/// Bytes after the end of a gzip stream are ignored, as browsers do.
fn write_until_end(gzip: &mut GzDecoder<Sink>, mut data: &[u8]) -> io::Result<()> {
    while !data.is_empty() {
        let taken = gzip.write(data)?;
        if taken == 0 {
            break;
        }
        data = data.get(taken..).unwrap_or_default();
    }
    Ok(())
}

/// Where decoded bytes go: an error from here stops the decoder in the middle of whatever it unfolds.
pub(super) struct Sink {
    out: Vec<u8>,
    limit: usize,
    fed: usize,
    full: bool,
    bomb: bool,
}

impl Sink {
    const fn new(limit: usize) -> Self {
        Self {
            out: Vec::new(),
            limit,
            fed: 0,
            full: false,
            bomb: false,
        }
    }
}

impl Write for Sink {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let room = self.limit - self.out.len();
        self.out.extend_from_slice(data.get(..room).unwrap_or(data));
        self.bomb |= self.out.len() > RATIO_FLOOR && self.out.len() / MAX_RATIO > self.fed;
        self.full |= !self.bomb && data.len() > room;
        if self.full || self.bomb {
            Err(io::Error::other("stopped"))
        } else {
            Ok(data.len())
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

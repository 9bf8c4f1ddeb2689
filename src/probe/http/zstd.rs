//! zstd, block by block: the decoder is handed one whole block at a time, so that a few bytes cannot make it unfold more
//! than one block (128 KiB) before the limits are looked at.

use std::io::{self, ErrorKind, Write};

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::decode::Sink;

/// The largest window that RFC 9659 allows for the content encoding, and browsers take.
const MAX_WINDOW: u64 = 8 * 1024 * 1024;

/// The most content of a block (RFC 8878, section 3.1.1.2.3).
const MAX_BLOCK: usize = 128 * 1024;

/// The longest header of a frame (RFC 8878, section 3.1.1).
const MAX_FRAME_HEADER: usize = 18;

/// Length of a block's header.
const BLOCK_HEADER: usize = 3;

/// Length of the checksum after the last block.
const CHECKSUM: usize = 4;

/// Undoes zstd.
pub(super) struct Zstd {
    decoder: FrameDecoder,
    pending: Vec<u8>,
    state: State,
    sink: Sink,
}

#[derive(Clone, Copy)]
enum State {
    BetweenFrames,
    InFrame { checksum: bool },
}

impl Zstd {
    pub(super) fn new(sink: Sink) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW);
        Self {
            decoder,
            pending: Vec::new(),
            state: State::BetweenFrames,
            sink,
        }
    }

    pub(super) const fn get_mut(&mut self) -> &mut Sink {
        &mut self.sink
    }

    pub(super) fn push(&mut self, data: &[u8]) -> io::Result<()> {
        self.pending.extend_from_slice(data);
        self.advance(MAX_FRAME_HEADER)
    }

    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.advance(1)?;
        match self.state {
            State::BetweenFrames if self.pending.is_empty() => Ok(()),
            _ => Err(ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Decodes what is complete. `header`: how many bytes are enough to try a frame's header.
    fn advance(&mut self, header: usize) -> io::Result<()> {
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.as_slice();
        loop {
            let before = rest.len();
            match self.state {
                State::BetweenFrames if rest.len() >= header => self.begin_frame(&mut rest)?,
                State::InFrame { checksum } => self.block(&mut rest, checksum)?,
                State::BetweenFrames => {}
            }
            if rest.len() == before {
                break;
            }
        }
        self.pending = rest.to_vec();
        Ok(())
    }

    fn begin_frame(&mut self, rest: &mut &[u8]) -> io::Result<()> {
        let descriptor = rest.get(4).copied().unwrap_or_default();
        self.decoder.init(&mut *rest).map_err(broken)?;
        self.state = State::InFrame {
            checksum: descriptor & 0b100 != 0,
        };
        Ok(())
    }

    /// Decodes one block, if all of it is there.
    fn block(&mut self, rest: &mut &[u8], checksum: bool) -> io::Result<()> {
        let Some((&[a, b, c], _)) = rest.split_first_chunk::<BLOCK_HEADER>() else {
            return Ok(());
        };
        let head = u32::from_le_bytes([a, b, c, 0]);
        let (last, run_length, size) = (head & 1 == 1, (head >> 1) & 3 == 1, (head >> 3) as usize);
        if size > MAX_BLOCK {
            return Err(broken("a block over 128 KiB"));
        }
        let whole = BLOCK_HEADER
            + if run_length { 1 } else { size }
            + if last && checksum { CHECKSUM } else { 0 };
        let Some(mut block) = rest.get(..whole) else {
            return Ok(());
        };
        self.decoder
            .decode_blocks(&mut block, BlockDecodingStrategy::UptoBlocks(1))
            .map_err(broken)?;
        *rest = rest.get(whole..).unwrap_or_default();
        if last {
            self.state = State::BetweenFrames;
        }
        // Until the frame ends, the decoder keeps a window's worth back.
        while self.decoder.can_collect() > 0 {
            let piece = self.decoder.collect().unwrap_or_default();
            self.sink.write_all(&piece)?;
        }
        Ok(())
    }
}

fn broken(error: impl std::fmt::Display) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, error.to_string())
}

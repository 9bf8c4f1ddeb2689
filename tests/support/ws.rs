//! The server's half of a WebSocket, frame by frame, so that it can also misbehave.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;

/// One frame of at most 64 KiB, unfragmented and unmasked.
pub fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0x80 | opcode];
    match payload.len() {
        short @ 0..126 => out.push(short as u8),
        long => {
            out.push(126);
            out.extend_from_slice(&u16::try_from(long).unwrap().to_be_bytes());
        }
    }
    [&out, payload].concat()
}

/// The next frame's opcode and its payload, unmasked.
pub async fn read(io: &mut (impl AsyncRead + Unpin)) -> std::io::Result<(u8, Vec<u8>)> {
    let opcode = io.read_u8().await? & 0x0f;
    let length = match io.read_u8().await? & 0x7f {
        126 => usize::from(io.read_u16().await?),
        127 => return Err(std::io::Error::other("a frame that is too long for a test")),
        short => usize::from(short),
    };
    let mut mask = [0; 4];
    io.read_exact(&mut mask).await?;
    let mut payload = vec![0; length];
    io.read_exact(&mut payload).await?;
    payload
        .iter_mut()
        .zip(mask.iter().cycle())
        .for_each(|(byte, mask)| *byte ^= mask);
    Ok((opcode, payload))
}

/// Sends one frame.
pub async fn write(
    io: &mut (impl AsyncWrite + Unpin),
    opcode: u8,
    payload: &[u8],
) -> std::io::Result<()> {
    io.write_all(&frame(opcode, payload)).await?;
    io.flush().await
}

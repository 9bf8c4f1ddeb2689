//! Reads a body: decoded, bounded, and with a name for every way in which it can end.

use hyper::Response;
use hyper::Version;
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use tokio::task::coop;

use super::connection::Connection;
use super::decode::Decoder;
use super::errors::{self, InBody};
use crate::probe::dial::Failure;

/// The most of a body that is shown to people, in bytes.
pub(in crate::probe) const SHOWN: usize = 400;

/// Pieces of a body that are read; what follows counts as beyond the limit. A page that is flushed line by line has
/// thousands; a body of one-byte chunks would have hundreds of thousands within the budget of wire bytes, and each costs
/// about a microsecond.
pub(super) const MAX_PIECES: usize = 32 * 1024;

/// A body, or the start of one.
pub(in crate::probe) struct Body {
    /// Decoded.
    pub bytes: Vec<u8>,
    /// It goes on.
    pub cut: bool,
}

/// Reads at most `limit` decoded bytes.
pub(in crate::probe) async fn read(
    connection: &mut Connection,
    response: &mut Response<Incoming>,
    limit: usize,
) -> Result<Body, Failure> {
    let until_close = lasts_until_close(response);
    let mut decoder = Decoder::new(response.headers(), limit)?;
    let mut pieces = 0;
    while let Some(frame) = connection.frame(response.body_mut()).await {
        // Many pieces may come of one read.
        coop::consume_budget().await;
        match frame {
            Ok(frame) => {
                let Ok(data) = frame.into_data() else {
                    continue;
                };
                pieces += 1;
                if decoder.push(&data)? || pieces == MAX_PIECES {
                    return Ok(Body {
                        bytes: decoder.into_read(),
                        cut: true,
                    });
                }
            }
            Err(error) => {
                match errors::in_body(&error, connection.seen(), until_close, decoder.fed()) {
                    InBody::Complete => break,
                    InBody::Cut => {
                        return Ok(Body {
                            bytes: decoder.into_read(),
                            cut: true,
                        });
                    }
                    InBody::Failed(failure) => return Err(failure),
                }
            }
        }
    }
    let (bytes, cut) = decoder.finish()?;
    Ok(Body { bytes, cut })
}

fn lasts_until_close(response: &Response<Incoming>) -> bool {
    let framed = |name| response.headers().contains_key(name);
    response.version() <= Version::HTTP_11 && !framed(CONTENT_LENGTH) && !framed(TRANSFER_ENCODING)
}

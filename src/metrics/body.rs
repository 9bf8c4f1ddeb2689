//! Streams a metrics page as a response body, packed or not. Backpressure and cancelling come with it: nothing is written
//! before the client has taken what was written, and dropping the body ends it.

use std::convert::Infallible;
use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};

use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::{Body, Bytes, Frame};

use super::exposition::Page;

/// A page on its way.
pub struct MetricsBody {
    page: Page,
    packer: Option<GzEncoder<Vec<u8>>>,
}

impl MetricsBody {
    /// The whole page, packed with gzip if wanted.
    pub fn new(page: Page, gzip: bool) -> Self {
        // The fastest level: metrics shrink to a fifteenth with it, and a better one takes more time than it saves.
        Self {
            page,
            packer: gzip.then(|| GzEncoder::new(Vec::new(), Compression::fast())),
        }
    }

    fn next(&mut self) -> Option<Vec<u8>> {
        let Some(packer) = &mut self.packer else {
            return self.page.next_piece();
        };
        // The packer keeps back what it may still shorten, so several pieces may go in before any come out.
        while let Some(piece) = self.page.next_piece() {
            // Writing into memory cannot fail.
            let _ = packer.write_all(&piece);
            if !packer.get_ref().is_empty() {
                return Some(std::mem::take(packer.get_mut()));
            }
        }
        let rest = self.packer.take()?.finish().unwrap_or_default();
        (!rest.is_empty()).then_some(rest)
    }
}

impl Body for MetricsBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.next().map(|piece| Ok(Frame::data(piece.into()))))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::sync::Arc;

    use http_body_util::BodyExt;

    use super::super::{Format, fixture};
    use super::*;

    async fn sent(gzip: bool) -> Vec<u8> {
        let page = Page::new(
            Arc::new(fixture::store()),
            fixture::report(),
            &fixture::own(),
            Format::Text,
        );
        MetricsBody::new(page, gzip)
            .collect()
            .await
            .unwrap()
            .to_bytes()
            .to_vec()
    }

    #[tokio::test]
    async fn the_body_is_the_page_packed_or_not() {
        let page = fixture::page(
            fixture::store(),
            fixture::report(),
            &fixture::own(),
            Format::Text,
        );
        assert_eq!(sent(false).await, page.as_bytes());
        let packed = sent(true).await;
        assert!(packed.len() * 5 < page.len(), "{}", packed.len());
        let mut unpacked = String::new();
        flate2::read::GzDecoder::new(&packed[..])
            .read_to_string(&mut unpacked)
            .unwrap();
        assert_eq!(unpacked, page);
    }
}

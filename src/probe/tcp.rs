//! The tcp kind: a connection, optionally bytes sent, optionally a banner awaited.

use std::io;

use regex::Regex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::dial::{Context, Failure, connect, stream_failure, tcp_reason};
use super::escape::{DETAIL, escape};
use super::failure::Reason;
use super::judge;
use super::network::Stream;
use super::observation::{Hop, Outcome};
use super::trace::Step;
use crate::config::TcpTarget;

/// Bytes of a banner that are looked at: protocols that greet do so in one line.
const BANNER_LIMIT: usize = 4096;

/// Runs a tcp check.
pub(super) async fn run(cx: &Context<'_>, target: &TcpTarget) -> Outcome {
    cx.trace.begin_hop(Hop {
        request: format!("tcp {}", target.address),
        ..Hop::default()
    });
    match talk(cx, target).await {
        Ok(found) => Outcome::ok(found),
        Err(failure) => judge::outcome(cx.check, failure),
    }
}

async fn talk(cx: &Context<'_>, target: &TcpTarget) -> Result<String, Failure> {
    let mut stream = connect(cx, &target.address).await?;
    if let Some(text) = &target.send {
        cx.trace.enter(Step::Banner);
        let sent = async {
            stream.write_all(text.as_bytes()).await?;
            stream.flush().await
        };
        sent.await.map_err(|error| broken(&error))?;
    }
    match &target.expect {
        None => Ok("connected".to_owned()),
        Some(expect) => {
            cx.trace.enter(Step::Banner);
            banner(cx, stream, expect).await
        }
    }
}

/// Reads until the expression matches what came.
async fn banner(
    cx: &Context<'_>,
    mut stream: Box<dyn Stream>,
    expect: &Regex,
) -> Result<String, Failure> {
    let mut banner = Vec::with_capacity(BANNER_LIMIT);
    let mut rest = BANNER_LIMIT as u64;
    while rest > 0 {
        let read = (&mut stream)
            .take(rest)
            .read_buf(&mut banner)
            .await
            .map_err(|error| broken(&error))?;
        if read == 0 {
            break;
        }
        rest -= read as u64;
        let text = String::from_utf8_lossy(&banner);
        cx.trace.hop(|hop| hop.body_start = escape(&banner, DETAIL));
        if expect.is_match(&text) {
            return Ok(format!("banner {text}"));
        }
        // If the deadline comes now, what came did not match.
        let failure = mismatch(&banner);
        cx.trace.note(failure.reason, &failure.detail);
    }
    if banner.is_empty() {
        return Err(Failure::new(Reason::TcpClosed, "closed before a byte came"));
    }
    Err(mismatch(&banner))
}

fn mismatch(banner: &[u8]) -> Failure {
    Failure::new(
        Reason::ContentAssertion,
        format!("unexpected banner {}", String::from_utf8_lossy(banner)),
    )
}

fn broken(error: &io::Error) -> Failure {
    stream_failure(error).unwrap_or_else(|| Failure::new(tcp_reason(error), error.to_string()))
}

#[cfg(test)]
mod tests {
    use crate::config::{Check, Trust};
    use crate::probe::failure::{Class, Reason};
    use crate::probe::observation::Phase;
    use crate::probe::testing::*;

    #[tokio::test]
    async fn a_banner_is_awaited() {
        let server = serve(|stream| answer_and_close(stream, b"220 ready\r\n")).await;
        let run = local(&[]).run(&banner_check(server, "^220 ")).await;
        assert_reason(&run, Reason::Ok);
        assert!(
            run.outcome.detail.contains("220 ready\\r\\n"),
            "{}",
            run.outcome.detail
        );

        let run = local(&[]).run(&banner_check(server, "^250 ")).await;
        assert_reason(&run, Reason::ContentAssertion);
        assert_eq!(run.outcome.class, Class::Fail);
        let unproven = Check {
            trust: Trust::OnceProven,
            ..banner_check(server, "^250 ")
        };
        let run = local(&[]).run(&unproven).await;
        assert_eq!(
            (run.outcome.class, run.outcome.needs_proof),
            (Class::Degraded, true)
        );
    }

    #[tokio::test]
    async fn close_reset_and_silence_are_told_apart() {
        let prober = local(&[]);
        let closes = serve(|stream| answer_and_close(stream, b"")).await;
        assert_reason(
            &prober.run(&banner_check(closes, "x")).await,
            Reason::TcpClosed,
        );
        let resets = serve(reset).await;
        assert_reason(
            &prober.run(&banner_check(resets, "x")).await,
            Reason::TcpReset,
        );
        let silent = serve(silence).await;
        let run = prober.run(&short(banner_check(silent, "x"))).await;
        assert_reason(&run, Reason::TcpTimeout);
        assert!(
            run.phases.get(Phase::Transfer) >= SHORT / 2,
            "{:?}",
            run.phases
        );
        assert_reason(
            &prober.run(&tcp_check("127.0.0.1", silent.port())).await,
            Reason::Ok,
        );
    }

    #[tokio::test]
    async fn a_wrong_banner_before_silence_is_a_mismatch() {
        let server = serve(|mut stream| async move {
            tokio::io::AsyncWriteExt::write_all(&mut stream, b"SSH-2.0\r\n")
                .await
                .unwrap();
            silence(stream).await;
        })
        .await;
        let run = local(&[]).run(&short(banner_check(server, "^220"))).await;
        assert_reason(&run, Reason::ContentAssertion);
        assert!(
            run.outcome.detail.contains("SSH-2.0"),
            "{}",
            run.outcome.detail
        );
    }

    #[tokio::test]
    async fn a_banner_without_end_is_cut() {
        let server = serve(|mut stream| async move {
            while tokio::io::AsyncWriteExt::write_all(&mut stream, &[b'a'; 4096])
                .await
                .is_ok()
            {}
        })
        .await;
        assert_reason(
            &local(&[]).run(&banner_check(server, "b")).await,
            Reason::ContentAssertion,
        );
    }
}

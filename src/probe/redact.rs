//! Takes secrets out of what a run tells: a peer may repeat what it was sent, and a redirect may carry it on.

use super::escape::CUT;
use super::observation::{Hop, Outcome};
use crate::config::Secret;

const HIDDEN: &str = "<secret>";

/// The start of a secret that a cut text may end with: less says nothing.
const TELLING: usize = 4;

/// Replaces every secret in the texts of a run.
pub(super) fn redact(secrets: &[Secret], outcome: &mut Outcome, hops: &mut [Hop]) {
    for Secret(secret) in secrets {
        hide(secret, &mut outcome.detail);
        for hop in &mut *hops {
            hide(secret, &mut hop.request);
            hide(secret, &mut hop.body_start);
            for (_, value) in hop
                .request_headers
                .iter_mut()
                .chain(&mut hop.response_headers)
            {
                hide(secret, value);
            }
        }
    }
}

fn hide(secret: &str, text: &mut String) {
    if text.contains(secret) {
        *text = text.replace(secret, HIDDEN);
    }
    // What was cut off may have been the rest of it.
    let Some(whole) = text.strip_suffix(CUT) else {
        return;
    };
    let starts = secret.char_indices().map(|(at, _)| &secret[..at]).rev();
    let mut telling = starts.take_while(|start| start.len() >= TELLING);
    if let Some(rest) = telling.find_map(|start| whole.strip_suffix(start)) {
        *text = format!("{rest}{HIDDEN}{CUT}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_whole_and_cut() {
        for (text, expected) in [
            ("nothing here", "nothing here"),
            ("a s3cret-ünit b s3cret-ünit", "a <secret> b <secret>"),
            ("bad token s3cret-ü…", "bad token <secret>…"),
            ("bad token s3cr…", "bad token <secret>…"),
            ("bad tokens…", "bad tokens…"),
            ("s3cret", "s3cret"),
        ] {
            let mut shown = text.to_owned();
            hide("s3cret-ünit", &mut shown);
            assert_eq!(shown, expected);
        }
    }
}

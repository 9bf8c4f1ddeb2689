//! Makes bytes from a peer fit for people: lossy UTF-8, control characters escaped, cut to a length.

/// The longest text of a peer's in a detail or a header shown to people, in bytes.
pub(super) const DETAIL: usize = 200;

/// At most `limit` bytes of printable text; what is cut off is marked with `…`.
pub(super) fn escape(bytes: &[u8], limit: usize) -> String {
    // A character of output takes at least one byte of input, so the rest need not be looked at.
    let text = String::from_utf8_lossy(bytes.get(..limit).unwrap_or(bytes));
    let mut out = String::new();
    for character in text.chars() {
        let piece = printable(character);
        if out.len() + piece.len() > limit.saturating_sub(CUT.len()) {
            out.push_str(CUT);
            return out;
        }
        out.push_str(&piece);
    }
    if bytes.len() > limit {
        out.push_str(CUT);
    }
    out
}

/// Ends a text that was cut.
pub(super) const CUT: &str = "…";

/// Control characters and those that reorder or hide text would let a peer forge log lines and pages.
fn printable(character: char) -> String {
    let deceptive = matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
    );
    if character.is_control() || deceptive {
        character.escape_default().collect()
    } else {
        character.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_peer_sends_is_made_harmless() {
        let table: [(&[u8], usize, &str); 8] = [
            (b"plain", 20, "plain"),
            (
                "it's \"fine\": ফেসবুক".as_bytes(),
                60,
                "it's \"fine\": ফেসবুক",
            ),
            ("\u{e0041}".as_bytes(), 30, r"\u{e0041}"),
            (b"a\r\nb\x1b[31m", 30, r"a\r\nb\u{1b}[31m"),
            ("\u{202e}txt".as_bytes(), 30, r"\u{202e}txt"),
            (b"\xff\xfe", 20, "\u{fffd}\u{fffd}"),
            (b"0123456789", 8, "01234…"),
            (&[0; 100], 12, r"\u{0}…"),
        ];
        for (bytes, limit, expected) in table {
            let got = escape(bytes, limit);
            assert_eq!(got, expected);
            assert!(got.len() <= limit);
        }
    }
}

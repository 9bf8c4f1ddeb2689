//! Peer data made fit for people: control and invisible characters escaped, length bounded.

/// Bytes of peer data that a detail may carry: a line on a page or in a log, not a document.
pub(super) const DETAIL_LIMIT: usize = 200;

/// Escapes what a terminal or page might act on, and cuts to [`DETAIL_LIMIT`] bytes.
pub(super) fn clean(text: &str) -> String {
    const CUT: &str = "…";
    let mut clean = String::new();
    for char in text.chars() {
        let before = clean.len();
        match char {
            '"' | '\'' => clean.push(char),
            _ => clean.extend(char.escape_debug()),
        }
        if clean.len() > DETAIL_LIMIT {
            clean.truncate(before);
            while clean.len() + CUT.len() > DETAIL_LIMIT {
                clean.pop();
            }
            clean.push_str(CUT);
            break;
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_a_terminal_would_act_on() {
        assert_eq!(clean("it's \"fine\" ünï"), "it's \"fine\" ünï");
        assert_eq!(
            clean("\x1b[31m\r\n\0\u{202e}"),
            "\\u{1b}[31m\\r\\n\\0\\u{202e}"
        );
    }

    #[test]
    fn is_never_longer_than_the_limit() {
        for text in [
            "a".repeat(200),
            "a".repeat(201),
            "ü".repeat(5_000),
            "\0".repeat(5_000),
        ] {
            assert!(clean(&text).len() <= DETAIL_LIMIT);
        }
        assert_eq!(clean(&"a".repeat(200)), "a".repeat(200));
        assert!(clean(&"a".repeat(201)).ends_with("a…"));
    }
}

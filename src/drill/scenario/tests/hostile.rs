//! Whatever the text is, there is an answer.

use proptest::prelude::*;

use super::super::built_in::FILES;
use super::read;

/// Words that stand where others should.
const WORDS: [&str; 18] = [
    "",
    "all",
    "vantage",
    "5m",
    "25h",
    "-1",
    "1e9",
    "2024-03-05T15:00:00Z",
    "1969-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "[]",
    "{}",
    "null",
    "true",
    "&a",
    "*a",
    "healthy",
    "ünknown",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_file_with_words_exchanged_never_panics(
        file in 0..FILES.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..WORDS.len()), 1..4),
    ) {
        let mut text = FILES[file].1.to_owned();
        for (place, word) in changes {
            // Between two of the characters that end words.
            let ends: Vec<usize> = text.match_indices([' ', ',', '\n']).map(|(at, _)| at + 1).collect();
            let which = place.index(ends.len() - 1);
            text.replace_range(ends[which]..ends[which + 1] - 1, WORDS[word]);
        }
        if let Err(errors) = read(&text) {
            prop_assert!(!errors.to_string().contains("internal error"), "{errors}");
            prop_assert!(!errors.is_empty());
        }
    }

    #[test]
    fn a_file_with_lines_lost_and_moved_never_panics(
        file in 0..FILES.len(),
        lines in prop::collection::vec(any::<prop::sample::Index>(), 0..80),
    ) {
        let all: Vec<&str> = FILES[file].1.lines().collect();
        let text: Vec<&str> = lines.iter().map(|line| all[line.index(all.len())]).collect();
        if let Err(errors) = read(&text.join("\n")) {
            prop_assert!(!errors.to_string().contains("internal error"), "{errors}");
        }
    }

    #[test]
    fn a_cut_file_never_panics(file in 0..FILES.len(), end in any::<prop::sample::Index>()) {
        let text = FILES[file].1;
        let end = end.index(text.len());
        let end = (0..=end).rev().find(|end| text.is_char_boundary(*end)).unwrap();
        if let Err(errors) = read(&text[..end]) {
            prop_assert!(!errors.to_string().contains("internal error"), "{errors}");
        }
    }
}

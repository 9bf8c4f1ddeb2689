//! "Did you mean …": the nearest of the words that would have been right.

/// Letters that may differ, for each three of the word: more would suggest things that nobody meant.
const LETTERS_PER_MISTAKE: usize = 3;
/// Longer words are not compared: nobody mistypes them, and the comparison is quadratic.
const MAX_LETTERS: usize = 64;

/// `; did you mean …?` with the nearest word, or nothing when none is near.
pub(crate) fn did_you_mean<'a>(
    found: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    if found.len() > MAX_LETTERS {
        return None;
    }
    let allowed = (found.chars().count() / LETTERS_PER_MISTAKE).max(1);
    let near = known.into_iter().map(|word| (distance(found, word), word));
    let (_, word) = near
        .filter(|(mistakes, _)| *mistakes <= allowed)
        .min_by_key(|(mistakes, _)| *mistakes)?;
    Some(format!("; did you mean `{word}`?"))
}

/// Letters to insert, delete, replace or swap with their neighbour to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let differ = usize::from(a[i - 1] != b[j - 1]);
            let mut least = (rows[i - 1][j] + 1)
                .min(row[j - 1] + 1)
                .min(rows[i - 1][j - 1] + differ);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_mistakes() {
        let cases = [
            ("", "", 0),
            ("abc", "abc", 0),
            ("", "abc", 3),
            ("intervall", "interval", 1),
            ("tiemout", "timeout", 1),
            ("fell", "fall", 1),
            ("kitten", "sitting", 3),
        ];
        for (a, b, expected) in cases {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn suggests_only_what_is_near() {
        let known = ["interval", "timeout", "url"];
        assert_eq!(
            did_you_mean("intervl", known).as_deref(),
            Some("; did you mean `interval`?")
        );
        assert_eq!(did_you_mean("colour", known), None);
        assert_eq!(did_you_mean(&"x".repeat(100_000), known), None);
    }
}

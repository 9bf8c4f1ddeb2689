//! README's reference of the metrics, made from the table.

use std::fmt::Write as _;

use super::families::FAMILIES;

/// The reference as a Markdown table.
pub fn reference() -> String {
    let mut table = "| metric | type | labels | meaning |\n|---|---|---|---|\n".to_owned();
    for family in FAMILIES {
        let labels: Vec<_> = family
            .labels
            .iter()
            .map(|label| format!("`{label}`"))
            .collect();
        let (name, kind, help) = (
            family.name,
            family.kind.label(),
            family.help.replace('<', "&lt;"),
        );
        // Writing into memory cannot fail.
        let _ = writeln!(
            table,
            "| `{name}` | {kind} | {} | {help} |",
            labels.join(", ")
        );
    }
    table.push_str(
        "\nEach of them also carries `vantage`. Beside them stand the usual `process_*` metrics.\n",
    );
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: &str = "<!-- metrics:begin -->\n";
    const END: &str = "<!-- metrics:end -->";

    /// `UPDATE=1 cargo test reference` writes it anew.
    #[test]
    fn readme_has_the_reference() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        let readme = std::fs::read_to_string(path).unwrap();
        let (before, rest) = readme
            .split_once(BEGIN)
            .expect("README.md has the begin marker");
        let (block, after) = rest.split_once(END).expect("README.md has the end marker");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, format!("{before}{BEGIN}{}{END}{after}", reference())).unwrap();
        } else {
            assert_eq!(block, reference(), "run `UPDATE=1 cargo test reference`");
        }
    }
}

//! `${NAME}` in string values: replaced by the variable of the environment. `$${` stands for the characters `${`.

use std::borrow::Cow;

use super::tree::{Content, Node};

/// Looks up a variable.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Replaces the variables of a string value.
///
/// # Errors
/// A sentence that names the variable, never its value.
pub(super) fn expand<'a>(text: &'a str, lookup: Lookup<'_>) -> Result<Cow<'a, str>, String> {
    if !text.contains("${") {
        return Ok(Cow::Borrowed(text));
    }
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, after) = (&rest[..start], &rest[start + "${".len()..]);
        if let Some(before) = before.strip_suffix('$') {
            expanded.push_str(before);
            expanded.push_str("${");
            rest = after;
            continue;
        }
        expanded.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or_default();
        if !is_name(name) {
            return Err("`${` without the name of a variable and `}`; for the characters themselves write `$${`".into());
        }
        match lookup(name) {
            Some(value) => expanded.push_str(&value),
            None => return Err(format!("the environment variable {name} is not set")),
        }
        rest = after;
    }
    expanded.push_str(rest);
    Ok(Cow::Owned(expanded))
}

/// Whether a value as written has a variable in it: then it may be a secret.
pub(super) fn has_variable(text: &str) -> bool {
    expand(text, &|_| None).is_err()
}

/// Lets every variable below stand for its own name: for what is not going to run, and is only shown.
pub(super) fn name_variables(node: &mut Node) {
    match &mut node.content {
        Content::Text(text) if has_variable(text) => {
            if let Ok(named) = expand(text, &|name| Some(name.to_owned())) {
                *text = named.replace("${", "$${");
            }
        }
        Content::List(items) => items.iter_mut().for_each(name_variables),
        Content::Map(entries) => entries.iter_mut().for_each(|e| name_variables(&mut e.node)),
        _ => {}
    }
}

/// Whether this can be the name of an environment variable.
pub(super) fn is_name(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.chars().all(word) && !text.starts_with(|c: char| c.is_ascii_digit()) && !text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<String> {
        (name == "HOST").then(|| "acme.example".into())
    }

    #[test]
    fn replaces_variables_and_nothing_else() {
        let cases = [
            ("", ""),
            ("^a$", "^a$"),
            ("$HOST", "$HOST"),
            ("${HOST}", "acme.example"),
            (
                "https://${HOST}/${HOST}",
                "https://acme.example/acme.example",
            ),
            ("$${HOST}", "${HOST}"),
            ("$$${HOST}", "$${HOST}"),
            ("x$${", "x${"),
            ("é${HOST}é", "éacme.exampleé"),
        ];
        for (text, expected) in cases {
            assert_eq!(expand(text, &lookup).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn an_unset_or_unnamed_variable_is_an_error() {
        let unset = expand("${HOME_OF_NOBODY}", &lookup).unwrap_err();
        assert_eq!(unset, "the environment variable HOME_OF_NOBODY is not set");
        for text in ["${", "${}", "${HOST", "${1A}", "${a b}", "${é}"] {
            let error = expand(text, &lookup).unwrap_err();
            assert!(
                error.starts_with("`${` without the name"),
                "{text}: {error}"
            );
        }
    }
}

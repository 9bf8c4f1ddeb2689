//! From the user's file to what the program runs on: text → tree with places → checked → merged over the catalogue →
//! [`Config`]. All errors are reported at once, each with file, line and column.

mod at;
mod build;
mod check;
mod env;
mod error;
mod merge;
mod raw;
mod rules;
mod schema;
pub mod settings;
mod suggest;
mod switch;
mod target;
#[cfg(test)]
pub(crate) mod tests;
mod tree;
mod values;
mod yaml;

use std::io::Read;
use std::path::Path;
use std::sync::LazyLock;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use env::Lookup;
pub use error::{Error, Errors, Place};
pub use schema::json_schema;
pub use settings::*;

// What other files than the configuration are read with: scenarios of drills.
pub(crate) use at::At;
pub(crate) use schema::schema_of;
pub(crate) use suggest::did_you_mean;
pub(crate) use tree::Node;
pub(crate) use values::{Duration, Entries, Items, Label, Moment, OneOrMore, When};
pub(crate) use yaml::parse as parse_yaml;

use merge::Catalogue;

/// Bytes of a file that are read: far above a file for 30,000 checks, and an end for `/dev/zero`.
const MAX_FILE: u64 = 16 << 20;

static SCHEMA: LazyLock<Value> = LazyLock::new(json_schema);

/// Reads the configuration: the user's file over the built-in catalogue, or the catalogue alone.
///
/// # Errors
/// Everything that is wrong, with places.
pub fn load(path: Option<&Path>) -> Result<Config, Errors> {
    let (name, text) = match path {
        None => ("built-in".to_owned(), String::new()),
        Some(path) => (path.display().to_string(), read(path)?),
    };
    parse(&name, &text, crate::catalog::FILES)
}

/// Reads a configuration from texts: the user's file `name`, and catalogue files with their names. Relative paths start at
/// the directory of `name`; variables come from the environment of the process.
///
/// # Errors
/// Everything that is wrong, with places.
pub fn parse(name: &str, text: &str, catalogue: &[(&str, &str)]) -> Result<Config, Errors> {
    parse_with(name, text, catalogue, &|name| std::env::var(name).ok())
}

/// The same with variables from elsewhere.
///
/// # Errors
/// Everything that is wrong, with places.
pub fn parse_with(
    name: &str,
    text: &str,
    catalogue: &[(&str, &str)],
    lookup: Lookup<'_>,
) -> Result<Config, Errors> {
    let mut errors = Errors::default();
    let files = catalogue
        .iter()
        .filter_map(|(name, text)| yaml::parse(name, text, &mut errors));
    let catalogue = Catalogue::new(files.collect());
    let user = yaml::parse(name, text, &mut errors).ok_or_else(|| errors.clone())?;
    let config = assemble(name, user, &catalogue, lookup, &mut errors);
    match config {
        Some(config) if errors.is_empty() => Ok(config),
        _ => Err(errors),
    }
}

fn assemble(
    name: &str,
    user: Node,
    catalogue: &Catalogue,
    lookup: Lookup<'_>,
    errors: &mut Errors,
) -> Option<Config> {
    let mut wanted_credentials = catalogue.credentials();
    let mut tree = catalogue.merge(user);
    wanted_credentials.extend(merge::credentials(&tree));
    switch::name_variables_of_off(&mut tree);
    let file: raw::File = values(&SCHEMA, &tree, lookup, errors)?;
    let catalogue = catalogue.names().collect();
    let around = build::Surroundings {
        file: name,
        catalogue,
        wanted_credentials,
        lookup,
    };
    Some(build::build(file, &At::root(&tree), &around, errors))
}

/// Checks a tree against the schema of `T` and reads what is right of it.
pub(crate) fn values<T: DeserializeOwned>(
    schema: &Value,
    tree: &Node,
    lookup: Lookup<'_>,
    errors: &mut Errors,
) -> Option<T> {
    let value = check::check(schema, tree, lookup, errors)?;
    match T::deserialize(value) {
        Ok(values) => Some(values),
        // Only where schema and types disagree, which is a bug.
        Err(error) => {
            errors.push(tree.place.clone(), "", format!("internal error: {error}"));
            None
        }
    }
}

/// The text of a file.
///
/// # Errors
/// It cannot be read, is too large, or is not UTF-8.
pub(crate) fn read(path: &Path) -> Result<String, Errors> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path);
    let read = file.and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes));
    let mut place = Place::file(&path.display().to_string());
    let message = match (read, String::from_utf8(bytes)) {
        (Err(error), _) => format!("cannot be read: {error}"),
        (Ok(read), _) if read as u64 > MAX_FILE => format!("has more than {MAX_FILE} bytes"),
        (Ok(_), Ok(text)) => return Ok(text),
        (Ok(_), Err(error)) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            place.line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
            let line = good
                .rsplit(|byte| *byte == b'\n')
                .next()
                .unwrap_or_default();
            place.column = 1 + String::from_utf8_lossy(line).chars().count();
            "not UTF-8".into()
        }
    };
    let mut errors = Errors::default();
    errors.push(place, "", message);
    Err(errors)
}

//! The built-in catalogue: one YAML file per platform, in the schema of the user's own file, and the list of them.

/// Every file: its name for error messages, and its text.
pub const FILES: &[(&str, &str)] = &[];

//! The scenarios that are built in: one YAML file each, and the list of them.

use crate::config::{self, Errors};

macro_rules! files {
    ($($name:literal)*) => {
        /// Name and text of every file, in the order in which they are listed.
        pub(super) const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../scenarios/", $name, ".yaml"))),)*];
    };
}

files! {
    "meta-2024-03-05" "whatsapp-2024-04-03" "x-2022-12-28"
    "nat-gateway" "slow-resolver" "refused-everywhere" "redesign" "one-chat-host"
}

/// Name and title of every built-in scenario.
pub fn list() -> impl Iterator<Item = (&'static str, String)> {
    FILES.iter().map(|(name, text)| (*name, title(name, text)))
}

/// Their names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

/// The text of one of them.
pub(super) fn text(name: &str) -> Option<&'static str> {
    FILES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}

fn title(name: &str, text: &str) -> String {
    let tree = config::parse_yaml(name, text, &mut Errors::default());
    let title = tree.as_ref().and_then(|tree| tree.text("title"));
    title.unwrap_or_default().to_owned()
}

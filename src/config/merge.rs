//! The user's tree laid over the catalogue's trees: maps merge, lists replace, another kind of check replaces the old
//! one. Every node keeps its place, so an error in the result points into the right file.

use super::tree::{Content, Entry, Node, children};

/// The keys of a check that say what kind it is.
pub(super) const KINDS: [&str; 5] = ["http", "tcp", "tls", "dns", "websocket"];

/// What can be merged: the catalogue, as one mapping of platforms, each with what is true of the catalogue only.
pub(super) struct Catalogue(Vec<Entry>);

impl Catalogue {
    /// From the trees of its files.
    pub fn new(files: Vec<Node>) -> Self {
        let mut platforms = Vec::new();
        for file in files {
            let entries = take_map(file)
                .into_iter()
                .filter(|entry| entry.key == "platforms");
            platforms.extend(entries.flat_map(|entry| take_map(entry.node)));
        }
        platforms
            .iter_mut()
            .for_each(|entry| mark_platform(&mut entry.node));
        Self(platforms)
    }

    /// The names of its platforms.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|entry| entry.key.as_str())
    }

    /// The credentials that its checks name.
    pub fn credentials(&self) -> Vec<String> {
        named_credentials(&self.0)
    }

    /// Lays the user's tree over it: all of it where the user names no platforms, else exactly those that are named.
    pub fn merge(&self, mut user: Node) -> Node {
        let place = user.place.clone();
        let Content::Map(entries) = &mut user.content else {
            return user;
        };
        let empty = |entry: &Entry| entry.key == "platforms" && entry.node.content == Content::Null;
        entries.retain(|entry| !empty(entry));
        match entries.iter_mut().find(|entry| entry.key == "platforms") {
            Some(entry) => {
                if let Content::Map(platforms) = &mut entry.node.content {
                    platforms
                        .iter_mut()
                        .for_each(|platform| self.merge_platform(platform));
                }
            }
            None => entries.push(Entry {
                key: "platforms".into(),
                place: place.clone(),
                node: Node {
                    place,
                    content: Content::Map(self.0.clone()),
                },
            }),
        }
        user
    }

    fn merge_platform(&self, platform: &mut Entry) {
        if platform.node.content == Content::Null {
            platform.node.content = Content::Map(Vec::new());
        }
        if let Some(shipped) = self.0.iter().find(|entry| entry.key == platform.key) {
            let place = platform.node.place.clone();
            let empty = Node {
                place,
                content: Content::Null,
            };
            let over = std::mem::replace(&mut platform.node, empty);
            platform.node = lay(shipped.node.clone(), over, Level::Platform);
        }
    }
}

/// What a mapping is, where merging asks.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    Platform,
    Components,
    Component,
    Checks,
    Check,
    Below,
}

impl Level {
    const fn child(self, key: &str) -> Self {
        match (self, key.as_bytes()) {
            (Self::Platform, b"components") => Self::Components,
            (Self::Components, _) => Self::Component,
            (Self::Component, b"checks") => Self::Checks,
            (Self::Checks, _) => Self::Check,
            _ => Self::Below,
        }
    }
}

/// Lays `over` over `base`.
fn lay(base: Node, over: Node, level: Level) -> Node {
    let (mut below, above) = match (base.content, over.content) {
        (content, Content::Null) => {
            return Node {
                place: base.place,
                content,
            };
        }
        (Content::Map(below), Content::Map(above)) => (below, above),
        (_, content) => {
            return Node {
                place: over.place,
                content,
            };
        }
    };
    prepare(&mut below, &above, level);
    for entry in above {
        match below.iter_mut().find(|old| old.key == entry.key) {
            None => below.push(entry),
            Some(old) => {
                let base = old.node.clone();
                old.place = entry.place;
                old.node = lay(base, entry.node, level.child(&old.key));
            }
        }
    }
    Node {
        place: over.place,
        content: Content::Map(below),
    }
}

/// Takes out of `below` what `above` makes meaningless.
fn prepare(below: &mut Vec<Entry>, above: &[Entry], level: Level) {
    let switch = above.iter().find(|entry| entry.key == "enabled");
    let named_on = level == Level::Platform && switch.is_none();
    if named_on || switch.is_some_and(|entry| entry.node.content == Content::Bool(true)) {
        below.retain(|entry| entry.key != "enabled" && entry.key != "off_reason");
    }
    let is_kind = |entry: &&Entry| KINDS.contains(&entry.key.as_str());
    let filled = |entry: &&Entry| entry.node.content != Content::Null;
    let new_kind = above.iter().filter(is_kind).filter(filled).find(|kind| {
        let same = |old: &Entry| old.key == kind.key;
        !below.iter().any(same)
    });
    if level == Level::Check && new_kind.is_some() {
        // Rules read what the old kind answered, and the evidence speaks of it.
        let of_kind = |entry: &Entry| {
            KINDS.contains(&entry.key.as_str())
                || matches!(
                    entry.key.as_str(),
                    "rules" | "evidence" | "depth" | "robots" | "terms"
                )
        };
        below.retain(|entry| !of_kind(entry));
    }
}

/// Writes down what holds for the catalogue only: a page for what is on by default, and trust only after proof.
fn mark_platform(platform: &mut Node) {
    if !platform.says("enabled", false) {
        set_default(platform, "page", Content::Bool(true));
    }
    let components = children(platform, "components");
    for check in components.flat_map(|component| children(component, "checks")) {
        set_default(check, "trust", Content::Text("once_proven".into()));
        set_default(check, "block_signs", Content::Bool(true));
    }
}

fn set_default(node: &mut Node, key: &str, content: Content) {
    let place = node.place.clone();
    if let (false, Content::Map(entries)) = (node.get(key).is_some(), &mut node.content) {
        let node = Node {
            place: place.clone(),
            content,
        };
        entries.push(Entry {
            key: key.into(),
            place,
            node,
        });
    }
}

fn take_map(node: Node) -> Vec<Entry> {
    match node.content {
        Content::Map(entries) => entries,
        _ => Vec::new(),
    }
}

/// The credentials that checks of a tree name.
pub(super) fn credentials(tree: &Node) -> Vec<String> {
    let platforms = tree.get("platforms").map(Node::entries).unwrap_or_default();
    named_credentials(platforms)
}

fn named_credentials(platforms: &[Entry]) -> Vec<String> {
    fn below<'a>(entry: &'a Entry, key: &str) -> &'a [Entry] {
        entry.node.get(key).map(Node::entries).unwrap_or_default()
    }
    let components = platforms
        .iter()
        .flat_map(|platform| below(platform, "components"));
    let checks = components.flat_map(|component| below(component, "checks"));
    checks
        .filter_map(|check| check.node.text("credential"))
        .map(str::to_owned)
        .collect()
}

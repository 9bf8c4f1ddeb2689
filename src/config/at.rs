//! A position in the tree: a node, the key it stands under, and the way from the root for error messages.

use std::fmt;

use super::error::Place;
use super::tree::{Content, Entry, Node};

/// A node and the way to it.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    /// The node.
    pub node: &'a Node,
    /// Where its key stands; for list items and the root where they begin themselves.
    pub key_place: &'a Place,
    step: Step<'a>,
    parent: Option<&'a At<'a>>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Item(usize),
}

impl<'a> At<'a> {
    /// The whole tree.
    pub fn root(node: &'a Node) -> Self {
        Self {
            node,
            key_place: &node.place,
            step: Step::Root,
            parent: None,
        }
    }

    /// The value of an entry of this mapping.
    pub fn entry(&'a self, entry: &'a Entry) -> Self {
        Self {
            node: &entry.node,
            key_place: &entry.place,
            step: Step::Key(&entry.key),
            parent: Some(self),
        }
    }

    /// The value under a key; none where it is absent or empty.
    pub fn key(&'a self, key: &str) -> Option<Self> {
        let entry = self.node.entries().iter().find(|entry| entry.key == key)?;
        (entry.node.content != Content::Null).then(|| self.entry(entry))
    }

    /// The value under a key, or else the mapping itself: where to point at for something about that key.
    pub fn near(&'a self, key: &str) -> Self {
        self.key(key).unwrap_or(*self)
    }

    /// Whether the key is there with a value, usable or not.
    pub fn has(&self, key: &str) -> bool {
        self.node.get(key).is_some()
    }

    /// Whether it is the whole tree.
    pub fn is_root(&self) -> bool {
        self.parent.is_none()
    }

    /// The items of this list, or the value itself where it stands for a list of one.
    pub fn one_or_more(&'a self) -> Vec<Self> {
        match self.node.content {
            Content::List(_) => self.items().collect(),
            _ => vec![*self],
        }
    }

    /// The items of this list, with their positions.
    pub fn items(&'a self) -> impl Iterator<Item = Self> {
        let items = match &self.node.content {
            Content::List(items) => items.as_slice(),
            _ => &[],
        };
        items.iter().enumerate().map(|(i, node)| Self {
            node,
            key_place: &node.place,
            step: Step::Item(i),
            parent: Some(self),
        })
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(parent) = self.parent else {
            return Ok(());
        };
        parent.fmt(f)?;
        match self.step {
            Step::Root => Ok(()),
            Step::Item(i) => write!(f, "[{i}]"),
            Step::Key(key) => write_key(f, key, parent.parent.is_none()),
        }
    }
}

/// Writes one step of a path: `.key`, or `["/a b"]` for a key that is no plain word.
pub(super) fn write_key(f: &mut impl fmt::Write, key: &str, first: bool) -> fmt::Result {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if key.is_empty() || !key.chars().all(plain) {
        return write!(f, "[{key:?}]");
    }
    write!(f, "{}{key}", if first { "" } else { "." })
}

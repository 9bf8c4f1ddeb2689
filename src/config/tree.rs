//! The tree of a file: values in which every key and value knows its place.

use serde_json::Number;

use super::error::Place;

/// Bytes of text that weigh as much as a node.
pub(super) const BYTES_PER_WEIGHT: usize = 32;

/// A value and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    /// Where it begins.
    pub place: Place,
    /// What it is.
    pub content: Content,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    Null,
    Bool(bool),
    Number(Number),
    /// As written: variables are not expanded here.
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub place: Place,
    /// The value.
    pub node: Node,
}

impl Node {
    /// The entries of a mapping; none of anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.content {
            Content::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The entries of a mapping, to be changed; none of anything else.
    pub fn entries_mut(&mut self) -> &mut [Entry] {
        match &mut self.content {
            Content::Map(entries) => entries,
            _ => &mut [],
        }
    }

    /// The value under a key, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        let entry = self
            .entries_mut()
            .iter_mut()
            .find(|entry| entry.key == key)?;
        Some(&mut entry.node)
    }

    /// The value under a key; none where it is absent or empty.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let entry = self.entries().iter().find(|entry| entry.key == key)?;
        (entry.node.content != Content::Null).then_some(&entry.node)
    }

    /// The text under a key.
    pub fn text(&self, key: &str) -> Option<&str> {
        match &self.get(key)?.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether the key is there and says `value`.
    pub fn says(&self, key: &str, value: bool) -> bool {
        self.get(key)
            .is_some_and(|node| node.content == Content::Bool(value))
    }

    /// Writes the value so that equal values give equal text, whatever their layout and order of keys.
    pub fn canonical(&self, out: &mut String) {
        match &self.content {
            Content::Null => out.push_str("null"),
            Content::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Content::Number(number) => out.push_str(&number.to_string()),
            Content::Text(text) => out.push_str(&format!("{text:?}")),
            Content::List(items) => {
                out.push('[');
                for item in items {
                    item.canonical(out);
                    out.push(',');
                }
                out.push(']');
            }
            Content::Map(entries) => {
                let mut sorted: Vec<&Entry> = entries.iter().collect();
                sorted.sort_by_key(|entry| &entry.key);
                out.push('{');
                for entry in sorted {
                    out.push_str(&format!("{:?}:", entry.key));
                    entry.node.canonical(out);
                    out.push(',');
                }
                out.push('}');
            }
        }
    }

    /// Nodes, and the text in them: what a copy costs.
    pub fn weight(&self) -> usize {
        1 + match &self.content {
            Content::Text(text) => text.len() / BYTES_PER_WEIGHT,
            Content::List(items) => items.iter().map(Self::weight).sum(),
            Content::Map(entries) => entries.iter().map(Entry::weight).sum(),
            _ => 0,
        }
    }

    /// Levels of nesting.
    pub fn depth(&self) -> usize {
        1 + match &self.content {
            Content::List(items) => items.iter().map(Self::depth).max().unwrap_or(0),
            Content::Map(entries) => entries.iter().map(|e| e.node.depth()).max().unwrap_or(0),
            _ => 0,
        }
    }
}

impl Entry {
    fn weight(&self) -> usize {
        self.key.len() / BYTES_PER_WEIGHT + self.node.weight()
    }
}

/// The values of the mapping under a key, to be changed.
pub(super) fn children<'a>(node: &'a mut Node, key: &str) -> impl Iterator<Item = &'a mut Node> {
    node.get_mut(key)
        .map(Node::entries_mut)
        .unwrap_or_default()
        .iter_mut()
        .map(|e| &mut e.node)
}

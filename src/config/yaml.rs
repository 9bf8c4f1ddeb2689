//! YAML text → a tree in which every key and value knows its place.
//!
//! Built from the parser's events, because a deserializer stops at the first mistake and forgets where keys stand. JSON
//! is YAML. Anchors, aliases and merge keys (`<<`) work, within a budget.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag};
use serde_json::Number;

use super::at::write_key;
use super::error::{Errors, Place};
use super::tree::{BYTES_PER_WEIGHT, Content, Entry, Node};

/// Weight that a tree may have, aliases multiplied out: a node counts one, and one more for each 32 bytes of its text.
/// Room for some 30,000 checks; a bomb of aliases ends here, below 100 MB.
const MAX_WEIGHT: usize = 500_000;
/// Levels of nesting, aliases multiplied out. The deepest key of the schema is at 10; the tree is walked recursively.
const MAX_DEPTH: usize = 64;

/// Reads one document. An empty one is an empty mapping. Duplicate keys are reported and their first value is kept;
/// after any other error there is no tree.
pub(crate) fn parse(file: &str, text: &str, errors: &mut Errors) -> Option<Node> {
    let file: Arc<str> = file.into();
    let mut builder = Builder::new(file.clone(), errors);
    let options = granit_parser::options! {
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
        emit_comments: false,
    };
    for next in Parser::new_from_str_with_options(text, options) {
        let step = match next {
            Ok((event, span)) => builder.take(event, span),
            Err(error) => {
                let (line, column) = (error.marker().line(), error.marker().col() + 1);
                let place = Place {
                    file: file.clone(),
                    line,
                    column,
                };
                Err((place, format!("not valid YAML: {}", error.info())))
            }
        };
        if let Err((place, message)) = step {
            builder.errors.push(place, "", message);
            return None;
        }
    }
    let start = Place {
        file,
        line: 1,
        column: 1,
    };
    let content = Content::Map(Vec::new());
    Some(match builder.root {
        Some(root) if root.content != Content::Null => root,
        _ => Node {
            place: start,
            content,
        },
    })
}

/// An error after which there is no tree.
type Fatal = (Place, String);

struct Builder<'e> {
    file: Arc<str>,
    errors: &'e mut Errors,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    root: Option<Node>,
    documents: usize,
    weight: usize,
}

/// A list or mapping that has begun.
struct Open {
    place: Place,
    anchor: usize,
    items: Items,
}

enum Items {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        /// Where each key stands, to find duplicates.
        seen: HashMap<String, Place>,
        /// The key whose value is awaited.
        key: Option<Key>,
        /// Values of `<<`, taken in when the mapping ends: its own keys win.
        merged: Vec<Node>,
    },
}

struct Key {
    text: String,
    place: Place,
    use_of: Use,
}

#[derive(Clone, Copy, PartialEq)]
enum Use {
    Own,
    Merge,
    /// A second value for the same key: read, reported and left out.
    Duplicate,
}

impl<'e> Builder<'e> {
    fn new(file: Arc<str>, errors: &'e mut Errors) -> Self {
        Self {
            file,
            errors,
            open: Vec::new(),
            anchors: HashMap::new(),
            root: None,
            documents: 0,
            weight: 0,
        }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Fatal> {
        let place = self.place(span);
        match event {
            Event::DocumentStart(..) => self.begin_document(place),
            Event::Alias(anchor) => self.repeat(anchor, place),
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                if self.awaits_key() {
                    return self.begin_entry(text.into_owned(), place, plain);
                }
                let text_tag = only_tag(tag.as_deref(), "str", &place)?;
                let content = match plain && !text_tag {
                    true => resolve(text.into_owned()),
                    false => Content::Text(text.into_owned()),
                };
                let node = Node { place, content };
                self.spend(node.weight(), &node.place)?;
                self.add(node, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                only_tag(tag.as_deref(), "seq", &place)?;
                self.begin(place, anchor, Items::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, tag) => {
                only_tag(tag.as_deref(), "map", &place)?;
                let items = Items::Map {
                    entries: Vec::new(),
                    seen: HashMap::new(),
                    key: None,
                    merged: Vec::new(),
                };
                self.begin(place, anchor, items)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            _ => Ok(()),
        }
    }

    fn place(&self, span: Span) -> Place {
        Place {
            file: self.file.clone(),
            line: span.start.line(),
            column: span.start.col() + 1,
        }
    }

    fn begin_document(&mut self, place: Place) -> Result<(), Fatal> {
        self.documents += 1;
        match self.documents {
            1 => Ok(()),
            _ => Err((
                place,
                "a second document begins: there can be only one".into(),
            )),
        }
    }

    fn awaits_key(&self) -> bool {
        matches!(
            self.open.last(),
            Some(Open {
                items: Items::Map { key: None, .. },
                ..
            })
        )
    }

    fn begin(&mut self, place: Place, anchor: usize, items: Items) -> Result<(), Fatal> {
        if self.awaits_key() {
            let hint = "a key must be text; a value that begins with { or [ needs quotes";
            return Err((place, hint.into()));
        }
        self.spend(1, &place)?;
        self.nest(1, &place)?;
        self.open.push(Open {
            place,
            anchor,
            items,
        });
        Ok(())
    }

    fn begin_entry(&mut self, text: String, place: Place, plain: bool) -> Result<(), Fatal> {
        self.spend(text.len() / BYTES_PER_WEIGHT, &place)?;
        let use_of = match self.first(&text) {
            Some(first) => {
                let message = format!("given twice; first at {}:{}", first.line, first.column);
                self.errors
                    .push(place.clone(), join(self.path(), &text), message);
                Use::Duplicate
            }
            None if plain && text == "<<" => Use::Merge,
            None => Use::Own,
        };
        if let Some(Items::Map { seen, key, .. }) = self.open.last_mut().map(|o| &mut o.items) {
            seen.entry(text.clone()).or_insert_with(|| place.clone());
            *key = Some(Key {
                text,
                place,
                use_of,
            });
        }
        Ok(())
    }

    /// Where the open mapping has the key already.
    fn first(&self, text: &str) -> Option<Place> {
        match &self.open.last()?.items {
            Items::Map { seen, .. } => seen.get(text).cloned(),
            Items::List(_) => None,
        }
    }

    /// Puts a copy of an anchored value where its alias stands.
    fn repeat(&mut self, anchor: usize, place: Place) -> Result<(), Fatal> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err((place, "an alias of something that has no value yet".into()));
        };
        if self.awaits_key() {
            return Err((place, "a key must be text, not an alias".into()));
        }
        self.spend(node.weight(), &place)?;
        self.nest(node.depth(), &place)?;
        self.add(node, 0)
    }

    /// Puts a finished value where it belongs.
    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Fatal> {
        if anchor != 0 {
            self.spend(node.weight(), &node.place)?;
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.items) {
            None => self.root = Some(node),
            Some(Items::List(items)) => items.push(node),
            Some(Items::Map {
                entries,
                key,
                merged,
                ..
            }) => {
                let Some(key) = key.take() else {
                    return Err((node.place, "a key must be text".into()));
                };
                match key.use_of {
                    Use::Own => entries.push(Entry {
                        key: key.text,
                        place: key.place,
                        node,
                    }),
                    Use::Merge => merged.push(node),
                    Use::Duplicate => {}
                }
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fatal> {
        let Some(Open {
            place,
            anchor,
            items,
        }) = self.open.pop()
        else {
            return Ok(());
        };
        let content = match items {
            Items::List(items) => Content::List(items),
            Items::Map {
                mut entries,
                merged,
                ..
            } => {
                for node in merged {
                    merge(&mut entries, node)?;
                }
                Content::Map(entries)
            }
        };
        self.add(Node { place, content }, anchor)
    }

    fn spend(&mut self, weight: usize, place: &Place) -> Result<(), Fatal> {
        self.weight += weight;
        match self.weight <= MAX_WEIGHT {
            true => Ok(()),
            false => Err((
                place.clone(),
                "too large, with its aliases multiplied out".into(),
            )),
        }
    }

    fn nest(&self, levels: usize, place: &Place) -> Result<(), Fatal> {
        match self.open.len() + levels <= MAX_DEPTH {
            true => Ok(()),
            false => Err((
                place.clone(),
                format!("nested more than {MAX_DEPTH} levels deep"),
            )),
        }
    }

    /// The way to the mapping that is open.
    fn path(&self) -> String {
        self.open
            .iter()
            .fold(String::new(), |path, open| match &open.items {
                Items::List(items) => format!("{path}[{}]", items.len()),
                Items::Map { key: Some(key), .. } => join(path, &key.text),
                Items::Map { key: None, .. } => path,
            })
    }
}

fn join(mut path: String, key: &str) -> String {
    let first = path.is_empty();
    // Writing to a string cannot fail.
    let _ = write_key(&mut path, key, first);
    path
}

/// Takes in the value of a merge key: a mapping, or a list of them of which the earlier wins.
fn merge(entries: &mut Vec<Entry>, node: Node) -> Result<(), Fatal> {
    match node.content {
        Content::Map(more) => {
            let own: HashSet<String> = entries.iter().map(|entry| entry.key.clone()).collect();
            entries.extend(more.into_iter().filter(|entry| !own.contains(&entry.key)));
            Ok(())
        }
        Content::List(nodes) if nodes.iter().all(|n| matches!(n.content, Content::Map(_))) => {
            nodes.into_iter().try_for_each(|node| merge(entries, node))
        }
        _ => Err((
            node.place,
            "`<<` needs a mapping or a list of mappings".into(),
        )),
    }
}

/// Whether the node is tagged as `core`; no other tag has a meaning here.
fn only_tag(tag: Option<&Tag>, core: &str, place: &Place) -> Result<bool, Fatal> {
    match tag {
        None => Ok(false),
        Some(tag) if tag.is_yaml_core_schema_tag(core) => Ok(true),
        Some(tag) => Err((place.clone(), format!("the tag {tag} has no meaning here"))),
    }
}

/// What a plain scalar is by YAML 1.2's core schema.
fn resolve(text: String) -> Content {
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => Content::Null,
        "true" | "True" | "TRUE" => Content::Bool(true),
        "false" | "False" | "FALSE" => Content::Bool(false),
        _ => number(&text).map_or(Content::Text(text), Content::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    if let Some(digits) = text.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16).ok().map(Number::from);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return u64::from_str_radix(digits, 8).ok().map(Number::from);
    }
    if let Ok(number) = text.parse::<i64>() {
        return Some(number.into());
    }
    if let Ok(number) = text.parse::<u64>() {
        return Some(number.into());
    }
    // Rust's syntax of floats is wider: it has names such as `inf`, which here are text.
    let shaped = text
        .chars()
        .all(|c| matches!(c, '0'..='9' | '.' | '+' | '-' | 'e' | 'E'));
    text.parse()
        .ok()
        .filter(|_| shaped)
        .and_then(Number::from_f64)
}

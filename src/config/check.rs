//! Checks a tree against the JSON Schema and collects everything that is wrong, each with its place.
//!
//! The schema that is published is the one that is checked against, so it cannot refuse what the program accepts. What
//! comes out is the part of the tree that is right, with variables expanded: one mistake does not hide the others.
//! Only the words of the schema that `schema.rs` produces are known here; a test holds the two together.

use serde_json::{Map, Value};

use super::at::At;
use super::env::{self, Lookup};
use super::error::Errors;
use super::suggest::did_you_mean;
use super::tree::{Content, Entry, Node};
use super::values::{self, quote};

/// Checks the whole tree.
pub(super) fn check(
    schema: &Value,
    tree: &Node,
    lookup: Lookup<'_>,
    errors: &mut Errors,
) -> Option<Value> {
    let mut checker = Checker {
        root: schema,
        lookup,
        errors,
    };
    checker.value(schema, &At::root(tree))
}

struct Checker<'a> {
    root: &'a Value,
    lookup: Lookup<'a>,
    errors: &'a mut Errors,
}

/// A schema without its wrapping: references followed, null set aside.
#[derive(Clone, Copy)]
struct Shape<'a> {
    schema: &'a Value,
    /// Its name under `$defs`.
    name: &'a str,
    nullable: bool,
}

impl<'a> Checker<'a> {
    /// The right part of a value; none when nothing of it can be used.
    fn value(&mut self, schema: &'a Value, at: &At<'_>) -> Option<Value> {
        let shape = self.shape(schema);
        if let Some((one, more)) = shape.one_or_more() {
            return match &at.node.content {
                Content::List(_) => self.value(more, at),
                _ => self.value(one, at).map(|value| Value::Array(vec![value])),
            };
        }
        match &at.node.content {
            Content::Null if shape.nullable => Some(Value::Null),
            _ if !shape.has_form() => self.free(at),
            Content::Map(entries) if shape.allows("object") => self.map(shape, entries, at),
            Content::List(_) if shape.allows("array") => self.list(shape, at),
            Content::Text(text) if shape.words().is_some() => self.word(shape, text, at),
            Content::Text(text) if shape.allows("string") => self.text(shape, text, at),
            Content::Number(_) if shape.allows("integer") => self.number(shape, at),
            Content::Bool(value) if shape.allows("boolean") => Some(Value::Bool(*value)),
            _ => self.mismatch(shape, at),
        }
    }

    fn shape(&self, schema: &'a Value) -> Shape<'a> {
        if let Some(name) = schema["$ref"]
            .as_str()
            .and_then(|r| r.strip_prefix("#/$defs/"))
        {
            let schema = &self.root["$defs"][name];
            return Shape {
                schema,
                name,
                nullable: false,
            };
        }
        match schema["anyOf"].as_array().map(Vec::as_slice) {
            Some([inner, null]) if null["type"] == "null" => Shape {
                nullable: true,
                ..self.shape(inner)
            },
            _ => Shape {
                schema,
                name: "",
                nullable: is_type(schema, "null"),
            },
        }
    }

    fn map(&mut self, shape: Shape<'a>, entries: &[Entry], at: &At<'_>) -> Option<Value> {
        let mut map = Map::new();
        for entry in entries {
            let at = at.entry(entry);
            let Some(schema) = self.schema_of(shape, &entry.key, &at) else {
                continue;
            };
            if let Some(value) = self.value(schema, &at) {
                map.insert(entry.key.clone(), value);
            }
        }
        let required = shape.schema["required"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        for key in required.iter().filter_map(Value::as_str) {
            if entries.iter().all(|entry| entry.key != key) {
                self.errors.key(at, format!("the key `{key}` is missing"));
            }
        }
        let complete = required
            .iter()
            .filter_map(Value::as_str)
            .all(|key| map.contains_key(key));
        // Of the whole file what is right is looked at all the same: its types take every key as optional.
        (complete || at.is_root()).then_some(Value::Object(map))
    }

    /// The schema of an entry's value; an error where the key is not a right one.
    fn schema_of(&mut self, shape: Shape<'a>, key: &str, at: &At<'_>) -> Option<&'a Value> {
        let properties = shape.schema["properties"].as_object();
        if let Some(schema) = properties.and_then(|properties| properties.get(key)) {
            return Some(schema);
        }
        let Some(schema) = shape
            .schema
            .get("additionalProperties")
            .filter(|s| s.is_object())
        else {
            let known = properties
                .into_iter()
                .flatten()
                .map(|(known, _)| known.as_str());
            let hint = did_you_mean(key, known.clone())
                .unwrap_or_else(|| format!("; known are {}", known.collect::<Vec<_>>().join(", ")));
            self.errors.key(at, format!("unknown key{hint}"));
            return None;
        };
        let names = self.shape(&shape.schema["propertyNames"]);
        match values::check(names.name, key) {
            Ok(()) => Some(schema),
            Err(message) => {
                self.errors.key(at, message);
                None
            }
        }
    }

    fn list(&mut self, shape: Shape<'a>, at: &At<'_>) -> Option<Value> {
        let items = &shape.schema["items"];
        // What is wrong leaves a gap, so that the others keep their number.
        let value = |item: At<'_>| self.value(items, &item).unwrap_or(Value::Null);
        Some(Value::Array(at.items().map(value).collect()))
    }

    /// One of a closed list of words. Variables are not expanded: the schema could not follow.
    fn word(&mut self, shape: Shape<'a>, text: &str, at: &At<'_>) -> Option<Value> {
        let words = shape.words().unwrap_or_default();
        if words.contains(&text) {
            return Some(text.into());
        }
        let hint = did_you_mean(text, words).unwrap_or_default();
        let expected = shape.expected();
        self.errors.value(
            at,
            format!("expected {expected}, found {}{hint}", quote(text)),
        );
        None
    }

    fn text(&mut self, shape: Shape<'a>, text: &str, at: &At<'_>) -> Option<Value> {
        let value = self.expanded(text, at)?;
        let Err(message) = values::check(shape.name, &value) else {
            return Some(value.into());
        };
        // What came out of a variable may be a secret: what is wrong with it stays unsaid.
        let message = match env::has_variable(text) {
            false => message,
            true => format!("{} is not {} once expanded", quote(text), shape.expected()),
        };
        self.errors.value(at, message);
        None
    }

    fn expanded(&mut self, text: &str, at: &At<'_>) -> Option<String> {
        match env::expand(text, self.lookup) {
            Ok(value) => Some(value.into_owned()),
            Err(message) => {
                self.errors.value(at, message);
                None
            }
        }
    }

    fn number(&mut self, shape: Shape<'a>, at: &At<'_>) -> Option<Value> {
        let Content::Number(number) = &at.node.content else {
            return None;
        };
        let whole = number.as_i64().filter(|_| number.is_i64());
        let Some(whole) = whole else {
            return self.mismatch(shape, at);
        };
        let (least, most) = (
            bound(shape, "minimum", i64::MIN),
            bound(shape, "maximum", i64::MAX),
        );
        let error = if whole < least {
            format!("{whole} is out of range: at least {least}")
        } else if whole > most {
            format!("{whole} is out of range: at most {most}")
        } else if let Err(message) = values::check(shape.name, &whole.to_string()) {
            message
        } else {
            return Some(whole.into());
        };
        self.errors.value(at, error);
        None
    }

    /// A value of any form, such as one that JSON is compared with.
    fn free(&mut self, at: &At<'_>) -> Option<Value> {
        Some(match &at.node.content {
            Content::Null => Value::Null,
            Content::Bool(value) => Value::Bool(*value),
            Content::Number(number) => Value::Number(number.clone()),
            Content::Text(text) => Value::String(self.expanded(text, at)?),
            Content::List(_) => at
                .items()
                .map(|item| self.free(&item))
                .collect::<Option<_>>()?,
            Content::Map(entries) => {
                let member =
                    |entry: &Entry| Some((entry.key.clone(), self.free(&at.entry(entry))?));
                Value::Object(entries.iter().map(member).collect::<Option<_>>()?)
            }
        })
    }

    fn mismatch(&mut self, shape: Shape<'a>, at: &At<'_>) -> Option<Value> {
        let text_wanted = shape.allows("string") || shape.words().is_some();
        let message = match &at.node.content {
            Content::Number(number) if ["Duration", "Moment"].contains(&shape.name) => {
                values::no_unit(&number.to_string())
            }
            content => {
                let quotes =
                    matches!(content, Content::Number(_) | Content::Bool(_)) && text_wanted;
                let hint = if quotes { "; put it in quotes" } else { "" };
                format!(
                    "expected {}, found {}{hint}",
                    shape.expected(),
                    found(content)
                )
            }
        };
        self.errors.value(at, message);
        None
    }
}

impl<'a> Shape<'a> {
    fn allows(&self, name: &str) -> bool {
        is_type(self.schema, name)
    }

    /// The schemas of a list's item and of the list, where an item may stand by itself.
    fn one_or_more(&self) -> Option<(&'a Value, &'a Value)> {
        match self.schema["anyOf"].as_array()?.as_slice() {
            [one, more] if is_type(more, "array") => Some((one, more)),
            _ => None,
        }
    }

    /// Whether the schema asks for anything.
    fn has_form(&self) -> bool {
        self.schema.get("type").is_some() || self.words().is_some()
    }

    /// The closed list of words that it stands for.
    fn words(&self) -> Option<Vec<&'a str>> {
        if let Some(words) = self.schema["enum"].as_array() {
            return Some(words.iter().filter_map(Value::as_str).collect());
        }
        let variants = self.schema["oneOf"].as_array()?;
        Some(
            variants
                .iter()
                .flat_map(words_of_variant)
                .filter_map(Value::as_str)
                .collect(),
        )
    }

    fn expected(&self) -> String {
        if let Some(words) = self.words() {
            return match words.as_slice() {
                [word] => (*word).to_owned(),
                words => format!("one of {}", words.join(", ")),
            };
        }
        let forms = [
            ("object", "a mapping"),
            ("array", "a list"),
            ("string", "text"),
            ("integer", "a whole number"),
            ("boolean", "true or false"),
        ];
        let form = forms
            .iter()
            .find(|(name, _)| self.allows(name))
            .map_or("", |(_, form)| form);
        match self.schema["title"].as_str() {
            Some(title) if form == "text" || form == "a whole number" => title.to_owned(),
            _ => form.to_owned(),
        }
    }
}

fn words_of_variant(variant: &Value) -> Vec<&Value> {
    match variant["enum"].as_array() {
        Some(words) => words.iter().collect(),
        None => vec![&variant["const"]],
    }
}

fn is_type(schema: &Value, name: &str) -> bool {
    match &schema["type"] {
        Value::String(only) => only == name,
        Value::Array(any) => any.iter().any(|one| one == name),
        _ => false,
    }
}

fn bound(shape: Shape<'_>, key: &str, otherwise: i64) -> i64 {
    shape.schema[key].as_i64().unwrap_or(otherwise)
}

/// What a value is, for messages. Texts are not repeated: they may be secrets that stand in the wrong place.
fn found(content: &Content) -> String {
    match content {
        Content::Null => "nothing".into(),
        Content::Bool(value) => value.to_string(),
        Content::Number(number) => format!("the number {number}"),
        Content::Text(_) => "text".into(),
        Content::List(_) => "a list".into(),
        Content::Map(_) => "a mapping".into(),
    }
}

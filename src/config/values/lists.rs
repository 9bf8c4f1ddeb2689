//! Mappings with free keys and lists: what serde gives, with the order of the file and the gaps of what was wrong.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

/// A mapping with free keys, in the order of the file.
#[derive(Clone)]
pub struct Entries<K, V>(pub Vec<(K, V)>);

impl<K, V> Default for Entries<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, K: FromStr<Err = String>, V: Deserialize<'de>> Deserialize<'de> for Entries<K, V> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(EntriesVisitor(std::marker::PhantomData))
    }
}

struct EntriesVisitor<K, V>(std::marker::PhantomData<(K, V)>);

impl<'de, K: FromStr<Err = String>, V: Deserialize<'de>> Visitor<'de> for EntriesVisitor<K, V> {
    type Value = Entries<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, V>()? {
            entries.push((key.parse().map_err(de::Error::custom)?, value));
        }
        Ok(Entries(entries))
    }
}

impl<K: JsonSchema, V: JsonSchema> JsonSchema for Entries<K, V> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Entries_from_{}_to_{}", K::schema_name(), V::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (keys, values) = (
            generator.subschema_for::<K>(),
            generator.subschema_for::<V>(),
        );
        json_schema!({"type": "object", "propertyNames": keys, "additionalProperties": values})
    }
}

/// A list whose wrong items, which were reported, are none: the others keep their place.
#[derive(Clone)]
pub struct Items<T>(pub Vec<Option<T>>);

impl<T> Items<T> {
    /// The right items.
    pub fn right(self) -> impl Iterator<Item = T> {
        self.0.into_iter().flatten()
    }
}

impl<T> Default for Items<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Items<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Vec::deserialize(from).map(Self)
    }
}

impl<T: JsonSchema> JsonSchema for Items<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Items_of_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "array", "items": generator.subschema_for::<T>()})
    }
}

/// A list, or its only item by itself.
#[derive(Clone)]
pub struct OneOrMore<T>(pub Items<T>);

impl<T> OneOrMore<T> {
    /// Whether there is anything, and nothing of it was wrong.
    pub fn is_whole(&self) -> bool {
        !self.0.0.is_empty() && self.0.0.iter().all(Option::is_some)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMore<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // The walker over the schema has put a single item into a list.
        Items::deserialize(from).map(Self)
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMore<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("One_or_more_of_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (one, more) = (
            generator.subschema_for::<T>(),
            Items::<T>::json_schema(generator),
        );
        json_schema!({"anyOf": [one, more]})
    }
}

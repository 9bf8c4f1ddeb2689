//! The JSON Schema of the file (draft 2020-12), generated from the types that mirror it.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::raw::File;

/// The schema, as it is published in `docs/config.schema.json`.
pub fn json_schema() -> Value {
    schema_of::<File>()
}

/// The schema of any file that is read as the configuration is.
pub(crate) fn schema_of<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    generator.into_root_schema_for::<T>().to_value()
}

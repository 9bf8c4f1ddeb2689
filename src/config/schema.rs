//! The JSON Schema of the file (draft 2020-12), generated from the types that mirror it.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::raw::File;

/// The schema, as it is published in `docs/config.schema.json`.
pub fn json_schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    generator.into_root_schema_for::<File>().to_value()
}

//! From the user's file to what the program runs on: text → tree with places → checked → merged over the catalogue →
//! [`Config`]. All errors are reported at once, each with file, line and column.

pub mod settings;

pub use settings::*;

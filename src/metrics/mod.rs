//! The one table of metric families, the store behind the per-check ones, and the exposition. Pure: time is an argument.
//!
//! `families` says what there is, `store` keeps what is counted, `own` what concerns the exporter itself; `exposition`
//! walks the table over store, report and registry and writes the page, `body` streams it.

mod body;
mod emit;
mod exposition;
mod families;
mod histogram;
mod negotiate;
mod own;
mod reference;
mod store;
mod text;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod oracle;

pub use body::MetricsBody;
pub use exposition::Page;
pub use families::{FAMILIES, Family};
pub use negotiate::{Format, accepts_gzip};
pub use own::Own;
pub use reference::reference;
pub use store::Store;

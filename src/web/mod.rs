//! The HTTP server: routes, limits, status page, API.
//!
//! `server` owns the sockets and every limit, `routes` says what there is, the other files make one page each. Handlers
//! read through [`Source`], so that they can be tried without an engine.

mod api;
mod page;
mod reply;
mod routes;
mod server;
mod source;

#[cfg(test)]
mod fixture;

pub use routes::Options;
pub use server::serve;
pub use source::Source;

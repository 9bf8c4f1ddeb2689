//! Tells from outside whether social platforms are up, degraded or down, and why.
//!
//! Data flows one way: [`catalog`] and the user's file → [`config`] → [`schedule`] → [`probe`] → observation →
//! [`state`] → [`metrics`] → [`web`]; [`engine`] is what turns the crank. `docs/architecture.md` has the map.
#![forbid(unsafe_code)]

pub mod catalog;
pub mod cli;
pub mod config;
pub mod drill;
pub mod engine;
mod lock;
pub mod metrics;
pub mod probe;
pub mod schedule;
pub mod state;
pub mod time;
pub mod web;

//! Drives the built program through its public options against a small internet on loopback.
//!
//! One test binary, because linking one is slow enough. Nothing here needs root, and nothing leaves loopback.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod commands;
mod configuration;
mod harness;
mod health;
mod life;
mod outages;
mod probes;
mod reload;
mod secrets;
mod unproven;
mod vantage;
mod web;

//! Rules, Alertmanager example and runbook, judged by the real tools: promtool, Prometheus, amtool, Alertmanager.
//!
//! `tests/run` provides them and says so when it cannot. Nothing leaves loopback.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the black-box tests use the rest")]
mod support;

mod end_to_end;
mod files;
mod grafana;
mod inhibition;
#[path = "../support/port.rs"]
mod port;
#[path = "../drill/program.rs"]
#[allow(dead_code, reason = "the tests of drills use the rest")]
mod program;
mod promtool;
mod routes;
mod rules;
mod runbook;
mod stack;
mod tools;
mod try_out;
mod twins;
mod webhook;

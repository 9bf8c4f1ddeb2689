//! What an answer means, as [`settings`](super::settings) has it.

use std::time::Duration;

use regex::Regex;

use crate::probe::failure::{Class, Reason};

/// One rule: its conditions combine with *and*; the first rule that matches decides.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Any of these statuses.
    pub status: Option<Vec<StatusMatch>>,
    /// Headers, each of which must be present and match.
    pub headers: Vec<(hyper::header::HeaderName, Regex)>,
    /// What the body must contain or match.
    pub body: Option<BodyMatch>,
    /// Values at JSON Pointers, each of which must be one of a list.
    pub json: Vec<(String, Vec<serde_json::Value>)>,
    /// What the URL of a redirect must match, followed or not.
    pub redirect_to: Option<Regex>,
    /// The whole run took longer.
    pub slower_than: Option<Duration>,
    /// What it means.
    pub verdict: Class,
    /// Its name; none: it follows from what decided.
    pub reason: Option<Reason>,
}

/// A status or a class of statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatusMatch {
    /// This one.
    Exact(u16),
    /// `5xx`: the first digit.
    Hundred(u16),
}

impl StatusMatch {
    /// Whether `status` is meant.
    pub const fn matches(self, status: u16) -> bool {
        match self {
            Self::Exact(exact) => exact == status,
            Self::Hundred(first) => status / 100 == first,
        }
    }
}

/// What a body must contain or match.
#[derive(Clone, Debug)]
pub enum BodyMatch {
    /// This text.
    Contains(String),
    /// This expression, on the bytes.
    Matches(regex::bytes::Regex),
}

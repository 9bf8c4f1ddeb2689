//! Units of Grafana's value formats that a panel of ours may have; the linter's list has them all.

/// Their ids.
pub const UNITS: [&str; 16] = [
    "none",
    "short",
    "percent",
    "percentunit",
    "bytes",
    "decbytes",
    "s",
    "ms",
    "dtdurations",
    "dateTimeAsIso",
    "dateTimeAsIsoNoDateIfToday",
    "dateTimeFromNow",
    "cps",
    "cpm",
    "reqps",
    "bool_yes_no",
];

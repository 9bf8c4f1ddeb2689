//! Drills: recorded and invented outages, played against a simulated internet, so that a team sees its whole alert chain
//! work. The exporter in a drill is the ordinary one, set up by the options that every user has.

pub mod fault;
pub mod internet;
pub mod judge;
pub mod report;
pub mod scenario;

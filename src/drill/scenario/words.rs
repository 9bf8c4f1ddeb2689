//! How faults, places, times and durations are written for people.

use std::time::Duration;

use crate::state::Verdict;
use crate::time::Time;

/// Pairs of a platform and a layer: `facebook, x login and api; threads web`. Where there is no platform, the layer alone.
pub fn join<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut layers: Vec<(&str, Vec<&str>)> = Vec::new();
    for (name, layer) in pairs {
        match layers.iter_mut().find(|(known, _)| *known == name) {
            Some((_, layers)) => layers.push(layer),
            None => layers.push((name, vec![layer])),
        }
    }
    let mut groups: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    for (name, layers) in layers {
        match groups.iter_mut().find(|(_, known)| *known == layers) {
            Some((names, _)) => names.push(name),
            None => groups.push((vec![name], layers)),
        }
    }
    let group = |(names, layers): (Vec<&str>, Vec<&str>)| {
        let group = format!("{} {}", names.join(", "), layers.join(" and "));
        group.trim_start().to_owned()
    };
    let groups: Vec<String> = groups.into_iter().map(group).collect();
    groups.join("; ")
}

/// Verdicts any of which is right: `up`, `blocked or up`.
pub fn verdicts(verdicts: &[Verdict]) -> String {
    let labels: Vec<&str> = verdicts.iter().map(|verdict| verdict.label()).collect();
    labels.join(" or ")
}

/// The time of day in UTC.
pub fn clock(time: Time) -> String {
    time.utc().strftime("%H:%M:%S").to_string()
}

/// A length of time in seconds, from two minutes on in minutes and from two hours on in hours too.
pub fn span(span: Duration) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    let seconds = span.as_secs();
    let (hours, minutes, rest) = (seconds / HOUR, seconds / MINUTE % MINUTE, seconds % MINUTE);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 if rest == 0 => format!("{} min", seconds / MINUTE),
        120..7200 => format!("{} min {rest} s", seconds / MINUTE),
        _ => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_the_units_that_people_use() {
        for (seconds, text) in [
            (0, "0 s"),
            (119, "119 s"),
            (120, "2 min"),
            (125, "2 min 5 s"),
            (7199, "119 min 59 s"),
            (7200, "2 h 0 min"),
            (9000, "2 h 30 min"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn layers_of_several_platforms_stand_together() {
        for (pairs, text) in [
            (&[("x", "login")][..], "x login"),
            (&[("x", "web"), ("threads", "web")], "x, threads web"),
            (
                &[("x", "web"), ("threads", "web"), ("x", "api")],
                "x web and api; threads web",
            ),
            (&[("", "our gateway"), ("x", "dns")], "our gateway; x dns"),
        ] {
            assert_eq!(join(pairs.iter().copied()), text);
        }
        let either = verdicts(&[Verdict::Blocked, Verdict::Up]);
        assert_eq!(either, "blocked or up");
    }
}

//! Which format and encoding the client wants: Accept and Accept-Encoding with their q-values (RFC 9110 §12.5).

use std::cmp::Reverse;

/// The formats of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus text 0.0.4.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Format {
    /// The `Content-Type` of the page. Prometheus 3 refuses a page without one.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// The format that an Accept header likes best; among equals the one it names more exactly, then the one it names
    /// first. Text when there is none, or it takes neither: a page in the wrong format still helps a person.
    pub fn negotiate(accept: &str) -> Self {
        // Among equals, which one range named, the last counts.
        let ranked = [Self::OpenMetrics, Self::Text]
            .into_iter()
            .filter_map(|format| Some((format.rank(accept)?, format)));
        ranked
            .max_by_key(|(rank, _)| *rank)
            .map_or(Self::Text, |(_, format)| format)
    }

    /// How well an Accept header likes this format; none: not at all. The range that names it most exactly decides.
    fn rank(self, accept: &str) -> Option<Rank> {
        let named = ranges(accept).enumerate().filter_map(|(position, range)| {
            let exactness = self.matches(&range)?;
            Some((exactness, Reverse(position), range.q))
        });
        let (exactness, earliness, q) = named.max()?;
        (q > 0).then_some((q, exactness, earliness))
    }

    /// How exactly a range names this format; none: not at all.
    fn matches(self, range: &Range<'_>) -> Option<u8> {
        let (family, name, version) = match self {
            Self::Text => ("text/*", "text/plain", "0.0.4"),
            Self::OpenMetrics => ("application/*", "application/openmetrics-text", "1.0.0"),
        };
        match range.parameter("version") {
            Some(wanted) => (range.is(name) && wanted == version).then_some(3),
            None if range.is(name) => Some(2),
            None if range.is(family) => Some(1),
            None => range.is("*/*").then_some(0),
        }
    }
}

/// Whether an Accept-Encoding header takes gzip at least as gladly as no encoding.
pub fn accepts_gzip(accept_encoding: &str) -> bool {
    let q_of = |name: &str| {
        ranges(accept_encoding)
            .find(|range| range.is(name))
            .map(|range| range.q)
    };
    let gzip = q_of("gzip")
        .or_else(|| q_of("x-gzip"))
        .or_else(|| q_of("*"))
        .unwrap_or(0);
    gzip > 0 && gzip >= q_of("identity").unwrap_or(0)
}

/// Weight, exactness, position in the header.
type Rank = (u16, u8, Reverse<usize>);

/// One element of such a header.
struct Range<'a> {
    value: &'a str,
    parameters: &'a str,
    /// In thousandths: the header has at most three digits.
    q: u16,
}

impl Range<'_> {
    fn is(&self, value: &str) -> bool {
        self.value.eq_ignore_ascii_case(value)
    }

    fn parameter(&self, wanted: &str) -> Option<&str> {
        parameter(self.parameters, wanted)
    }
}

fn ranges(header: &str) -> impl Iterator<Item = Range<'_>> {
    header.split(',').map(|element| {
        let (value, parameters) = element.split_once(';').unwrap_or((element, ""));
        let q = parameter(parameters, "q").map_or(1000, thousandths);
        Range {
            value: value.trim(),
            parameters,
            q,
        }
    })
}

fn parameter<'a>(parameters: &'a str, wanted: &str) -> Option<&'a str> {
    parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case(wanted)
            .then(|| value.trim().trim_matches('"'))
    })
}

/// A weight that cannot be read is none at all.
fn thousandths(q: &str) -> u16 {
    let q: f64 = q.parse().unwrap_or(0.0);
    // The cast saturates, and makes NaN 0.
    (q.clamp(0.0, 1.0) * 1000.0) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_chooses_the_format() {
        use Format::{OpenMetrics, Text};
        for (accept, format) in [
            ("", Text),
            ("*/*", Text),
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                Text,
            ),
            // Prometheus 2.42 and 3.5, as they send it.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                OpenMetrics,
            ),
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                OpenMetrics,
            ),
            (
                "text/plain;version=0.0.4;q=0.9,application/openmetrics-text;version=1.0.0;q=0.8",
                Text,
            ),
            (
                "application/openmetrics-text; version=0.0.1, */*;q=0.1",
                Text,
            ),
            (
                "APPLICATION/OpenMetrics-Text ; Version=\"1.0.0\" ; Q=0.5 , text/plain;q=0.4",
                OpenMetrics,
            ),
            ("text/plain, application/openmetrics-text", Text),
            ("application/openmetrics-text, text/plain", OpenMetrics),
            ("*/*, application/openmetrics-text", OpenMetrics),
            ("text/*;q=0.1, application/*;q=0.2", OpenMetrics),
            ("text/plain;q=0, */*", OpenMetrics),
            ("application/openmetrics-text;q=0", Text),
            ("application/json", Text),
            (
                "application/openmetrics-text;q=much, text/plain;q=0.001",
                Text,
            ),
        ] {
            assert_eq!(Format::negotiate(accept), format, "{accept}");
        }
    }

    #[test]
    fn accept_encoding_chooses_gzip() {
        for (header, gzip) in [
            ("", false),
            ("gzip", true),
            ("deflate, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("*", true),
            ("*;q=0", false),
            ("gzip;q=0, *", false),
            ("identity, gzip;q=0.5", false),
            ("identity;q=0.5, gzip;q=0.5", true),
            ("br, zstd", false),
        ] {
            assert_eq!(accepts_gzip(header), gzip, "{header}");
        }
    }
}

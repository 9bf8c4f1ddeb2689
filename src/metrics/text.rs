//! Writes samples as text: lines, labels and numbers, in both formats.

use prometheus::proto::{LabelPair, Metric, MetricFamily, MetricType};

use super::emit::{Emit, Labels, Number};
use super::families::Kind;
use super::histogram::{BOUNDS, Histogram};
use super::negotiate::Format;
use crate::time::Times;

/// Text under construction.
pub struct Text {
    /// What has been written.
    pub out: Vec<u8>,
    /// Lines with a value, so far.
    pub samples: u64,
    format: Format,
    /// How points in time are written.
    pub times: Times,
}

impl Text {
    /// Nothing yet.
    pub fn new(format: Format) -> Self {
        Self {
            out: Vec::new(),
            samples: 0,
            format,
            times: Times::default(),
        }
    }

    /// Begins a family. OpenMetrics names a counter's family without `_total`, and the unit where the name has one.
    pub fn head(&mut self, name: &str, kind: Kind, help: &str) {
        let openmetrics = self.format == Format::OpenMetrics;
        let counter = openmetrics && kind == Kind::Counter;
        let name = if counter {
            name.strip_suffix("_total").unwrap_or(name)
        } else {
            name
        };
        self.meta("HELP", name);
        escape(&mut self.out, help, openmetrics);
        self.meta("\n# TYPE", name);
        self.push(kind.label());
        if openmetrics
            && let Some(unit) = ["seconds", "bytes"]
                .into_iter()
                .find(|unit| has_unit(name, unit))
        {
            self.meta("\n# UNIT", name);
            self.push(unit);
        }
        self.push("\n");
    }

    fn meta(&mut self, keyword: &str, name: &str) {
        if !keyword.starts_with('\n') {
            self.push("# ");
        }
        self.push(keyword);
        self.push(" ");
        self.push(name);
        self.push(" ");
    }

    /// Ends the page.
    pub fn end(&mut self) {
        if self.format == Format::OpenMetrics {
            self.push("# EOF\n");
        }
    }

    /// What takes the series of one item of a family; `base` is the escaped text of the item's own labels.
    pub const fn series<'a>(&'a mut self, name: &'a str, base: &'a str) -> Series<'a> {
        Series {
            text: self,
            name,
            base,
        }
    }

    /// Writes a family of the `prometheus` crate; `vantage` is the text of a label to put first, or empty.
    pub fn family(&mut self, family: &MetricFamily, vantage: &str) {
        let kind = match family.get_field_type() {
            MetricType::COUNTER => Kind::Counter,
            MetricType::HISTOGRAM => Kind::Histogram,
            // The registry holds nothing else: summaries and untyped metrics are never made.
            MetricType::GAUGE | MetricType::SUMMARY | MetricType::UNTYPED => Kind::Gauge,
        };
        self.head(family.name(), kind, family.help());
        for metric in family.get_metric() {
            let mut base = vantage.to_owned();
            for label in metric.get_label() {
                push_label(&mut base, LabelPair::name(label), label.value());
            }
            let mut series = self.series(family.name(), &base);
            match kind {
                Kind::Counter => series.value(&[], Number::Float(metric.get_counter().get_value())),
                Kind::Gauge => series.value(&[], Number::Float(metric.get_gauge().get_value())),
                Kind::Histogram => series.foreign_histogram(metric),
            }
        }
    }

    fn push(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, number: Number) {
        self.samples += 1;
        match number {
            Number::Int(value) => self.push(itoa::Buffer::new().format(value)),
            Number::Millis(value) => self.millis(value),
            Number::Time(value) => self.millis(self.times.of(value).as_millis()),
            Number::Float(value) => self.float(value),
        }
        self.push("\n");
    }

    fn millis(&mut self, value: u64) {
        self.push(itoa::Buffer::new().format(value / 1000));
        let rest = value % 1000;
        let digits = [rest / 100, rest / 10 % 10, rest % 10].map(|digit| b'0' + digit as u8);
        self.push(".");
        self.out.extend_from_slice(&digits);
    }

    fn float(&mut self, value: f64) {
        // Beyond 2^53 a float is no longer every integer, and its digits would pretend to be exact.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if value.is_finite() && value.fract() == 0.0 && value.abs() <= EXACT {
            self.push(itoa::Buffer::new().format(value as i64));
        } else {
            self.push(&canonical(value));
        }
    }
}

/// Series of one item of a family.
pub struct Series<'a> {
    text: &'a mut Text,
    name: &'a str,
    base: &'a str,
}

impl Series<'_> {
    /// `name_suffix{base,labels` without the closing brace.
    fn open(&mut self, suffix: &str, labels: Labels<'_>) {
        self.text.push(self.name);
        self.text.push(suffix);
        self.text.push("{");
        self.text.push(self.base);
        let mut comma = !self.base.is_empty();
        for (name, value) in labels {
            if comma {
                self.text.push(",");
            }
            comma = true;
            self.text.push(name);
            self.text.push("=\"");
            escape(&mut self.text.out, value, true);
            self.text.push("\"");
        }
    }

    /// One line; without any label there are no braces.
    fn line(&mut self, suffix: &str, labels: Labels<'_>, number: Number) {
        if self.base.is_empty() && labels.is_empty() {
            self.text.push(self.name);
            self.text.push(suffix);
            self.text.push(" ");
        } else {
            self.open(suffix, labels);
            self.text.push("} ");
        }
        self.text.number(number);
    }

    /// The lines of a histogram's buckets. All begin alike: the beginning is written once and then copied.
    fn buckets<'b>(&mut self, labels: Labels<'_>, buckets: impl Iterator<Item = (&'b str, u64)>) {
        let start = self.text.out.len();
        self.open("_bucket", labels);
        if !(self.base.is_empty() && labels.is_empty()) {
            self.text.push(",");
        }
        self.text.push("le=\"");
        let beginning = start..self.text.out.len();
        for (index, (le, count)) in buckets.enumerate() {
            if index > 0 {
                self.text.out.extend_from_within(beginning.clone());
            }
            self.text.push(le);
            self.text.push("\"} ");
            self.text.number(Number::Int(count));
        }
    }

    fn foreign_histogram(&mut self, metric: &Metric) {
        let histogram = metric.get_histogram();
        let bounds: Vec<_> = histogram
            .get_bucket()
            .iter()
            .map(|bucket| canonical(bucket.upper_bound()))
            .collect();
        let counts = histogram
            .get_bucket()
            .iter()
            .map(|bucket| bucket.cumulative_count());
        let all = ("+Inf", histogram.get_sample_count());
        self.buckets(
            &[],
            bounds.iter().map(String::as_str).zip(counts).chain([all]),
        );
        self.line("_sum", &[], Number::Float(histogram.get_sample_sum()));
        self.line("_count", &[], Number::Int(histogram.get_sample_count()));
    }
}

impl Emit for Series<'_> {
    fn value(&mut self, labels: Labels<'_>, value: Number) {
        self.line("", labels, value);
    }

    fn histogram(&mut self, labels: Labels<'_>, histogram: &Histogram) {
        let counts = histogram.cumulative();
        let [.., all] = counts;
        self.buckets(
            labels,
            BOUNDS.iter().map(|(_, le)| *le).chain(["+Inf"]).zip(counts),
        );
        self.line("_sum", labels, Number::Float(histogram.sum()));
        self.line("_count", labels, Number::Int(all));
    }
}

/// Appends `name="value"` to the text of a label set.
pub fn push_label(labels: &mut String, name: &str, value: &str) {
    if !labels.is_empty() {
        labels.push(',');
    }
    labels.push_str(name);
    labels.push_str("=\"");
    for character in value.chars() {
        match character {
            '\\' => labels.push_str(r"\\"),
            '\n' => labels.push_str(r"\n"),
            '"' => labels.push_str("\\\""),
            other => labels.push(other),
        }
    }
    labels.push('"');
}

/// Escapes what the formats want escaped in label values; in help texts version 0.0.4 leaves quotes alone.
fn escape(out: &mut Vec<u8>, text: &str, quotes: bool) {
    if !text.contains(['\\', '\n', '"']) {
        return out.extend_from_slice(text.as_bytes());
    }
    for byte in text.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(br"\\"),
            b'\n' => out.extend_from_slice(br"\n"),
            b'"' if quotes => out.extend_from_slice(b"\\\""),
            other => out.push(other),
        }
    }
}

/// A float as OpenMetrics writes it canonically: shortest, and never without a point or an exponent.
fn canonical(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        zmij::Buffer::new().format_finite(value).to_owned()
    }
}

fn has_unit(name: &str, unit: &str) -> bool {
    name.strip_suffix(unit)
        .is_some_and(|rest| rest.ends_with('_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(number: Number) -> String {
        let mut text = Text::new(Format::Text);
        text.number(number);
        String::from_utf8(text.out).unwrap()
    }

    #[test]
    fn numbers_are_written_without_needless_signs() {
        assert_eq!(written(Number::Int(u64::MAX)), "18446744073709551615\n");
        assert_eq!(
            written(Number::Millis(1_709_651_040_007)),
            "1709651040.007\n"
        );
        assert_eq!(written(Number::Millis(0)), "0.000\n");
        for (value, text) in [
            (3.0, "3\n"),
            (-1.0, "-1\n"),
            (0.25, "0.25\n"),
            (1_730_000_000.0, "1730000000\n"),
            (f64::NAN, "NaN\n"),
            (f64::INFINITY, "+Inf\n"),
            (f64::NEG_INFINITY, "-Inf\n"),
        ] {
            assert_eq!(written(Number::Float(value)), text);
        }
    }

    #[test]
    fn openmetrics_names_a_counter_without_total_and_says_the_unit() {
        let mut text = Text::new(Format::OpenMetrics);
        text.head("a_seconds_total", Kind::Counter, "say \"a\"");
        text.series("a_seconds_total", "")
            .value(&[], Number::Int(1));
        let expected = "# HELP a_seconds say \\\"a\\\"\n# TYPE a_seconds counter\n# UNIT a_seconds seconds\na_seconds_total 1\n";
        assert_eq!(String::from_utf8(text.out).unwrap(), expected);
    }
}

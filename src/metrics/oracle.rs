//! A second opinion on the page: store and report as a collector of the `prometheus` crate, written by its encoder, must
//! give the same samples as our own text, whatever the labels contain.

use std::collections::BTreeMap;

use prometheus::core::{Collector, Desc};
use prometheus::proto::{Bucket, Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};
use prometheus::{Encoder, Registry, TextEncoder};
use proptest::prelude::*;

use super::emit::{Emit, Labels, Number};
use super::families::{FAMILIES, Family, Fill, Kind};
use super::fixture::{self, page};
use super::histogram::{BOUNDS, Histogram};
use super::{Format, Own, Store};
use crate::config::{Depth, Platform};
use crate::probe::failure::{Class, Reason};
use crate::probe::observation::Observation;
use crate::state::report::{CheckReport, IncidentReport};
use crate::state::{Report, Verdict};
use crate::time::Time;

/// Everything on the page that is not in the registry.
struct Collected<'a>(&'a Store, &'a Report);

/// Takes the series of one item as the crate's own model.
struct Model<'a> {
    family: &'a Family,
    base: Vec<(&'a str, &'a str)>,
    metrics: Vec<Metric>,
}

impl Model<'_> {
    fn metric(&mut self, labels: Labels<'_>) -> &mut Metric {
        let all: Vec<_> = self
            .base
            .iter()
            .chain(labels)
            .map(|&(name, value)| pair(name, value))
            .collect();
        let names: Vec<_> = all.iter().map(|label| label.name().to_owned()).collect();
        let declared: Vec<_> = ["vantage"]
            .iter()
            .chain(self.family.labels)
            .map(ToString::to_string)
            .collect();
        assert_eq!(names, declared, "labels of {}", self.family.name);
        self.metrics.push(Metric::from_label(all));
        self.metrics.last_mut().unwrap()
    }
}

impl Emit for Model<'_> {
    fn value(&mut self, labels: Labels<'_>, value: Number) {
        let value = match value {
            Number::Int(value) => value as f64,
            Number::Millis(value) => Time::from_millis(value).as_secs_f64(),
            Number::Time(value) => value.as_secs_f64(),
            Number::Float(value) => value,
        };
        let kind = self.family.kind;
        let metric = self.metric(labels);
        if kind == Kind::Counter {
            let mut counter = Counter::default();
            counter.set_value(value);
            metric.set_counter(counter);
        } else {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            metric.set_gauge(gauge);
        }
    }

    fn histogram(&mut self, labels: Labels<'_>, histogram: &Histogram) {
        assert_eq!(self.family.kind, Kind::Histogram);
        let counts = histogram.cumulative();
        let bucket = |((bound, _), count): (&(std::time::Duration, &str), &u64)| {
            let mut bucket = Bucket::default();
            bucket.set_upper_bound(bound.as_secs_f64());
            bucket.set_cumulative_count(*count);
            bucket
        };
        let mut model = prometheus::proto::Histogram::default();
        model.set_bucket(BOUNDS.iter().zip(&counts).map(bucket).collect());
        model.set_sample_count(counts[BOUNDS.len()]);
        model.set_sample_sum(histogram.sum());
        self.metric(labels).set_histogram(model);
    }
}

impl Collected<'_> {
    fn collect(&self) -> Vec<MetricFamily> {
        FAMILIES
            .iter()
            .map(|family| self.family(family))
            .filter(|family| !family.get_metric().is_empty())
            .collect()
    }

    fn family(&self, family: &Family) -> MetricFamily {
        let Self(store, report) = self;
        let vantage = ("vantage", store.vantage.as_str());
        let mut model = Model {
            family,
            base: vec![vantage],
            metrics: Vec::new(),
        };
        match family.fill {
            Fill::Vantage(fill) => fill(report, &mut model),
            Fill::Platform(fill) => {
                for platform in &report.platforms {
                    model.base = vec![vantage, ("platform", &platform.name)];
                    fill(platform, &mut model);
                }
            }
            Fill::Component(fill) => {
                for platform in &report.platforms {
                    for component in &platform.components {
                        model.base = vec![
                            vantage,
                            ("platform", &platform.name),
                            ("component", &component.name),
                        ];
                        fill(component, &mut model);
                    }
                }
            }
            Fill::Check(fill) => {
                for entry in &store.entries {
                    let id = &entry.id;
                    model.base = vec![
                        vantage,
                        ("platform", &id.platform),
                        ("component", &id.component),
                        ("check", &id.check),
                    ];
                    fill(entry, &entry.lock(), &mut model);
                }
            }
            Fill::Control => {
                for (control, success) in store.controls() {
                    model.value(&[("control", &control)], success.into());
                }
            }
            Fill::Own | Fill::Series => {}
        }
        let mut made = MetricFamily::default();
        made.set_name(family.name.to_owned());
        made.set_help(family.help.to_owned());
        made.set_field_type(match family.kind {
            Kind::Gauge => MetricType::GAUGE,
            Kind::Counter => MetricType::COUNTER,
            Kind::Histogram => MetricType::HISTOGRAM,
        });
        made.set_metric(model.metrics);
        made
    }
}

/// The families as a collector, so that the crate's registry merges, sorts and encodes them.
struct Gathered(Vec<MetricFamily>, Vec<Desc>);

impl Collector for Gathered {
    fn desc(&self) -> Vec<&Desc> {
        self.1.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.0.clone()
    }
}

fn pair(name: &str, value: &str) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name(name.to_owned());
    pair.set_value(value.to_owned());
    pair
}

/// The page as the crate writes it, the number of samples aside.
fn their_page(store: &Store, report: &Report, own: &Own) -> String {
    let desc = Desc::new(
        "d".into(),
        "d".into(),
        vec![],
        std::collections::HashMap::new(),
    )
    .unwrap();
    let registry = Registry::new();
    registry
        .register(Box::new(Gathered(
            Collected(store, report).collect(),
            vec![desc],
        )))
        .unwrap();
    let mut families = registry.gather();
    for mut family in own.gather() {
        for metric in family.mut_metric() {
            let mut labels = metric.take_label();
            labels.push(pair("vantage", &store.vantage));
            metric.set_label(labels);
        }
        families.push(family);
    }
    let mut text = Vec::new();
    TextEncoder::new().encode(&families, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

type Sample = (String, BTreeMap<String, String>, u64);

/// The samples of a page in any order; values and bounds by their bits, names as in version 0.0.4.
fn samples(page: &str) -> Vec<Sample> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let mut samples: Vec<_> = lines
        .map(sample)
        .filter(|(name, ..)| name != "platform_exporter_series")
        .collect();
    samples.sort();
    samples
}

fn sample(line: &str) -> Sample {
    let end = line.find(['{', ' ']).unwrap();
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"").unwrap();
            let (mut value, after) = quoted(after);
            if label == "le" {
                value = value.parse::<f64>().unwrap().to_string();
            }
            assert!(
                labels.insert(label.to_owned(), value).is_none(),
                "{label} twice in {line}"
            );
            rest = &after[1..];
            match &after[..1] {
                "," => {}
                "}" => break,
                other => panic!("{other} after a label in {line}"),
            }
        }
    }
    let value = rest.strip_prefix(' ').unwrap().parse::<f64>().unwrap();
    (name.to_owned(), labels, value.to_bits())
}

/// A quoted value, and what comes after its closing quote.
fn quoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.push(match characters.next().unwrap().1 {
                'n' => '\n',
                other => other,
            }),
            other => value.push(other),
        }
    }
    panic!("no closing quote in {text}");
}

fn hostile() -> impl Strategy<Value = String> {
    let nasty = [
        "\"", "\\", "\n", "\\n", "\"} 1\n", "{", "}", ",", "=", " ", "#", "é", "日本", "\u{202e}",
        "\r", "\0", "a",
    ];
    proptest::collection::vec(proptest::sample::select(nasty.to_vec()), 0..8)
        .prop_map(|parts| parts.concat())
}

fn verdict() -> impl Strategy<Value = Verdict> {
    proptest::sample::select(Verdict::ALL.to_vec())
}

fn observation() -> impl Strategy<Value = Observation> {
    let class = proptest::sample::select(Class::ALL.to_vec());
    let reason = proptest::sample::select(Reason::ALL.to_vec());
    let status = proptest::option::of(100u16..600);
    (class, reason, proptest::array::uniform5(0u64..4000), status).prop_map(
        |(class, reason, millis, status)| {
            let mut observation = fixture::run(class, reason, millis);
            observation.run.status = status;
            observation
        },
    )
}

#[derive(Debug)]
struct World {
    vantage: String,
    platforms: Vec<Platform>,
    report: Report,
    runs: Vec<(usize, Observation)>,
    controls: Vec<(String, bool)>,
}

impl World {
    fn store(&self) -> Store {
        let store = Store::new(&self.vantage, &self.platforms);
        for (slot, run) in &self.runs {
            store.record(*slot, run);
            store.plan(*slot, run.ended);
        }
        for (control, success) in &self.controls {
            store.record_control(control, *success);
        }
        store
    }
}

/// One platform with two components of two checks; what is on the report and what is in the store need not agree.
fn world() -> impl Strategy<Value = World> {
    let names = proptest::array::uniform5(hostile());
    let verdicts = proptest::array::uniform3(verdict());
    let spent = proptest::array::uniform5(0u64..u64::MAX / 1_000_000);
    let facts = (
        any::<[bool; 6]>(),
        proptest::option::of(proptest::sample::select(Depth::ALL.to_vec())),
        any::<[u64; 2]>(),
    );
    let runs = proptest::collection::vec((0usize..5, observation()), 0..40);
    let controls = proptest::collection::vec((hostile(), any::<bool>()), 0..3);
    (names, verdicts, spent, facts, runs, controls).prop_map(
        |(names, verdicts, spent, (flags, depth, counts), runs, controls)| {
            let [vantage, title, operator, team, name] = names;
            let tree: Vec<_> = ["a", "b"]
                .map(|component| {
                    let target = fixture::tcp(&format!("{title}{component}"));
                    let check = |check: &str| {
                        fixture::check(&name, component, check, target.clone(), Depth::Edge)
                    };
                    fixture::component(vec![check("x"), check("y")])
                })
                .into();
            let check = CheckReport {
                name: title.clone(),
                verdict: verdicts[0],
                reason: None,
                proven: flags[0],
            };
            let mut components = vec![
                fixture::component_report("a", verdicts[1], vec![check]),
                fixture::component_report(&team, verdicts[2], vec![]),
            ];
            components[1].name.push('b');
            components[0].reasons = runs
                .first()
                .map(|(_, run)| run.run.outcome.reason)
                .into_iter()
                .collect();
            components[0].spent = spent.map(std::time::Duration::from_millis);
            components[0].incidents_begun = counts.map(|count| count >> 12);
            components[1].incident = flags[1].then(|| IncidentReport {
                start: fixture::before(spent[0] % 1_000_000),
                level: Verdict::Down,
                downtime: std::time::Duration::ZERO,
                suspended: flags[2],
            });
            let mut platform = fixture::platform_report(&name, &title, verdicts[0], components);
            (platform.operator, platform.team) = (operator.clone(), team.clone());
            (platform.depth, platform.page) = (depth, flags[3]);
            (platform.incident_degraded, platform.incident_down) = (flags[4], flags[5]);
            let report = Report {
                now: fixture::NOW,
                vantage_up: flags[2],
                platforms: vec![platform],
            };
            World {
                vantage,
                platforms: vec![fixture::platform(&title, &operator, &team, tree)],
                report,
                runs,
                controls,
            }
        },
    )
}

/// OpenMetrics with the names of version 0.0.4; checks its frame on the way.
fn openmetrics_samples(page: &str) -> Vec<Sample> {
    let body = page.strip_suffix("# EOF\n").expect("ends in EOF");
    assert!(!body.contains("# EOF"));
    samples(body)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_page_has_the_samples_of_the_crates_encoder(world in world()) {
        let own = fixture::own();
        let theirs = samples(&their_page(&world.store(), &world.report, &own));
        let text = page(world.store(), world.report.clone(), &own, Format::Text);
        prop_assert_eq!(&samples(&text), &theirs);
        let openmetrics = page(world.store(), world.report.clone(), &own, Format::OpenMetrics);
        prop_assert_eq!(openmetrics_samples(&openmetrics), theirs);
        let lines = text.lines().filter(|line| !line.starts_with('#')).count();
        let said = format!(r#"platform_exporter_series{{vantage="{}"}} {lines}"#, world.vantage.replace('\\', r"\\").replace('\n', r"\n").replace('"', "\\\""));
        prop_assert!(text.lines().any(|line| line == said), "{said}");
    }
}

/// What is needed to see that pieces join without loss: more than one of them.
#[test]
fn a_page_of_many_pieces_is_whole() {
    use std::sync::Arc;
    let checks = (0..900)
        .map(|n| fixture::check("p", "c", &format!("k{n}"), fixture::tcp("h"), Depth::Edge))
        .collect();
    let platforms = [fixture::platform(
        "P",
        "O",
        "",
        vec![fixture::component(checks)],
    )];
    let store = Arc::new(Store::new("v", &platforms));
    let empty = || Report {
        now: fixture::NOW,
        vantage_up: false,
        platforms: vec![],
    };
    let own = Own::without_process();
    let mut page = super::Page::new(store.clone(), empty(), &own, Format::Text);
    let pieces: Vec<_> = std::iter::from_fn(|| page.next_piece()).collect();
    assert!(pieces.len() > 10, "{}", pieces.len());
    for piece in &pieces {
        assert!(
            piece.len() <= super::exposition::PIECE * 5 / 4,
            "{}",
            piece.len()
        );
    }
    let whole = String::from_utf8(pieces.concat()).unwrap();
    assert_eq!(
        samples(&whole),
        samples(&their_page(&store, &empty(), &own))
    );
    let types: Vec<_> = whole
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    let table: Vec<_> = FAMILIES.iter().map(|family| family.name).collect();
    assert_eq!(types, table, "each family once, in the order of the table");
}

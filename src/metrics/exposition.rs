//! The page: walks the table over store, report and registry, and writes it piece by piece, so that a page of any size
//! costs little memory and holds up nobody.

use std::sync::Arc;

use prometheus::proto::MetricFamily;

use super::emit::{Emit, Number};
use super::families::{FAMILIES, Family, Fill};
use super::negotiate::Format;
use super::own::Own;
use super::store::Store;
use super::text::{Text, push_label};
use crate::state::Report;
use crate::time::Times;

/// Bytes of text per piece, more or less: enough that the cost per piece vanishes, little enough that a slow reader costs
/// no memory and a fast one does not keep a worker thread for longer than some 100 µs.
pub const PIECE: usize = 64 * 1024;

/// A metrics page that is being written.
pub struct Page {
    store: Arc<Store>,
    report: Report,
    own: Vec<MetricFamily>,
    controls: Vec<(String, bool)>,
    /// Label text of the vantage, of each platform, and of each component with its place in the report.
    vantage: String,
    platforms: Vec<String>,
    components: Vec<(usize, usize, String)>,
    text: Text,
    /// The next to be written: row of the table, and item in it.
    family: usize,
    item: usize,
    ended: bool,
}

impl Page {
    /// A page of what is known now. The counters of a check are read when its lines are written.
    pub fn new(store: Arc<Store>, report: Report, own: &Own, format: Format) -> Self {
        let mut vantage = String::new();
        push_label(&mut vantage, "vantage", &store.vantage);
        let labelled = |base: &str, name, value: &str| {
            let mut labels = base.to_owned();
            push_label(&mut labels, name, value);
            labels
        };
        let platforms: Vec<_> = report
            .platforms
            .iter()
            .map(|platform| labelled(&vantage, "platform", &platform.name))
            .collect();
        let mut components = Vec::new();
        for (p, (platform, base)) in report.platforms.iter().zip(&platforms).enumerate() {
            for (c, component) in platform.components.iter().enumerate() {
                components.push((p, c, labelled(base, "component", &component.name)));
            }
        }
        Self {
            own: own.gather(),
            controls: store.controls(),
            store,
            report,
            vantage,
            platforms,
            components,
            text: Text::new(format),
            family: 0,
            item: 0,
            ended: false,
        }
    }

    /// The same with its points in time as they are written.
    #[must_use]
    pub fn timed_by(mut self, times: Times) -> Self {
        self.text.times = times;
        self
    }

    /// The next piece; none when the page has ended.
    pub fn next_piece(&mut self) -> Option<Vec<u8>> {
        // A piece overshoots by one item at most; room for that saves growing the buffer.
        self.text.out = Vec::with_capacity(PIECE + PIECE / 4);
        while self.text.out.len() < PIECE && !self.ended {
            self.step();
        }
        let piece = std::mem::take(&mut self.text.out);
        (!piece.is_empty()).then_some(piece)
    }

    /// Writes one item, or passes on to the next family.
    fn step(&mut self) {
        let Some(family) = FAMILIES.get(self.family) else {
            for family in &self.own {
                if is_process(family) {
                    self.text.family(family, "");
                }
            }
            self.text.end();
            self.ended = true;
            return;
        };
        if self.item == 0 && !matches!(family.fill, Fill::Own) {
            self.text.head(family.name, family.kind, family.help);
        }
        if self.write_item(family).is_some() {
            self.item += 1;
        } else {
            self.family += 1;
            self.item = 0;
        }
    }

    /// Writes the next item of the family; none when there is no further one.
    fn write_item(&mut self, family: &Family) -> Option<()> {
        let Self { text, report, .. } = self;
        let name = family.name;
        let only = (self.item == 0).then_some(());
        match family.fill {
            Fill::Vantage(fill) => {
                only.map(|()| fill(report, &mut text.series(name, &self.vantage)))
            }
            Fill::Platform(fill) => {
                let (platform, labels) = report
                    .platforms
                    .get(self.item)
                    .zip(self.platforms.get(self.item))?;
                fill(platform, &mut text.series(name, labels));
                Some(())
            }
            Fill::Component(fill) => {
                let (platform, component, labels) = self.components.get(self.item)?;
                let component = report
                    .platforms
                    .get(*platform)?
                    .components
                    .get(*component)?;
                fill(component, &mut text.series(name, labels));
                Some(())
            }
            Fill::Check(fill) => {
                let entry = self.store.entries.get(self.item)?;
                fill(entry, &entry.lock(), &mut text.series(name, &entry.labels));
                Some(())
            }
            Fill::Control => {
                let (control, success) = self.controls.get(self.item)?;
                text.series(name, &self.vantage)
                    .value(&[("control", control)], (*success).into());
                Some(())
            }
            Fill::Own => {
                only?;
                let family = self.own.iter().find(|gathered| gathered.name() == name)?;
                text.family(family, &self.vantage);
                Some(())
            }
            Fill::Series => {
                only?;
                let to_come: usize = self
                    .own
                    .iter()
                    .filter(|family| is_process(family))
                    .map(|family| family.get_metric().len())
                    .sum();
                let samples = text.samples + 1 + to_come as u64;
                text.series(name, &self.vantage)
                    .value(&[], Number::Int(samples));
                Some(())
            }
        }
    }
}

/// The process's metrics have one sample each, no vantage, and stand at the end of the page.
fn is_process(family: &MetricFamily) -> bool {
    family.name().starts_with("process_")
}

//! The parts of a dashboard in Grafana's classic JSON, as far as ours use them.

use serde_json::{Map, Value, json};

/// Columns of Grafana's grid. On a phone every panel takes the whole width, in the order of the grid.
const COLUMNS: u64 = 24;
/// The classic schema that Grafana 10 to 13 read.
const SCHEMA: u64 = 42;
/// The tag by which the dashboards link to each other.
pub const TAG: &str = "platform_exporter";
/// What shows that nothing is known: neither good nor bad.
pub const NEUTRAL: &str = "#7b8087";

/// A dashboard.
pub struct Dashboard {
    pub uid: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    /// Start of the time range, such as `now-24h`.
    pub from: &'static str,
    pub refresh: &'static str,
    pub variables: Vec<Value>,
    pub rows: Vec<Row>,
}

/// A heading with the panels that answer its question.
pub struct Row {
    pub id: u64,
    pub title: &'static str,
    pub panels: Vec<Panel>,
}

/// A heading.
pub fn row(id: u64, title: &'static str, panels: Vec<Panel>) -> Row {
    Row { id, title, panels }
}

/// A query of a panel.
pub struct Query {
    expr: String,
    legend: String,
    table: bool,
    instant: bool,
}

/// The values of now.
pub fn instant(expr: impl Into<String>, legend: &str) -> Query {
    Query {
        expr: expr.into(),
        legend: legend.into(),
        table: false,
        instant: true,
    }
}

/// The values over the time range.
pub fn range(expr: impl Into<String>, legend: &str) -> Query {
    Query {
        instant: false,
        ..instant(expr, legend)
    }
}

/// The values of now as rows of a table, one column for each label.
pub fn rows(expr: impl Into<String>) -> Query {
    Query {
        table: true,
        ..instant(expr, "")
    }
}

/// A panel.
pub struct Panel {
    kind: &'static str,
    id: u64,
    title: &'static str,
    description: &'static str,
    size: (u64, u64),
    queries: Vec<Query>,
    /// Lower bound of `$__interval`: not below the usual scrape interval, so that each has a sample.
    interval: &'static str,
    options: Value,
    defaults: Value,
    overrides: Vec<Value>,
    transformations: Vec<Value>,
    time_from: Option<&'static str>,
}

impl Panel {
    fn new(
        kind: &'static str,
        (id, title, description): (u64, &'static str, &'static str),
        options: Value,
        custom: Value,
    ) -> Self {
        let mut defaults = json!({
            "color": { "mode": "thresholds" },
            "mappings": [],
            "noValue": "unknown",
            "thresholds": { "mode": "absolute", "steps": [{ "color": NEUTRAL, "value": null }] },
        });
        if custom.is_object() {
            defaults["custom"] = custom;
        }
        Self {
            kind,
            id,
            title,
            description,
            size: (COLUMNS, 8),
            queries: Vec::new(),
            interval: "1m",
            options,
            defaults,
            overrides: Vec::new(),
            transformations: Vec::new(),
            time_from: None,
        }
    }

    /// Large values. The colour fills the background.
    pub fn stat(id: u64, title: &'static str, description: &'static str) -> Self {
        let options = json!({
            "colorMode": "background",
            "graphMode": "none",
            "justifyMode": "auto",
            "orientation": "auto",
            "percentChangeColorMode": "standard",
            "reduceOptions": { "calcs": ["lastNotNull"], "fields": "", "values": false },
            "showPercentChange": false,
            "textMode": "value_and_name",
            "wideLayout": true,
        });
        Self::new("stat", (id, title, description), options, Value::Null)
    }

    /// Lines over time.
    pub fn graph(id: u64, title: &'static str, description: &'static str) -> Self {
        let options = json!({
            "legend": { "calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": true },
            "tooltip": { "mode": "multi", "sort": "desc" },
        });
        let custom = json!({
            "drawStyle": "line",
            "fillOpacity": 10,
            "lineWidth": 1,
            "showPoints": "never",
            "spanNulls": false,
            "stacking": { "group": "A", "mode": "none" },
        });
        let mut panel = Self::new("timeseries", (id, title, description), options, custom);
        panel.defaults["color"] = json!({ "mode": "palette-classic-by-name" });
        panel
    }

    /// Areas upon each other.
    pub fn stacked(id: u64, title: &'static str, description: &'static str) -> Self {
        let mut panel = Self::graph(id, title, description);
        panel.defaults["custom"]["stacking"] = json!({ "group": "A", "mode": "normal" });
        panel.defaults["custom"]["fillOpacity"] = json!(60);
        panel
    }

    /// A row for each series, coloured by state.
    pub fn timeline(id: u64, title: &'static str, description: &'static str) -> Self {
        let options = json!({
            "alignValue": "left",
            "legend": { "calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": false },
            "mergeValues": true,
            "rowHeight": 0.9,
            "showValue": "auto",
            "tooltip": { "mode": "single", "sort": "none" },
        });
        let custom = json!({ "fillOpacity": 80, "lineWidth": 0 });
        Self::new("state-timeline", (id, title, description), options, custom)
    }

    /// A row for each series, a box for each interval.
    pub fn history(id: u64, title: &'static str, description: &'static str) -> Self {
        let options = json!({
            "colWidth": 0.9,
            "legend": { "calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": false },
            "rowHeight": 0.9,
            "showValue": "auto",
            "tooltip": { "mode": "single", "sort": "none" },
        });
        let custom = json!({ "fillOpacity": 80, "lineWidth": 1 });
        Self::new("status-history", (id, title, description), options, custom)
    }

    /// Rows and columns. The queries' labels must be the same: then rows of equal labels become one.
    pub fn table(id: u64, title: &'static str, description: &'static str) -> Self {
        let options = json!({ "cellHeight": "sm", "showHeader": true });
        let custom =
            json!({ "align": "auto", "cellOptions": { "type": "auto" }, "inspect": false });
        Self::new("table", (id, title, description), options, custom)
    }

    pub fn size(mut self, width: u64, height: u64) -> Self {
        self.size = (width, height);
        self
    }

    pub fn unit(mut self, unit: &str) -> Self {
        self.defaults["unit"] = json!(unit);
        self
    }

    pub fn decimals(mut self, decimals: u64) -> Self {
        self.defaults["decimals"] = json!(decimals);
        self
    }

    /// Lower and upper end of the axis.
    pub fn between(mut self, min: u64, max: u64) -> Self {
        self.defaults["min"] = json!(min);
        self.defaults["max"] = json!(max);
        self
    }

    pub fn query(mut self, query: Query) -> Self {
        self.queries.push(query);
        self
    }

    /// Texts and colours of values. What none of them names stays neutral.
    pub fn mappings(mut self, mappings: Value) -> Self {
        self.defaults["mappings"] = mappings;
        self
    }

    /// What is shown where there is no data. Call it after `mappings`, of which the one of no value has the last word.
    pub fn without_data(mut self, text: &str) -> Self {
        self.defaults["noValue"] = json!(text);
        for mapping in self.defaults["mappings"].as_array_mut().unwrap() {
            if mapping["type"] == "special" {
                mapping["options"]["result"]["text"] = json!(text);
            }
        }
        self
    }

    /// How often a value is wanted at most.
    pub fn every(mut self, interval: &'static str) -> Self {
        self.interval = interval;
        self
    }

    /// A time range of its own, ending now.
    pub fn last(mut self, range: &'static str) -> Self {
        self.time_from = Some(range);
        self
    }

    pub fn option(mut self, name: &str, value: Value) -> Self {
        self.options[name] = value;
        self
    }

    /// A click on a value leads there.
    pub fn link(mut self, link: Value) -> Self {
        self.defaults["links"] = json!([link]);
        self
    }

    /// Other properties for the series of a name.
    pub fn series(self, pattern: &str, properties: &[(&str, Value)]) -> Self {
        self.override_of("byRegexp", pattern, properties)
    }

    /// A column of a table: the label or `Value #A`, what people read above it, and properties of its own. An empty cell
    /// says unknown, unless they say otherwise.
    pub fn column(self, field: &str, title: &str, properties: &[(&str, Value)]) -> Self {
        let mut all = vec![("displayName", json!(title))];
        if !properties.iter().any(|(id, _)| *id == "noValue") {
            all.push(("noValue", json!("unknown")));
        }
        all.extend_from_slice(properties);
        self.override_of("byName", field, &all)
    }

    fn override_of(mut self, matcher: &str, options: &str, properties: &[(&str, Value)]) -> Self {
        let properties: Vec<Value> = properties
            .iter()
            .map(|(id, value)| json!({ "id": id, "value": value }))
            .collect();
        self.overrides.push(
            json!({ "matcher": { "id": matcher, "options": options }, "properties": properties }),
        );
        self
    }

    /// Sorts a table by columns, by the titles given to `column`: upwards, or downwards where `true`.
    pub fn sorted(self, columns: &[(&str, bool)]) -> Self {
        let columns = columns
            .iter()
            .map(|(title, down)| json!({ "desc": down, "displayName": title }));
        let columns: Vec<Value> = columns.collect();
        self.option("sortBy", json!(columns))
    }

    /// Makes one table of the queries, with the fields in this order.
    pub fn merged(mut self, fields: &[&str]) -> Self {
        let order: Map<String, Value> = fields
            .iter()
            .enumerate()
            .map(|(index, field)| ((*field).to_owned(), json!(index)))
            .collect();
        let organize =
            json!({ "excludeByName": { "Time": true }, "indexByName": order, "renameByName": {} });
        self.transformations = vec![
            json!({ "id": "merge", "options": {} }),
            json!({ "id": "organize", "options": organize }),
        ];
        self
    }

    fn targets(&self) -> Vec<Value> {
        let letters = 'A'..='Z';
        let queries = self.queries.iter().zip(letters);
        queries
            .map(|(query, letter)| {
                json!({
                    "datasource": data_source(),
                    "editorMode": "code",
                    "expr": query.expr,
                    "format": if query.table { "table" } else { "time_series" },
                    "instant": query.instant,
                    "legendFormat": query.legend,
                    "range": !query.instant,
                    "refId": letter.to_string(),
                })
            })
            .collect()
    }

    fn json(&self, (x, y): (u64, u64)) -> Value {
        let mut json = json!({
            "datasource": data_source(),
            "description": self.description,
            "fieldConfig": { "defaults": self.defaults, "overrides": self.overrides },
            "gridPos": { "h": self.size.1, "w": self.size.0, "x": x, "y": y },
            "id": self.id,
            "interval": self.interval,
            "options": self.options,
            "targets": self.targets(),
            "title": self.title,
            "type": self.kind,
        });
        if !self.transformations.is_empty() {
            json["transformations"] = json!(self.transformations);
        }
        if let Some(range) = self.time_from {
            json["timeFrom"] = json!(range);
        }
        json
    }
}

fn data_source() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

impl Row {
    /// The heading and its panels from line `y` on; the line after them.
    fn json(&self, mut y: u64, out: &mut Vec<Value>) -> u64 {
        out.push(json!({
            "collapsed": false,
            "gridPos": { "h": 1, "w": COLUMNS, "x": 0, "y": y },
            "id": self.id,
            "panels": [],
            "title": self.title,
            "type": "row",
        }));
        y += 1;
        let (mut x, mut tallest) = (0, 0);
        for panel in &self.panels {
            let (width, height) = panel.size;
            if x + width > COLUMNS {
                (x, y, tallest) = (0, y + tallest, 0);
            }
            out.push(panel.json((x, y)));
            (x, tallest) = (x + width, tallest.max(height));
        }
        y + tallest
    }
}

impl Dashboard {
    pub fn json(&self) -> Value {
        let mut panels = Vec::new();
        self.rows.iter().fold(0, |y, row| row.json(y, &mut panels));
        json!({
            "annotations": { "list": [] },
            "description": self.description,
            "editable": false,
            "fiscalYearStartMonth": 0,
            "graphTooltip": 1,
            "id": null,
            "links": [{
                "asDropdown": false,
                "icon": "external link",
                "includeVars": true,
                "keepTime": true,
                "tags": [TAG],
                "targetBlank": false,
                "title": "",
                "tooltip": "",
                "type": "dashboards",
                "url": "",
            }],
            "panels": panels,
            "refresh": self.refresh,
            "schemaVersion": SCHEMA,
            "tags": [TAG],
            "templating": { "list": self.variables },
            "time": { "from": self.from, "to": "now" },
            "timepicker": {},
            "timezone": "browser",
            "title": self.title,
            "uid": self.uid,
            "version": 1,
            "weekStart": "",
        })
    }

    /// The file: two spaces, sorted keys, a newline at the end.
    pub fn text(&self) -> String {
        let sorted = sorted(self.json());
        format!("{}\n", serde_json::to_string_pretty(&sorted).unwrap())
    }
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().map(|(k, v)| (k, sorted(v))).collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

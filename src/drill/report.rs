//! What is left of a drill for people: the table on the terminal, the report of a game day, and the delays for README.

use super::alerts::Answer;
use super::judge::{Judgement, Row, Seen};
use super::scenario::{Alert, Event, Scenario, words};
use crate::config::DRILL;
use crate::time::Time;

/// A drill that is over, for its report.
#[derive(Clone, Debug)]
pub struct Game<'a> {
    /// What was played.
    pub scenario: &'a Scenario,
    /// What came of it.
    pub judgement: &'a Judgement,
    /// When it was played, by the clock on the wall.
    pub played: Time,
    /// The speed that was asked for, as a multiple of real time.
    pub asked: f64,
    /// The speed that was reached.
    pub achieved: f64,
    /// What Alertmanager had; none: it was not asked.
    pub alerts: Option<&'a Answer>,
}

impl Game<'_> {
    /// Whether every verdict and every alert came.
    pub fn passed(&self) -> bool {
        self.judgement.passed() && self.alerts.is_none_or(Answer::passed)
    }
}

/// The columns of the tables.
const COLUMNS: [&str; 10] = [
    "platform",
    "what broke",
    "right is",
    "broke at",
    "judged at",
    "after",
    "restored at",
    "judged at",
    "after",
    "false verdicts",
];

/// Stands where there is nothing to say.
const NOTHING: &str = "-";

/// What nobody outside sees, whatever a drill shows.
const UNSEEN: &str = "\
Nobody without an account sees whether feeds refresh, messages arrive, uploads work or notifications come. The verdicts \
above rest on names, connections, certificates, pages, the form of the login page, an API's refusal of a bad token and a chat \
server's greeting. In this drill the platforms, our own network and the time were simulated: real platforms fail in ways that \
were never recorded, and how a recorded failure looked on the wire is mostly inferred. Status pages and users' reports take no \
part in a verdict.";

/// The table at the end, for a terminal, and every failure below it.
pub fn table(judgement: &Judgement, alerts: Option<&Answer>) -> String {
    let mut rows = vec![COLUMNS.map(str::to_owned)];
    rows.extend(judgement.rows.iter().map(cells));
    let widths: Vec<usize> = (0..COLUMNS.len())
        .map(|column| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    let alerts = alerts.into_iter().flat_map(Answer::failures);
    for failure in judgement.failures().chain(alerts) {
        text.push_str(&format!("FAILED: {failure}\n"));
    }
    text
}

fn cells(row: &Row) -> [String; 10] {
    let time = |time: Option<Time>| time.map_or_else(|| NOTHING.to_owned(), words::clock);
    let delay =
        |delay: Option<std::time::Duration>| delay.map_or_else(|| NOTHING.to_owned(), words::span);
    [
        row.platform.clone(),
        or_nothing(&row.broke),
        words::verdicts(&row.expected),
        time(row.broke_at),
        seen(row.judged),
        delay(row.delay()),
        time(row.restored_at),
        seen(row.restored),
        delay(row.delay_of_restored()),
        row.false_verdicts.to_string(),
    ]
}

fn or_nothing(text: &str) -> String {
    match text {
        "" => NOTHING.into(),
        text => text.into(),
    }
}

fn seen(seen: Seen) -> String {
    match seen {
        Seen::At(at) => words::clock(at),
        Seen::Before => NOTHING.into(),
        Seen::Never => "never".into(),
    }
}

/// The report of a game day, in Markdown.
pub fn markdown(game: &Game<'_>) -> String {
    let Game {
        scenario,
        judgement,
        ..
    } = game;
    let mut text = format!("# Drill: {}\n\n{}\n", safe(&scenario.title), header(game));
    section(&mut text, "Timeline", &timeline(scenario));
    section(
        &mut text,
        "Verdicts",
        &markdown_table(
            &COLUMNS,
            judgement.rows.iter().map(|row| cells(row).to_vec()),
        ),
    );
    section(
        &mut text,
        "False and missed verdicts",
        &list(judgement.failures(), "None."),
    );
    if !scenario.alerts.is_empty() {
        section(&mut text, "Alerts", &alerts(game));
    }
    if !scenario.left_out.is_empty() {
        let left_out = scenario.left_out.iter().map(String::clone);
        section(
            &mut text,
            "Not watched in this configuration, and not played",
            &list(left_out, ""),
        );
    }
    section(&mut text, "What an outside observer could not see", UNSEEN);
    let sources = scenario
        .sources
        .iter()
        .map(|(key, source)| format!("**{}**: {}", safe(key), safe(source)));
    if !scenario.sources.is_empty() {
        section(&mut text, "Sources", &lines(sources));
    }
    text
}

fn section(text: &mut String, title: &str, body: &str) {
    text.push_str(&format!("\n## {title}\n\n{}\n", body.trim_end()));
}

/// What was played, when, how fast, and what came of it.
fn header(game: &Game<'_>) -> String {
    let Game {
        scenario,
        judgement,
        ..
    } = game;
    let facts = [
        (
            "Result",
            if game.passed() {
                "**passed**"
            } else {
                "**FAILED**"
            }
            .to_owned(),
        ),
        ("Scenario", safe(&scenario.name)),
        (
            "Played",
            format!("{} {} UTC", game.played.date(), words::clock(game.played)),
        ),
        (
            "Virtual time",
            format!(
                "{} {} to {} UTC",
                scenario.start.date(),
                words::clock(scenario.start),
                words::clock(judgement.until)
            ),
        ),
        (
            "Speed",
            format!("{:.1}x, {}x asked for", game.achieved, game.asked),
        ),
        ("Vantage", DRILL.to_owned()),
    ];
    lines(
        facts
            .into_iter()
            .map(|(key, value)| format!("{key}: {value}")),
    )
}

fn timeline(scenario: &Scenario) -> String {
    let source = |event: &Event| {
        let invented = event.invented.then(|| "invented".to_owned());
        let sources = event.sources.iter().cloned().chain(invented);
        sources.collect::<Vec<_>>().join(", ")
    };
    let row = |event: &Event| {
        vec![
            words::clock(event.at),
            event.what(),
            event.note.clone(),
            source(event),
        ]
    };
    markdown_table(
        &["time", "what", "note", "source"],
        scenario.events.iter().map(row),
    )
}

fn alerts(game: &Game<'_>) -> String {
    let seen = |asked: &Alert| match game.alerts {
        None => "not asked for",
        Some(answer) if answer.missing.contains(asked) => "**no**",
        Some(_) => "yes",
    };
    let row = |alert: &Alert| {
        let platform = alert.platform.clone().unwrap_or_else(|| "any".into());
        vec![alert.alert.clone(), platform, seen(alert).into()]
    };
    let table = markdown_table(
        &["alert", "platform", "seen by Alertmanager"],
        game.scenario.alerts.iter().map(row),
    );
    let failures = game.alerts.into_iter().flat_map(Answer::failures);
    format!("{table}\n{}", list(failures, ""))
}

/// The delays of several drills, for README.
pub fn delays(judgements: &[(&str, &Judgement)]) -> String {
    let columns = [
        "scenario",
        "platform",
        "what breaks",
        "verdict",
        "seen after",
        "its end seen after",
    ];
    let rows = judgements.iter().flat_map(|(name, judgement)| {
        judgement.rows.iter().map(move |row| {
            let [
                platform,
                broke,
                expected,
                _,
                judged,
                after,
                _,
                restored,
                restored_after,
                _,
            ] = cells(row);
            let delay = |seen: String, after: String| if seen == "never" { seen } else { after };
            vec![
                format!("`{name}`"),
                platform,
                broke,
                expected,
                delay(judged, after),
                delay(restored, restored_after),
            ]
        })
    });
    markdown_table(&columns, rows)
}

fn markdown_table(columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(columns.iter().map(|column| (*column).to_owned()).collect());
    text.push_str(&format!("|{}\n", "---|".repeat(columns.len())));
    for row in rows {
        text.push_str(&line(row.iter().map(|cell| safe(cell)).collect()));
    }
    text
}

fn list(items: impl Iterator<Item = String>, none: &str) -> String {
    match lines(items.map(|item| safe(&item))) {
        text if text.is_empty() => none.to_owned(),
        text => text,
    }
}

fn lines(items: impl Iterator<Item = String>) -> String {
    items.map(|item| format!("- {item}\n")).collect()
}

/// A text that ends no cell of a table and begins no HTML.
fn safe(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config;
    use crate::drill::judge::{FalseVerdict, Missed};
    use crate::state::Verdict;

    /// 5 March 2025, 12:00:00.
    const PLAYED: Time = Time::from_millis(1_741_176_000_000);

    fn scenario(name: &str) -> Scenario {
        let config = config::load(None).unwrap();
        Scenario::load(name, &config, PLAYED, &|_, _, _| Ok(())).unwrap()
    }

    /// Two rows: one as it should be, one of a platform that was called down for nothing and whose end nobody saw.
    fn judgement(scenario: &Scenario) -> Judgement {
        let at =
            |minute: u64, second: u64| scenario.start + Duration::from_secs(60 * minute + second);
        let right = Row {
            platform: "x".into(),
            broke: "api: over_capacity, login: login_rate_limit".into(),
            expected: vec![Verdict::Down],
            broke_at: Some(at(5, 0)),
            judged: Seen::At(at(5, 41)),
            restored_at: Some(at(172, 0)),
            restored: Seen::At(at(172, 38)),
            false_verdicts: 0,
        };
        let wrong = Row {
            platform: "threads".into(),
            broke: String::new(),
            expected: vec![Verdict::Up],
            broke_at: None,
            judged: Seen::Before,
            restored_at: None,
            restored: Seen::Never,
            false_verdicts: 1,
        };
        Judgement {
            rows: vec![right, wrong],
            false_verdicts: vec![FalseVerdict {
                platform: "threads".into(),
                verdict: Verdict::Down,
                expected: vec![Verdict::Up],
                from: at(7, 0),
                until: at(7, 30),
            }],
            missed: vec![Missed {
                expected: scenario.expectations[0].clone(),
                was: Some(Verdict::Up),
                came: None,
            }],
            until: scenario.end,
        }
    }

    const TABLE: &str = "\
platform  what broke                                   right is  broke at  judged at  after  restored at  judged at  after  false verdicts
x         api: over_capacity, login: login_rate_limit  down      00:13:00  00:13:41   41 s   03:00:00     03:00:38   38 s   0
threads   -                                            up        -         -          -      -            never      -      1
FAILED: expected x down within 60 s of 00:13:00, was up
FAILED: threads was down from 00:15:00 to 00:15:30, expected up
";

    #[test]
    fn the_table_stands_in_columns() {
        let scenario = scenario("x-2022-12-28");
        assert_eq!(table(&judgement(&scenario), None), TABLE);
    }

    #[test]
    fn the_report_tells_the_whole_game_day() {
        let mut scenario = scenario("x-2022-12-28");
        scenario.left_out = vec!["telegram".into()];
        let judgement = judgement(&scenario);
        let alerts = Answer {
            seen: [("PlatformDown".to_owned(), "x".to_owned())].into(),
            missing: vec![],
            unexpected: vec![],
            lost: None,
        };
        let game = Game {
            scenario: &scenario,
            judgement: &judgement,
            played: PLAYED,
            asked: 60.0,
            achieved: 59.94,
            alerts: Some(&alerts),
        };
        let text = markdown(&game);
        for part in [
            "# Drill: X, 28 December 2022: ",
            "- Result: **FAILED**\n- Scenario: x-2022-12-28\n- Played: 2025-03-05 12:00:00 UTC\n",
            "- Virtual time: 2022-12-29 00:08:00 to 03:10:00 UTC\n- Speed: 59.9x, 60x asked for\n- Vantage: drill\n",
            "| 00:13:00 | x login: login_rate_limit | Users are logged out; logging in says \"rate limit exceeded\". | R5, crowd |\n",
            "| x | api: over_capacity, login: login_rate_limit | down | 00:13:00 | 00:13:41 | 41 s | 03:00:00 | 03:00:38 | 38 s | 0 |\n",
            "- threads was down from 00:15:00 to 00:15:30, expected up\n",
            "| PlatformDown | x | yes |\n",
            "- telegram\n",
            "## What an outside observer could not see\n",
            "- **R5**: news report of 29 December 2022",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(!game.passed());
        let fine = Judgement {
            false_verdicts: vec![],
            missed: vec![],
            ..judgement.clone()
        };
        let game = Game {
            judgement: &fine,
            ..game
        };
        assert!(
            game.passed() && markdown(&game).contains("## False and missed verdicts\n\nNone.\n")
        );
        let wrong = Answer {
            missing: vec![scenario.alerts[0].clone()],
            unexpected: vec!["threads".into()],
            ..alerts.clone()
        };
        let game = Game {
            alerts: Some(&wrong),
            ..game
        };
        let text = markdown(&game);
        for part in [
            "| PlatformDown | x | **no** |\n",
            "- Alertmanager did not get PlatformDown for x\n",
            "- Alertmanager got PlatformDown for threads, which was not expected\n",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(!game.passed());
        assert!(
            markdown(&Game {
                alerts: None,
                ..game
            })
            .contains("| not asked for |")
        );
    }

    #[test]
    fn what_is_invented_is_marked() {
        let scenario = scenario("nat-gateway");
        let text = timeline(&scenario);
        assert!(text.contains("| our gateway: unreachable | No connection leaves any more; names still resolve. | invented |\n"), "{text}");
    }

    #[test]
    fn texts_end_no_cell_and_begin_no_html() {
        let text = markdown_table(&["a"], [vec!["x | <b>".to_owned()]].into_iter());
        assert_eq!(text, "| a |\n|---|\n| x \\| &lt;b> |\n");
    }

    #[test]
    fn readme_gets_the_delays() {
        let scenario = scenario("x-2022-12-28");
        let judgement = judgement(&scenario);
        assert_eq!(
            delays(&[("x-2022-12-28", &judgement)]),
            "| scenario | platform | what breaks | verdict | seen after | its end seen after |\n|---|---|---|---|---|---|\n\
             | `x-2022-12-28` | x | api: over_capacity, login: login_rate_limit | down | 41 s | 38 s |\n\
             | `x-2022-12-28` | threads | - | up | - | never |\n"
        );
    }
}

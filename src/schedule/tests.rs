//! The plan as tables: when runs start, what is skipped, what is counted.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

const INTERVAL: Duration = Duration::from_secs(30);
const BASE: Time = Time::from_millis(1_709_650_800_000);

const NONE: Vec<Slot> = Vec::new();

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A schedule with one check whose first run was just taken out, and the time of that run.
fn running() -> (Schedule, Time) {
    let mut schedule = Schedule::new();
    let first = schedule.add(0, "acme/api/me", INTERVAL, INTERVAL, BASE);
    assert_eq!(take(&mut schedule, first), vec![0]);
    (schedule, first)
}

fn take(schedule: &mut Schedule, now: Time) -> Vec<Slot> {
    schedule
        .pop_due(now)
        .into_iter()
        .map(|due| due.slot)
        .collect()
}

/// A running check at one of its slots, well after its start.
fn at_slot() -> (Schedule, Time) {
    let (mut schedule, first) = running();
    let (second, _) = schedule.finished(0, first, Pace::Interval, first + ms(100));
    take(&mut schedule, second);
    (schedule, second)
}

#[test]
fn the_first_run_comes_soon_and_the_next_not_at_once() {
    let mut least = Duration::MAX;
    for i in 0..500 {
        let id = format!("acme/api/check{i}");
        let mut schedule = Schedule::new();
        let first = schedule.add(0, &id, INTERVAL, Duration::from_secs(5), BASE);
        assert!(first >= BASE && first < BASE + Duration::from_secs(5));
        assert_eq!(schedule.planned(0), Some(first));
        assert_eq!(schedule.next_wake(), Some(first));
        take(&mut schedule, first);
        assert_eq!(schedule.planned(0), None);
        let (second, missed) = schedule.finished(0, first, Pace::Interval, first + ms(100));
        least = least.min(second.since(first));
        assert!(second.since(first) >= INTERVAL / 2, "{id}");
        assert!(second.since(first) <= INTERVAL * 155 / 100, "{id}");
        assert_eq!(missed, 0, "{id}: a skipped slot is not a missed one");
    }
    assert!(
        least < INTERVAL * 6 / 10,
        "no more is skipped than half an interval"
    );
}

#[test]
fn first_runs_are_spread() {
    let mut schedule = Schedule::new();
    let within = Duration::from_secs(10);
    let mut buckets = [0; 10];
    for slot in 0..1000 {
        let first = schedule.add(slot, &format!("acme/api/{slot}"), INTERVAL, within, BASE);
        buckets[first.since(BASE).as_secs() as usize] += 1;
    }
    assert!(buckets.iter().all(|n| (70..130).contains(n)), "{buckets:?}");
}

#[test]
fn paces() {
    // Pace, how long the run took, when the next starts after its start: none means at the next slot.
    let table = [
        (Pace::Recheck(ms(10_000)), 500, Some(10_000)),
        (Pace::Recheck(ms(10_000)), 10_000, Some(10_000)),
        (Pace::Recheck(ms(10_000)), 12_000, Some(12_000)),
        (Pace::Recheck(ms(45_000)), 500, Some(30_000)),
        (Pace::Pause(ms(60_000)), 500, Some(60_500)),
        (Pace::Interval, 500, None),
        (Pace::Interval, 20_000, None),
    ];
    for (pace, took, expected) in table {
        let (mut schedule, started) = at_slot();
        let (next, missed) = schedule.finished(0, started, pace, started + ms(took));
        let gap = next.since(started).as_millis() as u64;
        match expected {
            Some(expected) => assert_eq!(gap, expected, "{pace:?} {took}"),
            None => assert!(gap.abs_diff(30_000) <= 1500, "{pace:?} {took}: {gap}"),
        }
        assert_eq!(missed, 0);
        assert_eq!(schedule.next_wake(), Some(next));
    }
}

#[test]
fn a_slot_within_a_recheck_is_not_missed() {
    for before in [1, 300, 4999] {
        let (mut schedule, started) = at_slot();
        let slot = schedule.checks[&0].slots.after(started);
        let recheck = slot - ms(before);
        let pace = Pace::Recheck(recheck.since(started));
        schedule.finished(0, started, pace, started + ms(100));
        let due = schedule.pop_due(recheck + ms(before));
        assert_eq!(due[0].missed, 0);
        let (next, missed) = schedule.finished(0, recheck, Pace::Interval, recheck + ms(5000));
        assert_eq!(missed, 0);
        assert!(next > slot);
    }
}

#[test]
fn a_run_longer_than_the_interval_costs_slots_and_starts_no_burst() {
    let (mut schedule, started) = at_slot();
    let end = started + INTERVAL * 3 + INTERVAL / 2;
    assert_eq!(
        take(&mut schedule, end),
        NONE,
        "never two runs of a check at once"
    );
    let (next, missed) = schedule.finished(0, started, Pace::Interval, end);
    assert_eq!(missed, 3);
    assert!(next > end && next <= end + INTERVAL);
    assert_eq!(take(&mut schedule, end), NONE);
}

#[test]
fn late_runs() {
    // How late, whether that is too late, slots missed.
    for (after, late, missed) in [
        (0, false, 0),
        (1000, false, 0),
        (1001, true, 0),
        (15_000, true, 0),
        (75_000, true, 2),
    ] {
        let (mut schedule, started) = at_slot();
        let (planned, _) = schedule.finished(0, started, Pace::Interval, started + ms(100));
        let due = schedule.pop_due(planned + ms(after));
        assert_eq!(
            due,
            vec![Due {
                slot: 0,
                planned,
                missed,
                late
            }]
        );
        let now = planned + ms(after);
        let (next, again) = schedule.finished(0, now, Pace::Interval, now);
        assert_eq!(again, 0, "no slot is counted twice");
        assert!(next > now && next <= now + INTERVAL + INTERVAL / 20);
    }
}

#[test]
fn due_runs_come_in_order() {
    let mut schedule = Schedule::new();
    for slot in 0..50 {
        schedule.add(slot, &format!("acme/api/{slot}"), INTERVAL, INTERVAL, BASE);
    }
    let due = schedule.pop_due(BASE + INTERVAL);
    assert_eq!(due.len(), 50);
    assert!(due.is_sorted_by_key(|due| due.planned));
    assert_eq!(schedule.next_wake(), None);
}

#[test]
fn pauses_outlast_a_plan() {
    let (mut old, started) = at_slot();
    assert_eq!(old.paused(0), None);
    let (next, _) = old.finished(0, started, Pace::Pause(ms(600_000)), started);
    assert_eq!(old.paused(0), Some(next));
    let mut new = Schedule::new();
    assert_eq!(new.resume(7, "acme/api/me", INTERVAL, next, started), next);
    assert_eq!(new.paused(7), Some(next), "and the next plan too");
    assert_eq!(take(&mut new, next), vec![7]);
    // Slots are where they were.
    let slot = new.finished(7, next, Pace::Interval, next).0;
    assert_eq!(new.paused(7), None);
    take(&mut old, next);
    assert_eq!(old.finished(0, next, Pace::Interval, next).0, slot);
    // What has passed is due now.
    assert_eq!(new.resume(8, "acme/api/you", INTERVAL, started, next), next);
}

#[test]
fn what_is_taken_out_stays_out() {
    let (mut schedule, started) = running();
    let other = schedule.add(1, "acme/api/you", INTERVAL, ms(0), started);
    schedule.remove(0);
    assert_eq!(
        schedule.finished(0, started, Pace::Interval, started),
        (started, 0)
    );
    schedule.remove(1);
    assert_eq!(take(&mut schedule, other + INTERVAL), NONE);
    // Added anew it runs once.
    let next = schedule.add(1, "acme/api/you", INTERVAL, ms(0), started);
    schedule.add(1, "acme/api/you", INTERVAL, ms(0), started);
    assert_eq!(take(&mut schedule, next), vec![1]);
    assert_eq!(take(&mut schedule, next + INTERVAL), NONE);
}

#[test]
fn a_set_clock_moves_the_plan() {
    for (from, to) in [(BASE, BASE + ms(3_600_000)), (BASE + ms(3_600_000), BASE)] {
        let mut schedule = Schedule::new();
        let first = schedule.add(0, "acme/api/me", INTERVAL, INTERVAL, from);
        let moved = schedule.shift(from, to);
        assert_eq!(moved, vec![(0, to + first.since(from))]);
        assert_eq!(schedule.next_wake(), Some(moved[0].1));
        let due = schedule.pop_due(moved[0].1);
        assert!(!due[0].late && due[0].missed == 0);
        let now = due[0].planned;
        let next = schedule.finished(0, now, Pace::Interval, now).0;
        assert!(next.since(now) <= INTERVAL * 16 / 10);
        take(&mut schedule, next);
        // A run that was in progress goes on at the next slot.
        let back = schedule.shift(to, from);
        assert_eq!(back, vec![]);
        let (next, _) = schedule.finished(0, from, Pace::Interval, from);
        assert!(next > from && next <= from + INTERVAL + INTERVAL / 20);
    }
}

proptest! {
    /// Whatever runs take and however late they are taken out: one run at a time, and no check is forgotten.
    #[test]
    fn every_check_keeps_running(
        steps in prop::collection::vec((0..3u8, 0..100_000u64, 0..5_000u64), 1..60),
        interval in 1_000..100_000u64,
    ) {
        let interval = ms(interval);
        let mut schedule = Schedule::new();
        let mut next = schedule.add(0, "acme/api/me", interval, interval, BASE);
        for (pace, took, late) in steps {
            prop_assert_eq!(schedule.pop_due(next - ms(1)), vec![]);
            let started = next + ms(late);
            let due = schedule.pop_due(started);
            prop_assert_eq!(due.len(), 1);
            prop_assert_eq!(due[0].late, late > 1000);
            prop_assert_eq!(schedule.next_wake(), None);
            let end = started + ms(took);
            prop_assert_eq!(schedule.pop_due(end), vec![]);
            let pace = match pace {
                0 => Pace::Interval,
                1 => Pace::Recheck(ms(10_000)),
                _ => Pace::Pause(ms(60_000)),
            };
            next = schedule.finished(0, started, pace, end).0;
            prop_assert!(next >= end);
            let most = match pace {
                Pace::Pause(pause) => pause,
                Pace::Interval | Pace::Recheck(_) => interval * 156 / 100,
            };
            prop_assert!(next.since(end) <= most);
        }
    }
}

#[test]
fn what_a_sleep_cost_is_counted_for_every_check() {
    let (mut schedule, first) = running();
    schedule.add(1, "acme/api/you", INTERVAL, INTERVAL, first);
    schedule.add(2, "acme/api/them", INTERVAL, INTERVAL, first);
    take(&mut schedule, first + INTERVAL);
    schedule.finished(2, first, Pace::Pause(INTERVAL * 60), first);
    assert_eq!(schedule.slept_through(first, first), 0);
    // The one in progress and the planned one would have run twenty times each; the one that pauses not at all.
    schedule.finished(1, first, Pace::Interval, first);
    let missed = schedule.slept_through(first, first + INTERVAL * 20);
    assert!((39..=41).contains(&missed), "{missed}");
}

//! A thousand days in virtual time: schedule and state against a world of outages, blips, refusals, lost networks and
//! jumping clocks.
//!
//! `SIMULATION_DAYS` makes it longer; `SIMULATION_SEED` repeats one stretch that failed.

#[cfg(test)]
mod driver;
#[cfg(test)]
mod platforms;
#[cfg(test)]
mod world;

use driver::{Driver, Seen};
use platforms::{CHECKS_EACH, PLATFORMS};
use world::{DAY, Random, World};

/// Days simulated on one seed.
const STRETCH: u64 = 25;
const DAYS: u64 = 1000;

#[test]
fn a_thousand_days() {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .map(|text| text.parse::<u64>().unwrap())
    };
    if let Some(seed) = number("SIMULATION_SEED") {
        println!("{:?}", simulate(seed));
        return;
    }
    let stretches = number("SIMULATION_DAYS").unwrap_or(DAYS).div_ceil(STRETCH);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let seen: Vec<Seen> = std::thread::scope(|scope| {
        let share = |first| {
            (first..stretches)
                .step_by(threads as usize)
                .map(simulate)
                .collect()
        };
        let workers: Vec<_> = (0..threads)
            .map(|first| scope.spawn(move || -> Vec<Seen> { share(first) }))
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("see above"))
            .collect()
    });
    let total = |what: fn(&Seen) -> u64| seen.iter().map(what).sum::<u64>();
    // It has seen what it was meant to see.
    assert!(total(|seen| seen.runs) > stretches * STRETCH * 2880 * 3);
    for what in [
        |seen: &Seen| seen.falls,
        |seen: &Seen| seen.dropped,
        |seen: &Seen| seen.late,
        |seen: &Seen| seen.refused,
        |seen: &Seen| seen.local,
        |seen: &Seen| seen.judged,
    ] {
        assert!(total(what) > stretches * STRETCH / 2, "{seen:?}");
    }
    let slowest = seen.iter().map(|seen| seen.slowest).max();
    println!(
        "{} runs, {} falls, {slowest:?} ms",
        total(|s| s.runs),
        total(|s| s.falls)
    );
}

fn simulate(seed: u64) -> Seen {
    let result = std::panic::catch_unwind(|| {
        let mut random = Random(seed);
        let world = World::new(&mut random, PLATFORMS, CHECKS_EACH, STRETCH * DAY);
        let mut driver = Driver::new(&world, random);
        driver.run();
        driver.seen
    });
    result.unwrap_or_else(|panic| {
        eprintln!("repeat with SIMULATION_SEED={seed}");
        std::panic::resume_unwind(panic)
    })
}

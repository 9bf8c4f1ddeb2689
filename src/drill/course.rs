//! How a drill's own time has gone beside that of the clock on the wall.

use std::ops::RangeInclusive;
use std::sync::Mutex;
use std::time::Duration;

use crate::engine::clock::wall;
use crate::lock::lock;
use crate::time::Time;

/// Points are kept so far apart; between two of them time is taken to have gone evenly.
const GRAIN: Duration = Duration::from_secs(1);

/// How far the wall's time at a point that is not kept may lie beside the line that stands for it: at an even pace the
/// course stays short however long a drill goes on.
const BEND: Duration = Duration::from_millis(100);

/// Every pace.
const ANY: RangeInclusive<f64> = 0.0..=f64::INFINITY;

/// The course of a drill.
#[derive(Debug)]
pub struct Course {
    // A std mutex: a push or a look, never across an await.
    inner: Mutex<Inner>,
    speed: f64,
}

#[derive(Debug)]
struct Inner {
    /// Both times rise. The last one stands only until the next is known.
    points: Vec<Point>,
    /// The paces, from the last point but one, at which the line still passes by every point that it stands for.
    paces: RangeInclusive<f64>,
    now: Time,
}

/// The drill's time, and the wall's at that moment.
type Point = (Time, Time);

impl Course {
    /// A course that begins now at `start` and goes at most `speed` times as fast as the wall's.
    pub fn new(start: Time, speed: f64) -> Self {
        Self::from(start, wall(), speed)
    }

    fn from(start: Time, wall: Time, speed: f64) -> Self {
        let inner = Inner {
            points: vec![(start, wall)],
            paces: ANY,
            now: start,
        };
        Self {
            inner: Mutex::new(inner),
            speed,
        }
    }

    /// The drill's time.
    pub fn now(&self) -> Time {
        lock(&self.inner).now
    }

    /// The drill's time has gone on to `now`.
    pub fn reach(&self, now: Time) {
        self.reach_at(now, wall());
    }

    fn reach_at(&self, now: Time, wall: Time) {
        let mut inner = lock(&self.inner);
        inner.now = now;
        let last = inner.points.last().copied();
        let Some(last) = last.filter(|(time, _)| now.since(*time) >= GRAIN) else {
            return;
        };
        let point = (now, wall);
        let (from, paces) = match inner.points.as_slice() {
            [.., from, _] if inner.paces.contains(&pace(*from, point)) => {
                (*from, inner.paces.clone())
            }
            _ => (last, ANY),
        };
        if from != last {
            inner.points.pop();
        }
        inner.points.push(point);
        let (least, most) = (
            pace(from, (now, wall - BEND)),
            pace(from, (now, wall + BEND)),
        );
        inner.paces = paces.start().max(least)..=paces.end().min(most);
    }

    /// What the clock on the wall showed, or will show if the drill goes as fast as it may, at the drill's time `at`.
    pub fn wall(&self, at: Time) -> Time {
        let inner = lock(&self.inner);
        let points = &inner.points;
        let after = points.partition_point(|(time, _)| *time <= at);
        match (
            after.checked_sub(1).and_then(|i| points.get(i)),
            points.get(after),
        ) {
            (Some(before), Some(after)) => along(*before, *after, at),
            (Some((time, wall)), None) => *wall + at.since(*time).div_f64(self.speed),
            (None, Some((time, wall))) => *wall - time.since(at),
            (None, None) => at,
        }
    }
}

/// How fast the wall's clock goes between two points, in seconds for each of the drill's.
fn pace(from: Point, to: Point) -> f64 {
    let (drill, wall) = (to.0.since(from.0), to.1.since(from.1));
    wall.div_duration_f64(drill)
}

/// The wall's time at `at` on the straight line through `a` and `b`.
fn along(a: Point, b: Point, at: Time) -> Time {
    let whole = b.0.since(a.0).as_secs_f64();
    let share = if whole > 0.0 {
        at.since(a.0).as_secs_f64() / whole
    } else {
        0.0
    };
    a.1 + b.1.since(a.1).mul_f64(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::from_millis(seconds * 1000)
    }

    #[test]
    fn the_past_is_as_it_went_and_the_future_as_fast_as_allowed() {
        let course = Course::from(at(1000), at(5000), 60.0);
        course.reach_at(at(1060), at(5001));
        course.reach_at(at(1120), at(5011));
        for (drill, wall) in [
            (1000, 5000),
            (1060, 5001),
            (1090, 5006),
            (1120, 5011),
            (1180, 5012),
            (990, 4990),
        ] {
            assert_eq!(course.wall(at(drill)), at(wall), "{drill}");
        }
        assert_eq!(course.now(), at(1120));
    }

    #[test]
    fn an_even_course_stays_short_and_true() {
        let course = Course::from(at(0), at(9000), 1.0);
        for second in 1..100_000 {
            course.reach_at(at(second), at(9000 + second));
        }
        assert!(lock(&course.inner).points.len() <= 3);
        assert_eq!(course.wall(at(4711)), at(9000 + 4711));
    }

    #[test]
    fn no_change_of_pace_is_lost() {
        // Milliseconds on the wall for each of the drill's seconds: by little and little, at once, and back again.
        let paces = (0..3000).map(|second| match second {
            0..1000 => 16,
            1000..2000 => 16 + (second - 1000) / 10,
            2000..2500 => 50,
            _ => 16,
        });
        let course = Course::from(at(0), at(9000), 60.0);
        let mut walls = vec![at(9000)];
        for (second, pace) in (1..).zip(paces) {
            let wall = walls[second as usize - 1] + Duration::from_millis(pace);
            course.reach_at(at(second), wall);
            walls.push(wall);
        }
        for (second, wall) in (0..).zip(walls) {
            let told = course.wall(at(second));
            let beside = told.since(wall).max(wall.since(told));
            assert!(beside <= BEND, "{second}: {beside:?} beside");
        }
        assert!(lock(&course.inner).points.len() < 100);
    }
}

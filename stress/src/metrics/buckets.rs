//! Latencies counted into few buckets: at fixed bounds for metrics, between two ends for pictures.

use std::time::Duration;

use super::histogram::Latencies;

/// The bounds of metrics: from a cached download on the same machine to an upload that almost timed out.
pub const BOUNDS: [Duration; 17] = [
    Duration::from_micros(1_000),
    Duration::from_micros(2_500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_millis(1_000),
    Duration::from_millis(2_500),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(25),
    Duration::from_secs(50),
    Duration::from_secs(100),
    Duration::from_secs(250),
];

/// How many durations are at most as long as each of [`BOUNDS`], within the histogram's 0.1 %.
pub fn cumulative(latencies: &Latencies) -> Vec<u64> {
    BOUNDS.iter().map(|bound| latencies.at_most(*bound)).collect()
}

/// How many durations lie in each of `bars` equal parts of the way from `shortest` to `longest` on a logarithmic
/// scale; durations outside count in the outermost ones.
pub fn logarithmic(latencies: &Latencies, shortest: Duration, longest: Duration, bars: usize) -> Vec<u64> {
    let mut counts = vec![0; bars];
    let log = |duration: Duration| (duration.as_nanos().max(1) as f64).ln();
    let (from, to) = (log(shortest), log(longest));
    let last = bars.saturating_sub(1);
    for (duration, count) in latencies.buckets() {
        // A bucket is named by its upper end, which may lie beyond the longest.
        let way = (log(duration.min(longest)) - from) / (to - from).max(f64::MIN_POSITIVE);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the bars")]
        let bar = (way * bars as f64).clamp(0.0, last as f64) as usize;
        if let Some(counted) = counts.get_mut(bar) {
            *counted += count;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(milliseconds: &[u64]) -> Latencies {
        let mut latencies = Latencies::default();
        milliseconds.iter().for_each(|&value| latencies.record(Duration::from_millis(value)));
        latencies
    }

    #[test]
    fn counts_at_bounds_only_grow_and_end_with_what_is_beyond_the_last() {
        let counts = cumulative(&of(&[1, 3, 30, 30, 700, 9_000, 400_000]));
        assert_eq!(counts, [1, 1, 2, 2, 2, 4, 4, 4, 4, 5, 5, 5, 6, 6, 6, 6, 6]);
        assert_eq!(cumulative(&Latencies::default()), [0; 17]);
        assert!(BOUNDS.is_sorted());
    }

    #[test]
    fn a_decade_is_as_wide_as_any_other() {
        let (shortest, longest) = (Duration::from_millis(1), Duration::from_secs(1));
        let counts = logarithmic(&of(&[1, 2, 5, 20, 200, 300, 1_000]), shortest, longest, 3);
        assert_eq!(counts, [3, 1, 3]);
        // On the shared scale of several steps, most have nothing at its ends.
        let counts = logarithmic(&of(&[20, 30]), shortest, longest, 6);
        assert_eq!(counts, [0, 0, 2, 0, 0, 0]);
    }

    #[test]
    fn a_scale_without_length_has_everything_in_one_bar() {
        let one = Duration::from_millis(7);
        let counts = logarithmic(&of(&[7, 7, 7]), one, one, 4);
        assert_eq!(counts.iter().sum::<u64>(), 3);
        assert_eq!(counts.iter().filter(|count| **count > 0).count(), 1);
        assert_eq!(logarithmic(&of(&[7]), one, one, 0), [0; 0]);
    }
}

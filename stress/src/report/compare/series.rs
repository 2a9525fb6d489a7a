//! A number over the intervals of a run, as cumulative sums, so that a replicate of the bootstrap takes no pass over them.

use std::rc::Rc;

/// A bin of values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bin {
    /// Its smallest value.
    pub(super) low: f64,
    /// Its largest value.
    pub(super) high: f64,
}

/// One interval of a run: how many values are in bins, by the bin's position.
pub(super) type Counts = Vec<(usize, u64)>;

/// A number over the intervals of a run's timeline.
#[derive(Debug, Clone)]
pub(super) enum Series {
    /// A quantile of the values.
    Quantile(Quantile),
    /// The sum of one thing by the sum of another: a mean, a rate, a share.
    Ratio(Ratio),
}

/// A quantile, and the values.
#[derive(Debug, Clone)]
pub(super) struct Quantile {
    share: f64,
    table: Rc<Table>,
}

/// Cumulative counts of values, by interval and by bin.
#[derive(Debug)]
pub(super) struct Table {
    bins: Vec<Bin>,
    rows: usize,
    /// Row `i`, column `b`: the values of the first `i` intervals in the bins up to `b`.
    below: Vec<u64>,
}

/// Sums of two things over the first `i` intervals.
#[derive(Debug, Clone)]
pub(super) struct Ratio {
    numerators: Vec<f64>,
    denominators: Vec<f64>,
}

/// Differences below this share of a sum are rounding.
const ROUNDING: f64 = 1e-9;

/// A stretch of intervals: the first, and the one behind the last; it may go on at the start of the run.
pub(super) type Stretch = (usize, usize);

impl Series {
    /// The value that a `share` of the values does not exceed.
    pub(super) fn quantile(share: f64, table: &Rc<Table>) -> Self {
        Series::Quantile(Quantile { share, table: table.clone() })
    }

    /// The sum of what stands first by the sum of what stands second.
    pub(super) fn ratio(parts: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let (mut numerators, mut denominators) = (vec![0.0], vec![0.0]);
        for (numerator, denominator) in parts {
            numerators.push(numerators[numerators.len() - 1] + numerator);
            denominators.push(denominators[denominators.len() - 1] + denominator);
        }
        Series::Ratio(Ratio { numerators, denominators })
    }

    /// How many intervals there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Series::Quantile(quantile) => quantile.table.rows - 1,
            Series::Ratio(ratio) => ratio.numerators.len() - 1,
        }
    }

    /// The number over these stretches; `None` when nothing happened in them.
    pub(super) fn over(&self, stretches: &[Stretch]) -> Option<f64> {
        match self {
            Series::Quantile(quantile) => quantile.over(stretches),
            Series::Ratio(ratio) => ratio.over(stretches),
        }
    }

    /// The influence function: what each interval adds to the error of the number, which has its autocorrelation.
    pub(super) fn influence(&self) -> Vec<f64> {
        match self {
            Series::Quantile(quantile) => quantile.influence(),
            Series::Ratio(ratio) => ratio.influence(),
        }
    }
}

impl Table {
    /// The counts of `intervals`; `bins` ascend.
    pub(super) fn of(bins: &[Bin], intervals: &[Counts]) -> Self {
        let (width, rows) = (bins.len(), intervals.len() + 1);
        let mut below = vec![0; rows * width];
        for (row, interval) in intervals.iter().enumerate() {
            let (before, after) = below.split_at_mut((row + 1) * width);
            interval.iter().for_each(|&(bin, count)| after[bin] += count);
            let mut so_far = 0;
            for bin in 0..width {
                so_far += after[bin];
                after[bin] = before[row * width + bin] + so_far;
            }
        }
        Self { bins: bins.to_vec(), rows, below }
    }

    /// The values of `stretches` in the bins up to `bin`.
    fn below(&self, bin: usize, stretches: &[Stretch]) -> u64 {
        let (width, last) = (self.bins.len(), self.rows - 1);
        let at = |row: usize| self.below[row * width + bin];
        let mut sum = 0;
        for &(from, to) in stretches {
            sum += if to <= last { at(to) - at(from) } else { at(last) - at(from) + at(to - last) };
        }
        sum
    }
}

impl Quantile {
    fn over(&self, stretches: &[Stretch]) -> Option<f64> {
        let table = &*self.table;
        let last = table.bins.len().checked_sub(1)?;
        let all = table.below(last, stretches);
        if all == 0 {
            return None;
        }
        let rank = self.share * all as f64;
        let (mut first, mut behind) = (0, last);
        while first < behind {
            let middle = usize::midpoint(first, behind);
            if (table.below(middle, stretches) as f64) < rank { first = middle + 1 } else { behind = middle }
        }
        // Values are spread evenly within a bin: otherwise the number would move in steps of a bin.
        let before = if first == 0 { 0 } else { table.below(first - 1, stretches) };
        let within = (table.below(first, stretches) - before).max(1) as f64;
        let Bin { low, high } = table.bins[first];
        Some(low + (high - low) * ((rank - before as f64) / within).clamp(0.0, 1.0))
    }

    fn influence(&self) -> Vec<f64> {
        let (table, count) = (&*self.table, self.table.rows - 1);
        let Some(value) = self.over(&[(0, count)]) else { return Vec::new() };
        let last = table.bins.len() - 1;
        let bin = table.bins.partition_point(|bin| bin.high < value).min(last);
        let within = |row: usize, bin: usize| table.below(bin, &[(row, row + 1)]) as f64;
        (0..count).map(|row| self.share * within(row, last) - within(row, bin)).collect()
    }
}

impl Ratio {
    fn over(&self, stretches: &[Stretch]) -> Option<f64> {
        let denominator = sum(&self.denominators, stretches);
        (denominator > 0.0).then(|| sum(&self.numerators, stretches) / denominator)
    }

    fn influence(&self) -> Vec<f64> {
        let count = self.numerators.len() - 1;
        let Some(whole) = self.over(&[(0, count)]) else { return Vec::new() };
        let part = |sums: &[f64], row: usize| sums[row + 1] - sums[row];
        let error = |row: usize| {
            let (own, expected) = (part(&self.numerators, row), whole * part(&self.denominators, row));
            // What is left of equal numbers is rounding, whose signs would look like a memory of the run.
            if (own - expected).abs() > ROUNDING * own.abs() { own - expected } else { 0.0 }
        };
        (0..count).map(error).collect()
    }
}

fn sum(sums: &[f64], stretches: &[Stretch]) -> f64 {
    let last = sums.len() - 1;
    let part = |&(from, to): &Stretch| {
        if to <= last { sums[to] - sums[from] } else { sums[last] - sums[from] + sums[to - last] }
    };
    stretches.iter().map(part).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(share: f64) -> Series {
        let bins = [1.0, 2.0, 5.0, 9.0].map(|value| Bin { low: value, high: value });
        let intervals = [vec![(0, 2), (3, 1)], vec![], vec![(1, 3)], vec![(2, 4), (0, 1)]];
        Series::quantile(share, &Rc::new(Table::of(&bins, &intervals)))
    }

    #[test]
    fn quantiles_of_stretches_are_those_of_their_values() {
        let median = series(0.5);
        assert_eq!(median.len(), 4);
        // The values are 1 1 9, none, 2 2 2, and 1 5 5 5 5; behind the last interval comes the first.
        assert_eq!(median.over(&[(0, 1)]), Some(1.0));
        assert_eq!(median.over(&[(0, 3)]), Some(2.0));
        assert_eq!(median.over(&[(1, 3)]), Some(2.0));
        assert_eq!(median.over(&[(3, 5)]), Some(5.0));
        assert_eq!(series(0.99).over(&[(3, 5)]), Some(9.0));
        assert_eq!(median.over(&[(0, 1), (0, 1), (2, 3)]), Some(2.0), "1 1 1 1 2 2 2 9 9");
        assert_eq!(median.over(&[(1, 2)]), None);
    }

    #[test]
    fn within_a_bin_values_are_spread() {
        let bins = [Bin { low: 10.0, high: 20.0 }];
        let table = Rc::new(Table::of(&bins, &[vec![(0, 8)]]));
        let at = |share| Series::quantile(share, &table).over(&[(0, 1)]);
        assert_eq!((at(0.25), at(1.0)), (Some(12.5), Some(20.0)));
    }

    #[test]
    fn ratios_of_stretches_are_sums_by_sums() {
        let series = Series::ratio([(2.0, 1.0), (4.0, 1.0), (9.0, 2.0)]);
        assert_eq!((series.len(), series.over(&[(0, 3)])), (3, Some(3.75)));
        assert_eq!(series.over(&[(2, 4)]), Some(11.0 / 3.0), "on at the start");
        assert_eq!(Series::ratio([(1.0, 0.0)]).over(&[(0, 1)]), None);
    }

    #[test]
    fn influences_add_up_to_nothing() {
        let ratio = Series::ratio([(2.0, 1.0), (4.0, 1.0), (9.0, 2.0)]);
        assert_eq!(ratio.influence(), [-1.75, 0.25, 1.5]);
        // Half of an interval's values, minus those up to the median, 2.
        assert_eq!(series(0.5).influence(), [1.5 - 2.0, 0.0, 1.5 - 3.0, 2.5 - 1.0]);
    }
}

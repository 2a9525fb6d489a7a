//! Figures of repeated turns: medians, spread and ratios, and how they are written.

use serde_json::{Value, json};

/// A quantity that was measured once a turn.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures(Vec<f64>);

impl FromIterator<f64> for Figures {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Self(values)
    }
}

impl Figures {
    /// The middle one; of an even number the mean of the two. Nothing of no turns.
    pub(crate) fn median(&self) -> Option<f64> {
        let middle = self.0.len() / 2;
        let upper = *self.0.get(middle)?;
        Some(if self.0.len() % 2 == 1 { upper } else { f64::midpoint(self.0[middle - 1], upper) })
    }

    /// The least and the most.
    pub(crate) fn range(&self) -> Option<(f64, f64)> {
        Some((*self.0.first()?, *self.0.last()?))
    }

    /// `17.6 (16.9–18.2)`: the median, the least and the most, to three digits.
    pub(crate) fn text(&self) -> String {
        match (self.median(), self.range()) {
            (Some(median), Some((least, most))) => {
                format!("{} ({}–{})", three(median), three(least), three(most))
            }
            _ => "–".to_owned(),
        }
    }

    /// The same as data.
    pub(crate) fn data(&self) -> Value {
        json!({ "median": self.median(), "turns": self.0 })
    }
}

/// Three significant digits, without an exponent.
pub(crate) fn three(value: f64) -> String {
    let decimals = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_spread_are_those_of_the_turns() {
        let odd: Figures = [3.0, 1.0, 20.0].into_iter().collect();
        assert_eq!((odd.median(), odd.range()), (Some(3.0), Some((1.0, 20.0))));
        assert_eq!(odd.text(), "3.00 (1.00–20.0)");
        let even: Figures = [4.0, 1.0].into_iter().collect();
        assert_eq!(even.median(), Some(2.5));
        let none = Figures::default();
        assert_eq!((none.median(), none.text()), (None, "–".to_owned()));
    }

    #[test]
    fn three_digits_are_enough() {
        assert_eq!([0.1234, 1.234, 12.34, 1234.5].map(three), ["0.123", "1.23", "12.3", "1234"]);
    }
}

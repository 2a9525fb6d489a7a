//! Wilcoxon's signed-rank test: how often chance alone would put differences this far to one side of nothing.

use std::f64::consts::TAU;

/// The most differences whose distribution is walked through exactly.
const EXACT: usize = 50;

/// The two-sided p-value of differences, which a symmetric distribution around 0 would have by chance; `None` when
/// none differs from 0.
///
/// Differences of 0 say nothing and are left out, equal ones share their ranks (Wilcoxon, "Individual comparisons by
/// ranking methods", 1945). Small samples are compared with every possible choice of signs (Streitberg and Röhmel,
/// "Exact distributions for permutation and rank tests", 1986), larger ones with the normal distribution, corrected for
/// ties and for continuity (Hollander, Wolfe, Chicken: "Nonparametric statistical methods", 3.1).
pub(super) fn p_value(differences: &[f64]) -> Option<f64> {
    let mut apart: Vec<f64> = differences.iter().copied().filter(|difference| *difference != 0.0).collect();
    apart.sort_unstable_by(|a, b| a.abs().total_cmp(&b.abs()));
    if apart.is_empty() {
        return None;
    }
    // Ranks count twice, so that shared ones are whole.
    let (mut ranks, mut positive, mut ties) = (Vec::with_capacity(apart.len()), 0, 0.0);
    for equal in apart.chunk_by(|a, b| a.abs() == b.abs()) {
        let (before, count) = (ranks.len(), equal.len());
        let rank = 2 * before + count + 1;
        positive += rank * equal.iter().filter(|difference| **difference > 0.0).count();
        ranks.extend(std::iter::repeat_n(rank, count));
        let count = count as f64;
        ties += count * count * count - count;
    }
    Some(if ranks.len() <= EXACT { exact(&ranks, positive) } else { normal(ranks.len(), positive, ties) })
}

/// Of all choices of signs, the share that gives a sum as far from the middle as `positive`.
fn exact(ranks: &[usize], positive: usize) -> f64 {
    let most: usize = ranks.iter().sum();
    let mut shares = vec![0.0; most + 1];
    shares[0] = 1.0;
    let mut reached = 0;
    for &rank in ranks {
        reached += rank;
        for sum in (0..=reached).rev() {
            let with = if sum >= rank { shares[sum - rank] } else { 0.0 };
            shares[sum] = f64::midpoint(shares[sum], with);
        }
    }
    let (below, above): (f64, f64) = (shares[..=positive].iter().sum(), shares[positive..].iter().sum());
    (2.0 * below.min(above)).min(1.0)
}

fn normal(count: usize, positive: usize, ties: f64) -> f64 {
    let n = count as f64;
    let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ties / 48.0;
    let away = (positive as f64 / 2.0 - n * (n + 1.0) / 4.0).abs() - 0.5;
    (2.0 * upper_tail(away.max(0.0) / variance.sqrt())).min(1.0)
}

/// The share of the standard normal distribution above `z`, which is not negative: near the middle by Marsaglia's series
/// ("Evaluating the normal distribution", 2004), far out by Laplace's continued fraction.
fn upper_tail(z: f64) -> f64 {
    let density = (-z * z / 2.0).exp() / TAU.sqrt();
    if z < 3.0 {
        let (mut sum, mut term, mut divisor) = (0.0, z, 1.0);
        while term > sum * f64::EPSILON {
            sum += term;
            divisor += 2.0;
            term *= z * z / divisor;
        }
        0.5 - density * sum
    } else {
        density / (1..100).rev().fold(z, |fraction, step| z + f64::from(step) / fraction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) -> bool {
        (found - expected).abs() <= expected * 1e-4
    }

    #[test]
    #[expect(clippy::approx_constant, reason = "measured, and near a constant by chance")]
    fn small_samples_agree_with_published_values() {
        // Hollander and Wolfe's depression scale, table 3.1: V = 40, one-sided 0.01953.
        let before = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30];
        let after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
        let differences: Vec<f64> = before.iter().zip(after).map(|(before, after)| before - after).collect();
        assert_eq!(p_value(&differences), Some(2.0 * 10.0 / 512.0));
        assert_eq!(p_value(&[1.0, 2.0, 3.0, 4.0, 5.0]), Some(2.0 / 32.0));
        assert_eq!(p_value(&[-1.0, -2.0, -3.0, -4.0, -5.0, -6.0]), Some(2.0 / 64.0));
        // Three equal ones and one against them: of 16 choices, 1 is further out, and 4 are as far on either side.
        assert_eq!(p_value(&[1.0, 1.0, 1.0, -1.0]), Some(10.0 / 16.0));
        assert_eq!((p_value(&[0.0, 0.0]), p_value(&[])), (None, None));
        assert_eq!(p_value(&[1.0, -1.0, 0.0]), Some(1.0));
    }

    #[test]
    fn the_normal_distribution_continues_the_exact_one() {
        for shift in [0.0, 3.0, 8.0, 15.0] {
            let of = |n: usize| (0..n).map(|i| (i as f64 - n as f64 / 2.0) + shift + 0.3).collect::<Vec<_>>();
            let differences = of(EXACT);
            let ranks: Vec<usize> = (1..=EXACT).map(|rank| 2 * rank).collect();
            let mut sorted = differences.clone();
            sorted.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
            let positive = sorted.iter().zip(&ranks).filter(|(d, _)| **d > 0.0).map(|(_, rank)| rank).sum();
            let (exact, normal) = (exact(&ranks, positive), normal(EXACT, positive, 0.0));
            assert!((exact - normal).abs() < 0.005, "{shift}: {exact} {normal}");
        }
    }

    #[test]
    fn tails_of_the_normal_distribution_are_those_of_the_tables() {
        for (z, tail) in [
            (0.0, 0.5),
            (1.0, 0.158_655),
            (1.959_964, 0.025),
            (2.999_999, 0.001_349_9),
            (3.0, 0.001_349_9),
            (6.0, 9.865_9e-10),
            (30.0, 4.906_7e-198),
        ] {
            assert!(close(upper_tail(z), tail), "{z}: {}", upper_tail(z));
        }
    }

    #[test]
    fn large_samples_far_to_one_side_are_no_chance() {
        let p = p_value(&(1..=400).map(f64::from).collect::<Vec<_>>()).unwrap();
        assert!(p < 1e-60 && p > 0.0, "{p}");
    }
}

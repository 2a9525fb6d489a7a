//! Noise whose autocorrelation is known, for tests of what a comparison makes of it.

use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

/// A stationary AR(1) process of variance 1.
pub(in crate::report::compare) struct Noise {
    rng: ChaCha8Rng,
    autocorrelation: f64,
    last: Option<f64>,
}

impl Noise {
    pub(in crate::report::compare) fn new(seed: u64, autocorrelation: f64) -> Self {
        Self { rng: ChaCha8Rng::seed_from_u64(seed), autocorrelation, last: None }
    }

    pub(in crate::report::compare) fn next(&mut self) -> f64 {
        let fresh = self.normal();
        let phi = self.autocorrelation;
        let next = self.last.map_or(fresh, |last| phi * last + (1.0 - phi * phi).sqrt() * fresh);
        self.last = Some(next);
        next
    }

    /// Independent of all before (Box and Muller, 1958).
    pub(in crate::report::compare) fn normal(&mut self) -> f64 {
        let (u, v): (f64, f64) = (1.0 - self.rng.random::<f64>(), self.rng.random());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }
}

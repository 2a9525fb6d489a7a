//! A number that is known exactly or within bounds.

use std::{iter::Sum, ops::Add};

/// A number, or bounds of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range<T> {
    /// The lower bound.
    pub least: T,
    /// The upper bound; `None` when there is none.
    pub most: Option<T>,
}

impl<T: Copy + PartialEq> Range<T> {
    /// A known number.
    pub const fn exactly(value: T) -> Self {
        Self { least: value, most: Some(value) }
    }

    /// The number, if both bounds are the same.
    pub fn exact(self) -> Option<T> {
        self.most.filter(|most| *most == self.least)
    }
}

impl<T: Add<Output = T>> Add for Range<T> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let most = self.most.zip(other.most).map(|(a, b)| a + b);
        Self { least: self.least + other.least, most }
    }
}

impl<T: Add<Output = T> + Default + Copy + PartialEq> Sum for Range<T> {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::exactly(T::default()), Add::add)
    }
}

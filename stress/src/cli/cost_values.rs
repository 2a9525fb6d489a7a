//! The values of the flags about costs.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use super::{
    limited::{Limited, MAX_REPORT},
    values::FromText,
};
use crate::{
    plan::price::{Frost, Price},
    report::{Report, summary::Summary},
};

/// A price, or the report of the run that was charged it.
#[derive(Clone)]
pub(super) enum PriceSource {
    /// As it was typed.
    Given(Price),
    /// The path of a report.
    Report(PathBuf),
}

impl FromText for PriceSource {
    fn from_text(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(price) => Ok(Self::Given(price)),
            Err(reason) if text.contains('=') || text.is_empty() => Err(reason),
            Err(_) => Ok(Self::Report(text.into())),
        }
    }
}

impl FromText for Frost {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse()
    }
}

impl PriceSource {
    /// The path of the report that it is taken from, if it is.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::Given(_) => None,
            Self::Report(path) => Some(path),
        }
    }

    /// The price; that of a report is what its run was charged.
    ///
    /// # Errors
    /// When the report cannot be read, or nothing was charged.
    pub(super) fn price(&self) -> Result<Price, String> {
        let path = match self {
            Self::Given(price) => return Ok(*price),
            Self::Report(path) => path,
        };
        let name = path.display();
        let file = File::open(path).map_err(|error| format!("cannot read {name}: {error}"))?;
        let report =
            Report::load(Limited::new(file, MAX_REPORT)).map_err(|error| format!("{name}: {error}"))?;
        let charged = Summary::of(&report).cost.and_then(|cost| cost.unit_price_frost);
        let charged = charged.ok_or_else(|| format!("{name} has no upload that was charged"))?;
        Ok(Price::Charged { least: charged.least, most: charged.most, epochs: report.plan.store.epochs() })
    }
}

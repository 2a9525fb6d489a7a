//! How far the numbers can be trusted, what speaks against it, and what to do about it.

use super::labelled;
use crate::{
    export::{
        palette::{Palette, Style},
        words,
    },
    report::quality::{QualityReport, Severity},
};

pub(in crate::export) fn lines(quality: &QualityReport, palette: Palette) -> Vec<String> {
    let ink = match quality.severity() {
        Severity::Trustworthy => Style::Good,
        Severity::Care => Style::Existing,
        Severity::Invalid => Style::Warning,
    };
    let mut lines = labelled("quality", &words::quality(quality), ink, palette);
    if let Some(bottleneck) = quality.bottleneck() {
        lines.extend(labelled("", bottleneck.advice(), Style::Normal, palette));
    }
    lines
}

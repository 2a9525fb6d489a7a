//! How far the numbers can be trusted, what speaks against it, and what to do about it.

use super::labelled;
use crate::{
    export::{
        palette::{Ink, Palette},
        words,
    },
    report::trust::{Grade, Trust},
};

pub(in crate::export) fn lines(trust: &Trust, palette: Palette) -> Vec<String> {
    let ink = match trust.verdict() {
        Grade::Trustworthy => Ink::Good,
        Grade::Care => Ink::Existing,
        Grade::Invalid => Ink::Alarm,
    };
    let mut lines = labelled("trust", &words::trust(trust), ink, palette);
    if let Some(bottleneck) = trust.bottleneck() {
        lines.extend(labelled("", bottleneck.advice(), Ink::Normal, palette));
    }
    lines
}

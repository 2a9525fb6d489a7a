//! Tables whose cells say, for programs, where the report's JSON has the same number.

use super::markup::{Element, element, text};

/// A number as people read it, beside itself as the JSON has it under this pointer (RFC 6901).
pub(super) fn number(shown: impl Into<String>, value: impl std::fmt::Display, pointer: &str) -> Element {
    text("data", shown).set("value", value).set("data-json", pointer)
}

/// A table with a caption; it scrolls sideways by itself where the page is narrow, also with the keyboard.
pub(super) fn table(caption: &str, heads: &[String], rows: impl IntoIterator<Item = Element>) -> Element {
    let head = element("tr").with_all(heads.iter().map(|head| text("th", head).set("scope", "col")));
    let table = element("table")
        .with(text("caption", caption))
        .with(element("thead").with(head))
        .with(element("tbody").with_all(rows));
    element("div")
        .class("scroll")
        .set("tabindex", "0")
        .set("role", "region")
        .set("aria-label", caption)
        .with(table)
}

/// A row: its name, then its cells.
pub(super) fn row(name: &str, cells: impl IntoIterator<Item = Element>) -> Element {
    element("tr").with(text("th", name).set("scope", "row")).with_all(cells)
}

/// A cell with a number in it, or a dash where there is none.
pub(super) fn cell(number: Option<Element>) -> Element {
    match number {
        Some(number) => element("td").class("n").with(number),
        None => text("td", "–").class("n"),
    }
}

/// What lies folded below a figure.
pub(super) fn folded(summary: &str, inside: impl IntoIterator<Item = Element>) -> Element {
    element("details").with(text("summary", summary)).with_all(inside)
}

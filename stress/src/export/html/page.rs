//! The frame of a page, its answer in cards, and sections and tables as elements.

use super::markup::{Element, element, text};
use crate::{
    export::{
        style::Style,
        view::document::{Cell, Document, Order, Row, Section, Shown, Table},
    },
    report::Tool,
};

/// How it looks. Nothing in it comes from elsewhere.
const STYLE: &str = include_str!("style.css");

/// Keeps a browser from fetching anything, whatever the page holds.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// A part of the page with a heading that the contents link to.
pub(super) struct Part {
    pub(super) id: &'static str,
    pub(super) heading: &'static str,
    pub(super) inside: Vec<Element>,
}

/// The sections of `document` that have something to show.
pub(super) fn parts(document: &Document) -> Vec<Part> {
    let part = |section: &Section| Part {
        id: section.id,
        heading: section.heading,
        inside: section.tables.iter().filter_map(shown).flatten().collect(),
    };
    document.sections.iter().map(part).filter(|part| !part.inside.is_empty()).collect()
}

/// The whole page; `about` are the lines below its heading.
pub(super) fn render(
    title: &str,
    document: &Document,
    about: &[String],
    parts: Vec<Part>,
    tool: &Tool,
) -> String {
    let link = |part: &Part| element("li").with(text("a", part.heading).set("href", format!("#{}", part.id)));
    let contents = element("ul").with_all(parts.iter().map(link));
    let body = element("body")
        .with(text("a", "Skip to the numbers").class("skip").set("href", "#main"))
        .with(header(document, about))
        .with(element("nav").set("aria-label", "Contents").with(contents))
        .with(element("main").set("id", "main").with_all(parts.into_iter().map(section)))
        .with(text("footer", format!("{} {}", tool.name, tool.version)));
    let title = text("title", title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         {title}\n<style>\n{STYLE}</style>\n</head>\n{body}\n</html>\n"
    )
}

fn section(part: Part) -> Element {
    let heading = format!("{}-heading", part.id);
    element("section")
        .set("id", part.id)
        .set("aria-labelledby", &heading)
        .with(text("h2", part.heading).set("id", heading))
        .with_all(part.inside)
}

/// The answer and what belongs to it, a card each.
fn header(document: &Document, about: &[String]) -> Element {
    let Document { title, verdict, answer, summary, .. } = document;
    let mut cards = vec![card(if verdict.is_empty() { "Result" } else { verdict }, answer)];
    let mut last = "";
    for row in summary.rows_in(Shown::Page) {
        match (row.sentence.first(), cards.pop()) {
            (Some(more), Some(card)) if row.label == last => cards.push(card.with(text("p", &more.text))),
            (Some(sentence), before) => {
                cards.extend(before);
                cards.push(card(&row.label, sentence));
            }
            (None, before) => cards.extend(before),
        }
        last = &row.label;
    }
    element("header")
        .with(theme())
        .with(text("h1", *title))
        .with_all(about.iter().map(|line| text("p", line).class("about")))
        .with(element("div").class("cards").with_all(cards))
}

/// A subject and what is to say of it; the mark says what the colour says.
fn card(subject: &str, sentence: &Cell) -> Element {
    let class = class(sentence.style);
    element("div").set("class", format!("card {class}")).with(text("h2", subject)).with(
        element("p").with(text("span", mark(sentence.style)).set("aria-hidden", "true")).text(&sentence.text),
    )
}

/// The choice of light or dark without a script: the style sheet looks at what is checked.
fn theme() -> Element {
    let choice = |value: &'static str, label: &'static str| {
        let input =
            element("input").set("type", "radio").set("name", "theme").set("id", format!("theme-{value}"));
        let input = if value == "auto" { input.set("checked", "checked") } else { input };
        element("label").with(input).text(label)
    };
    element("fieldset").class("theme").with(text("legend", "Colours")).with_all([
        choice("auto", "system"),
        choice("light", "light"),
        choice("dark", "dark"),
    ])
}

/// A table and its note; `None` without rows.
fn shown(table: &Table) -> Option<Vec<Element>> {
    let rows = table.rows_in(Shown::Page);
    if rows.is_empty() {
        return None;
    }
    let body = if table.heads.is_empty() { list(&rows) } else { grid(table, &rows) };
    let body = if table.orders.is_empty() { body } else { sortable(table, body) };
    Some([body].into_iter().chain(table.note.as_ref().map(|note| text("p", note).class("note"))).collect())
}

/// A table below a choice of orders: the style sheet sorts, by the places that stand on the rows.
fn sortable(table: &Table, body: Element) -> Element {
    let names = ["rank"].into_iter().chain(table.orders.iter().map(|order| order.name));
    let choice = names.enumerate().map(|(position, name)| {
        let input =
            element("input").set("type", "radio").set("name", "order").set("id", format!("by-{name}"));
        let input = if position == 0 { input.set("checked", "checked") } else { input };
        element("label").with(input).text(name)
    });
    let choice = element("fieldset").class("order").with(text("legend", "Sort by")).with_all(choice);
    let columns = format!("--columns:{}", table.heads.len());
    element("div").class("sortable").set("style", columns).with(choice).with(body)
}

/// The places of a row in the orders of its table, for the style sheet.
fn places(table: &Table, position: usize) -> Option<String> {
    let place = |order: &Order| format!("--by-{}:{}", order.name, order.places[position]);
    (!table.orders.is_empty()).then(|| table.orders.iter().map(place).collect::<Vec<_>>().join(";"))
}

/// Labels and sentences; those of one label stand together.
fn list(rows: &[&Row]) -> Element {
    let mut entries: Vec<(&str, Element)> = Vec::new();
    for row in rows {
        let sentence = element("dd").with_all(row.sentence.iter().map(worded));
        match entries.last_mut() {
            Some((label, entry)) if *label == row.label => *entry = entry.clone().with(sentence),
            _ => entries.push((&row.label, element("div").with(text("dt", row.label.trim())).with(sentence))),
        }
    }
    element("dl").with_all(entries.into_iter().map(|(_, entry)| entry))
}

fn grid(table: &Table, rows: &[&Row]) -> Element {
    let columns = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    let is_worded = table.heads.len() > columns + 1;
    // Where the page is narrow, each of its cells has a line of its own or a part of one.
    let stacks = table.orders.is_empty() && (is_worded || columns == 2);
    let body = rows.iter().enumerate().map(|(position, row)| {
        if row.is_heading() {
            let head = text("th", &row.label).set("scope", "rowgroup").set("colspan", table.heads.len());
            return element("tr").class("group").with(head);
        }
        let last = is_worded.then(|| last(row));
        let cells = row.cells.iter().enumerate().map(|(column, cell)| {
            let head = table.heads.get(column + 1).filter(|head| stacks && !head.is_empty());
            head.into_iter().fold(self::cell(cell), |cell, head| cell.set("data-head", head))
        });
        let cells = cells.chain(last);
        let line = element("tr").with(text("th", &row.label).set("scope", "row")).with_all(cells);
        match places(table, position) {
            Some(places) => line.set("style", places),
            None => line,
        }
    });
    let is_right =
        |column: usize| rows.iter().any(|row| row.cells.get(column).is_some_and(|cell| cell.right));
    let heads = table.heads.iter().enumerate().map(|(position, head)| {
        let head = text("th", head).set("scope", "col");
        if position.checked_sub(1).is_some_and(is_right) { head.class("n") } else { head }
    });
    framed(&table.caption, if stacks { "scroll stacked" } else { "scroll" }, heads, body)
}

/// The details of a row, or the row in words.
fn last(row: &Row) -> Element {
    let cell = element("td").class("words");
    if row.details.is_empty() {
        cell.with_all(row.sentence.iter().map(worded))
    } else {
        cell.with(element("ul").with_all(row.details.iter().map(|detail| text("li", detail))))
    }
}

/// A cell whose numbers say where the JSON has them.
fn cell(cell: &Cell) -> Element {
    let inner = cell.numbers.iter().rev().fold(None, |inner: Option<Element>, number| {
        let data = element("data").set("value", number.value).set("data-json", &number.pointer);
        Some(match inner {
            Some(inner) => data.with(inner),
            None => data.text(&cell.text),
        })
    });
    let td = if cell.right { element("td").class("n") } else { element("td") };
    td.with(inner.unwrap_or_else(|| worded(cell)))
}

/// Words in the colour of their style, with a mark that says what the colour says.
fn worded(cell: &Cell) -> Element {
    match class(cell.style) {
        "plain" => text("span", &cell.text),
        class => text("strong", format!("{}{}", mark(cell.style), cell.text)).class(class),
    }
}

/// The style sheet's name of a style.
pub(super) const fn class(style: Style) -> &'static str {
    match style {
        Style::Good => "good",
        Style::Attention => "care",
        Style::Bad | Style::Alert => "bad",
        Style::Normal | Style::Heading | Style::Faint | Style::First => "plain",
    }
}

const fn mark(style: Style) -> &'static str {
    match style {
        Style::Good => "✓ ",
        Style::Attention => "! ",
        Style::Bad | Style::Alert => "✕ ",
        Style::Normal | Style::Heading | Style::Faint | Style::First => "",
    }
}

/// A table of the same number for several steps, such as charts have beneath them.
pub(super) fn plain_table(
    caption: &str,
    heads: &[&str],
    rows: impl IntoIterator<Item = (String, Vec<String>)>,
) -> Element {
    let row = |(name, cells): (String, Vec<String>)| {
        let cells = cells.into_iter().map(|cell| text("td", cell).class("n"));
        element("tr").with(text("th", name).set("scope", "row")).with_all(cells)
    };
    let heads = heads.iter().map(|head| text("th", *head).set("scope", "col"));
    framed(caption, "scroll", heads, rows.into_iter().map(row))
}

/// A table that scrolls sideways by itself where the page is narrow, also with the keyboard.
fn framed(
    caption: &str,
    class: &'static str,
    heads: impl Iterator<Item = Element>,
    rows: impl Iterator<Item = Element>,
) -> Element {
    let table = element("table")
        .with(text("caption", caption))
        .with(element("thead").with(element("tr").with_all(heads)))
        .with(element("tbody").with_all(rows));
    element("div")
        .class(class)
        .set("tabindex", "0")
        .set("role", "region")
        .set("aria-label", caption)
        .with(table)
}

/// What can be unfolded.
pub(super) fn folded(summary: &str, inside: impl IntoIterator<Item = Element>) -> Element {
    element("details").with(text("summary", summary)).with_all(inside)
}

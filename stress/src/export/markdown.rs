//! A document as GitHub's Markdown: a comment on a pull request with the answer in its heading.

use super::{
    style::clean,
    view::document::{Cell, Document, Row, Shown, Table},
};

/// The text of `document`.
pub(super) fn render(document: &Document) -> String {
    let Document { title, verdict, answer, summary, sections } = document;
    let heading = if verdict.is_empty() { (*title).to_owned() } else { format!("{title}: {verdict}") };
    let mut text = format!("### {heading}\n\n**{}**\n\n", escaped(&answer.text));
    text.push_str(&list(summary, &summary.rows_in(Shown::Everywhere)));
    for section in sections {
        let tables: Vec<_> = section.tables.iter().map(table).filter(|table| !table.is_empty()).collect();
        if !tables.is_empty() {
            text.push_str(&format!("\n#### {}\n\n{}", section.heading, tables.join("\n")));
        }
    }
    text
}

fn table(table: &Table) -> String {
    let rows = table.rows_in(Shown::Everywhere);
    let mut text =
        if rows.iter().any(|row| row.sentence.is_empty()) { grid(table, &rows) } else { list(table, &rows) };
    if !rows.is_empty()
        && let Some(note) = &table.note
    {
        text.push_str(&format!("\n{}\n", escaped(note)));
    }
    text
}

fn list(table: &Table, rows: &[&Row]) -> String {
    let mut text = String::new();
    for row in rows {
        // Sentences of a table with a label speak for themselves below its section's heading.
        let own = table.label.is_empty().then(|| format!("**{}**: ", escaped(row.label.trim())));
        let (mark, sentence) = match row.sentence.as_slice() {
            [mark, sentence] => (format!("**{}** ", escaped(&mark.text)), sentence),
            [sentence, ..] => (String::new(), sentence),
            [] => continue,
        };
        text.push_str(&format!("- {}{mark}{}\n", own.unwrap_or_default(), escaped(&sentence.text)));
        row.details.iter().for_each(|detail| text.push_str(&format!("  - {}\n", escaped(detail))));
    }
    text
}

fn grid(table: &Table, rows: &[&Row]) -> String {
    let columns = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    let is_right =
        |column: usize| rows.iter().any(|row| row.cells.get(column).is_some_and(|cell| cell.right));
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let heads = table.heads.iter().take(columns + 1).map(|head| escaped(head)).collect();
    let rule = (0..columns).map(|column| if is_right(column) { "--:" } else { "---" });
    let rule = ["---"].into_iter().chain(rule).map(str::to_owned).collect();
    let mut text = line(heads) + &line(rule);
    for row in rows {
        let label =
            if row.is_heading() { format!("**{}**", escaped(&row.label)) } else { escaped(&row.label) };
        let cell =
            |column: usize| row.cells.get(column).map_or(String::new(), |Cell { text, .. }| escaped(text));
        text.push_str(&line([label].into_iter().chain((0..columns).map(cell)).collect()));
    }
    text
}

/// `text` on one line with no markup in it: nothing ends a table's cell, mentions a user or links to an issue.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            // GitHub looks for mentions and issues after escapes were undone: a zero-width space keeps it from finding them.
            '@' | '#' => escaped.extend([&c.to_string(), "&#8203;"]),
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '|' | '!' => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;

//! A document as text for a terminal of 80 columns: the answer first, and last again where the screen is long.

use super::{
    style::{Colours, Style, clip, wrap},
    view::document::{Cell, Document, Row, Shown, Table},
};

/// The width that every line fits.
const WIDTH: usize = 80;
/// Columns of the labels before sentences.
const LABEL: usize = 13;
/// The least columns of the first of a sentence's parts.
const MARK: usize = 6;
/// The most columns of a part of a column's title.
const HEAD: usize = 13;
/// The most columns of a cell: the bars of a distribution.
const CELL: usize = 44;
/// The most columns of a label in a grid, beside which one cell fits.
const GRID_LABEL: usize = WIDTH - CELL - 2;
/// The lines of the smallest terminal: at the end of a longer screen the answer has scrolled away.
const SCREEN: usize = 24;

/// The lines of `document`.
pub(super) fn render(document: &Document, colours: Colours) -> String {
    let answer = answer(document, colours);
    let mut lines = answer.clone();
    lines.extend(sentences(&document.summary, &document.summary.rows_in(Shown::Terminal), &mut "", colours));
    for section in &document.sections {
        let mut label = "";
        let mut after_grid = true;
        for table in &section.tables {
            let rows = table.rows_in(Shown::Terminal);
            if rows.is_empty() {
                continue;
            }
            let is_grid = rows.iter().any(|row| row.sentence.is_empty());
            if after_grid || is_grid {
                lines.push(String::new());
            }
            after_grid = is_grid;
            if is_grid {
                lines.extend(grid(table, &rows, colours));
            } else {
                lines.extend(sentences(table, &rows, &mut label, colours));
            }
            let note = table.note.iter().flat_map(|note| wrap(note, WIDTH));
            lines.extend(note.map(|line| colours.paint(Style::Faint, &line)));
        }
    }
    if lines.len() >= SCREEN {
        lines.push(String::new());
        lines.extend(answer);
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn answer(document: &Document, colours: Colours) -> Vec<String> {
    let Document { verdict, answer: Cell { text, style, .. }, .. } = document;
    let text = if verdict.is_empty() { text.clone() } else { format!("{verdict}: {text}") };
    wrap(&text, WIDTH).iter().map(|line| colours.paint(*style, line)).collect()
}

/// Sentences behind labels, wrapped beneath themselves; a label that stands already is not repeated.
fn sentences<'a>(table: &'a Table, rows: &[&'a Row], last: &mut &'a str, colours: Colours) -> Vec<String> {
    let marks = rows.iter().filter(|row| row.sentence.len() > 1).filter_map(|row| row.sentence.first());
    let mark = marks.map(|mark| mark.text.chars().count().max(MARK) + 2).max().unwrap_or(0);
    let mut lines = Vec::new();
    for row in rows {
        let label = if table.label.is_empty() { row.label.as_str() } else { table.label };
        let shown = if label == *last { "" } else { label };
        *last = label;
        let mut start = colours.paint(Style::Faint, &format!("{:<LABEL$}", clip(shown, LABEL - 1)));
        let (first, text) = match row.sentence.as_slice() {
            [first, text] => (Some(first), text),
            [text, ..] => (None, text),
            [] => continue,
        };
        if let Some(first) = first {
            start.push_str(&colours.paint(first.style, &format!("{:<mark$}", first.text)));
        }
        let indent = if first.is_some() { LABEL + mark } else { LABEL };
        for (position, line) in wrap(&text.text, WIDTH - indent).iter().enumerate() {
            let before = if position == 0 { start.clone() } else { " ".repeat(indent) };
            lines.push(format!("{before}{}", colours.paint(text.style, line)));
        }
        for detail in &row.details {
            for (position, line) in wrap(detail, WIDTH - indent - 4).iter().enumerate() {
                // Continued lines stand further in, so that the start of each detail is seen.
                let further = if position == 0 { 2 } else { 4 };
                lines.push(format!("{}{}", " ".repeat(indent + further), colours.paint(text.style, line)));
            }
        }
    }
    lines
}

/// Columns that line up, in as many blocks as it takes to fit the width.
fn grid(table: &Table, rows: &[&Row], colours: Colours) -> Vec<String> {
    let has_headings = rows.iter().any(|row| row.is_heading());
    let mut headed = false;
    let mut cells: Vec<Vec<Cell>> = Vec::new();
    let columns = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    cells.extend(heads(table, rows, columns));
    for row in rows {
        headed |= row.is_heading();
        let indent = if has_headings && headed && !row.is_heading() { "  " } else { "" };
        let label = clip(&format!("{indent}{}", row.label), GRID_LABEL);
        let clipped = row.cells.iter().map(|cell| Cell { text: clip(&cell.text, CELL), ..cell.clone() });
        cells.push([Cell::text(Style::Faint, label)].into_iter().chain(clipped).collect());
    }
    // Headings have the line to themselves.
    let width = |column: usize| {
        let cells = cells.iter().filter(|row| row.len() > 1).filter_map(|row| row.get(column));
        cells.map(|cell| cell.text.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..=columns).map(width).collect();
    let total = |gap: usize| widths.iter().sum::<usize>() + columns * gap;
    let gap = if total(2) <= WIDTH { 2 } else { 1 };
    let gap = if total(gap) <= WIDTH { gap } else { 2 };
    let mut lines = Vec::new();
    let mut from = 1;
    while from <= columns {
        let mut used = widths[0];
        let fits = |width: &&usize| {
            used += *width + gap;
            used <= WIDTH
        };
        let count = widths[from..].iter().take_while(fits).count().max(1);
        if from > 1 {
            lines.push(String::new());
        }
        let block: Vec<_> = [0].into_iter().chain(from..from + count).collect();
        lines.extend(cells.iter().map(|row| line(row, &block, &widths, gap, colours)));
        from += count;
    }
    lines
}

/// The titles of the columns, each in up to three lines: `phase: step, repeats`.
fn heads(table: &Table, rows: &[&Row], columns: usize) -> Vec<Vec<Cell>> {
    let is_right =
        |column: usize| rows.iter().any(|row| row.cells.get(column).is_some_and(|cell| cell.right));
    let parts = |head: &String| -> Vec<String> {
        let (phase, rest) =
            head.rsplit_once(": ").map_or((None, head.as_str()), |(phase, rest)| (Some(phase), rest));
        phase.into_iter().chain(rest.split(", ")).map(|part| clip(part, HEAD)).collect()
    };
    let heads: Vec<Vec<String>> = table.heads.iter().take(columns + 1).map(parts).collect();
    let height = heads.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |(position, head): (usize, &Vec<String>), line: usize| {
        let text = head.get(line).cloned().unwrap_or_default();
        Cell { right: position > 0 && is_right(position - 1), ..Cell::text(Style::Heading, text) }
    };
    (0..height).map(|line| heads.iter().enumerate().map(|head| cell(head, line)).collect()).collect()
}

/// The cells of `columns` beside each other; blanks are written before text, never at the end of the line.
fn line(row: &[Cell], columns: &[usize], widths: &[usize], gap: usize, colours: Colours) -> String {
    let mut line = String::new();
    let mut blanks = 0;
    for &column in columns {
        let Some(cell) = row.get(column) else { break };
        let free = widths[column].saturating_sub(cell.text.chars().count());
        let (before, after) = if cell.right { (free, 0) } else { (0, free) };
        blanks += before;
        if !cell.text.is_empty() {
            line.push_str(&" ".repeat(blanks));
            line.push_str(&colours.paint(cell.style, &cell.text));
            blanks = 0;
        }
        blanks += after + gap;
    }
    line
}

#[cfg(test)]
mod comparison_tests;
#[cfg(test)]
mod tests;

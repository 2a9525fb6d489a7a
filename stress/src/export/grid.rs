//! Cells in aligned columns, each with its own colour, measured without the colour's escape codes.

use super::palette::{Palette, Style};

/// One cell.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    text: String,
    ink: Style,
}

impl Cell {
    pub(super) fn new(ink: Style, text: impl Into<String>) -> Self {
        Self { text: text.into(), ink }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// A column: the side on which its text stands, and the least number of characters that it takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Column {
    Left(usize),
    Right(usize),
}

/// Rows of cells; `gap` blanks stand between columns.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) columns: Vec<Column>,
    pub(super) gap: usize,
    pub(super) rows: Vec<Vec<Cell>>,
}

impl Grid {
    /// The lines, without blanks at their ends.
    pub(super) fn lines(&self, palette: Palette) -> Vec<String> {
        let widest =
            |at: usize| self.rows.iter().filter_map(|row| row.get(at)).map(Cell::width).max().unwrap_or(0);
        let fitted: Vec<Column> = self
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| match column {
                Column::Left(least) => Column::Left(widest(at).max(*least)),
                Column::Right(least) => Column::Right(widest(at).max(*least)),
            })
            .collect();
        self.rows.iter().map(|row| self.line(row, &fitted, palette)).collect()
    }

    fn line(&self, row: &[Cell], fitted: &[Column], palette: Palette) -> String {
        let mut line = String::new();
        // Blanks are written before the next text, never after the last one.
        let mut blanks = 0;
        for (cell, column) in row.iter().zip(fitted) {
            let (before, after) = match column {
                Column::Left(width) => (0, width - cell.width()),
                Column::Right(width) => (width - cell.width(), 0),
            };
            blanks += before;
            if !cell.text.is_empty() {
                line.push_str(&" ".repeat(blanks));
                line.push_str(&palette.paint(cell.ink, &cell.text));
                blanks = 0;
            }
            blanks += after + self.gap;
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_with_and_without_colour() {
        let cell = |text| Cell::new(Style::Error, text);
        let grid = Grid {
            columns: vec![Column::Left(0), Column::Right(3), Column::Right(0)],
            gap: 1,
            rows: vec![vec![cell("a"), cell("µs"), cell("")], vec![cell("bcd"), cell("1"), cell("22")]],
        };
        assert_eq!(grid.lines(Palette::Plain), ["a    µs", "bcd   1 22"]);
        let coloured = grid.lines(Palette::Coloured);
        assert_eq!(coloured[0], "\u{1b}[31ma\u{1b}[0m    \u{1b}[31mµs\u{1b}[0m");
    }
}

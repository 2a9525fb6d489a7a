//! What screens, comments and pages are made of: sections of tables of cells. Content is decided here, formats only
//! render it.

use crate::export::style::Style;

/// All that a screen, a comment or a page shows: the answer first, then the details.
#[derive(Debug, Default)]
pub(in crate::export) struct Document {
    /// The program, and the command unless it is `run`.
    pub(in crate::export) title: &'static str,
    /// One word for scripts and headings, as `passed`; may be empty.
    pub(in crate::export) verdict: &'static str,
    /// The answer in one sentence.
    pub(in crate::export) answer: Cell,
    /// What belongs to the answer: whether it can be trusted, and what else was asked.
    pub(in crate::export) summary: Table,
    pub(in crate::export) sections: Vec<Section>,
}

/// Tables about one subject.
#[derive(Debug)]
pub(in crate::export) struct Section {
    /// Its anchor on a page.
    pub(in crate::export) id: &'static str,
    pub(in crate::export) heading: &'static str,
    pub(in crate::export) tables: Vec<Table>,
}

/// Rows of cells. Where rows have a sentence, terminals and comments show that instead of the cells.
#[derive(Debug, Default)]
pub(in crate::export) struct Table {
    /// The label before the sentences; without one, each row's own label stands there.
    pub(in crate::export) label: &'static str,
    /// What a page calls the table.
    pub(in crate::export) caption: String,
    /// The titles of the columns, that of the rows' labels first; with one more than cells, a page's last column holds
    /// the rows' details or else their sentences. Without titles, a page shows a list of labels and sentences.
    pub(in crate::export) heads: Vec<String>,
    pub(in crate::export) rows: Vec<Row>,
    /// Other orders of the rows, among which a page offers a choice.
    pub(in crate::export) orders: Vec<Order>,
    /// How to read the table.
    pub(in crate::export) note: Option<String>,
    pub(in crate::export) shown: Shown,
}

/// An order of a table's rows.
#[derive(Debug)]
pub(in crate::export) struct Order {
    /// What it goes by: one word of lower-case letters.
    pub(in crate::export) name: &'static str,
    /// The place of each row, from 0.
    pub(in crate::export) places: Vec<usize>,
}

/// One row; without cells and without a sentence it is a heading for the rows below it.
#[derive(Debug, Default)]
pub(in crate::export) struct Row {
    pub(in crate::export) label: String,
    pub(in crate::export) cells: Vec<Cell>,
    /// The row in words, in parts that stand beside each other.
    pub(in crate::export) sentence: Vec<Cell>,
    /// What belongs to the row, a line each.
    pub(in crate::export) details: Vec<String>,
    pub(in crate::export) shown: Shown,
}

/// Text, and the numbers that it shows: one, or the two ends of an interval.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::export) struct Cell {
    pub(in crate::export) text: String,
    pub(in crate::export) style: Style,
    /// Whether it stands at the right of its column, as numbers do.
    pub(in crate::export) right: bool,
    pub(in crate::export) numbers: Vec<Number>,
}

/// A number as the JSON document has it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::export) struct Number {
    /// In the unit that the JSON's key names.
    pub(in crate::export) value: f64,
    /// Where the JSON has it (RFC 6901).
    pub(in crate::export) pointer: String,
}

/// Which formats show a table or a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::export) enum Shown {
    #[default]
    Everywhere,
    /// Only a page, which can hold every number.
    Page,
    /// Only a terminal.
    Terminal,
    /// Only CSV.
    Csv,
}

impl Section {
    pub(in crate::export) fn new(id: &'static str, heading: &'static str, tables: Vec<Table>) -> Self {
        Self { id, heading, tables }
    }
}

impl Table {
    /// A list of labels and sentences.
    pub(in crate::export) fn facts(rows: Vec<Row>) -> Self {
        Self { rows, ..Self::default() }
    }

    /// A table with these titles.
    pub(in crate::export) fn new(caption: impl Into<String>, heads: &[&str], rows: Vec<Row>) -> Self {
        let heads = heads.iter().map(|head| (*head).to_owned()).collect();
        Self { caption: caption.into(), heads, rows, ..Self::default() }
    }

    /// The same with a label before its sentences.
    pub(in crate::export) fn labelled(self, label: &'static str) -> Self {
        Self { label, ..self }
    }

    /// The same for some formats only.
    pub(in crate::export) fn only(self, shown: Shown) -> Self {
        Self { shown, ..self }
    }

    /// The rows that a format shows.
    pub(in crate::export) fn rows_in(&self, format: Shown) -> Vec<&Row> {
        let shows = |shown: Shown| shown == Shown::Everywhere || shown == format;
        self.rows.iter().filter(|row| shows(self.shown) && shows(row.shown)).collect()
    }
}

impl Row {
    /// A row of cells.
    pub(in crate::export) fn new(label: impl Into<String>, cells: Vec<Cell>) -> Self {
        Self { label: label.into(), cells, ..Self::default() }
    }

    /// A label and a sentence.
    pub(in crate::export) fn fact(
        label: impl Into<String>,
        style: Style,
        sentence: impl Into<String>,
    ) -> Self {
        Self::new(label, Vec::new()).says(style, sentence)
    }

    /// A heading for the rows below.
    pub(in crate::export) fn heading(label: impl Into<String>) -> Self {
        Self::new(label, Vec::new())
    }

    /// The same with a sentence, or with one more part of it.
    pub(in crate::export) fn says(mut self, style: Style, sentence: impl Into<String>) -> Self {
        self.sentence.push(Cell::text(style, sentence));
        self
    }

    /// The same for some formats only.
    pub(in crate::export) fn only(self, shown: Shown) -> Self {
        Self { shown, ..self }
    }

    /// Whether it is a heading for the rows below.
    pub(in crate::export) fn is_heading(&self) -> bool {
        self.cells.is_empty() && self.sentence.is_empty()
    }
}

impl Cell {
    /// Words.
    pub(in crate::export) fn text(style: Style, text: impl Into<String>) -> Self {
        Self { text: text.into(), style, ..Self::default() }
    }

    /// What stands where numbers do and is none in the JSON.
    pub(in crate::export) fn right(style: Style, text: impl Into<String>) -> Self {
        Self { right: true, ..Self::text(style, text) }
    }

    /// A number, or a dash where there is none.
    pub(in crate::export) fn number(number: Option<(String, f64)>, pointer: &str) -> Self {
        match number {
            Some((text, value)) => Self {
                numbers: vec![Number { value, pointer: pointer.to_owned() }],
                ..Self::right(Style::Normal, text)
            },
            None => Self::right(Style::Faint, "–"),
        }
    }
}

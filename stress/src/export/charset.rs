//! The characters that a terminal takes: Unicode, or only ASCII where its locale has no more.

use std::borrow::Cow;

/// What text may consist of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// Any character.
    Unicode,
    /// ASCII: box drawings, blocks and signs are replaced.
    Ascii,
}

impl Charset {
    /// The charset of a stream: a file or a pipe takes everything, a terminal what its locale has. No locale at all is what
    /// containers have, on terminals that take everything.
    pub fn of_stream(is_terminal: bool) -> Self {
        Self::of_locale(is_terminal, |name| std::env::var(name).ok())
    }

    fn of_locale(is_terminal: bool, variable: impl Fn(&str) -> Option<String>) -> Self {
        // As the C library decides: the first that is set.
        let locale =
            ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable).find(|text| !text.is_empty());
        let is_utf8 = |locale: String| locale.to_lowercase().replace('-', "").contains("utf8");
        if !is_terminal || locale.is_none_or(is_utf8) { Charset::Unicode } else { Charset::Ascii }
    }

    /// `text` in these characters, as wide as it was.
    pub fn text(self, text: &str) -> Cow<'_, str> {
        match self {
            Charset::Unicode => text.into(),
            Charset::Ascii => text.chars().map(ascii).collect::<String>().into(),
        }
    }
}

fn ascii(c: char) -> char {
    match c {
        '▁' => '.',
        '▂' => ':',
        '▃' => '-',
        '▄' => '=',
        '▅' => '+',
        '▆' => '*',
        '▇' => '#',
        '█' => '@',
        '–' | '−' => '-',
        '…' => '~',
        '≥' | '→' => '>',
        '×' => 'x',
        'µ' => 'u',
        '’' => '\'',
        c if c.is_ascii() => c,
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminals_locale_decides_and_a_pipe_takes_unicode() {
        for (variables, expected) in [
            (vec![], Charset::Unicode),
            (vec![("LANG", "en_US.UTF-8")], Charset::Unicode),
            (vec![("LANG", "C.utf8")], Charset::Unicode),
            (vec![("LANG", "C")], Charset::Ascii),
            (vec![("LANG", "de_DE.ISO-8859-1")], Charset::Ascii),
            (vec![("LANG", "en_US.UTF-8"), ("LC_ALL", "POSIX")], Charset::Ascii),
            (vec![("LANG", "C"), ("LC_CTYPE", "C.UTF-8"), ("LC_ALL", "")], Charset::Unicode),
        ] {
            let variable = |name: &str| {
                let found = variables.iter().find(|(set, _)| *set == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(Charset::of_locale(true, variable), expected, "{variables:?}");
            assert_eq!(Charset::of_locale(false, variable), Charset::Unicode);
        }
    }

    #[test]
    fn characters_that_ascii_lacks_are_replaced_column_by_column() {
        assert_eq!(Charset::Ascii.text("≥1.20 µs ▁▂▃▄▅▆▇█ –… é"), ">1.20 us .:-=+*#@ -~ ?");
        assert_eq!(Charset::Unicode.text("≥1.20 µs"), "≥1.20 µs");
    }
}

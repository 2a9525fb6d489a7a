//! Whether the terminal takes more than ASCII, and what is shown where it does not.

/// Whether a screen may hold more than ASCII: a file or a pipe always, a terminal unless its locale says otherwise.
/// No locale at all is what containers have, on terminals that take everything.
pub(super) fn is_unicode(is_terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
    // As the C library decides: the first that says something.
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable).find(|text| !text.is_empty());
    let speaks_utf8 = |locale: String| locale.to_lowercase().replace('-', "").contains("utf8");
    !is_terminal || locale.is_none_or(speaks_utf8)
}

/// `text` in ASCII, as wide as it was.
pub(super) fn ascii(text: &str) -> String {
    let plain = |c: char| match c {
        '▁' => '.',
        '▂' => ':',
        '▃' => '-',
        '▄' => '=',
        '▅' => '+',
        '▆' => '*',
        '▇' => '#',
        '█' => '@',
        '–' => '-',
        '…' => '~',
        '≥' => '>',
        'µ' => 'u',
        c if c.is_ascii() => c,
        _ => '?',
    };
    text.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminals_locale_decides_and_a_pipe_takes_everything() {
        for (variables, expected) in [
            (vec![], true),
            (vec![("LANG", "en_US.UTF-8")], true),
            (vec![("LANG", "C.utf8")], true),
            (vec![("LANG", "C")], false),
            (vec![("LANG", "de_DE.ISO-8859-1")], false),
            (vec![("LANG", "en_US.UTF-8"), ("LC_ALL", "POSIX")], false),
            (vec![("LANG", "C"), ("LC_CTYPE", "C.UTF-8"), ("LC_ALL", "")], true),
        ] {
            let variable = |name: &str| {
                let found = variables.iter().find(|(set, _)| *set == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(is_unicode(true, variable), expected, "{variables:?}");
            assert!(is_unicode(false, variable));
        }
    }

    #[test]
    fn what_ascii_lacks_is_replaced_column_by_column() {
        assert_eq!(ascii("≥1.20 µs ▁▂▃▄▅▆▇█ –… é"), ">1.20 us .:-=+*#@ -~ ?");
    }
}

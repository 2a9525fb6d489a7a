//! Styles of text on a terminal, and text made safe and short enough to show.

use std::borrow::Cow;

use anstyle::AnsiColor;

use crate::plan::names::is_hidden;

/// Whether text has ANSI colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// Text only.
    Off,
    /// With escape sequences.
    On,
}

/// What a piece of text means, which decides how it looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Style {
    /// Nothing in particular.
    #[default]
    Normal,
    /// A heading.
    Heading,
    /// Less important than the rest.
    Faint,
    /// Good news: green.
    Good,
    /// Worth a look: yellow.
    Attention,
    /// Bad news: red.
    Bad,
    /// Numbers that must not be used: red, inverted.
    Alert,
    /// A first download in an event line: magenta.
    First,
}

impl Colours {
    /// `text` in this style, without characters that would steer the terminal.
    pub fn paint(self, style: Style, text: &str) -> String {
        let (style, text) = (self.ansi(style), visible(text));
        format!("{style}{text}{style:#}")
    }

    fn ansi(self, style: Style) -> anstyle::Style {
        if self == Colours::Off {
            return anstyle::Style::new();
        }
        match style {
            Style::Normal => anstyle::Style::new(),
            Style::Heading => anstyle::Style::new().bold(),
            Style::Faint => anstyle::Style::new().dimmed(),
            Style::Good => AnsiColor::Green.on_default(),
            Style::Attention => AnsiColor::Yellow.on_default(),
            Style::Bad => AnsiColor::Red.on_default(),
            Style::Alert => AnsiColor::Red.on_default().bold().invert(),
            Style::First => AnsiColor::Magenta.on_default(),
        }
    }
}

/// `text` on one line, without control characters and invisible or bidirectional formatting characters, which could
/// otherwise move a terminal's cursor or reorder what is read.
pub fn clean(text: &str) -> String {
    let visible: String = text
        .chars()
        .filter_map(|c| match c {
            '\n' | '\r' | '\t' => Some(' '),
            c => Some(c).filter(|c| !is_hidden(*c)),
        })
        .collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `text` without control characters and invisible or bidirectional formatting characters.
fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_hidden) {
        text.chars().filter(|c| !is_hidden(*c)).collect::<String>().into()
    } else {
        text.into()
    }
}

/// `text` on one line with escapes such as `\u{1b}` for such characters, so that a wrong argument or path can be recognised.
pub fn escape(text: &str) -> String {
    let escaped = |c: char| if is_hidden(c) { c.escape_debug().to_string() } else { c.to_string() };
    text.chars().map(escaped).collect()
}

/// The first `width` characters of `text`; the last of them is `…` where something was left out.
pub fn clip(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut clipped: String = text.chars().take(width.saturating_sub(1)).collect();
    clipped.push('…');
    clipped
}

/// `text` in lines of at most `width` characters, broken at blanks where there are any.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word = word;
        loop {
            let line = lines.last_mut().expect("there is a line from the start");
            let used = line.chars().count();
            let blank = usize::from(used > 0);
            if used + blank + word.chars().count() <= width {
                line.push_str(&" ".repeat(blank));
                line.push_str(word);
                break;
            }
            if used == 0 {
                let cut = word.char_indices().nth(width).map_or(word.len(), |(at, _)| at);
                line.push_str(&word[..cut]);
                word = &word[cut..];
            }
            lines.push(String::new());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays_as_it_is_and_coloured_text_is_reset() {
        assert_eq!(Colours::Off.paint(Style::Bad, "x"), "x");
        assert_eq!(Colours::On.paint(Style::Bad, "x"), "\u{1b}[31mx\u{1b}[0m");
        assert_eq!(Colours::On.paint(Style::Normal, "x"), "x");
    }

    #[test]
    fn a_server_cannot_steer_the_terminal() {
        let hostile = "\u{1b}[2Jall\tgone\r\n\u{7}\u{9b}31m\u{202e}backwards";
        assert_eq!(clean(hostile), "[2Jall gone 31mbackwards");
        assert_eq!(Colours::Off.paint(Style::Bad, hostile), "[2Jallgone31mbackwards");
        assert_eq!(escape("a\u{1b}[31m\u{202e}\nü"), r"a\u{1b}[31m\u{202e}\nü");
    }

    #[test]
    fn long_text_is_clipped_or_wrapped_at_the_width() {
        assert_eq!([clip("abcd", 4), clip("abcde", 4)], ["abcd", "abc…"]);
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("", 3), [""]);
    }
}

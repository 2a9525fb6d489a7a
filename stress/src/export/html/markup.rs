//! Elements of HTML and SVG: whatever text or value goes in comes out escaped.

use std::fmt;

use crate::plan::names::is_hidden;

/// An element with its attributes and what is in it.
#[derive(Debug, Clone)]
pub(super) struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    children: Vec<Node>,
}

#[derive(Debug, Clone)]
enum Node {
    Text(String),
    Element(Element),
}

/// Elements that have nothing in them and no end tag.
const VOID: [&str; 4] = ["br", "input", "link", "meta"];

/// An empty element.
pub(super) fn element(name: &'static str) -> Element {
    Element { name, attributes: Vec::new(), children: Vec::new() }
}

/// An element with a text in it.
pub(super) fn text(name: &'static str, text: impl Into<String>) -> Element {
    element(name).text(text)
}

impl Element {
    /// With an attribute.
    pub(super) fn set(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.attributes.push((name, value.to_string()));
        self
    }

    /// With the class that the style sheet knows.
    pub(super) fn class(self, class: &'static str) -> Self {
        self.set("class", class)
    }

    /// With a text behind what is in it already.
    pub(super) fn text(mut self, text: impl Into<String>) -> Self {
        self.children.push(Node::Text(text.into()));
        self
    }

    /// With an element behind what is in it already.
    pub(super) fn with(mut self, child: Element) -> Self {
        self.children.push(Node::Element(child));
        self
    }

    /// With elements behind what is in it already.
    pub(super) fn with_all(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        self.children.extend(children.into_iter().map(Node::Element));
        self
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}", self.name)?;
        for (name, value) in &self.attributes {
            write!(f, " {name}=\"{}\"", Escaped(value))?;
        }
        f.write_str(">")?;
        if VOID.contains(&self.name) {
            return Ok(());
        }
        for child in &self.children {
            match child {
                Node::Text(text) => write!(f, "{}", Escaped(text))?,
                Node::Element(element) => write!(f, "{element}")?,
            }
        }
        write!(f, "</{}>", self.name)
    }
}

/// Text as it stands in a document: nothing in it is markup. Control characters, which no document may hold, and those that
/// reorder or hide the text around them are gone.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\n' | '\t' => fmt::Write::write_char(f, c)?,
                c if is_hidden(c) => {}
                c => fmt::Write::write_char(f, c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn elements_are_written_with_what_is_in_them() {
        let table = element("tr").with(text("td", "a & b").set("data-x", "\"1\"")).with(element("br"));
        assert_eq!(table.to_string(), "<tr><td data-x=\"&quot;1&quot;\">a &amp; b</td><br></tr>");
    }

    proptest! {
        #[test]
        fn no_text_is_ever_markup(hostile in "(.|[<>&\"'\u{0}-\u{1f}]){0,40}") {
            let written = text("p", hostile.clone()).set("title", hostile).to_string();
            prop_assert_eq!(written.matches('<').count(), 2, "{}", written);
            prop_assert_eq!(written.matches('"').count(), 2, "{}", written);
        }
    }
}

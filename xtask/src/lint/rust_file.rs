//! A Rust file as the rules see it: the paths it names, and which of its lines are tests.

use std::ops::RangeInclusive;

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Attribute, Item, ItemMod, ItemUse, Macro, Path, UseTree, Visibility,
    spanned::Spanned,
    visit::{self, Visit},
};

use super::finding::Finding;

/// A parsed file.
pub(crate) struct RustFile {
    /// Below the workspace's root, with slashes.
    pub(crate) path: String,
    pub(crate) text: String,
    /// What it declares and names, in order; inline modules are flattened.
    pub(crate) names: Vec<Name>,
    test_lines: Vec<RangeInclusive<usize>>,
}

/// A path that a file names, or a name that it declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) line: usize,
    /// The inline modules around it.
    pub(crate) inside: Vec<String>,
    /// Whether only tests see it.
    pub(crate) in_test: bool,
    pub(crate) kind: NameKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NameKind {
    /// A path in code, such as `super::a::f`.
    Path(Vec<String>),
    /// `use path as bound`; `bound` is `*` for a glob.
    Use { path: Vec<String>, bound: String, reexport: bool },
    /// An item with this name.
    Item(String),
    /// `mod name;` and its `#[path]`, if it has one.
    ModFile { name: String, path: Option<String> },
}

impl RustFile {
    /// Parses the file at `path`.
    ///
    /// # Errors
    /// The place and reason of a syntax error.
    pub(crate) fn parse(path: &str, text: &str) -> Result<Self, Finding> {
        let file = syn::parse_file(text).map_err(|error| {
            Finding::new(path, error.span().start().line, format!("cannot be parsed: {error}"))
        })?;
        let mut visitor = Names::default();
        visitor.visit_file(&file);
        let Names { names, test_lines, .. } = visitor;
        Ok(Self { path: path.to_owned(), text: text.to_owned(), names, test_lines })
    }

    /// A finding in this file.
    pub(crate) fn finding(&self, line: usize, message: impl Into<String>) -> Finding {
        Finding::new(&self.path, line, message)
    }

    /// Whether the whole file is compiled for tests, benches or `xtask e2e` alone, by its folder.
    pub(crate) fn is_test_file(&self) -> bool {
        let in_folder = |name: &str| self.path.split('/').rev().skip(1).any(|part| part == name);
        in_folder("tests") || in_folder("benches") || in_folder("e2e") || self.path.ends_with("tests.rs")
    }

    /// Whether the line is code of a test.
    pub(crate) fn is_test_line(&self, line: usize) -> bool {
        self.is_test_file() || self.test_lines.iter().any(|lines| lines.contains(&line))
    }

    /// The paths that it names, `use` and code alike, as written.
    pub(crate) fn paths(&self) -> impl Iterator<Item = (&Name, &[String])> {
        self.names.iter().filter_map(|name| match &name.kind {
            NameKind::Path(path) | NameKind::Use { path, .. } => Some((name, path.as_slice())),
            NameKind::Item(_) | NameKind::ModFile { .. } => None,
        })
    }
}

/// Collects names.
#[derive(Default)]
struct Names {
    names: Vec<Name>,
    test_lines: Vec<RangeInclusive<usize>>,
    inside: Vec<String>,
    in_test: bool,
}

impl Names {
    fn add(&mut self, line: usize, kind: NameKind) {
        self.names.push(Name { line, inside: self.inside.clone(), in_test: self.in_test, kind });
    }

    fn add_use(&mut self, prefix: &[String], tree: &UseTree, reexport: bool) {
        let line = tree.span().start().line;
        let with = |ident: &syn::Ident| [prefix, &[ident.to_string()]].concat();
        // `a::{self}` binds `a`.
        let whole = |path: Vec<String>| match path.split_last() {
            Some((last, before)) if last == "self" && !before.is_empty() => before.to_vec(),
            _ => path,
        };
        match tree {
            UseTree::Path(tree) => self.add_use(&with(&tree.ident), &tree.tree, reexport),
            UseTree::Name(tree) => {
                let path = whole(with(&tree.ident));
                let bound = path.last().cloned().unwrap_or_default();
                self.add(line, NameKind::Use { path, bound, reexport });
            }
            UseTree::Rename(tree) => {
                let (path, bound) = (whole(with(&tree.ident)), tree.rename.to_string());
                self.add(line, NameKind::Use { path, bound, reexport });
            }
            UseTree::Glob(_) => {
                let (path, bound) = (prefix.to_vec(), "*".to_owned());
                self.add(line, NameKind::Use { path, bound, reexport });
            }
            UseTree::Group(tree) => {
                tree.items.iter().for_each(|tree| self.add_use(prefix, tree, reexport));
            }
        }
    }

    /// The paths in tokens that syn does not parse: arguments of macros and attributes.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let (mut colons, mut line) = (0, 0);
        for token in tokens {
            match &token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.flush(line, &mut path);
                    }
                    line = ident.span().start().line;
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                other => {
                    colons = 0;
                    self.flush(line, &mut path);
                    if let TokenTree::Group(group) = other {
                        self.add_tokens(group.stream());
                    }
                }
            }
        }
        self.flush(line, &mut path);
    }

    fn flush(&mut self, line: usize, path: &mut Vec<String>) {
        if !path.is_empty() {
            let path = std::mem::take(path);
            self.add(line, NameKind::Path(path));
        }
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item(&mut self, item: &'ast Item) {
        let before = self.in_test;
        if attributes(item).iter().any(is_cfg_test) {
            self.in_test = true;
            let span = item.span();
            self.test_lines.push(span.start().line..=span.end().line);
        }
        if let Some(name) = item_name(item) {
            self.add(item.span().start().line, NameKind::Item(name));
        }
        visit::visit_item(self, item);
        self.in_test = before;
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let name = item.ident.to_string();
        if item.content.is_none() {
            let path = item.attrs.iter().find_map(path_attribute);
            self.add(item.span().start().line, NameKind::ModFile { name, path });
            return;
        }
        self.inside.push(name);
        visit::visit_item_mod(self, item);
        self.inside.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let reexport = !matches!(item.vis, Visibility::Inherited);
        self.add_use(&[], &item.tree, reexport);
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(path.span().start().line, NameKind::Path(segments));
        visit::visit_path(self, path);
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {
        // The path of `pub(in path)` is no use of a name.
    }

    fn visit_macro(&mut self, node: &'ast Macro) {
        visit::visit_macro(self, node);
        self.add_tokens(node.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        visit::visit_attribute(self, attribute);
        if let syn::Meta::List(list) = &attribute.meta {
            self.add_tokens(list.tokens.clone());
        }
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn item_name(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Mod(item) => &item.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

fn is_cfg_test(attribute: &Attribute) -> bool {
    let syn::Meta::List(list) = &attribute.meta else { return false };
    let tokens = list.tokens.to_string();
    list.path.is_ident("cfg") && (tokens == "test" || tokens.starts_with("all (test"))
}

fn path_attribute(attribute: &Attribute) -> Option<String> {
    let syn::Meta::NameValue(pair) = &attribute.meta else { return None };
    let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &pair.value else { return None };
    pair.path.is_ident("path").then(|| text.value())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let file = RustFile::parse("a.rs", text).unwrap();
        file.paths().map(|(_, path)| path.join("::")).collect()
    }

    #[test]
    fn paths_are_found_wherever_they_are_written() {
        for text in [
            "use a::b::c;",
            "use a::{b::{c}};",
            "fn f() { a::b::c() }",
            "fn f(x: &[a::b::c]) {}",
            "m!(1, [a::b::c]);",
            "#[m(a::b::c)] struct S;",
            "macro_rules! m { () => { a::b::c() } }",
        ] {
            assert!(paths(text).contains(&"a::b::c".to_owned()), "{text}: {:?}", paths(text));
        }
        let text = "// a::b::c\nfn f() { g(\"a::b::c\"); }\npub(in a::b) struct S;";
        assert!(!paths(text).iter().any(|path| path.starts_with("a::")), "{:?}", paths(text));
    }

    #[test]
    fn uses_bind_names() {
        let file =
            RustFile::parse("a.rs", "pub use a::{self, b as c, d::*};\nmod m { use super::x; }").unwrap();
        let uses: Vec<_> = file
            .names
            .iter()
            .filter_map(|name| match &name.kind {
                NameKind::Use { path, bound, reexport } => {
                    Some((path.join("::"), bound.as_str(), *reexport, name.inside.len()))
                }
                _ => None,
            })
            .collect();
        let expected = [
            ("a".to_owned(), "a", true, 0),
            ("a::b".to_owned(), "c", true, 0),
            ("a::d".to_owned(), "*", true, 0),
            ("super::x".to_owned(), "x", false, 1),
        ];
        assert_eq!(uses, expected);
    }

    #[test]
    fn tests_are_known_by_attribute_and_folder() {
        let text =
            "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n#[cfg(test)] mod fake;\n";
        let file = RustFile::parse("stress/src/x.rs", text).unwrap();
        let lines: Vec<_> = (1..=7).filter(|&line| file.is_test_line(line)).collect();
        assert_eq!(lines, [2, 3, 4, 5, 7]);
        let fake = file.names.iter().find(|name| matches!(name.kind, NameKind::ModFile { .. })).unwrap();
        assert!(fake.in_test);
        for path in ["stress/tests/cli.rs", "tests/it/main.rs", "stress/src/report/tests.rs"] {
            assert!(RustFile::parse(path, "").unwrap().is_test_line(1), "{path}");
        }
    }

    #[test]
    fn a_syntax_error_has_a_place() {
        let finding = RustFile::parse("a.rs", "\nfn f( {}").err().unwrap().to_string();
        assert!(finding.starts_with("a.rs:2: cannot be parsed"), "{finding}");
    }
}

//! Rule: no file uses a name of a file that, directly or through others, uses one of its own.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{
    finding::Finding,
    module_tree::ModuleTree,
    rust_file::{NameKind, RustFile},
};

/// Which file uses which, by path, with one name for each pair.
type Graph<'a> = BTreeMap<&'a str, BTreeMap<&'a str, &'a str>>;

/// A finding for each circle of files inside a crate; tests are left out, and re-exports lead to the definition.
pub(crate) fn check(files: &[RustFile]) -> Vec<Finding> {
    let sources: BTreeSet<_> =
        files.iter().filter_map(|file| file.path.split_once("/src/")).map(|(name, _)| name).collect();
    let mut findings = Vec::new();
    for name in sources {
        let graph = graph(&format!("{name}/src/"), files);
        let mut reported = BTreeSet::new();
        for start in graph.keys() {
            let Some(circle) = shortest_circle(&graph, start) else { continue };
            if circle.iter().any(|file| reported.contains(file)) {
                continue;
            }
            reported.extend(circle.iter().copied());
            findings.push(Finding::new(start, 1, describe(&graph, &circle)));
        }
    }
    findings
}

fn describe(graph: &Graph<'_>, circle: &[&str]) -> String {
    let next = circle.iter().cycle().skip(1);
    let steps: Vec<_> = circle
        .iter()
        .zip(next)
        .map(|(from, to)| format!("{from} uses `{}` of {to}", graph[from][to]))
        .collect();
    let message = "is part of a circle; move what both need into a file of its own";
    format!("{message}: {}", steps.join(", "))
}

fn graph<'a>(src: &str, files: &'a [RustFile]) -> Graph<'a> {
    let tree = ModuleTree::of(src, files);
    let mut graph = Graph::new();
    for (file, module) in &tree.files {
        let edges = graph.entry(&file.path).or_default();
        for name in file.names.iter().filter(|name| !name.in_test) {
            let from = [module.as_slice(), &name.inside].concat();
            let path = match &name.kind {
                NameKind::Path(path) => path,
                // A re-export is no use; who uses it points at the definition.
                NameKind::Use { path, reexport: false, .. } => path,
                _ => continue,
            };
            if let Some(definition) = tree.resolve(&from, path)
                && definition.file.path != file.path
            {
                edges.entry(&definition.file.path).or_insert(definition.name);
            }
        }
    }
    graph
}

/// The shortest way from a file back to itself.
fn shortest_circle<'a>(graph: &Graph<'a>, start: &'a str) -> Option<Vec<&'a str>> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(file) = queue.pop_front() {
        for next in graph.get(file).into_iter().flat_map(BTreeMap::keys) {
            if *next == start {
                let mut circle = vec![file];
                while let Some(before) = came_from.get(circle[circle.len() - 1]).copied() {
                    circle.push(before);
                }
                circle.reverse();
                return Some(circle);
            }
            if !came_from.contains_key(next) {
                came_from.insert(*next, file);
                queue.push_back(next);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| RustFile::parse(&format!("c/src/{path}"), text).ok().unwrap())
            .collect();
        check(&files).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn a_circle_is_found_however_the_names_are_written() {
        let b = ("m/b.rs", "use super::a::A; pub struct B(A);");
        for a in [
            "use super::b::B; pub struct A(B);",
            "use super::B; pub struct A(B);",
            "use crate::m::b; pub struct A(b::B);",
            "use super::*; pub struct A(B);",
            "pub struct A; fn f() { crate::m::b::B::new() }",
            "pub struct A; fn f() { dbg!(super::b::B) }",
        ] {
            let found = findings(&[
                ("lib.rs", "mod m;"),
                ("m/mod.rs", "mod a; mod b; pub use b::B;"),
                ("m/a.rs", a),
                b,
            ]);
            assert_eq!(found.len(), 1, "{a}: {found:?}");
            assert!(found[0].contains("c/src/m/b.rs uses `A` of c/src/m/a.rs"), "{found:?}");
        }
    }

    #[test]
    fn a_folder_and_its_child_can_be_a_circle() {
        let child = ("m/a.rs", "use super::Shared; pub fn f(_: Shared) {}");
        let found =
            findings(&[("lib.rs", ""), ("m/mod.rs", "mod a; pub struct Shared; fn g() { a::f() }"), child]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            findings(&[("lib.rs", ""), ("m/mod.rs", "mod a; pub use a::f; pub struct Shared;"), child]).len(),
            0
        );
        let used = "mod a; pub use a::f; pub struct Shared; fn g() { f() }";
        assert_eq!(findings(&[("lib.rs", ""), ("m/mod.rs", used), child]).len(), 1);
    }

    #[test]
    fn a_long_circle_is_found_once() {
        let found = findings(&[
            ("a.rs", "use crate::b::B; pub struct A;"),
            ("b.rs", "use crate::c::C; pub struct B;"),
            ("c.rs", "use crate::a::A; pub struct C;"),
            ("d.rs", "use crate::a::A;"),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("c/src/a.rs:1: "), "{found:?}");
    }

    #[test]
    fn tests_other_crates_and_one_direction_are_no_circle() {
        let found = findings(&[
            ("a.rs", "use crate::b::B; pub struct A; #[cfg(test)] mod tests;"),
            ("b.rs", "use other::a::A; pub struct B; #[cfg(test)] mod tests { use crate::a::A; }"),
            ("a/tests.rs", "use crate::b::B; pub struct T;"),
            ("main.rs", "fn main() { c::run(); a::b(); }"),
        ]);
        assert_eq!(found, Vec::<String>::new());
    }
}

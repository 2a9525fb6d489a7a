//! The modules of one crate and what their names mean: resolves a path to the file that defines its item.

use std::collections::{BTreeMap, BTreeSet};

use super::rust_file::{Name, NameKind, RustFile};

/// Re-exports of re-exports are followed this far.
const MAX_DEPTH: usize = 16;

/// The path of a module below its crate's root.
type ModulePath = Vec<String>;

/// The modules of a crate; files that only tests see are left out.
pub(crate) struct ModuleTree<'a> {
    modules: BTreeMap<ModulePath, Module<'a>>,
    /// The files with the path of their module.
    pub(crate) files: Vec<(&'a RustFile, ModulePath)>,
}

struct Module<'a> {
    file: &'a RustFile,
    items: BTreeSet<&'a str>,
    /// What `use` binds: the path as written.
    bound: BTreeMap<&'a str, &'a [String]>,
    globs: Vec<&'a [String]>,
}

/// An item and the file that defines it.
#[derive(Clone, Copy)]
pub(crate) struct Definition<'a> {
    pub(crate) file: &'a RustFile,
    pub(crate) name: &'a str,
}

impl<'a> ModuleTree<'a> {
    /// The modules of the crate whose sources are in the folder `src`.
    pub(crate) fn of(src: &str, files: &'a [RustFile]) -> Self {
        let in_crate: Vec<_> = files.iter().filter(|file| file.path.starts_with(src)).collect();
        let tests = test_files(&in_crate);
        let files: Vec<_> = in_crate
            .into_iter()
            .filter(|file| !tests.iter().any(|test| *test == file.path || below(&file.path, test)))
            .map(|file| (file, module_path(&file.path[src.len()..])))
            .collect();
        let mut tree = Self { modules: BTreeMap::new(), files };
        for (file, path) in &tree.files {
            tree.modules.entry(path.clone()).or_insert_with(|| Module::new(file));
            for name in file.names.iter().filter(|name| !name.in_test) {
                let path = [path.as_slice(), &name.inside].concat();
                tree.modules.entry(path).or_insert_with(|| Module::new(file)).add(name);
            }
        }
        tree
    }

    /// The definition that `path`, written in the module `from`, leads to; `None` for what another crate defines, for
    /// modules themselves and for local names.
    pub(crate) fn resolve(&self, from: &[String], path: &'a [String]) -> Option<Definition<'a>> {
        self.look_up(from, path, 0)
    }

    fn look_up(&self, from: &[String], path: &'a [String], depth: usize) -> Option<Definition<'a>> {
        if depth > MAX_DEPTH {
            return None;
        }
        let (mut module, mut rest) = (from.to_vec(), path);
        while let [first, others @ ..] = rest {
            match first.as_str() {
                "crate" | "$crate" => module.clear(),
                "self" => {}
                "super" => {
                    module.pop()?;
                }
                name => return self.member(&module, name, others, depth),
            }
            rest = others;
        }
        None
    }

    fn member(
        &self,
        module: &[String],
        name: &'a str,
        rest: &'a [String],
        depth: usize,
    ) -> Option<Definition<'a>> {
        let child = [module, &[name.to_owned()]].concat();
        if self.modules.contains_key(&child) {
            let (next, rest) = rest.split_first()?;
            return self.member(&child, next, rest, depth);
        }
        let here = self.modules.get(module)?;
        if here.items.contains(name) {
            return Some(Definition { file: here.file, name });
        }
        if let Some(path) = here.bound.get(name) {
            return self.through(module, path, rest, depth + 1);
        }
        let in_glob = |path: &&'a [String]| {
            let module = self.module_of(module, path, depth)?;
            self.member(&module, name, rest, depth + 1)
        };
        if depth > MAX_DEPTH { None } else { here.globs.iter().find_map(in_glob) }
    }

    /// What `rest` means behind a bound path: inside it, if it is a module, otherwise a member of the item itself.
    fn through(
        &self,
        from: &[String],
        bound: &'a [String],
        rest: &'a [String],
        depth: usize,
    ) -> Option<Definition<'a>> {
        if depth > MAX_DEPTH {
            return None;
        }
        match self.module_of(from, bound, depth) {
            Some(module) => {
                let (next, rest) = rest.split_first()?;
                self.member(&module, next, rest, depth)
            }
            None => self.look_up(from, bound, depth),
        }
    }

    /// The module that a path means, if it means one.
    fn module_of(&self, from: &[String], path: &[String], depth: usize) -> Option<ModulePath> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut module = from.to_vec();
        for (position, name) in path.iter().enumerate() {
            match name.as_str() {
                "crate" | "$crate" => module.clear(),
                "self" => {}
                "super" => {
                    module.pop()?;
                }
                name => {
                    module.push(name.to_owned());
                    if !self.modules.contains_key(&module) {
                        module.pop();
                        let bound = *self.modules.get(&module)?.bound.get(name)?;
                        // A module that binds its own name, as `use name;` does.
                        if bound == &path[position..=position] {
                            return None;
                        }
                        module = self.module_of(&module, bound, depth + 1)?;
                    }
                }
            }
        }
        self.modules.contains_key(&module).then_some(module)
    }
}

impl<'a> Module<'a> {
    fn new(file: &'a RustFile) -> Self {
        Self { file, items: BTreeSet::new(), bound: BTreeMap::new(), globs: Vec::new() }
    }

    fn add(&mut self, name: &'a Name) {
        match &name.kind {
            NameKind::Item(item) => {
                self.items.insert(item);
            }
            NameKind::Use { path, bound, .. } if bound == "*" => self.globs.push(path),
            NameKind::Use { path, bound, .. } => {
                self.bound.insert(bound, path);
            }
            NameKind::Path(_) | NameKind::ModFile { .. } => {}
        }
    }
}

/// `a/mod.rs` and `a.rs` are `a`; `lib.rs` and `main.rs` are the root.
fn module_path(path: &str) -> ModulePath {
    let stem = path.trim_end_matches(".rs");
    let parts = stem.split('/').filter(|part| !matches!(*part, "mod" | "lib" | "main"));
    parts.map(str::to_owned).collect()
}

/// The files that `#[cfg(test)] mod x;` declares.
fn test_files(files: &[&RustFile]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        for name in file.names.iter().filter(|name| name.in_test) {
            let NameKind::ModFile { name, path } = &name.kind else { continue };
            let (folder, file_name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
            let stem = file_name.trim_end_matches(".rs");
            let own = match stem {
                "mod" | "lib" | "main" => folder.to_owned(),
                stem => format!("{folder}/{stem}"),
            };
            match path {
                Some(path) => found.push(format!("{folder}/{path}")),
                None => found.extend([format!("{own}/{name}.rs"), format!("{own}/{name}/mod.rs")]),
            }
        }
    }
    found
}

/// Whether the file is a module below the one in the file `parent`.
fn below(path: &str, parent: &str) -> bool {
    let folder = parent.trim_end_matches("/mod.rs").trim_end_matches(".rs");
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

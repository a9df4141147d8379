//! The crate as a tree of modules: which file defines what a path names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::{Attribute, Item, Meta, UseTree, Visibility};

/// A `use` of one name.
pub(crate) struct Import {
    /// The path, with a trailing `self` where it names a module.
    pub path: Vec<String>,
    /// The name in scope; `None` for all names of a module or an enum.
    pub name: Option<String>,
    pub line: usize,
}

pub(crate) struct Module {
    /// The number of its file in [`Tree::files`].
    pub file: usize,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    items: BTreeSet<String>,
    imports: Vec<Import>,
}

/// The target of a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Found {
    Module(usize),
    /// An item, or something in it, that this file defines.
    Item(usize),
}

/// A source file, without what is only built for tests.
pub(crate) struct Source {
    /// Its path, from the directory of the sources on.
    pub path: PathBuf,
    pub items: Vec<Item>,
    /// The module that it is.
    pub(crate) module: usize,
}

/// The modules of a library; the first is its root.
pub(crate) struct Tree {
    pub files: Vec<Source>,
    pub(crate) modules: Vec<Module>,
    /// Macros that are exported, which have the root's paths, and their files.
    macros: BTreeMap<String, usize>,
}

impl Tree {
    /// Reads `lib.rs` in this directory and all files that it brings in.
    pub(crate) fn read(src: &Path) -> Self {
        let mut tree = Self { files: Vec::new(), modules: Vec::new(), macros: BTreeMap::new() };
        tree.add_file(src, Path::new("lib.rs"), Path::new(""), None);
        tree
    }

    /// Adds the file of a module whose children lie in `dir`; returns the module's number.
    fn add_file(&mut self, src: &Path, path: &Path, dir: &Path, parent: Option<usize>) -> usize {
        let text = std::fs::read_to_string(src.join(path)).unwrap();
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file = self.files.len();
        let module = self.modules.len();
        self.files.push(Source { path: path.into(), items: Vec::new(), module });
        let items = without_tests(parsed.items);
        self.add_module(src, &items, dir, file, parent);
        self.files[file].items = items;
        module
    }

    fn add_module(
        &mut self,
        src: &Path,
        items: &[Item],
        dir: &Path,
        file: usize,
        parent: Option<usize>,
    ) -> usize {
        let number = self.modules.len();
        let mut imports = Vec::new();
        items.iter().for_each(|item| {
            if let Item::Use(item) = item {
                flatten(&item.tree, &mut imports);
            }
        });
        let names = items.iter().flat_map(names).collect();
        self.modules.push(Module { file, parent, children: BTreeMap::new(), items: names, imports });
        for item in items {
            match item {
                Item::Macro(item) if item.attrs.iter().any(|one| one.path().is_ident("macro_export")) => {
                    self.macros.extend(item.ident.iter().map(|name| (name.to_string(), file)));
                }
                Item::Mod(child) => {
                    let name = child.ident.to_string();
                    let below = dir.join(&name);
                    let child = match &child.content {
                        Some((_, items)) => self.add_module(src, items, &below, file, Some(number)),
                        None => {
                            let nested = below.join("mod.rs");
                            let flat = below.with_extension("rs");
                            let path = if src.join(&nested).exists() { nested } else { flat };
                            self.add_file(src, &path, &below, Some(number))
                        }
                    };
                    self.modules[number].children.insert(name, child);
                }
                _ => {}
            }
        }
        number
    }

    /// The target of a path in a module; `None` for what is not the crate's own. Where a module and an
    /// item have the same name, the path's end is the item.
    pub(crate) fn resolve(&self, module: usize, path: &[String]) -> Option<Found> {
        self.follow(module, path, &mut BTreeSet::new())
    }

    /// Whether a path leads into a child of the module.
    pub(crate) fn leads_down(&self, module: usize, path: &[String]) -> bool {
        let first = path.iter().find(|segment| *segment != "self");
        first.is_some_and(|first| self.modules[module].children.contains_key(first))
    }

    fn follow<'p>(
        &'p self,
        module: usize,
        path: &'p [String],
        seen: &mut BTreeSet<(usize, &'p str)>,
    ) -> Option<Found> {
        let mut found = Found::Module(module);
        for (i, segment) in path.iter().enumerate() {
            let Found::Module(at) = found else { return Some(found) };
            found = match segment.as_str() {
                "crate" => Found::Module(0),
                "self" => found,
                "super" => Found::Module(self.modules[at].parent?),
                name => self.member(at, name, i + 1 == path.len(), seen)?,
            };
        }
        Some(found)
    }

    fn member<'p>(
        &'p self,
        at: usize,
        name: &'p str,
        last: bool,
        seen: &mut BTreeSet<(usize, &'p str)>,
    ) -> Option<Found> {
        let module = &self.modules[at];
        let child = module.children.get(name).map(|child| Found::Module(*child));
        let item = || {
            let own = module.items.contains(name).then_some(Found::Item(module.file));
            own.or_else(|| (at == 0).then(|| self.macros.get(name).map(|file| Found::Item(*file)))?)
        };
        if !last && child.is_some() {
            return child;
        }
        item().or_else(|| self.imported(at, name, seen)).or(child)
    }

    fn imported<'p>(
        &'p self,
        at: usize,
        name: &'p str,
        seen: &mut BTreeSet<(usize, &'p str)>,
    ) -> Option<Found> {
        if !seen.insert((at, name)) {
            return None;
        }
        let imports = &self.modules[at].imports;
        let named = imports.iter().filter(|import| import.name.as_deref() == Some(name));
        let mut found: Vec<Found> =
            named.filter_map(|import| self.follow(at, &import.path, &mut seen.clone())).collect();
        for import in imports.iter().filter(|import| import.name.is_none()) {
            match self.follow(at, &import.path, &mut seen.clone()) {
                Some(Found::Module(other)) if other != at => {
                    found.extend(self.member(other, name, true, seen));
                }
                _ => {}
            }
        }
        found.iter().find(|one| matches!(one, Found::Item(_))).or(found.first()).copied()
    }
}

/// The names that a `use` brings in.
pub(crate) fn flatten(tree: &UseTree, imports: &mut Vec<Import>) {
    fn walk(tree: &UseTree, prefix: &[String], imports: &mut Vec<Import>) {
        let with = |name: &syn::Ident| [prefix, &[name.to_string()]].concat();
        let line = |name: &syn::Ident| name.span().start().line;
        match tree {
            UseTree::Path(path) => walk(&path.tree, &with(&path.ident), imports),
            UseTree::Group(group) => group.items.iter().for_each(|one| walk(one, prefix, imports)),
            UseTree::Name(one) => {
                let name =
                    if one.ident == "self" { prefix.last().cloned() } else { Some(one.ident.to_string()) };
                imports.push(Import { path: with(&one.ident), name, line: line(&one.ident) });
            }
            UseTree::Rename(one) => imports.push(Import {
                path: with(&one.ident),
                name: Some(one.rename.to_string()),
                line: line(&one.ident),
            }),
            UseTree::Glob(glob) => imports.push(Import {
                path: prefix.to_vec(),
                name: None,
                line: glob.star_token.spans[0].start().line,
            }),
        }
    }
    walk(tree, &[], imports);
}

/// Whether a `use` gives a name to others too.
pub(crate) fn is_public(visibility: &Visibility) -> bool {
    !matches!(visibility, Visibility::Inherited)
}

/// The names that an item defines. A macro that makes types of an enum or a struct defines that.
fn names(item: &Item) -> Vec<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        Item::Macro(item) => {
            let words: Vec<String> = item.mac.tokens.clone().into_iter().map(|t| t.to_string()).collect();
            let pairs = words.windows(2).filter(|pair| pair[0] == "enum" || pair[0] == "struct");
            return pairs
                .map(|pair| pair[1].clone())
                .chain(item.ident.iter().map(ToString::to_string))
                .collect();
        }
        _ => return Vec::new(),
    };
    vec![ident.to_string()]
}

/// The items that are also there when no tests are built.
fn without_tests(mut items: Vec<Item>) -> Vec<Item> {
    items.retain(|item| !only_in_tests(attributes(item)));
    for item in &mut items {
        if let Item::Mod(syn::ItemMod { content: Some((_, items)), .. }) = item {
            *items = without_tests(std::mem::take(items));
        }
    }
    items
}

/// Whether attributes say `#[cfg(test)]`.
pub(crate) fn only_in_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|one| match &one.meta {
        Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(syn::ItemConst { attrs, .. })
        | Item::Enum(syn::ItemEnum { attrs, .. })
        | Item::Fn(syn::ItemFn { attrs, .. })
        | Item::Impl(syn::ItemImpl { attrs, .. })
        | Item::Macro(syn::ItemMacro { attrs, .. })
        | Item::Mod(syn::ItemMod { attrs, .. })
        | Item::Static(syn::ItemStatic { attrs, .. })
        | Item::Struct(syn::ItemStruct { attrs, .. })
        | Item::Trait(syn::ItemTrait { attrs, .. })
        | Item::Type(syn::ItemType { attrs, .. })
        | Item::Union(syn::ItemUnion { attrs, .. })
        | Item::Use(syn::ItemUse { attrs, .. }) => attrs,
        _ => &[],
    }
}

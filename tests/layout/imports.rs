//! Which file uses what other files define.

use std::collections::BTreeMap;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use crate::tree::{Found, Import, Tree, flatten, is_public, only_in_tests};

/// For each file the files that it uses, each with the first line that does.
pub(crate) type Graph = BTreeMap<usize, BTreeMap<usize, usize>>;

/// Follows the imports and paths of all files. `mod x;` is no use of `x`, nor is it one that a module gives
/// names of its children to others.
///
/// # Panics
/// When a path that begins within the crate leads nowhere that is known here.
pub(crate) fn graph(tree: &Tree) -> Graph {
    let mut graph = Graph::new();
    for (file, source) in tree.files.iter().enumerate() {
        let mut walk = Walk { tree, file, module: source.module, uses: BTreeMap::new() };
        source.items.iter().for_each(|item| walk.visit_item(item));
        graph.insert(file, walk.uses);
    }
    graph
}

struct Walk<'t> {
    tree: &'t Tree,
    file: usize,
    module: usize,
    uses: BTreeMap<usize, usize>,
}

impl Walk<'_> {
    fn uses(&mut self, file: usize, line: usize) {
        if file != self.file {
            let first = self.uses.entry(file).or_insert(line);
            *first = line.min(*first);
        }
    }

    /// A path in code: what counts is where the item is defined, whichever module gives its name.
    fn path(&mut self, path: &[String], line: usize) {
        match self.tree.resolve(self.module, path) {
            Some(Found::Item(file)) => self.uses(file, line),
            Some(Found::Module(_)) => {}
            None => self.must_be_foreign(path, line),
        }
    }

    fn must_be_foreign(&self, path: &[String], line: usize) {
        let own = path.len() > 1 && ["crate", "super", "self"].contains(&path[0].as_str());
        let file = self.tree.files[self.file].path.display();
        assert!(!own, "src/{file}:{line}: {} cannot be followed", path.join("::"));
    }

    /// The paths among tokens, which only a macro understands.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut line = 0;
        // How many colons follow the path so far; a third thing ends it.
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.path(&std::mem::take(&mut path), line);
                    }
                    line = ident.span().start().line;
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => colons += 1,
                other => {
                    self.path(&std::mem::take(&mut path), line);
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.path(&path, line);
    }

    fn import(&mut self, import: &Import, public: bool) {
        if public && self.tree.leads_down(self.module, &import.path) {
            return;
        }
        match self.tree.resolve(self.module, &import.path) {
            Some(Found::Item(file)) => self.uses(file, import.line),
            Some(Found::Module(module)) if import.name.is_none() => {
                self.uses(self.tree.modules[module].file, import.line);
            }
            // What is used by way of an imported module, the paths in code say.
            Some(Found::Module(_)) => {}
            None => self.must_be_foreign(&import.path, import.line),
        }
    }
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if let Some((_, items)) = &item.content {
            let outer = self.module;
            let path = [item.ident.to_string(), "self".into()];
            if let Some(Found::Module(inner)) = self.tree.resolve(outer, &path) {
                self.module = inner;
                items.iter().for_each(|item| self.visit_item(item));
                self.module = outer;
            }
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let mut imports = Vec::new();
        flatten(&item.tree, &mut imports);
        imports.iter().for_each(|import| self.import(import, is_public(&item.vis)));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let names: Vec<String> = path.segments.iter().map(|one| one.ident.to_string()).collect();
            self.path(&names, path.segments[0].ident.span().start().line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        self.tokens(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
        }
    }

    /// `pub(in path)` says who may use, not what is used.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !only_in_tests(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }
}

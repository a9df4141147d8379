//! The pages for readers of the code name what is there, and all of it.

use std::collections::BTreeSet;
use std::path::Path;

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The texts between backquotes in a page.
fn quoted(page: &str) -> impl Iterator<Item = &str> {
    page.split("```").step_by(2).flat_map(|prose| prose.split('`').skip(1).step_by(2))
}

/// The names that `src/model/mod.rs` exports.
fn exported() -> BTreeSet<String> {
    fn walk(tree: &syn::UseTree, names: &mut BTreeSet<String>) {
        match tree {
            syn::UseTree::Path(path) => walk(&path.tree, names),
            syn::UseTree::Group(group) => group.items.iter().for_each(|one| walk(one, names)),
            syn::UseTree::Name(one) => drop(names.insert(one.ident.to_string())),
            syn::UseTree::Rename(one) => drop(names.insert(one.rename.to_string())),
            syn::UseTree::Glob(_) => panic!("src/model/mod.rs exports by name"),
        }
    }
    let mut names = BTreeSet::new();
    for item in syn::parse_file(&text("src/model/mod.rs")).unwrap().items {
        if let syn::Item::Use(item) = item
            && !matches!(item.vis, syn::Visibility::Inherited)
        {
            walk(&item.tree, &mut names);
        }
    }
    names
}

#[test]
fn the_glossary_has_each_type_of_the_model_and_no_other() {
    let glossary = text("docs/glossary.md");
    let named: BTreeSet<String> = quoted(&glossary)
        .filter(|name| name.starts_with(char::is_uppercase) && name.chars().all(char::is_alphanumeric))
        .map(str::to_owned)
        .collect();
    let exported = exported();
    let types: BTreeSet<String> = exported
        .iter()
        .filter(|name| name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase))
        .cloned()
        .collect();
    assert!(types.len() > 20);
    let lacking: Vec<_> = types.difference(&named).collect();
    assert!(lacking.is_empty(), "docs/glossary.md lacks {lacking:?}");
    let unknown: Vec<_> = named.difference(&exported).collect();
    assert!(unknown.is_empty(), "docs/glossary.md names what src/model does not export: {unknown:?}");
}

#[test]
fn the_pages_name_files_that_are_there() {
    for page in ["docs/architecture.md", "docs/glossary.md", "README.md"] {
        let text = text(page);
        let lost: Vec<&str> = quoted(&text)
            .filter(|path| path.starts_with("src/"))
            .filter(|path| !Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists())
            .collect();
        assert!(lost.is_empty(), "{page} names files that are not there: {lost:?}");
    }
}

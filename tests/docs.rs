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

/// Files of other projects: hyperfine, github-action-benchmark, PostgreSQL.
const OF_OTHERS: [&str; 4] =
    ["src/benchmark/benchmark_result.rs", "src/export/json.rs", "src/extract.ts", "src/common/hashfn.c"];

#[test]
fn the_pages_name_files_that_are_there() {
    for page in pages() {
        let text = text(&page);
        let lost: Vec<&str> = quoted(&text)
            .filter(|path| path.starts_with("src/") && !OF_OTHERS.contains(path))
            .filter(|path| !Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists())
            .collect();
        assert!(lost.is_empty(), "{page} names files that are not there: {lost:?}");
    }
}

/// The pages that users read.
fn pages() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let in_docs = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let docs = in_docs.filter(|path| path.extension().is_some_and(|e| e == "md"));
    let docs = docs.map(|path| format!("docs/{}", path.file_name().unwrap().to_str().unwrap()));
    let others = ["README.md", "results/README.md", "scripts/peers/README.md"].map(String::from);
    docs.chain(others).collect()
}

/// A heading as the anchor of a link names it.
fn anchor(heading: &str) -> String {
    let kept = heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .collect::<String>();
    kept.trim().replace(' ', "-")
}

#[test]
fn every_link_of_a_page_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut links = 0;
    for page in pages() {
        let content = text(&page);
        for target in content.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.starts_with("http") {
                continue;
            }
            links += 1;
            let (path, part) = target.split_once('#').unwrap_or((target, ""));
            let file = match path.is_empty() {
                true => root.join(&page),
                false => root.join(&page).parent().unwrap().join(path),
            };
            assert!(file.exists(), "{page} links to {target}, which is not there");
            if !part.is_empty() {
                let there = std::fs::read_to_string(&file).unwrap();
                let headings = there.lines().filter(|line| line.starts_with('#'));
                let mut anchors = headings.map(|line| anchor(line.trim_start_matches('#')));
                assert!(
                    anchors.any(|found| found == part),
                    "{page} links to {target}, which has no such heading"
                );
            }
        }
    }
    assert!(links > 30);
}

#[test]
fn the_readme_is_short() {
    let mut words = 0;
    // Behind each mark that begins a block of the program's there is the one that ends it.
    let readme = text("README.md");
    for (index, part) in readme.split("<!-- bulkbench:").enumerate() {
        let own = match index {
            0 => part,
            _ => {
                let (name, _) = part.split_once(" -->").unwrap();
                part.split_once(&format!("<!-- /bulkbench:{name} -->")).unwrap().1
            }
        };
        words += own.split_whitespace().count();
    }
    assert!(words <= 1200, "{words} words");
}

#[test]
fn each_experiment_has_a_run_or_is_said_to_have_none_and_runs_without_verdicts_are_marked() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = text("results/README.md");
    let (_, without) = page.split_once("The experiments").unwrap();
    let (without, _) = without.split_once("have no run here").unwrap();
    let (mut of, mut shown) = (std::collections::BTreeMap::<String, u32>::new(), 0);
    for entry in std::fs::read_dir(root.join("results")).unwrap() {
        let dir = entry.unwrap().path();
        let Ok((run, _)) = bulkbench::record::load(&dir) else { continue };
        let name = dir.file_name().unwrap().to_str().unwrap();
        let line =
            page.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{name} is not shown"));
        let marked = line.contains("no verdicts");
        assert_eq!(marked, run.plan.rounds < 5, "{name} of {} rounds: {line}", run.plan.rounds);
        *of.entry(run.plan.experiment).or_default() += 1;
        shown += 1;
    }
    assert!(shown > 10);
    for entry in std::fs::read_dir(root.join("experiments")).unwrap() {
        let file = entry.unwrap().path();
        let id = file.file_stem().unwrap().to_str().unwrap();
        let has = of.contains_key(id) || page.contains(&format!("[{id}]"));
        let said = quoted(without).any(|name| name == id);
        assert!(has != said, "{id} has a run: {has}, is said to have none: {said}");
    }
}

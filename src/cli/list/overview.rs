//! An overview on one screen.

use super::experiments::{cases, here};
use super::methods::families;
use super::table::{table, trimmed};
use super::throwaways::Throwaway;
use crate::experiment::Experiment;
use crate::method::Info;
use crate::report::{Look, terminal};

/// How to see more.
const MORE: &str = "\
bulkbench list NAME            one of these, a method or a caveat
bulkbench list experiments     their questions; likewise methods, caveats
bulkbench list --search WORD   what speaks of it; -v adds parameters and sources
";

/// The experiments by their titles, and the families of methods with their numbers.
pub(crate) fn overview(
    experiments: &[Experiment],
    infos: &[&Info],
    caveats: usize,
    servers: &[Throwaway],
    look: Look,
) -> String {
    let families = families(infos);
    let ids = experiments.iter().map(|experiment| experiment.id.len());
    let longest = ids.chain(families.iter().map(|family| family.name().len())).max().unwrap_or(0);
    let mut listed = table(&["experiment", "what it is about", "cases", "here"], look, longest);
    for experiment in experiments {
        let cases = cases(experiment, infos.len()).to_string();
        listed.add_row([&experiment.id, &experiment.title, &cases, here(experiment, servers)]);
    }
    let mut counted = table(&["family", "methods that load by", "methods"], look, longest);
    for family in families {
        let number = infos.iter().filter(|info| info.family == family).count();
        counted.add_row([family.name(), family.words(), &number.to_string()]);
    }
    format!(
        "{}\n{}\n{}{MORE}",
        trimmed(&listed),
        trimmed(&counted),
        terminal::paragraph(
            &format!("{caveats} caveats: ways in which data goes wrong, tried by the experiment caveats"),
            look
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caveat;
    use crate::method::Catalogue;
    use crate::report::Colour;

    #[test]
    fn it_has_everything_on_a_screen() {
        let catalogue = Catalogue::built_in();
        let infos: Vec<&Info> = catalogue.iter().map(|m| m.info()).collect();
        let experiments = Experiment::built_in().unwrap();
        let look = Look { width: 80, colour: Colour::Off };
        let text = overview(&experiments, &infos, caveat::ids().count(), &[], look);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert_eq!(text.lines().count(), experiments.len() + families(&infos).len() + 2 + 2 + 4, "{text}");
        let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
        let firsts: Vec<String> = text.lines().filter_map(first).collect();
        for id in experiments.iter().map(|experiment| &experiment.id) {
            assert!(firsts.contains(id), "{id}: {text}");
        }
        let numbers = text.lines().filter(|line| families(&infos).iter().any(|f| line.contains(f.words())));
        let sum: usize =
            numbers.map(|line| line.split(' ').next_back().unwrap().parse::<usize>().unwrap()).sum();
        assert_eq!(sum, infos.len(), "{text}");
    }
}

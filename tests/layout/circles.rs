//! Circles in a graph of files.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::imports::Graph;

/// For each group of files that use each other, however far around, the shortest circle, from its first
/// file on to the last that closes it.
pub(crate) fn circles(graph: &Graph) -> Vec<Vec<usize>> {
    let mut shown = BTreeSet::new();
    let mut found: Vec<Vec<usize>> = graph.keys().filter_map(|file| shortest(graph, *file)).collect();
    found.sort_by_key(Vec::len);
    found.retain(|circle| {
        let fresh = circle.iter().all(|file| !shown.contains(file));
        shown.extend(circle.iter().copied());
        fresh
    });
    found
}

/// The shortest way from a file back to itself.
fn shortest(graph: &Graph, start: usize) -> Option<Vec<usize>> {
    let mut came_from = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(file) = queue.pop_front() {
        for next in graph[&file].keys() {
            if *next == start {
                let mut circle = vec![file];
                while let Some(before) = came_from.get(&circle[circle.len() - 1]) {
                    circle.push(*before);
                }
                circle.reverse();
                return Some(circle);
            }
            if !came_from.contains_key(next) {
                came_from.insert(*next, file);
                queue.push_back(*next);
            }
        }
    }
    None
}

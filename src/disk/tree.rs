//! The names of the files that are known to the kernel, and where each lies in the directory beneath.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::body::Body;
use super::journal::NameChange;

/// The number of the root, which the kernel demands.
pub(super) const ROOT: u64 = 1;

/// Where a file or directory lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// It is the root.
    Root,
    /// In a directory, under a name.
    Named(u64, OsString),
    /// It has lost its name, which a loss of power would give back.
    Aside(PathBuf),
    /// It has lost its name for good.
    Gone,
}

/// A file or directory that is known to the kernel, or was.
pub(super) struct Node {
    /// Where it lies.
    pub place: Place,
    /// How often the kernel has looked it up and not forgotten it.
    pub lookups: u64,
    /// What is in it.
    pub body: Arc<Mutex<Body>>,
}

/// All of them.
pub(super) struct Tree {
    root: PathBuf,
    nodes: HashMap<u64, Node>,
    names: HashMap<(u64, OsString), u64>,
    /// Numbers of files whose own number is taken.
    next_number: u64,
    /// Changes of names that are not flushed, in their order.
    pub changes: Vec<NameChange>,
}

impl Tree {
    /// A tree of which nothing but the root is known.
    pub(super) fn new(root: &Path) -> Self {
        let node = Node { place: Place::Root, lookups: 1, body: Arc::default() };
        Self {
            root: root.to_owned(),
            nodes: HashMap::from([(ROOT, node)]),
            names: HashMap::new(),
            // No file system has so many files.
            next_number: 1 << 56,
            changes: Vec::new(),
        }
    }

    /// The node of this number.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn node(&self, number: u64) -> std::io::Result<&Node> {
        self.nodes.get(&number).ok_or_else(stale)
    }

    /// All nodes.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (u64, &Node)> {
        self.nodes.iter().map(|(number, node)| (*number, node))
    }

    /// The path of a node in the directory beneath.
    ///
    /// # Errors
    /// When it has none any more.
    pub(super) fn path(&self, number: u64) -> std::io::Result<PathBuf> {
        match &self.node(number)?.place {
            Place::Root => Ok(self.root.clone()),
            Place::Named(parent, name) => Ok(self.path(*parent)?.join(name)),
            Place::Aside(path) => Ok(path.clone()),
            Place::Gone => Err(stale()),
        }
    }

    /// The path of a name in a directory.
    ///
    /// # Errors
    /// When the directory is gone.
    pub(super) fn path_of(&self, parent: u64, name: &OsStr) -> std::io::Result<PathBuf> {
        Ok(self.path(parent)?.join(name))
    }

    /// The number of what has this name, where it is known.
    pub(super) fn named(&self, parent: u64, name: &OsStr) -> Option<u64> {
        self.names.get(&(parent, name.to_owned())).copied()
    }

    /// Counts a lookup of a name; one that was not known gets the number that it has beneath, where that is free.
    pub(super) fn look_up(&mut self, parent: u64, name: &OsStr, beneath: u64) -> u64 {
        let number = self.named(parent, name).unwrap_or_else(|| self.add(parent, name, beneath));
        if let Some(node) = self.nodes.get_mut(&number) {
            node.lookups += 1;
        }
        number
    }

    fn add(&mut self, parent: u64, name: &OsStr, beneath: u64) -> u64 {
        let number = match self.nodes.contains_key(&beneath) || beneath <= ROOT {
            true => {
                self.next_number += 1;
                self.next_number
            }
            false => beneath,
        };
        let place = Place::Named(parent, name.to_owned());
        self.nodes.insert(number, Node { place, lookups: 0, body: Arc::default() });
        self.names.insert((parent, name.to_owned()), number);
        number
    }

    /// Gives a node a further name.
    pub(super) fn link(&mut self, number: u64, parent: u64, name: &OsStr) {
        self.names.insert((parent, name.to_owned()), number);
    }

    /// Takes a name away from what has it, where that is known; what has no other lies here then.
    pub(super) fn unname(&mut self, parent: u64, name: &OsStr, place: Place) -> Option<u64> {
        let number = self.names.remove(&(parent, name.to_owned()))?;
        let other = self.names.iter().find(|(_, other)| **other == number);
        let place = other.map_or(place, |((parent, name), _)| Place::Named(*parent, name.clone()));
        if let Some(node) = self.nodes.get_mut(&number) {
            node.place = place;
        }
        self.drop_if_unknown(number);
        Some(number)
    }

    /// Gives what has a name another one.
    pub(super) fn rename(&mut self, (parent, name): (u64, &OsStr), (to_parent, to): (u64, &OsStr)) {
        let Some(number) = self.names.remove(&(parent, name.to_owned())) else { return };
        self.names.insert((to_parent, to.to_owned()), number);
        if let Some(node) = self.nodes.get_mut(&number) {
            node.place = Place::Named(to_parent, to.to_owned());
        }
    }

    /// What lay aside is gone for good; what was in it.
    pub(super) fn gone(&mut self, number: u64) -> Option<Arc<Mutex<Body>>> {
        let node = self.nodes.get_mut(&number).filter(|node| matches!(node.place, Place::Aside(_)))?;
        node.place = Place::Gone;
        let body = node.body.clone();
        self.drop_if_unknown(number);
        Some(body)
    }

    /// The kernel has forgotten so many of its lookups.
    pub(super) fn forget(&mut self, number: u64, lookups: u64) {
        if let Some(node) = self.nodes.get_mut(&number) {
            node.lookups = node.lookups.saturating_sub(lookups);
        }
        self.drop_if_unknown(number);
    }

    /// What has a name stays: what is not flushed of it would be lost.
    fn drop_if_unknown(&mut self, number: u64) {
        if self.nodes.get(&number).is_some_and(|node| node.lookups == 0 && node.place == Place::Gone) {
            self.nodes.remove(&number);
        }
    }
}

fn stale() -> std::io::Error {
    std::io::Error::from_raw_os_error(libc::ESTALE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_a_directory_moves_with_it() {
        let mut tree = Tree::new(Path::new("/beneath"));
        let name = OsStr::new;
        let dir = tree.look_up(ROOT, name("a"), 10);
        let file = tree.look_up(dir, name("f"), 11);
        assert_eq!((dir, file), (10, 11));
        assert_eq!(tree.look_up(dir, name("f"), 99), 11, "a known name keeps its number");
        assert_ne!(tree.look_up(dir, name("g"), 11), 11, "a number that is taken is given to no other");
        tree.rename((ROOT, name("a")), (ROOT, name("b")));
        assert_eq!(tree.path(file).unwrap(), Path::new("/beneath/b/f"));
    }

    #[test]
    fn what_has_lost_all_names_and_is_forgotten_is_dropped() {
        let mut tree = Tree::new(Path::new("/beneath"));
        let name = OsStr::new;
        let file = tree.look_up(ROOT, name("f"), 10);
        tree.link(file, ROOT, name("g"));
        assert_eq!(tree.unname(ROOT, name("f"), Place::Gone), Some(file));
        assert_eq!(tree.path(file).unwrap(), Path::new("/beneath/g"));
        tree.unname(ROOT, name("g"), Place::Aside("/aside/1".into()));
        tree.forget(file, 1);
        assert_eq!(tree.path(file).unwrap(), Path::new("/aside/1"), "a loss of power would give it back");
        assert!(tree.gone(file).is_some());
        assert!(tree.node(file).is_err());
    }
}

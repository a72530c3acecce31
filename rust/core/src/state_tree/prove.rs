//! What a proof of presence or absence is made of.

use super::{Hash, Leaf, Node, PATH_BITS, StateTree, bit};

/// A leaf with the way up to the root.
#[derive(Debug)]
pub struct Existence<'a> {
    /// SHA-256 of the key; says at each step which side the leaf is on.
    pub path: &'a Hash,
    /// The key.
    pub key: &'a [u8],
    /// Its value.
    pub value: &'a [u8],
    /// Hashes of the siblings from the root downwards; zeros for an empty one.
    pub siblings: Vec<&'a Hash>,
}

/// That a path has a leaf, or which leaves stand next to where it would be.
#[derive(Debug)]
pub enum Proof<'a> {
    /// There is one.
    Present(Existence<'a>),
    /// There is none: the leaves just left and just right of it; both are missing in the empty tree.
    Absent(Option<Existence<'a>>, Option<Existence<'a>>),
}

impl StateTree {
    /// The proof for a path.
    pub fn prove(&self, path: &Hash) -> Proof<'_> {
        let (found, trail) = self.descend(path);
        if found.is_some_and(|leaf| leaf.path == *path) {
            return match found.map(|leaf| self.existence(leaf)) {
                Some(existence) => Proof::Present(existence),
                None => Proof::Absent(None, None),
            };
        }
        let mut left = found.filter(|leaf| leaf.path < *path);
        let mut right = found.filter(|leaf| leaf.path > *path);
        for (depth, sibling) in trail.iter().enumerate().rev() {
            let wanted = if bit(path, depth) { &mut left } else { &mut right };
            if wanted.is_none() {
                *wanted = edge(sibling, bit(path, depth));
            }
        }
        Proof::Absent(left.map(|leaf| self.existence(leaf)), right.map(|leaf| self.existence(leaf)))
    }

    fn existence<'a>(&'a self, leaf: &'a Leaf) -> Existence<'a> {
        let siblings = self.descend(&leaf.path).1.into_iter().map(Node::hash).collect();
        Existence { path: &leaf.path, key: &leaf.key, value: &leaf.value, siblings }
    }

    /// The leaf where the way of a path ends, perhaps another's, and the siblings passed from the root downwards.
    fn descend(&self, path: &Hash) -> (Option<&Leaf>, Vec<&Node>) {
        let mut node = &self.root;
        let mut siblings = Vec::with_capacity(32);
        for depth in 0..=PATH_BITS {
            match node {
                Node::Empty => break,
                Node::Leaf(leaf) => return (Some(leaf), siblings),
                Node::Inner(inner) => {
                    let (next, sibling) =
                        if bit(path, depth) { (&inner.right, &inner.left) } else { (&inner.left, &inner.right) };
                    siblings.push(sibling);
                    node = next;
                }
            }
        }
        (None, siblings)
    }
}

/// The first or the last leaf of a subtree.
fn edge(mut node: &Node, last: bool) -> Option<&Leaf> {
    loop {
        match node {
            Node::Empty => return None,
            Node::Leaf(leaf) => return Some(leaf),
            Node::Inner(inner) => {
                let (wanted, other) = if last { (&inner.right, &inner.left) } else { (&inner.left, &inner.right) };
                node = if matches!(wanted, Node::Empty) { other } else { wanted };
            }
        }
    }
}

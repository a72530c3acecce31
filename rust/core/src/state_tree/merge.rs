//! Putting many leaves into a tree, hashing every touched inner node once, and taking one out.

use std::sync::Arc;

use super::{Hash, Leaf, Node, bit};

/// The tree with `leaves` in it, which are sorted by path, each path once; clears `fresh` of those whose path was there.
pub(super) fn put(root: &Node, leaves: &[Arc<Leaf>], fresh: &mut [bool]) -> Node {
    into(root, leaves, fresh, 0)
}

/// `node` with the leaves in it; all of them share the bits above `depth` with it.
fn into(node: &Node, leaves: &[Arc<Leaf>], fresh: &mut [bool], depth: usize) -> Node {
    match (node, leaves) {
        (_, []) => node.clone(),
        (Node::Empty, [leaf]) => Node::Leaf(leaf.clone()),
        (Node::Leaf(old), _) => match leaves.binary_search_by_key(&&old.path, |leaf| &leaf.path) {
            Ok(at) => {
                fresh[at] = false;
                into(&Node::Empty, leaves, fresh, depth)
            }
            Err(_) if bit(&old.path, depth) => split(&Node::Empty, node, leaves, fresh, depth),
            Err(_) => split(node, &Node::Empty, leaves, fresh, depth),
        },
        (Node::Empty, _) => split(&Node::Empty, &Node::Empty, leaves, fresh, depth),
        (Node::Inner(inner), _) => split(&inner.left, &inner.right, leaves, fresh, depth),
    }
}

fn split(left: &Node, right: &Node, leaves: &[Arc<Leaf>], fresh: &mut [bool], depth: usize) -> Node {
    let middle = leaves.partition_point(|leaf| !bit(&leaf.path, depth));
    let (fresh_left, fresh_right) = fresh.split_at_mut(middle);
    let left = into(left, &leaves[..middle], fresh_left, depth + 1);
    Node::join(left, into(right, &leaves[middle..], fresh_right, depth + 1))
}

/// The subtree without the leaf at a path; None where there is none.
pub(super) fn delete(node: &Node, path: &Hash, depth: usize) -> Option<Node> {
    match node {
        Node::Empty => None,
        Node::Leaf(leaf) => (leaf.path == *path).then_some(Node::Empty),
        Node::Inner(inner) if bit(path, depth) => {
            delete(&inner.right, path, depth + 1).map(|right| Node::join(inner.left.clone(), right))
        }
        Node::Inner(inner) => delete(&inner.left, path, depth + 1).map(|left| Node::join(left, inner.right.clone())),
    }
}

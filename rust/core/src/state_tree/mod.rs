//! The state tree: a sparse Merkle tree over key hashes that never changes; an update makes a new tree and shares the rest.
//!
//! ```text
//! path  = SHA-256(key), most significant bit first, 0 = left
//! leaf  = SHA-256(0x00 || path || SHA-256(value))
//! inner = SHA-256(0x01 || left || right); an empty child counts as 32 zero bytes
//! a subtree with exactly one leaf *is* that leaf; the empty tree's root is 32 zero bytes
//! ```
//!
//! This is the layout of ICS 23's `SmtSpec`. The root depends on the content alone, never on the order of updates. Beside it
//! stands an index of the same keys in their own order ([`names`]), which no hash covers.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::parallel;
use names::Names;

mod merge;
mod names;
mod prove;

pub use prove::{Existence, Proof};

/// Bytes of a hash.
pub const HASH_BYTES: usize = 32;
/// Updates of more leaves hash them on several threads.
const MANY_LEAVES: usize = 4096;
/// An index of the keys may hold as many besides, and twice those of its tree.
const SPARE_NAMES: usize = 1024;
/// Bits of a path.
const PATH_BITS: usize = 8 * HASH_BYTES;

/// A hash.
pub type Hash = [u8; HASH_BYTES];
const EMPTY: Hash = [0; HASH_BYTES];

/// A key with its value.
#[derive(Debug)]
struct Leaf {
    hash: Hash,
    path: Hash,
    key: Arc<[u8]>,
    value: Box<[u8]>,
}

/// At least two leaves below.
#[derive(Debug)]
struct Inner {
    hash: Hash,
    left: Node,
    right: Node,
}

/// A subtree.
#[derive(Clone, Debug, Default)]
enum Node {
    #[default]
    Empty,
    Leaf(Arc<Leaf>),
    Inner(Arc<Inner>),
}

impl Leaf {
    fn new(key: &[u8], value: &[u8]) -> Self {
        let path: Hash = Sha256::digest(key).into();
        let hash = Sha256::new().chain_update([0]).chain_update(path).chain_update(Sha256::digest(value)).finalize().into();
        Self { hash, path, key: key.into(), value: value.into() }
    }
}

impl Node {
    fn hash(&self) -> &Hash {
        match self {
            Self::Empty => &EMPTY,
            Self::Leaf(leaf) => &leaf.hash,
            Self::Inner(inner) => &inner.hash,
        }
    }

    /// All keys below, in the order of their paths.
    fn collect_keys(&self, keys: &mut Vec<Arc<[u8]>>) {
        match self {
            Self::Empty => {}
            Self::Leaf(leaf) => keys.push(leaf.key.clone()),
            Self::Inner(inner) => {
                inner.left.collect_keys(keys);
                inner.right.collect_keys(keys);
            }
        }
    }

    /// The subtree over two children; a lone leaf moves up.
    fn join(left: Self, right: Self) -> Self {
        match (left, right) {
            (Self::Empty, lone @ (Self::Empty | Self::Leaf(_))) | (lone @ Self::Leaf(_), Self::Empty) => lone,
            (left, right) => {
                let hash = Sha256::new().chain_update([1]).chain_update(left.hash()).chain_update(right.hash()).finalize();
                Self::Inner(Arc::new(Inner { hash: hash.into(), left, right }))
            }
        }
    }
}

/// Whether a path goes right below `depth` steps.
fn bit(path: &Hash, depth: usize) -> bool {
    path[depth / 8] >> (7 - depth % 8) & 1 == 1
}

/// An immutable map from keys to values with a root hash. Copies share everything.
#[derive(Clone, Debug, Default)]
pub struct StateTree {
    root: Node,
    names: Names,
    count: usize,
}

impl StateTree {
    /// The state commitment.
    pub fn root(&self) -> &Hash {
        self.root.hash()
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The value of a key.
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let path = Sha256::digest(key).into();
        let mut node = &self.root;
        for depth in 0..=PATH_BITS {
            match node {
                Node::Empty => return None,
                Node::Leaf(leaf) => return (leaf.path == path).then_some(&leaf.value),
                Node::Inner(inner) => node = if bit(&path, depth) { &inner.right } else { &inner.left },
            }
        }
        None
    }

    /// The tree after these keys were given these values, and after others were taken out; no key stands in both.
    ///
    /// Of a key that is put twice, the last value counts.
    pub fn apply<K: AsRef<[u8]> + Sync>(&self, puts: &[(K, K)], deletes: &[K]) -> Self {
        let mut tree = self.clone();
        let threads = if puts.len() < MANY_LEAVES { 1 } else { parallel::available_threads() };
        let hashed: Result<Vec<Leaf>, std::convert::Infallible> = parallel::map_chunks(puts, threads, |_, chunk| {
            Ok(chunk.iter().map(|(key, value)| Leaf::new(key.as_ref(), value.as_ref())).collect())
        });
        let Ok(leaves) = hashed;
        let mut leaves: Vec<Arc<Leaf>> = leaves.into_iter().map(Arc::new).collect();
        leaves.sort_by_key(|leaf| leaf.path); // stable: the last of equal ones was given last
        leaves.reverse();
        leaves.dedup_by_key(|leaf| leaf.path); // keeps the first
        leaves.reverse();
        let mut fresh = vec![true; leaves.len()];
        tree.root = merge::put(&self.root, &leaves, &mut fresh);
        let added = leaves.iter().zip(fresh).filter(|(_, is_fresh)| *is_fresh).map(|(leaf, _)| leaf.key.clone());
        let added: Vec<_> = added.collect();
        tree.count += added.len();
        tree.names.extend(added);
        for key in deletes {
            let path = Sha256::digest(key).into();
            if let Some(root) = merge::delete(&tree.root, &path, 0) {
                tree.root = root;
                tree.count -= 1;
            }
        }
        if tree.names.len() > 2 * tree.count + SPARE_NAMES {
            let mut keys = Vec::with_capacity(tree.count);
            tree.root.collect_keys(&mut keys);
            tree.names = Names::of(keys);
        }
        tree
    }

    /// Up to `limit` keys that begin with `prefix`, with their values, in the keys' order: those after `after`, or the first.
    pub fn page(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Vec<(Arc<[u8]>, &[u8])> {
        self.names.page(prefix, after, limit, |name| self.get(name).map(|value| (name.clone(), value)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The definition, word for word.
    fn root_of(leaves: &[Leaf], depth: usize) -> Hash {
        match leaves {
            [] => EMPTY,
            [leaf] => leaf.hash,
            _ => {
                let middle = leaves.partition_point(|leaf| !bit(&leaf.path, depth));
                let (left, right) = (root_of(&leaves[..middle], depth + 1), root_of(&leaves[middle..], depth + 1));
                Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
            }
        }
    }

    fn expected(content: &BTreeMap<Vec<u8>, Vec<u8>>) -> Hash {
        let mut leaves: Vec<Leaf> = content.iter().map(|(key, value)| Leaf::new(key, value)).collect();
        leaves.sort_by_key(|leaf| leaf.path);
        root_of(&leaves, 0)
    }

    fn check(tree: &StateTree, content: &BTreeMap<Vec<u8>, Vec<u8>>) {
        assert_eq!((*tree.root(), tree.len()), (expected(content), content.len()));
        let all: Vec<_> = content.iter().map(|(key, value)| (key[..].into(), &value[..])).collect();
        assert_eq!(tree.page(b"", None, usize::MAX), all);
    }

    #[test]
    fn any_history_of_updates_gives_the_root_that_the_content_has() {
        let mut random = 1u64;
        let mut next = |below: u64| {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (random >> 33) % below
        };
        for round in 0..40 {
            let mut content = BTreeMap::new();
            let mut tree = StateTree::default();
            let mut kept = Vec::new();
            for _ in 0..20 {
                let puts: Vec<_> = (0..next(30))
                    .map(|_| {
                        (format!("ns/{}", next(10 + 20 * round)).into_bytes(), vec![next(250) as u8; 1 + next(90) as usize])
                    })
                    .collect();
                let taken: Vec<_> = content.keys().filter(|_| next(6) == 0).cloned().collect::<Vec<Vec<u8>>>();
                let deletes: Vec<_> = taken.into_iter().filter(|key| puts.iter().all(|(put, _)| put != key)).collect();
                tree = tree.apply(&puts, &deletes);
                content.extend(puts);
                deletes.iter().for_each(|key| {
                    content.remove(key);
                });
                check(&tree, &content);
                kept.push((tree.clone(), content.clone()));
            }
            for (tree, content) in &kept {
                check(tree, content);
            }
        }
    }

    #[test]
    fn keys_of_dropped_trees_are_forgotten_and_older_trees_keep_theirs() {
        let content: BTreeMap<Vec<u8>, Vec<u8>> = (0..50).map(|key| (format!("kept/{key}").into_bytes(), vec![1])).collect();
        let base = StateTree::default().apply(&content.clone().into_iter().collect::<Vec<_>>(), &[]);
        for round in 0..5 {
            let puts: Vec<_> = (0..SPARE_NAMES).map(|key| (format!("dropped/{round}/{key}").into_bytes(), vec![2])).collect();
            drop(base.apply(&puts, &[]));
        }
        assert!(base.names.len() > 5 * SPARE_NAMES);
        let gone = b"kept/7".to_vec();
        let tree = base.apply(&[(b"new".to_vec(), vec![3])], std::slice::from_ref(&gone));
        assert_eq!(tree.names.len(), tree.len());
        check(&base, &content);
        let mut after = content.clone();
        after.remove(&gone);
        after.insert(b"new".to_vec(), vec![3]);
        check(&tree, &after);
        let later = tree.apply(&[(gone.clone(), vec![4])], &[]);
        after.insert(gone, vec![4]);
        check(&later, &after);
        check(&base, &content);
    }

    #[test]
    fn pages_follow_each_other_within_a_prefix() {
        let keys: Vec<Vec<u8>> = ["", "a", "a\0", "a\0b", "a\0b\0", "ab", "b\0", "b\0a"].map(|key| key.into()).into();
        let puts: Vec<_> = keys.iter().map(|key| (key.clone(), vec![1])).collect();
        let tree = StateTree::default().apply(&puts, &[]);
        for prefix in &keys {
            let within: Vec<_> = keys.iter().filter(|key| key.starts_with(prefix)).collect();
            for after in [&b""[..], b"a", b"a\0", b"a\0a", b"a\0b", b"aa", b"c", b"\xff"] {
                let expected: Vec<Arc<[u8]>> = within.iter().filter(|key| key[..] > *after).map(|key| key[..].into()).collect();
                let found: Vec<_> = tree.page(prefix, Some(after), 9).into_iter().map(|(key, _)| key).collect();
                assert_eq!(found, expected, "{prefix:?} after {after:?}");
                assert_eq!(tree.page(prefix, Some(after), 1).len(), expected.len().min(1));
            }
            assert_eq!(tree.page(prefix, None, 9).len(), within.len());
        }
        assert!(tree.page(b"c", None, 9).is_empty());
    }
}

//! The keys in their own order: a crit-bit tree that shares what has not changed, for walking over one namespace.
//!
//! A key is read as nine bits a byte: a 1, then the byte; after the end come zeros. So a key sorts right before those that it
//! begins, and two different keys differ in some bit.

use std::sync::Arc;

/// A set of keys. Copies share everything.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(Option<Name>);

#[derive(Clone, Debug)]
enum Name {
    Leaf(Arc<[u8]>),
    Inner(Arc<Inner>),
}

/// All keys below agree in the bits before `at`.
#[derive(Clone, Debug)]
struct Inner {
    at: usize,
    left: Name,
    right: Name,
}

fn bit(key: &[u8], at: usize) -> bool {
    key.get(at / 9).is_some_and(|byte| at % 9 == 0 || byte >> (8 - at % 9) & 1 == 1)
}

/// The first bit in which two keys differ.
fn parting(one: &[u8], other: &[u8]) -> Option<usize> {
    let shared = one.iter().zip(other).take_while(|(left, right)| left == right).count();
    match (one.get(shared), other.get(shared)) {
        (None, None) => None,
        (Some(left), Some(right)) => Some(9 * shared + 1 + (left ^ right).leading_zeros() as usize),
        _ => Some(9 * shared),
    }
}

/// The key where the way of `key` ends: it parts from `key` no earlier than any other.
fn nearest<'a>(mut name: &'a Name, key: &[u8]) -> &'a Arc<[u8]> {
    loop {
        match name {
            Name::Leaf(found) => return found,
            Name::Inner(inner) => name = if bit(key, inner.at) { &inner.right } else { &inner.left },
        }
    }
}

impl Names {
    /// Adds a key, in place where nobody shares the way to it.
    pub(super) fn insert(&mut self, key: Arc<[u8]>) {
        let Some(mut name) = self.0.as_mut() else {
            self.0 = Some(Name::Leaf(key));
            return;
        };
        let Some(at) = parting(nearest(name, &key), &key) else { return };
        while matches!(name, Name::Inner(inner) if inner.at < at) {
            let Name::Inner(inner) = name else { unreachable!("it was just looked at") };
            let inner = Arc::make_mut(inner);
            name = if bit(&key, inner.at) { &mut inner.right } else { &mut inner.left };
        }
        let (old, new) = (name.clone(), Name::Leaf(key.clone()));
        let (left, right) = if bit(&key, at) { (old, new) } else { (new, old) };
        *name = Name::Inner(Arc::new(Inner { at, left, right }));
    }

    /// Takes a key out, if it is there.
    pub(super) fn remove(&mut self, key: &[u8]) {
        let Some(root) = self.0.as_mut() else { return };
        if nearest(root, key)[..] != *key {
            return;
        }
        if matches!(root, Name::Leaf(_)) {
            self.0 = None;
            return;
        }
        Self::remove_below(root, key);
    }

    fn remove_below(mut name: &mut Name, key: &[u8]) {
        while let Name::Inner(inner) = name {
            let (goes_right, inner) = (bit(key, inner.at), inner.clone());
            let (kept, other) = if goes_right { (&inner.right, &inner.left) } else { (&inner.left, &inner.right) };
            if matches!(kept, Name::Leaf(_)) {
                *name = other.clone();
                return;
            }
            drop(inner);
            let Name::Inner(inner) = name else { unreachable!("it was just looked at") };
            let inner = Arc::make_mut(inner);
            name = if goes_right { &mut inner.right } else { &mut inner.left };
        }
    }

    /// The keys that begin with `prefix`, in order, from the first one after `after` on.
    pub(super) fn after<'a>(&'a self, prefix: &[u8], after: Option<&[u8]>) -> impl Iterator<Item = &'a [u8]> {
        let mut waiting = Vec::new();
        if let Some(root) = &self.0 {
            match after {
                Some(after) if after >= prefix => push_after(root, after, &mut waiting),
                _ => push_from(root, prefix, &mut waiting),
            }
        }
        Walk { waiting }.take_while(move |key| key.starts_with(prefix))
    }
}

/// The subtrees with all keys above `key`, the first one last.
fn push_after<'a>(mut name: &'a Name, key: &[u8], waiting: &mut Vec<&'a Name>) {
    let parts_at = parting(nearest(name, key), key);
    while let Name::Inner(inner) = name {
        if parts_at.is_some_and(|at| inner.at > at) {
            break;
        }
        name = if bit(key, inner.at) {
            &inner.right
        } else {
            waiting.push(&inner.right);
            &inner.left
        };
    }
    if parts_at.is_some_and(|at| !bit(key, at)) {
        waiting.push(name);
    }
}

/// As `push_after`, with `key` itself if it is there.
fn push_from<'a>(root: &'a Name, key: &[u8], waiting: &mut Vec<&'a Name>) {
    push_after(root, key, waiting);
    if nearest(root, key)[..] == *key {
        let mut name = root;
        while let Name::Inner(inner) = name {
            name = if bit(key, inner.at) { &inner.right } else { &inner.left };
        }
        waiting.push(name);
    }
}

struct Walk<'a> {
    waiting: Vec<&'a Name>,
}

impl<'a> Iterator for Walk<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let mut name = self.waiting.pop()?;
        loop {
            match name {
                Name::Leaf(key) => return Some(key),
                Name::Inner(inner) => {
                    self.waiting.push(&inner.right);
                    name = &inner.left;
                }
            }
        }
    }
}

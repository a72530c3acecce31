//! The keys in their own order, for walking over one namespace.
//!
//! One index serves a tree and those that were made from it. It is never made smaller: a key that a tree lacks, because it came
//! later, went away, or stood in a tree that was dropped, is passed over when the tree is asked for its value. So a tree costs
//! nothing here but its new keys. Once most keys of an index are passed over, the next tree begins an index of its own.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

/// The keys that any tree of a family ever had. Copies are the same index.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(Arc<RwLock<BTreeSet<Arc<[u8]>>>>);

impl Names {
    /// Adds keys.
    pub(super) fn extend(&self, keys: impl IntoIterator<Item = Arc<[u8]>>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).extend(keys);
    }

    /// An index of exactly these keys.
    pub(super) fn of(keys: impl IntoIterator<Item = Arc<[u8]>>) -> Self {
        Self(Arc::new(RwLock::new(keys.into_iter().collect())))
    }

    /// How many keys it holds.
    pub(super) fn len(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// What `find` finds of the keys that begin with `prefix`, in order, from the first one after `after` on, up to `limit`.
    pub(super) fn page<T>(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
        find: impl Fn(&Arc<[u8]>) -> Option<T>,
    ) -> Vec<T> {
        let names = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let from_start = names.range::<[u8], _>((start, Bound::Unbounded));
        from_start.take_while(|name| name.starts_with(prefix)).filter_map(find).take(limit).collect()
    }
}

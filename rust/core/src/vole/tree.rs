//! Trees of Goldreich, Goldwasser and Micali over any number of leaves, whole and with one leaf missing.
//!
//! Level l of a tree over n leaves has ceil(n / 2^(depth - l)) nodes; where that is odd the last node of the level above has a
//! left child only. Node and leaf numbers count from 0; a leaf's bits, highest first, say left (0) or right (1).

use zeroize::Zeroize;

use super::params::VoleParams;
use crate::fixed_key::TreeStep;
use crate::gf128::Gf128;

/// The sums of the left and of the right nodes of each level, from the top.
pub(super) type LevelSums = Vec<[Gf128; 2]>;

/// Room for the levels between root and leaves, used again for the next tree.
pub(super) struct Scratch {
    depth: usize,
    parents: Vec<Gf128>,
    children: Vec<Gf128>,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.parents.zeroize();
        self.children.zeroize();
    }
}

impl Scratch {
    pub(super) fn new(params: &VoleParams) -> Self {
        let half = vec![Gf128::ZERO; params.leaves().div_ceil(2)];
        Self { depth: params.depth(), parents: half.clone(), children: half }
    }
}

/// Nodes of level `level`.
fn width(leaves: usize, depth: usize, level: usize) -> usize {
    leaves.div_ceil(1 << (depth - level))
}

/// Fills `leaves` and returns the sums of the levels.
pub(super) fn expand(step: &TreeStep, root: Gf128, leaves: &mut [Gf128], scratch: &mut Scratch) -> LevelSums {
    let depth = scratch.depth;
    let mut sums = Vec::with_capacity(depth);
    scratch.parents[0] = root;
    for level in 1..=depth {
        let parents = width(leaves.len(), depth, level - 1);
        let children = if level == depth {
            &mut *leaves
        } else {
            let children = width(leaves.len(), depth, level);
            &mut scratch.children[..children]
        };
        step.expand(&scratch.parents[..parents], children);
        sums.push(sums_of(children));
        if level < depth {
            std::mem::swap(&mut scratch.parents, &mut scratch.children);
        }
    }
    sums
}

/// Fills `leaves` but for number `missing`, which becomes zero; `siblings[l]` is the sum of that side of level l + 1 on which
/// the path to the missing leaf does not run. Addresses that are touched depend on `missing`.
pub(super) fn expand_punctured(
    step: &TreeStep,
    missing: usize,
    siblings: &[Gf128],
    leaves: &mut [Gf128],
    scratch: &mut Scratch,
) {
    let depth = scratch.depth;
    scratch.parents[0] = Gf128::ZERO;
    for level in 1..=depth {
        let parents = width(leaves.len(), depth, level - 1);
        let children = if level == depth {
            &mut *leaves
        } else {
            let children = width(leaves.len(), depth, level);
            &mut scratch.children[..children]
        };
        step.expand(&scratch.parents[..parents], children);
        let path = missing >> (depth - level);
        let sibling = path ^ 1;
        children[path] = Gf128::ZERO;
        if let Some(node) = children.get_mut(sibling) {
            *node = Gf128::ZERO;
            let known = sums_of(children)[sibling % 2];
            children[sibling] = siblings[level - 1] ^ known;
        }
        if level < depth {
            std::mem::swap(&mut scratch.parents, &mut scratch.children);
        }
    }
}

fn sums_of(nodes: &[Gf128]) -> [Gf128; 2] {
    let (pairs, last) = nodes.as_chunks::<2>();
    let start = [last.first().copied().unwrap_or_default(), Gf128::ZERO];
    pairs.iter().fold(start, |[left, right], pair| [left ^ pair[0], right ^ pair[1]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_punctured_tree_agrees_everywhere_else() {
        let step = TreeStep::new(&[[1; 16], [2; 16]]);
        for length in [1, 4097, 5000, 4096 * 4, 40_000] {
            let params = VoleParams::new(length, false, false).unwrap();
            let (n, depth) = (params.leaves(), params.depth());
            let mut scratch = Scratch::new(&params);
            let mut whole = vec![Gf128::ZERO; n];
            let sums = expand(&step, Gf128 { lo: 3, hi: 4 }, &mut whole, &mut scratch);
            for missing in [0, 1, n / 2, n - 2, n - 1] {
                let siblings: Vec<Gf128> = (0..depth).map(|l| sums[l][((missing >> (depth - 1 - l)) & 1) ^ 1]).collect();
                let mut punctured = vec![Gf128::ZERO; n];
                expand_punctured(&step, missing, &siblings, &mut punctured, &mut scratch);
                for (i, (whole, punctured)) in whole.iter().zip(&punctured).enumerate() {
                    assert_eq!(*punctured, if i == missing { Gf128::ZERO } else { *whole }, "{length} {missing} {i}");
                }
            }
        }
    }
}

//! The first level of the proof for bits: sixty-four words at a time, straight from the notes of circuits.
//!
//! A word of gates is a polynomial over GF(2) of degree below 64, that is an element of GF(2^64). Words are taken 512 at a time: word
//! l * 8 + b belongs to row l of block b, a row of eight words is a lane. All words of a block have the weight a_b, so gate j of a
//! word has a_b T^j, and row l has a claim of its own: the sum of a_b (c + d) over the words of all blocks. The prover gives out,
//! for l < k, the sums of a_b times
//!
//! ```text
//! (x_own_l ^ x_own_k) (y_next_l ^ y_next_k) ^ (x_next_l ^ x_next_k) (y_own_l ^ y_own_k)
//! ```
//!
//! from which the verifiers take their shares of the claims of rows l and k: one carry-less product for 64 gates. At points r_l the columns become
//! elements, sum over l of r_l times bit j of row l: one for each block and j, with the weight a_b T^j multiplied into x.

use super::coins::{Coin, Masks, Use};
use super::field::Gf64;
use super::inner::{Inner, at_points};
#[cfg(target_arch = "x86_64")]
use super::lanes_simd::{self, Width};
use super::moves::{self, Moved};
use super::proof::Bits;
use crate::gf128;
use crate::rss::lanes::{LANE_WORDS, Lane};
use crate::rss::streams::{Side, Streams};

/// Rows of a block, which are also the gates of a word.
pub(super) const ROWS: usize = 64;
/// Pairs of different rows.
pub(super) const PAIRS: usize = ROWS * (ROWS - 1) / 2;
/// Sums of a pass: of pairs, and of the claims of both other provers.
pub(super) const SUMS: usize = PAIRS + 2 * ROWS;
/// Words of eight blocks.
const WORDS: usize = ROWS * LANE_WORDS;
/// Blocks, eight at a time, between two loads of the sums: they stay in the second-level cache.
const STRIP: usize = 6;

/// Words of the prover's message.
pub(super) const MESSAGE_WORDS: usize = PAIRS;

/// Eight blocks.
#[derive(Clone)]
pub(super) struct Block {
    /// x own, y next, x next, y own.
    pub columns: [[Lane; ROWS]; 4],
    /// What this node knows of the sums that the next and the previous node claim.
    pub claims: [[Lane; ROWS]; 2],
    /// a_b of each block.
    pub weights: Lane,
}

impl Block {
    fn empty() -> Self {
        Self { columns: [[Lane::default(); ROWS]; 4], claims: [[Lane::default(); ROWS]; 2], weights: Lane::default() }
    }
}

/// The state between the prover's message and the fold.
pub(super) struct Open {
    /// Shares of the matrices of the next and the previous node: the claims of rows, then pairs.
    shares: [Vec<u64>; 2],
    /// The first coin.
    coin: Coin,
}

/// How many elements the columns have after the fold of so many words.
pub(super) fn folded_length(words: usize) -> usize {
    words.next_multiple_of(WORDS)
}

/// The prover's message, and the node's parts as a verifier.
pub(super) fn message(batches: &[Bits<'_>], streams: &Streams, masks: &mut Masks, coin: Coin) -> (Vec<u64>, Open) {
    let mut sums = Box::new([Lane::default(); SUMS]);
    let mut strip = vec![Block::empty(); STRIP];
    let mut filled = 0;
    let mut reader = Reader::new(batches, &coin);
    while reader.next(&mut strip[filled], Some(streams)) {
        filled += 1;
        if filled == STRIP {
            add_sums(&strip, &mut sums);
            filled = 0;
        }
    }
    add_sums(&strip[..filled], &mut sums);
    let sums: Vec<u64> = sums.iter().map(element).collect();
    let [own, next] = masks.take(streams, PAIRS);
    let message = sums[..PAIRS].iter().zip(&next).map(|(&sum, &mask)| sum ^ mask).collect();
    let claims = |side: usize| sums[PAIRS + side * ROWS..][..ROWS].to_vec();
    let mut previous = claims(1);
    previous.extend(own);
    (message, Open { shares: [claims(0), previous], coin })
}

impl Open {
    /// Takes the message of the next node on.
    pub(super) fn hear(&mut self, message: &[u64]) {
        self.shares[0].extend(message);
    }

    /// What is left to be proved, at random points; words that moved join here.
    pub(super) fn fold(self, batches: &[Bits<'_>], moves: &[Moved<'_>], streams: &Streams, coin: &Coin) -> Inner<Gf64> {
        let points = coin.words(Use::BitPoints, ROWS);
        let mut claims = self.shares.map(|mut matrix| {
            // pairs came with their two rows in them
            let (rows, pairs) = matrix.split_at_mut(ROWS);
            let joined = (0..ROWS).flat_map(|l| (l + 1..ROWS).map(move |k| (l, k)));
            pairs.iter_mut().zip(joined).for_each(|(pair, (l, k))| *pair ^= rows[l] ^ rows[k]);
            at_points(&Gf64, &points, &matrix)
        });
        let choices = choices_of(&points);
        let length = folded_length(batches.iter().map(Bits::len).sum()) + moves.iter().map(Moved::len).sum::<usize>();
        let mut columns: [Vec<u64>; 4] = std::array::from_fn(|_| Vec::with_capacity(length));
        let mut reader = Reader::new(batches, &self.coin);
        let mut block = Block::empty();
        while reader.next(&mut block, None) {
            let mut weights = [block.weights; ROWS];
            for j in 1..ROWS {
                weights[j] = weights[j - 1].map(Lane::default(), |word, _| (word << 1) ^ (0x1b & (word >> 63).wrapping_neg()));
            }
            for (at, (rows, column)) in block.columns.iter_mut().zip(&mut columns).enumerate() {
                fold_rows(rows, &choices);
                if at % 2 == 0 {
                    scale(rows, &weights); // x
                }
                column.extend_from_slice(bytemuck::cast_slice(&rows[..]));
            }
        }
        moves::append_words(moves, streams, coin, &mut columns, &mut claims);
        Inner::new(Gf64, columns, claims)
    }
}

/// Reads the notes of all circuits in a row, eight blocks at a time.
struct Reader<'a> {
    batches: std::slice::Iter<'a, Bits<'a>>,
    coin: &'a Coin,
    /// What is left of the open one, from this word on.
    open: Option<(&'a Bits<'a>, usize)>,
    blocks: u64,
}

impl<'a> Reader<'a> {
    fn new(batches: &'a [Bits<'a>], coin: &'a Coin) -> Self {
        Self { batches: batches.iter(), coin, open: None, blocks: 0 }
    }

    /// Fills a block, its claims too if there are streams; false at the end.
    fn next(&mut self, block: &mut Block, streams: Option<&Streams>) -> bool {
        let mut filled = 0;
        while filled < WORDS {
            let Some((batch, from)) = self.open.take().or_else(|| self.batches.next().map(|batch| (batch, 0))) else { break };
            let count = (batch.len() - from).min(WORDS - filled);
            let here = from..from + count;
            let [x_own, x_next, y_own, y_next, z_next] = batch.rows.map(|row| &row[here.clone()]);
            for (column, row) in block.columns.iter_mut().zip([x_own, y_next, x_next, y_own]) {
                words_of(column)[filled..filled + count].copy_from_slice(row);
            }
            if let Some(streams) = streams {
                let [next, previous] = block.claims.each_mut().map(|claim| &mut words_of(claim)[filled..filled + count]);
                streams.fill(Side::Next, batch.ticket, from as u64, next);
                streams.fill(Side::Own, batch.ticket, from as u64, previous);
                for ((claim, &z), (&x, &y)) in next.iter_mut().zip(z_next).zip(x_next.iter().zip(y_next)) {
                    *claim ^= z ^ (x & y);
                }
            }
            filled += count;
            if from + count < batch.len() {
                self.open = Some((batch, from + count));
            }
        }
        if filled == 0 {
            return false;
        }
        let Block { columns, claims, weights } = block;
        for column in columns.iter_mut().chain(claims) {
            words_of(column)[filled..].fill(0);
        }
        self.coin.fill(Use::Blocks, self.blocks * LANE_WORDS as u64, &mut weights.0);
        self.blocks += 1;
        true
    }
}

fn words_of(rows: &mut [Lane; ROWS]) -> &mut [u64] {
    bytemuck::cast_slice_mut(rows)
}

fn add_sums(blocks: &[Block], sums: &mut [Lane; SUMS]) {
    #[cfg(target_arch = "x86_64")]
    if let Some(width) = Width::found() {
        return lanes_simd::add_sums(width, blocks, sums);
    }
    add_sums_portable(blocks, sums);
}

fn element(sum: &Lane) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if Width::found().is_some() {
        return lanes_simd::element(sum);
    }
    sum.0[0]
}

fn scale(lanes: &mut [Lane], weights: &[Lane]) {
    #[cfg(target_arch = "x86_64")]
    if let Some(width) = Width::found() {
        return lanes_simd::scale(width, lanes, weights);
    }
    scale_portable(lanes, weights);
}

/// The sums of products with the weights, as elements in the first word of each lane.
fn add_sums_portable(blocks: &[Block], sums: &mut [Lane; SUMS]) {
    let weighted = |lane: &Lane, weights: &Lane| {
        lane.0.iter().zip(&weights.0).fold(0, |sum, (&word, &weight)| sum ^ gf128::multiply_subfield(word, weight))
    };
    for block in blocks {
        let of = |l: usize, k: usize, column: usize| block.columns[column][l].map(block.columns[column][k], |l, k| l ^ k);
        let pairs = (0..ROWS).flat_map(|l| (l + 1..ROWS).map(move |k| (l, k)));
        for (sum, (l, k)) in sums.iter_mut().zip(pairs) {
            let straight = of(l, k, 0).map(of(l, k, 1), |x, y| x & y);
            let both = straight.map(of(l, k, 2).map(of(l, k, 3), |x, y| x & y), |left, right| left ^ right);
            sum.0[0] ^= weighted(&both, &block.weights);
        }
        for (sum, claim) in sums[PAIRS..].iter_mut().zip(block.claims.iter().flatten()) {
            sum.0[0] ^= weighted(claim, &block.weights);
        }
    }
}

fn scale_portable(lanes: &mut [Lane], weights: &[Lane]) {
    for (lane, &weight) in lanes.iter_mut().zip(weights) {
        *lane = lane.map(weight, gf128::multiply_subfield);
    }
}

/// Rows that are added up together.
pub(super) const TABLE_ROWS: usize = 4;
/// For each four rows and each bit of elements: which of the rows' points have the bit.
pub(super) type Choices = [[u8; ROWS]; ROWS / TABLE_ROWS];

fn choices_of(points: &[u64]) -> Choices {
    let chosen = |points: &[u64], bit: usize| points.iter().rev().fold(0, |index, point| index << 1 | (point >> bit & 1) as u8);
    std::array::from_fn(|four| std::array::from_fn(|bit| chosen(&points[TABLE_ROWS * four..][..TABLE_ROWS], bit)))
}

/// Row j becomes, for each block, the sum over l of point l times bit j of its row l.
///
/// Bit b of all the sums is the sum of the rows whose point has bit b: sums of four rows are looked up by the points' bits, which
/// are public (Arlazarov, Dinic, Kronrod, Faradzev). What comes out has a row for each bit of elements, and is transposed.
fn fold_rows(rows: &mut [Lane; ROWS], choices: &Choices) {
    #[cfg(target_arch = "x86_64")]
    if let Some(width) = Width::found() {
        return lanes_simd::fold_rows(width, rows, choices);
    }
    fold_rows_portable(rows, choices);
}

fn fold_rows_portable(rows: &mut [Lane; ROWS], choices: &Choices) {
    let xor = |left: Lane, right: Lane| left.map(right, |left, right| left ^ right);
    let mut folded = [Lane::default(); ROWS];
    for (four, choices) in rows.chunks_exact(TABLE_ROWS).zip(choices) {
        let mut table = [Lane::default(); 1 << TABLE_ROWS];
        for index in 1..table.len() {
            table[index] = xor(table[index & (index - 1)], four[index.trailing_zeros() as usize]);
        }
        for (sum, &index) in folded.iter_mut().zip(choices) {
            *sum = xor(*sum, table[usize::from(index)]);
        }
    }
    *rows = folded;
    transpose_lanes(rows);
}

/// `transpose` in `planes`, of eight blocks side by side.
fn transpose_lanes(rows: &mut [Lane; ROWS]) {
    let mut side = ROWS / 2;
    let mut mask = u64::MAX >> side;
    while side != 0 {
        for row in (0..ROWS).filter(|row| row & side == 0) {
            let swap = rows[row].map(rows[row + side], |upper, lower| ((upper >> side) ^ lower) & mask);
            rows[row] = rows[row].map(swap, |upper, swap| upper ^ (swap << side));
            rows[row + side] = rows[row + side].map(swap, |lower, swap| lower ^ swap);
        }
        side /= 2;
        mask ^= mask << side;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn vectors_of_every_width_say_what_portable_code_says() {
        let coin = Coin::new(&[3; 16]);
        let mut blocks = vec![Block::empty(); 3];
        for (tag, block) in blocks.iter_mut().enumerate() {
            for (at, rows) in block.columns.iter_mut().chain(&mut block.claims).enumerate() {
                coin.fill(Use::Rows, ((tag * 6 + at) * WORDS) as u64, words_of(rows));
            }
            coin.fill(Use::Blocks, (tag * LANE_WORDS) as u64, &mut block.weights.0);
        }
        let choices = choices_of(&coin.words(Use::BitPoints, ROWS));
        for width in Width::all() {
            let (mut sums, mut portable) = ([Lane::default(); SUMS], [Lane::default(); SUMS]);
            for blocks in [&blocks[..], &blocks[1..2]] {
                lanes_simd::add_sums(width, blocks, &mut sums);
                add_sums_portable(blocks, &mut portable);
            }
            let mut both = sums.iter().zip(&portable);
            assert!(both.all(|(sum, portable)| lanes_simd::element(sum) == portable.0[0]), "{width:?}");

            let (mut rows, mut portable) = (blocks[0].columns[0], blocks[0].columns[0]);
            lanes_simd::fold_rows(width, &mut rows, &choices);
            fold_rows_portable(&mut portable, &choices);
            assert_eq!(rows, portable, "{width:?}");
            lanes_simd::scale(width, &mut rows, &blocks[0].columns[1]);
            scale_portable(&mut portable, &blocks[0].columns[1]);
            assert_eq!(rows, portable, "{width:?}");
        }
    }

    #[test]
    fn a_folded_row_is_the_sum_of_the_points_of_its_bits() {
        let coin = Coin::new(&[4; 16]);
        let points = coin.words(Use::BitPoints, ROWS);
        let mut rows = [Lane::default(); ROWS];
        coin.fill(Use::Rows, 0, words_of(&mut rows));
        let before = rows;
        fold_rows(&mut rows, &choices_of(&points));
        for (gate, block) in [(0, 0), (5, 7), (63, 3)] {
            let bits = before.iter().zip(&points).filter(|(row, _)| row.0[block] >> gate & 1 == 1);
            assert_eq!(rows[gate].0[block], bits.fold(0, |sum, (_, point)| sum ^ point));
        }
    }
}

//! Matrix products over Z/2^64 of two pairs of shares: X Y + X_next Y_own in blocks that fit the caches.
//!
//! With B = Y_own + Y_next the node's own share is X_own B + X_next Y_own. Wide results go by tiles of rows and lanes that stay in
//! registers (Goto and van de Geijn, ACM TOMS 2008); narrow ones by dot products.

use super::lanes::{LANE_WORDS, Lane};
use super::level::Level;
#[cfg(target_arch = "x86_64")]
use super::tiles_simd;

/// Rows of a tile.
pub(super) const TILE_ROWS: usize = 4;
/// Lanes of a tile.
pub(super) const TILE_LANES: usize = 2;
const TILE_COLUMNS: usize = TILE_LANES * LANE_WORDS;
/// Terms of a sum that are taken at a time: a tile's operands stay in the first-level cache.
const TERMS: usize = 128;
/// Columns whose operands stay in the second-level cache.
const COLUMNS: usize = 256;
/// Narrower results go by dot products.
const NARROW: usize = LANE_WORDS;
/// Terms of a dot product at a time.
const DOT_TERMS: usize = 512;

/// Both shares of a matrix that lies in memory with these steps between rows and between columns.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    /// x_i.
    pub own: &'a [u64],
    /// x_(i+1).
    pub next: &'a [u64],
    /// How many rows.
    pub rows: usize,
    /// How many columns.
    pub columns: usize,
    /// Words from a row to the next.
    pub row_step: usize,
    /// Words from a column to the next.
    pub column_step: usize,
}

impl<'a> Matrix<'a> {
    /// Row after row in one piece.
    pub fn by_rows(own: &'a [u64], next: &'a [u64], rows: usize, columns: usize) -> Self {
        Self { own, next, rows, columns, row_step: columns, column_step: 1 }
    }

    /// The same words with rows and columns exchanged.
    pub fn transposed(self) -> Self {
        Self { rows: self.columns, columns: self.rows, row_step: self.column_step, column_step: self.row_step, ..self }
    }

    #[inline(always)]
    fn at(&self, row: usize, column: usize) -> usize {
        row * self.row_step + column * self.column_step
    }
}

/// Adds X_own (Y_own + Y_next) + X_next Y_own to `sum`, whose rows lie one after the other.
#[inline(always)]
pub(super) fn add_product(x: Matrix<'_>, y: Matrix<'_>, tile: TileProduct, sum: &mut [u64]) {
    if y.columns < NARROW { add_narrow(x, y, sum) } else { add_wide(x, y, tile, sum) }
}

/// Of one term, x_own and x_next of the rows of a tile.
pub(super) type TileRows = [[u64; 2]; TILE_ROWS];
/// Of one term, Y_own + Y_next and Y_own in the columns of a tile.
pub(super) type TileColumns = [[Lane; TILE_LANES]; 2];
/// Sums, row by row.
pub(super) type Tile = [[Lane; TILE_LANES]; TILE_ROWS];
/// The sum over the terms, in the first rows.
pub(super) type TileProduct = fn(height: usize, &[TileRows], &[TileColumns]) -> Tile;

#[inline(always)]
fn add_wide(x: Matrix<'_>, y: Matrix<'_>, tile_product: TileProduct, sum: &mut [u64]) {
    let columns = y.columns;
    let mut packed = vec![TileColumns::default(); TERMS * columns.min(COLUMNS).div_ceil(TILE_COLUMNS)];
    let mut rows = [TileRows::default(); TERMS];
    for first_term in (0..x.columns).step_by(TERMS) {
        let terms = TERMS.min(x.columns - first_term);
        for first_column in (0..columns).step_by(COLUMNS) {
            let width = COLUMNS.min(columns - first_column);
            for (tile, packed) in packed.chunks_exact_mut(TERMS).take(width.div_ceil(TILE_COLUMNS)).enumerate() {
                pack_columns(&y, first_term, first_column + tile * TILE_COLUMNS, &mut packed[..terms]);
            }
            for first_row in (0..x.rows).step_by(TILE_ROWS) {
                let height = TILE_ROWS.min(x.rows - first_row);
                pack_rows(&x, first_row, first_term, height, &mut rows[..terms]);
                for (tile, packed) in packed.chunks_exact(TERMS).take(width.div_ceil(TILE_COLUMNS)).enumerate() {
                    let column = first_column + tile * TILE_COLUMNS;
                    let products = tile_product(height, &rows[..terms], &packed[..terms]);
                    let here = TILE_COLUMNS.min(columns - column);
                    for (row, products) in products.iter().take(height).enumerate() {
                        let sums = &mut sum[(first_row + row) * columns + column..][..here];
                        for (sum, product) in sums.iter_mut().zip(bytemuck::cast_slice::<Lane, u64>(products)) {
                            *sum = sum.wrapping_add(*product);
                        }
                    }
                }
            }
        }
    }
}

/// Columns of Y_own + Y_next and of Y_own in lanes, term after term; what lies beyond the matrix is 0.
#[inline(always)]
fn pack_columns(y: &Matrix<'_>, first_term: usize, first_column: usize, packed: &mut [TileColumns]) {
    let here = TILE_COLUMNS.min(y.columns - first_column);
    for (term, [both, own]) in packed.iter_mut().enumerate() {
        let (both, own) = (bytemuck::cast_slice_mut::<Lane, u64>(both), bytemuck::cast_slice_mut::<Lane, u64>(own));
        let start = y.at(first_term + term, first_column);
        if y.column_step == 1 {
            let (from_own, from_next) = (&y.own[start..start + here], &y.next[start..start + here]);
            for i in 0..here {
                own[i] = from_own[i];
                both[i] = from_own[i].wrapping_add(from_next[i]);
            }
        } else {
            for i in 0..here {
                let at = start + i * y.column_step;
                own[i] = y.own[at];
                both[i] = y.own[at].wrapping_add(y.next[at]);
            }
        }
        own[here..].fill(0);
        both[here..].fill(0);
    }
}

#[inline(always)]
fn pack_rows(x: &Matrix<'_>, first_row: usize, first_term: usize, height: usize, packed: &mut [TileRows]) {
    for (term, rows) in packed.iter_mut().enumerate() {
        for (row, pair) in rows.iter_mut().enumerate().take(height) {
            let at = x.at(first_row + row, first_term + term);
            *pair = [x.own[at], x.next[at]];
        }
        rows[height..].fill([0; 2]);
    }
}

/// The one for a level.
///
/// # Panics
/// Where this processor has not the level.
pub(super) fn tile_product(level: Level) -> TileProduct {
    #[cfg(target_arch = "x86_64")]
    if let Some(product) = tiles_simd::tile_product(level) {
        return product;
    }
    let _ = level;
    portable_tile_product
}

/// On any processor.
fn portable_tile_product(height: usize, rows: &[TileRows], columns: &[TileColumns]) -> Tile {
    let mut sums = Tile::default();
    for (rows, [both, own]) in rows.iter().zip(columns) {
        for (sums, [x_own, x_next]) in sums.iter_mut().zip(rows).take(height) {
            for (sum, (both, own)) in sums.iter_mut().zip(both.iter().zip(own)) {
                let products = both.map(*own, |both, own| x_own.wrapping_mul(both).wrapping_add(x_next.wrapping_mul(own)));
                *sum = sum.map(products, u64::wrapping_add);
            }
        }
    }
    sums
}

#[inline(always)]
fn add_narrow(x: Matrix<'_>, y: Matrix<'_>, sum: &mut [u64]) {
    let columns = y.columns;
    let mut packed = vec![[[0; DOT_TERMS]; 2]; columns];
    let [mut row_own, mut row_next] = [[0; DOT_TERMS]; 2];
    for first in (0..x.columns).step_by(DOT_TERMS) {
        let terms = DOT_TERMS.min(x.columns - first);
        for (column, [both, own]) in packed.iter_mut().enumerate() {
            for term in 0..terms {
                let at = y.at(first + term, column);
                own[term] = y.own[at];
                both[term] = y.own[at].wrapping_add(y.next[at]);
            }
        }
        for row in 0..x.rows {
            let start = x.at(row, first);
            let (own, next) = if x.column_step == 1 {
                (&x.own[start..start + terms], &x.next[start..start + terms])
            } else {
                for (term, (own, next)) in row_own.iter_mut().zip(&mut row_next).enumerate().take(terms) {
                    let at = start + term * x.column_step;
                    (*own, *next) = (x.own[at], x.next[at]);
                }
                (&row_own[..terms], &row_next[..terms])
            };
            for (sum, [both, y_own]) in sum[row * columns..(row + 1) * columns].iter_mut().zip(&packed) {
                *sum = sum.wrapping_add(dot(own, &both[..terms])).wrapping_add(dot(next, &y_own[..terms]));
            }
        }
    }
}

#[inline(always)]
fn dot(left: &[u64], right: &[u64]) -> u64 {
    left.iter().zip(right).fold(0, |sum: u64, (left, right)| sum.wrapping_add(left.wrapping_mul(*right)))
}

#[cfg(test)]
mod tests {
    use super::super::wide;
    use super::*;

    fn drawn(length: usize, tag: u64) -> Vec<u64> {
        (0..length as u64)
            .map(|i| (i ^ (tag << 40)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).wrapping_mul(!i))
            .collect()
    }

    fn naive(x: Matrix<'_>, y: Matrix<'_>) -> Vec<u64> {
        let mut sums = Vec::new();
        for row in 0..x.rows {
            for column in 0..y.columns {
                sums.push((0..x.columns).fold(0_u64, |sum, term| {
                    let (x_at, y_at) = (x.at(row, term), y.at(term, column));
                    let own = x.own[x_at].wrapping_mul(y.own[y_at].wrapping_add(y.next[y_at]));
                    sum.wrapping_add(own).wrapping_add(x.next[x_at].wrapping_mul(y.own[y_at]))
                }));
            }
        }
        sums
    }

    #[test]
    fn blocks_give_what_the_definition_gives_in_any_layout() {
        let lengths = [
            (1, 1, 1),
            (1, 1300, 1),
            (3, 600, 7),
            (5, 129, 8),
            (4, 128, 16),
            (6, 127, 17),
            (7, 300, 300),
            (2, 0, 9),
            (0, 2, 9),
        ];
        for (rows, terms, columns) in lengths {
            let words = [rows * terms, rows * terms, terms * columns, terms * columns];
            let [x_own, x_next, y_own, y_next] = std::array::from_fn(|i| drawn(words[i], i as u64 + 1));
            for (x_turned, y_turned) in [(false, false), (false, true), (true, false), (true, true)] {
                let of = |own, next, rows, columns, turned: bool| match turned {
                    false => Matrix::by_rows(own, next, rows, columns),
                    true => Matrix::by_rows(own, next, columns, rows).transposed(),
                };
                let x = of(&x_own, &x_next, rows, terms, x_turned);
                let y = of(&y_own, &y_next, terms, columns, y_turned);
                let expected: Vec<u64> = naive(x, y).iter().map(|word| word.wrapping_add(5)).collect();
                for level in Level::all() {
                    let mut sum = vec![5; rows * columns];
                    wide::add_product(level, x, y, tile_product(level), &mut sum);
                    assert_eq!(sum, expected, "{level:?}: {rows} {terms} {columns} {x_turned} {y_turned}");
                }
            }
        }
    }
}

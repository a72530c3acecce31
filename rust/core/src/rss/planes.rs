//! From words to planes and back: plane b of a column has bit b of each of its words, 64 words in one.
//!
//! Word j of a column is bit j mod 64 of word j / 64 of each plane.

use super::lanes::{LANE_WORDS, Lane};
#[cfg(target_arch = "x86_64")]
use super::{level::Level, planes_avx2, planes_avx512};

/// Words that one word of a plane has a bit of.
pub const BLOCK_BITS: usize = 64;

/// Words that are turned together, so that each plane gets a whole lane.
const TILE_WORDS: usize = BLOCK_BITS * LANE_WORDS;

/// As many lanes as there are planes.
pub(super) type Tile = [Lane; BLOCK_BITS];

/// The lowest `planes.len() / words.len().div_ceil(64)` planes of a column, one after the other; bits beyond the column are 0.
///
/// # Panics
/// When more than 64 planes are asked for.
pub fn words_to_planes(words: &[u64], planes: &mut [u64]) {
    sum_to_planes(&[words], &[], planes);
}

/// The same of a sum of columns, modulo 2^64: those of `plus` less those of `minus`, which is never written down.
///
/// # Panics
/// When more than 64 planes are asked for, or the columns, of which `plus` has one, are not of one length.
pub fn sum_to_planes(plus: &[&[u64]], minus: &[&[u64]], planes: &mut [u64]) {
    let (first, more) = plus.split_first().expect("a column");
    let count = first.len();
    assert!(more.iter().chain(minus).all(|column| column.len() == count), "columns of one length");
    let length = count.div_ceil(BLOCK_BITS);
    if length == 0 {
        return;
    }
    assert!(planes.len() <= BLOCK_BITS * length && planes.len().is_multiple_of(length), "planes of a column");
    let mut tile = [Lane::default(); BLOCK_BITS];
    for (at, chunk) in first.chunks(TILE_WORDS).enumerate() {
        let inside = bytemuck::cast_slice_mut::<Lane, u64>(&mut tile);
        let (inside, beyond) = inside.split_at_mut(chunk.len());
        let rows = at * TILE_WORDS..at * TILE_WORDS + chunk.len();
        inside.copy_from_slice(chunk);
        beyond.fill(0);
        for column in more {
            inside.iter_mut().zip(&column[rows.clone()]).for_each(|(sum, &word)| *sum = sum.wrapping_add(word));
        }
        for column in minus {
            inside.iter_mut().zip(&column[rows.clone()]).for_each(|(sum, &word)| *sum = sum.wrapping_sub(word));
        }
        turn(&mut tile);
        let here = at * LANE_WORDS..length.min((at + 1) * LANE_WORDS);
        for (plane, lane) in planes.chunks_exact_mut(length).zip(&tile) {
            lane.write(&mut plane[here.clone()]);
        }
    }
}

/// The column that planes, at most 64 of one length, make; missing planes are 0.
///
/// # Panics
/// Unless there are `words.len().div_ceil(64)` words a plane.
pub fn planes_to_words(planes: &[&[u64]], words: &mut [u64]) {
    let length = words.len().div_ceil(BLOCK_BITS);
    assert!(planes.len() <= BLOCK_BITS && planes.iter().all(|plane| plane.len() == length), "planes of a column");
    for (at, chunk) in words.chunks_mut(TILE_WORDS).enumerate() {
        let mut tile = [Lane::default(); BLOCK_BITS];
        let here = at * LANE_WORDS..length.min((at + 1) * LANE_WORDS);
        for (lane, plane) in tile.iter_mut().zip(planes) {
            lane.read(&plane[here.clone()]);
        }
        turn_back(&mut tile);
        chunk.copy_from_slice(&bytemuck::cast_slice(&tile)[..chunk.len()]);
    }
}

/// From 512 words in a row to word t of lane p: bit p of words 64 t to 64 t + 63.
fn turn(tile: &mut Tile) {
    #[cfg(target_arch = "x86_64")]
    if planes_avx512::is_supported() {
        return planes_avx512::turn(tile);
    } else if Level::found() >= Level::Avx2 {
        return planes_avx2::turn(tile);
    }
    turn_portably(tile);
}

/// What `turn` does, undone.
fn turn_back(tile: &mut Tile) {
    #[cfg(target_arch = "x86_64")]
    if planes_avx512::is_supported() {
        return planes_avx512::turn_back(tile);
    } else if Level::found() >= Level::Avx2 {
        return planes_avx2::turn_back(tile);
    }
    turn_back_portably(tile);
}

fn turn_portably(tile: &mut Tile) {
    let mut blocks = [[0; BLOCK_BITS]; LANE_WORDS];
    blocks.as_flattened_mut().copy_from_slice(bytemuck::cast_slice(tile));
    blocks.iter_mut().for_each(transpose);
    *tile = std::array::from_fn(|plane| Lane(std::array::from_fn(|t| blocks[t][plane])));
}

fn turn_back_portably(tile: &mut Tile) {
    let mut blocks: [[u64; BLOCK_BITS]; LANE_WORDS] = std::array::from_fn(|t| std::array::from_fn(|plane| tile[plane].0[t]));
    blocks.iter_mut().for_each(transpose);
    bytemuck::cast_slice_mut(tile).copy_from_slice(blocks.as_flattened());
}

/// Bit c of word r becomes bit r of word c: squares off the diagonal change places, of 32 bits a side, then 16 and so on
/// (Warren, Hacker's Delight, section 7-3).
fn transpose(block: &mut [u64; BLOCK_BITS]) {
    let mut side = BLOCK_BITS / 2;
    let mut mask = u64::MAX >> side;
    while side != 0 {
        for row in (0..BLOCK_BITS).filter(|row| row & side == 0) {
            let swap = ((block[row] >> side) ^ block[row + side]) & mask;
            block[row] ^= swap << side;
            block[row + side] ^= swap;
        }
        side /= 2;
        mask ^= mask << side;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(length: usize) -> Vec<u64> {
        (1..=length as u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(i as u32 % 61)).collect()
    }

    #[test]
    fn vectors_turn_as_the_definition_does() {
        let mut tile: Tile = [Lane::default(); BLOCK_BITS];
        bytemuck::cast_slice_mut(&mut tile).copy_from_slice(&column(TILE_WORDS));
        let mut portable = tile;
        turn_portably(&mut portable);
        #[cfg(target_arch = "x86_64")]
        for (is_supported, turn, turn_back) in [
            (planes_avx512::is_supported(), planes_avx512::turn as fn(&mut Tile), planes_avx512::turn_back as fn(&mut Tile)),
            (Level::found() >= Level::Avx2, planes_avx2::turn, planes_avx2::turn_back),
        ] {
            if is_supported {
                let mut vectors = tile;
                turn(&mut vectors);
                assert!(vectors == portable, "turned");
                turn_back(&mut vectors);
                assert!(vectors == tile, "turned back");
            }
        }
        turn_back_portably(&mut portable);
        assert!(portable == tile, "turned back portably");
    }

    #[test]
    fn a_plane_has_one_bit_of_every_word() {
        for length in [0, 1, 63, 64, 65, 511, 512, 513, 1000, 4200] {
            let (words, longs) = (column(length), length.div_ceil(BLOCK_BITS));
            for width in [1, 2, 7, 8, 33, 64] {
                let mut planes = vec![0; width * longs];
                words_to_planes(&words, &mut planes);
                for bit in 0..width {
                    for at in 0..longs * 64 {
                        let expected = words.get(at).map_or(0, |word| word >> bit & 1);
                        assert_eq!(planes[bit * longs + at / 64] >> (at % 64) & 1, expected, "{length} {bit} {at}");
                    }
                }
                let mut back = vec![u64::MAX; length];
                let rows: Vec<&[u64]> = (0..width).map(|bit| &planes[bit * longs..(bit + 1) * longs]).collect();
                planes_to_words(&rows, &mut back);
                let mask = u64::MAX >> (64 - width);
                assert!(back.iter().zip(&words).all(|(&back, &word)| back == word & mask));
            }
        }
    }
}

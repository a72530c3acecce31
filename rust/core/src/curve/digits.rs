//! A secret as 64 odd digits to base 16, each from -15 to 15: no digit is zero, so every step of a multiplication does the same.
//!
//! For odd k below 2^256, k = sum of (2 w_i - 15) 16^i where the w_i are the hexadecimal digits of (k + 2^256 - 1) / 2, that is
//! of k shifted right by one with the top bit set. Source: Joye and Tunstall, "Exponent recoding and regular exponentiation
//! algorithms" (Africacrypt 2009), for the idea of odd digits.

use core::hint::black_box;

use curve25519_dalek::scalar::Scalar;
use zeroize::Zeroize;

/// Digits of a secret.
pub const DIGITS: usize = 64;
/// Odd multiples 1, 3, ..., 15.
pub const TABLE: usize = 8;

/// The group's order, little-endian words of 64 bits.
const ORDER: [u64; 4] = [0x5812_631a_5cf5_d3ed, 0x14de_f9de_a2f7_9cd6, 0, 0x1000_0000_0000_0000];

/// One odd digit d: `magnitude` is (|d| - 1) / 2, 0 to 7, `sign` is 0xff where d is negative and 0 elsewhere.
#[derive(Clone, Copy, Default)]
pub struct Digit {
    magnitude: u8,
    sign: u8,
}

/// What a digit chooses from a table, a bit a lane.
pub trait Choice: Copy {
    /// Ones where the digit is negative.
    fn is_negative(self) -> u8;
    /// For entries 1 to 7 of the table: ones where the digit means that entry.
    fn is_entry(self) -> [u8; TABLE - 1];
}

/// The same digit in all lanes.
impl Choice for Digit {
    fn is_negative(self) -> u8 {
        black_box(self.sign)
    }

    fn is_entry(self) -> [u8; TABLE - 1] {
        let mut masks = [0; TABLE - 1];
        for (mask, entry) in masks.iter_mut().zip(1_u8..) {
            let difference = black_box(self.magnitude) ^ entry; // 0 to 7; zero for the one
            *mask = black_box((difference.wrapping_sub(1) >> 7).wrapping_neg());
        }
        masks
    }
}

/// A digit a lane, already as the choices they are.
#[derive(Clone, Copy, Default)]
pub struct LaneDigits {
    entries: [u8; TABLE - 1],
    signs: u8,
}

impl Choice for LaneDigits {
    fn is_negative(self) -> u8 {
        self.signs
    }

    fn is_entry(self) -> [u8; TABLE - 1] {
        self.entries
    }
}

impl Zeroize for LaneDigits {
    fn zeroize(&mut self) {
        self.entries.zeroize();
        self.signs.zeroize();
    }
}

/// The digits of up to `LANES` scalars side by side, eight at most; lanes without a scalar get those of zero.
pub fn lane_digits<const LANES: usize>(scalars: &[Scalar]) -> [LaneDigits; DIGITS] {
    let mut lanes = [LaneDigits::default(); DIGITS];
    for lane in 0..LANES {
        let mut own = digits(scalars.get(lane).unwrap_or(&Scalar::ZERO));
        for (all, digit) in lanes.iter_mut().zip(&own) {
            all.signs |= digit.is_negative() & (1 << lane);
            for (entry, mask) in all.entries.iter_mut().zip(digit.is_entry()) {
                *entry |= mask & (1 << lane);
            }
        }
        own.zeroize();
    }
    lanes
}

impl Zeroize for Digit {
    fn zeroize(&mut self) {
        self.magnitude.zeroize();
        self.sign.zeroize();
    }
}

/// The scalar, or where it is even the scalar plus the group's order, which is odd: little-endian words, below 2^254.
pub fn odd_words(scalar: &Scalar) -> [u64; 4] {
    let mut bytes = scalar.to_bytes();
    let mut words = [0_u64; 4];
    for (word, chunk) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *word = u64::from_le_bytes(*chunk);
    }
    let is_even = black_box((words[0] & 1).wrapping_sub(1)); // all ones or zero
    let mut carry = 0;
    for (word, order) in words.iter_mut().zip(ORDER) {
        let (sum, first) = word.overflowing_add(order & is_even);
        let (sum, second) = sum.overflowing_add(carry);
        *word = sum;
        carry = u64::from(first | second);
    }
    bytes.zeroize();
    words
}

/// The digits of `scalar`, lowest first; of the scalar plus the group's order where that is what is odd. The highest is positive.
pub fn digits(scalar: &Scalar) -> [Digit; DIGITS] {
    let mut words = odd_words(scalar);
    let mut digits = [Digit::default(); DIGITS];
    for (at, digit) in digits.iter_mut().enumerate() {
        let bit = 4 * at + 1; // of the number shifted right by one
        let low = words[bit / 64] >> (bit % 64);
        let high = if bit % 64 > 60 && bit / 64 < 3 { words[bit / 64 + 1] << (64 - bit % 64) } else { 0 };
        let mut window = ((low | high) & 15) as u8;
        if at == DIGITS - 1 {
            window |= 8;
        }
        digit.sign = (window >> 3).wrapping_sub(1); // negative below 8
        digit.magnitude = (window ^ digit.sign) & 7; // w - 8 above, 7 - w below
    }
    words.zeroize();
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(digits: &[Digit; DIGITS]) -> Scalar {
        let mut sum = Scalar::ZERO;
        for digit in digits.iter().rev() {
            let magnitude = Scalar::from(2 * digit.magnitude + 1);
            sum = sum * Scalar::from(16_u8) + if digit.sign == 0 { magnitude } else { -magnitude };
        }
        sum
    }

    #[test]
    fn digits_add_up_to_the_scalar() {
        let edges = [Scalar::ZERO, Scalar::ONE, Scalar::from(2_u8), Scalar::from(15_u8), Scalar::from(16_u8), -Scalar::ONE];
        let many = (0..200_u64).map(|number| Scalar::from(number).invert() * Scalar::from(number * number + 3));
        for scalar in edges.into_iter().chain(edges.map(|edge| edge - Scalar::ONE)).chain(many) {
            let digits = digits(&scalar);
            assert_eq!(value(&digits), scalar);
            assert_eq!(digits[DIGITS - 1].sign, 0, "the highest is positive");
        }
    }

    #[test]
    fn one_entry_is_meant_or_the_one_before_the_first() {
        for magnitude in 0..8 {
            let masks = Digit { magnitude, sign: 0 }.is_entry();
            let meant: Vec<u8> = (1..8).map(|entry| if entry == magnitude { 0xff } else { 0 }).collect();
            assert_eq!(masks.to_vec(), meant);
        }
    }
}

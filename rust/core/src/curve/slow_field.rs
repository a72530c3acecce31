//! Numbers as bytes, little-endian, added and multiplied modulo p = 2^255 - 19 slowly: what the vector fields are tested against.

/// Sum of a_i b_j 2^(8 (i + j)) modulo p, canonical.
pub fn product(a: &[u8], b: &[u8]) -> [u8; 32] {
    let mut columns = vec![0_u64; a.len() + b.len()];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            columns[i + j] += u64::from(*x) * u64::from(*y);
        }
    }
    reduce(columns)
}

fn reduce(mut columns: Vec<u64>) -> [u8; 32] {
    columns.resize(columns.len().max(32), 0);
    for _ in 0..4 {
        let high = columns.split_off(32);
        for (at, column) in high.into_iter().enumerate() {
            columns[at % 32] += if at < 32 { 38 * column } else { 38 * 38 * column };
        }
        let mut carry = 0;
        for column in &mut columns {
            *column += carry;
            carry = *column >> 8;
            *column &= 255;
        }
        columns.push(carry);
    }
    let mut number: [u8; 32] = std::array::from_fn(|at| columns[at] as u8);
    while !is_canonical(&number) {
        let mut carry = 19;
        for byte in &mut number {
            carry += u32::from(*byte);
            *byte = carry as u8;
            carry >>= 8;
        }
        number[31] = number[31].wrapping_sub(128); // 2^255 - 19 less
    }
    number
}

fn is_canonical(number: &[u8; 32]) -> bool {
    let mut p = [0xff; 32];
    (p[0], p[31]) = (0xed, 0x7f);
    number.iter().rev().lt(p.iter().rev())
}

/// The sum as it is, a byte longer.
pub fn sum(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let mut sum: Vec<u8> = left
        .iter()
        .zip(right)
        .map(|(x, y)| {
            carry += u32::from(*x) + u32::from(*y);
            let byte = carry as u8;
            carry >>= 8;
            byte
        })
        .collect();
    sum.push(carry as u8);
    sum
}

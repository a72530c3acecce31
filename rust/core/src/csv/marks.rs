//! Where the bytes that matter to a reader of CSV stand, 64 bytes at a time: cells are too short for a search that starts anew at
//! each.

const WORD_BYTES: usize = 64;

/// The places of delimiters, line feeds and quotes, ascending.
pub(super) struct Marks<'a> {
    text: &'a [u8],
    delimiter: u8,
    /// Where the word of text at hand starts.
    start: usize,
    /// A bit for each of its bytes, the lowest for the first, set where there is a mark that was not told yet.
    word: u64,
}

impl<'a> Marks<'a> {
    /// In all of `text`.
    pub(super) fn new(text: &'a [u8], delimiter: u8) -> Self {
        let mut marks = Self { text, delimiter, start: 0, word: 0 };
        marks.read_word();
        marks
    }

    fn read_word(&mut self) {
        let rest = &self.text[self.start..];
        self.word = match rest.first_chunk() {
            Some(bytes) => find(bytes, self.delimiter),
            None => {
                let mut last = [0; WORD_BYTES];
                last[..rest.len()].copy_from_slice(rest);
                find(&last, self.delimiter) & !(u64::MAX << rest.len()) // the delimiter may be a zero byte
            }
        };
    }
}

impl Iterator for Marks<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.word == 0 {
            if self.text.len() - self.start <= WORD_BYTES {
                return None;
            }
            self.start += WORD_BYTES;
            self.read_word();
        }
        let at = self.start + self.word.trailing_zeros() as usize;
        self.word &= self.word - 1;
        Some(at)
    }
}

fn find(bytes: &[u8; WORD_BYTES], delimiter: u8) -> u64 {
    // Comparisons first, which compilers do sixteen or more at once; then eight ones or zeros a time become eight bits: byte i,
    // which is bit 8i, is moved to bit 56 + i by the factor's bit 56 - 7i, and no other sum of bits meets it there.
    let marks = bytes.map(|byte| u8::from(byte == delimiter) | u8::from(byte == b'\n') | u8::from(byte == b'"'));
    let (eights, _) = marks.as_chunks::<8>();
    eights.iter().rev().fold(0, |word, eight| {
        let bits = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        word << 8 | bits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_is_met_once_and_nothing_else() {
        for length in (0..300).chain([1 << 12]) {
            for delimiter in [b',', b'\t', 0] {
                for dense in [2, 5, 97] {
                    let alphabet = [b'"', delimiter, b'\n', b'a', 0, 0xFF, b'\r'];
                    let text: Vec<u8> =
                        (0..length).map(|n| alphabet[(n * n * 31 + n / 3) % (5 * dense) % alphabet.len()]).collect();
                    let is_mark = |&at: &usize| [b'"', b'\n', delimiter].contains(&text[at]);
                    assert!(Marks::new(&text, delimiter).eq((0..length).filter(is_mark)));
                }
            }
        }
        for at in 0..256 {
            let mut text = [b'.'; 256];
            text[at] = b'"';
            assert!(Marks::new(&text, b',').eq([at]));
        }
    }
}

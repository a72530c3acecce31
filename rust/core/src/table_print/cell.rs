//! One spelling for one value: trimmed, in Unicode's NFC, numbers, dates and truth values in a single form.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::moment::parse_moment;
use super::number::push_number;
use super::row::push_short;

/// What a canonical cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 0 or 1, which `true` and `false` are written as.
    Boolean,
    /// Another whole number.
    Integer,
    /// A number with a fraction.
    Decimal,
    /// A day.
    Date,
    /// A moment that is not midnight.
    Timestamp,
    /// Everything else.
    Text,
}

/// Appends the canonical form of a cell and says what it is; None, and nothing is appended, for a cell without a character.
///
/// Bytes that are no UTF-8 stay as they are; the reader refuses them.
pub fn push_canonical(cell: &[u8], out: &mut Vec<u8>) -> Option<Kind> {
    let cell = trim(cell);
    let &first = cell.first()?;
    match first {
        b'0'..=b'9' | b'+' | b'-' | b'.' => {
            if let Some(kind) = push_number(cell, out) {
                return Some(kind);
            }
            if let Some(moment) = parse_moment(cell) {
                return Some(moment.push(out));
            }
        }
        b't' | b'T' | b'f' | b'F' => {
            let truth = [&b"false"[..], b"true"].iter().position(|word| word.eq_ignore_ascii_case(cell));
            if let Some(truth) = truth {
                out.push(b'0' + truth as u8);
                return Some(Kind::Boolean);
            }
        }
        _ => {}
    }
    push_short(&normalise(cell), out);
    Some(Kind::Text)
}

/// The canonical form of a column's name: trimmed, lower case, in NFC.
pub fn canonical_name(name: &str) -> String {
    name.trim().nfc().collect::<String>().to_lowercase().nfc().collect()
}

/// Without white space (Unicode's property White_Space) at both ends.
fn trim(mut cell: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b'\t'..=b'\r' | b' ');
    while let [first, rest @ ..] = cell
        && is_space(first)
    {
        cell = rest;
    }
    while let [rest @ .., last] = cell
        && is_space(last)
    {
        cell = rest;
    }
    let is_plain = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii);
    if is_plain(cell.first()) && is_plain(cell.last()) {
        return cell;
    }
    std::str::from_utf8(cell).map_or(cell, |text| text.trim().as_bytes())
}

fn normalise(cell: &[u8]) -> Cow<'_, [u8]> {
    if is_plainly_nfc(cell) {
        return Cow::Borrowed(cell);
    }
    match std::str::from_utf8(cell) {
        Ok(text) if is_nfc_quick(text.chars()) != IsNormalized::Yes => Cow::Owned(text.nfc().collect::<String>().into_bytes()),
        _ => Cow::Borrowed(cell),
    }
}

/// Whether all characters are of blocks in which every one is in NFC and none combines with another: up to U+02FF, U+4000 to
/// U+9FFF (CJK ideographs), U+FF00 to U+FFFF but for what is no character. False says nothing.
fn is_plainly_nfc(cell: &[u8]) -> bool {
    if cell.is_ascii() {
        return true;
    }
    let mut rest = cell;
    loop {
        rest = match rest {
            [] => return true,
            [0..=0x7F, rest @ ..]
            | [0xC3..=0xCB, _, rest @ ..]
            | [0xE4..=0xE9, _, _, rest @ ..]
            | [0xEF, 0xBC..=0xBF, _, rest @ ..] => rest,
            _ => return false,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(cell: &str) -> (Option<Kind>, String) {
        let mut out = Vec::new();
        let kind = push_canonical(cell.as_bytes(), &mut out);
        (kind, String::from_utf8(out).unwrap())
    }

    #[test]
    fn white_space_and_only_that_is_trimmed() {
        for blank in ["", " ", "\t\r\n", "\u{3000}", "\u{a0} \u{2003}"] {
            assert_eq!(canonical(blank), (None, String::new()));
        }
        assert_eq!(canonical(" \u{3000}a b\u{a0}"), (Some(Kind::Text), "a b".into()));
        assert_eq!(canonical("\u{200b}a").1, "\u{200b}a");
    }

    #[test]
    fn text_is_composed() {
        assert_eq!(canonical("Jose\u{301}").1, "José");
        assert_eq!(canonical("张三").1, "张三");
        assert_eq!(canonical("\u{f900}").1, "\u{8c48}");
    }

    #[test]
    fn the_short_way_never_differs_from_the_long_one() {
        for character in (0..=0x10FFFF).filter_map(char::from_u32) {
            for text in [String::from(character), format!("e{character}")] {
                if is_plainly_nfc(text.as_bytes()) {
                    assert_eq!(text.nfc().collect::<String>(), text);
                    assert_eq!(unicode_normalization::char::canonical_combining_class(character), 0);
                }
            }
        }
    }

    #[test]
    fn truth_is_a_number() {
        assert_eq!(canonical("TRUE"), (Some(Kind::Boolean), "1".into()));
        assert_eq!(canonical("false"), (Some(Kind::Boolean), "0".into()));
        assert_eq!(canonical("f"), (Some(Kind::Text), "f".into()));
    }
}

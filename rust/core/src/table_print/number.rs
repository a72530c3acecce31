//! Numbers by their value: significant digits, and a power of ten behind an `e` where there is one.

use super::cell::Kind;
use super::row::push_short;

/// Longest written exponent; a longer one is text.
const MOST_EXPONENT_DIGITS: usize = 4;

/// Appends the canonical form of `[+-] digits [. digits] [e [+-] digits]`; None, and nothing is appended, for anything else.
///
/// `1`, `01`, `+1.0` and `10e-1` are `1`; `1200` is `12e2`; `0.50` is `5e-1`; every zero is `0`.
pub(super) fn push_number(cell: &[u8], out: &mut Vec<u8>) -> Option<Kind> {
    if let [b'1'..=b'9', .., b'1'..=b'9'] = cell
        && cell.iter().all(u8::is_ascii_digit)
    {
        push_short(cell, out); // most numbers
        return Some(Kind::Integer);
    }
    let (is_negative, number) = match cell {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, cell),
    };
    let whole = leading_digits(number);
    let (whole, rest) = number.split_at(whole);
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => rest.split_at(leading_digits(rest)),
        _ => (&[][..], rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let exponent = match rest {
        [] => 0,
        [b'e' | b'E', rest @ ..] => parse_exponent(rest)?,
        _ => return None,
    };
    Some(push_decimal(is_negative, whole, fraction, exponent, out))
}

fn leading_digits(text: &[u8]) -> usize {
    text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len())
}

fn parse_exponent(text: &[u8]) -> Option<i64> {
    let (sign, digits) = match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        _ => (1, text),
    };
    let is_number = !digits.is_empty() && digits.len() <= MOST_EXPONENT_DIGITS && digits.iter().all(u8::is_ascii_digit);
    is_number.then(|| sign * digits.iter().fold(0, |sum, digit| 10 * sum + i64::from(digit - b'0')))
}

/// The number whose digits are `whole` and then `fraction`.
fn push_decimal(is_negative: bool, whole: &[u8], fraction: &[u8], exponent: i64, out: &mut Vec<u8>) -> Kind {
    let zeros = |part: &[u8]| part.iter().rev().take_while(|&&digit| digit == b'0').count();
    let (mut whole, mut fraction) = (whole, &fraction[..fraction.len() - zeros(fraction)]);
    let mut exponent = exponent - fraction.len() as i64;
    if fraction.is_empty() {
        let trailing = zeros(whole);
        whole = &whole[..whole.len() - trailing];
        exponent += trailing as i64;
    }
    let leading = |part: &[u8]| part.iter().take_while(|&&digit| digit == b'0').count();
    whole = &whole[leading(whole)..];
    if whole.is_empty() {
        fraction = &fraction[leading(fraction)..];
    }
    if whole.is_empty() && fraction.is_empty() {
        out.push(b'0');
        return Kind::Boolean;
    }
    if is_negative {
        out.push(b'-');
    }
    push_short(whole, out);
    push_short(fraction, out);
    if exponent == 0 {
        let is_one = !is_negative && matches!((whole, fraction), (b"1", []) | ([], b"1"));
        return if is_one { Kind::Boolean } else { Kind::Integer };
    }
    out.push(b'e');
    push_integer(exponent, out);
    if exponent > 0 { Kind::Integer } else { Kind::Decimal }
}

fn push_integer(number: i64, out: &mut Vec<u8>) {
    if number < 0 {
        out.push(b'-');
    }
    let number = number.unsigned_abs();
    if number < 10 {
        out.push(b'0' + number as u8); // almost always
    } else {
        out.extend_from_slice(number.to_string().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_spelling() {
        for (canonical, kind, spellings) in [
            ("0", Kind::Boolean, &["0", "-0", "+0.00", "000", ".0", "0.", "0e17", "-.0e-5"][..]),
            ("1", Kind::Boolean, &["1", "01", "+1", "1.0", "1.", "10e-1", "0.1E1", "1e0"]),
            ("-1", Kind::Integer, &["-1", "-1.0", "-001"]),
            ("12e2", Kind::Integer, &["1200", "1.2e3", "1200.00", "0001200"]),
            ("5e-1", Kind::Decimal, &["0.5", ".5", "0.50", "5e-1", "00.5"]),
            ("-1002e-1", Kind::Decimal, &["-100.2", "-100.20"]),
            ("1e300", Kind::Integer, &["1e300", "10e299"]),
            ("1e-12", Kind::Decimal, &["1e-12", "0.000000000001"]),
        ] {
            for spelling in spellings {
                let mut out = Vec::new();
                assert_eq!(push_number(spelling.as_bytes(), &mut out), Some(kind), "{spelling}");
                assert_eq!(out, canonical.as_bytes(), "{spelling}");
            }
        }
    }

    #[test]
    fn what_is_no_number_appends_nothing() {
        for text in ["", "-", "+", ".", "1e", "1e+", "e5", "1 2", "1,000", "0x1", "1.2.3", "1e12345", "--1", "1-1", "１"] {
            let mut out = Vec::new();
            assert_eq!(push_number(text.as_bytes(), &mut out), None, "{text}");
            assert!(out.is_empty());
        }
    }
}

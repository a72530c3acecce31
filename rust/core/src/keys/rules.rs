//! The normalisation rules, as far as they concern cells of ASCII.

use super::{EMPTY, MALFORMED, MAX_KEY_BYTES, TOO_LONG, UNSURE};

/// Longer cells are refused before any work is spent on them.
const MAX_CELL_CHARACTERS: usize = 8 * MAX_KEY_BYTES;
const MAX_LOCAL_PART: usize = 64;
const MAX_HOST: usize = 253;
const MAX_LABEL: usize = 63;

/// A rule of the closed list, without its parameters: no ASCII cell that is settled here depends on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// `exact/1`
    Exact,
    /// `text/1`
    Text,
    /// `national-id/1`
    NationalId,
    /// `integer/1`
    Integer,
    /// `email/1`
    Email,
    /// `phone-e164/1`, of which only hopeless and empty cells are settled here
    Phone,
}

impl Rule {
    /// The rule of this name and version.
    pub fn parse(base: &str) -> Option<Self> {
        Some(match base {
            "exact/1" => Self::Exact,
            "text/1" => Self::Text,
            "national-id/1" => Self::NationalId,
            "integer/1" => Self::Integer,
            "email/1" => Self::Email,
            "phone-e164/1" => Self::Phone,
            _ => return None,
        })
    }

    /// Appends the normal form of `cell` to `out`; its length, or what stands in its place, and then nothing was appended.
    pub(super) fn normalise(self, cell: &[u8], out: &mut Vec<u8>) -> u16 {
        if cell.is_empty() {
            return EMPTY;
        }
        if !cell.is_ascii() && (self != Self::Exact || std::str::from_utf8(cell).is_err()) {
            return UNSURE;
        }
        if cell.len() > MAX_CELL_CHARACTERS {
            return TOO_LONG; // of text in other scripts there may be fewer characters, but then the key is too long
        }
        let start = out.len();
        let settled = match self {
            Self::Exact => {
                out.extend_from_slice(cell);
                Ok(())
            }
            Self::Text => text(cell, out),
            Self::NationalId => national_id(cell, out),
            Self::Integer => integer(cell, out),
            Self::Email => email(cell, out),
            Self::Phone => phone(cell),
        };
        let code = match (settled, out.len() - start) {
            (Err(code), _) => code,
            (Ok(()), length) if length > MAX_KEY_BYTES => TOO_LONG,
            (Ok(()), length) => length as u16,
        };
        if settled.is_err() || code == TOO_LONG {
            out.truncate(start);
        }
        code
    }
}

/// What Python's `str.isspace`, `strip` and `split` take for white space: unit separators too.
fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | 0x1C..=0x1F | b' ')
}

fn trim(mut cell: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = cell
        && is_space(*first)
    {
        cell = rest;
    }
    while let [rest @ .., last] = cell
        && is_space(*last)
    {
        cell = rest;
    }
    cell
}

fn text(cell: &[u8], out: &mut Vec<u8>) -> Result<(), u16> {
    let start = out.len();
    let mut gap = false;
    for &byte in cell {
        if is_space(byte) {
            gap = out.len() > start;
        } else if byte.is_ascii_control() {
            return Err(MALFORMED);
        } else {
            if gap {
                out.push(b' ');
                gap = false;
            }
            out.push(byte.to_ascii_lowercase());
        }
    }
    Ok(())
}

fn national_id(cell: &[u8], out: &mut Vec<u8>) -> Result<(), u16> {
    for &byte in cell {
        if byte.is_ascii_alphanumeric() {
            out.push(byte.to_ascii_uppercase());
        } else if !is_space(byte) && !matches!(byte, b'-' | b'.' | b'/' | b'_') {
            return Err(MALFORMED);
        }
    }
    Ok(())
}

fn integer(cell: &[u8], out: &mut Vec<u8>) -> Result<(), u16> {
    let (negative, digits) = match trim(cell) {
        [] => return Ok(()),
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(MALFORMED);
    }
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    let digits = &digits[zeros.min(digits.len() - 1)..];
    if negative && digits != b"0" {
        out.push(b'-');
    }
    out.extend_from_slice(digits);
    Ok(())
}

fn email(cell: &[u8], out: &mut Vec<u8>) -> Result<(), u16> {
    let address = trim(cell);
    if address.is_empty() {
        return Ok(());
    }
    let at = address.iter().rposition(|&byte| byte == b'@').ok_or(MALFORMED)?;
    let start = out.len();
    text(&address[..at], out)?;
    let local = &out[start..];
    if local.is_empty() || local.len() > MAX_LOCAL_PART || local.iter().any(|byte| b" \"(),:;<>@[\\]".contains(byte)) {
        return Err(MALFORMED);
    }
    out.push(b'@');
    let host = &address[at + 1..];
    if host.len() > MAX_HOST || !host.contains(&b'.') || !host.split(|&byte| byte == b'.').all(is_label) {
        return Err(MALFORMED);
    }
    out.extend(host.iter().map(u8::to_ascii_lowercase));
    Ok(())
}

fn is_label(label: &[u8]) -> bool {
    label.len() <= MAX_LABEL
        && label.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && label.first().is_some_and(|&byte| byte != b'-')
        && label.last().is_some_and(|&byte| byte != b'-')
}

fn phone(cell: &[u8]) -> Result<(), u16> {
    let dialled = trim(cell);
    if dialled.is_empty() {
        return Ok(());
    }
    let number = dialled.strip_prefix(b"+").unwrap_or(dialled);
    let dialable = |byte: &u8| byte.is_ascii_digit() || b" ()./-".contains(byte);
    if number.is_empty() || !number.iter().all(dialable) { Err(MALFORMED) } else { Err(UNSURE) }
}

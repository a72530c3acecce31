//! Days and moments by their value: ISO 8601, in UTC, midnight as the day alone.

use super::cell::Kind;

const DAY_SECONDS: i64 = 86_400;

/// A moment of the years 1 to 9999, and the digits behind its seconds.
pub(super) struct Moment<'a> {
    /// Year, month and day in the Gregorian calendar.
    date: (i64, i64, i64),
    seconds: i64,
    /// Without zeros at its end.
    fraction: &'a [u8],
}

/// Reads `Y-M-D` or `Y/M/D`, four digits and then one or two each, and behind `T` or a space `H:MM[:SS[.fraction]]` with `Z`,
/// `+HH`, `+HHMM`, `+HH:MM` or nothing behind it, which is read as UTC.
pub(super) fn parse_moment(cell: &[u8]) -> Option<Moment<'_>> {
    let mut rest = cell;
    if !matches!(cell.get(4), Some(b'-' | b'/')) {
        return None;
    }
    let year = take_number(&mut rest, 4, 4)?;
    let separator = *rest.first().filter(|byte| b"-/".contains(byte))?;
    rest = &rest[1..];
    let month = take_number(&mut rest, 1, 2)?;
    rest = rest.strip_prefix(&[separator])?;
    let day = take_number(&mut rest, 1, 2)?;
    if year == 0 || !(1..=12).contains(&month) || day == 0 || day > days_of(year, month) {
        return None;
    }
    let mut moment = Moment { date: (year, month, day), seconds: 0, fraction: &[] };
    if let [b'T' | b't' | b' ', time @ ..] = rest {
        moment.read_time(time)?;
    } else if !rest.is_empty() {
        return None;
    }
    Some(moment)
}

impl<'a> Moment<'a> {
    fn read_time(&mut self, mut rest: &'a [u8]) -> Option<()> {
        let hour = take_number(&mut rest, 1, 2)?;
        rest = rest.strip_prefix(b":")?;
        let minute = take_number(&mut rest, 2, 2)?;
        let mut second = 0;
        if let [b':', seconds @ ..] = rest {
            rest = seconds;
            second = take_number(&mut rest, 2, 2)?;
            if let [b'.', fraction @ ..] = rest {
                let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
                let zeros = fraction[..digits].iter().rev().take_while(|&&digit| digit == b'0').count();
                self.fraction = &fraction[..digits - zeros];
                rest = &fraction[digits..];
                if digits == 0 {
                    return None;
                }
            }
        }
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        self.seconds = 3600 * hour + 60 * minute + second - parse_zone(rest)?;
        let later_days = self.seconds.div_euclid(DAY_SECONDS);
        if later_days != 0 {
            let (year, month, day) = self.date;
            self.date = date_of(count_days(year, month, day) + later_days);
            self.seconds -= later_days * DAY_SECONDS;
        }
        (1..=9999).contains(&self.date.0).then_some(())
    }

    /// Appends the canonical form.
    pub(super) fn push(&self, out: &mut Vec<u8>) -> Kind {
        let (year, month, day) = self.date;
        let ([y, e], [a, r]) = (two_digits(year / 100), two_digits(year % 100));
        let ([m, n], [d, f]) = (two_digits(month), two_digits(day));
        out.extend_from_slice(&[y, e, a, r, b'-', m, n, b'-', d, f]);
        if self.seconds == 0 && self.fraction.is_empty() {
            return Kind::Date;
        }
        let [[h, i], [m, n], [s, t]] = [self.seconds / 3600, self.seconds / 60 % 60, self.seconds % 60].map(two_digits);
        out.extend_from_slice(&[b'T', h, i, b':', m, n, b':', s, t]);
        if !self.fraction.is_empty() {
            out.push(b'.');
            out.extend_from_slice(self.fraction);
        }
        Kind::Timestamp
    }
}

/// Seconds east of Greenwich.
fn parse_zone(text: &[u8]) -> Option<i64> {
    let (sign, mut rest) = match text {
        [] | [b'Z' | b'z'] => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let hours = take_number(&mut rest, 2, 2)?;
    let minutes = match rest {
        [] => 0,
        [b':', digits @ ..] | digits => {
            rest = digits;
            take_number(&mut rest, 2, 2)?
        }
    };
    let is_zone = hours <= 23 && minutes <= 59 && (rest.is_empty() || text.len() == 3);
    is_zone.then_some(sign * (3600 * hours + 60 * minutes))
}

/// Takes a number of `least` to `most` digits from the start of `text`.
fn take_number(text: &mut &[u8], least: usize, most: usize) -> Option<i64> {
    let digits = text.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
    if digits < least {
        return None;
    }
    let (number, rest) = text.split_at(digits);
    *text = rest;
    Some(number.iter().fold(0, |sum, digit| 10 * sum + i64::from(digit - b'0')))
}

fn two_digits(number: i64) -> [u8; 2] {
    [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]
}

fn days_of(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 0000-03-01 to a date; a year is counted from March, so that the leap day is its last.
fn count_days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let month = (month + 9) % 12;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * month + 2) / 5 + day - 1
}

/// The date so many days after 0000-03-01.
fn date_of(days: i64) -> (i64, i64, i64) {
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (400 * era + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(cell: &str) -> Option<String> {
        let mut out = Vec::new();
        parse_moment(cell.as_bytes())?.push(&mut out);
        String::from_utf8(out).ok()
    }

    #[test]
    fn moments_have_one_spelling() {
        for (expected, spellings) in [
            (
                "2024-01-02",
                &["2024-01-02", "2024/1/2", "2024-1-02", "2024-01-02T00:00:00", "2024-01-02 00:00:00.000+00:00"][..],
            ),
            (
                "2024-01-02T03:04:05",
                &["2024-01-02 03:04:05", "2024-01-02T03:04:05Z", "2024/1/2 3:04:05.0", "2024-01-02 11:04:05+0800"],
            ),
            (
                "2024-02-29T23:30:00.25",
                &["2024-02-29T23:30:00.250", "2024-03-01 00:30:00.25+01", "2024-02-29 19:00:00.25-04:30"],
            ),
            ("2024-01-01", &["2024-01-01T01:00+01:00", "2023-12-31 23:00-01"]),
        ] {
            for spelling in spellings {
                assert_eq!(canonical(spelling).as_deref(), Some(expected), "{spelling}");
            }
        }
    }

    #[test]
    fn what_is_no_moment_is_text() {
        for text in [
            "2023-02-29",
            "2024-13-01",
            "2024-00-01",
            "2024-01-00",
            "2024-1/2",
            "24-01-02",
            "2024-01",
            "2024-01-02T",
            "2024-01-02 24:00",
            "2024-01-02 03:60",
            "2024-01-02 03:04:60",
            "2024-01-02 03:04:05.",
            "2024-01-02 03:04:05+",
            "2024-01-02 03:04:05+8",
            "2024-01-02 03:04:05+08:0",
            "2024-01-02 03:04:05+08:000",
            "2024-01-02x",
            "0000-01-01",
            "0001-01-01T00:00+01",
            "9999-12-31T23:59-01",
        ] {
            assert_eq!(canonical(text), None, "{text}");
        }
    }

    #[test]
    fn days_and_dates_belong_together() {
        let first = count_days(1, 1, 1);
        assert_eq!(count_days(1970, 1, 1) - first, 719_162);
        for days in first..=count_days(9999, 12, 31) {
            let (year, month, day) = date_of(days);
            assert_eq!(count_days(year, month, day), days);
            assert!((1..=12).contains(&month) && (1..=days_of(year, month)).contains(&day));
        }
    }
}

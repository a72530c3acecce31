//! The strict profile: what RFC 8949 prints, what must be refused and why, and that no bytes have two readings.

use atoll_core::cbor::{CborError, Limits, Reason, Value, key_rank};

fn decode(data: &[u8]) -> Result<Value, CborError> {
    Value::decode(data, Limits::default())
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn values_of_rfc_8949_appendix_a_encode_as_printed() {
    use Value::{Array, Bool, Bytes, Map, Negative, Null, Unsigned};
    let cases: [(&[u8], Value); 12] = [
        (&[0x17], Unsigned(23)),
        (&[0x18, 0x18], Unsigned(24)),
        (&[0x1b, 0x00, 0x00, 0x00, 0xe8, 0xd4, 0xa5, 0x10, 0x00], Unsigned(1_000_000_000_000)),
        (&[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Unsigned(u64::MAX)),
        (&[0x20], Negative(-1)),
        (&[0x39, 0x03, 0xe7], Negative(-1000)),
        (&[0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Negative(i64::MIN)),
        (&[0x44, 1, 2, 3, 4], Bytes(vec![1, 2, 3, 4])),
        (&[0x62, 0xc3, 0xbc], text("ü")),
        (&[0xf5], Bool(true)),
        (&[0x82, 0xf6, 0x80], Array(vec![Null, Array(vec![])])),
        (
            &[0xa2, 0x61, 0x61, 0x01, 0x61, 0x62, 0x82, 0x02, 0x03],
            Map(vec![("a".into(), Unsigned(1)), ("b".into(), Array(vec![Unsigned(2), Unsigned(3)]))]),
        ),
    ];
    for (bytes, value) in cases {
        assert_eq!(value.encode(Limits::default()).as_deref(), Ok(bytes));
        assert_eq!(decode(bytes), Ok(value));
    }
}

#[test]
fn what_is_outside_the_profile_is_refused_where_it_shows() {
    let cases: [(&[u8], Reason, usize); 33] = [
        (&[], Reason::Truncated, 0),
        (&[0x18], Reason::Truncated, 0),
        (&[0x42, 1], Reason::Truncated, 0),
        (&[0x82, 0x01], Reason::Truncated, 2),
        (&[0xa1, 0x61, 0x61], Reason::Truncated, 3),
        (&[0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Reason::Truncated, 9),
        (&[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Reason::Truncated, 0),
        (&[0x01, 0x01], Reason::TrailingBytes, 1),
        (&[0x18, 0x17], Reason::LongHead, 0),
        (&[0x19, 0x00, 0xff], Reason::LongHead, 0),
        (&[0x1a, 0x00, 0x00, 0xff, 0xff], Reason::LongHead, 0),
        (&[0x1b, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff], Reason::LongHead, 0),
        (&[0x58, 0x01, 0x00], Reason::LongHead, 0),
        (&[0x3b, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00], Reason::IntegerRange, 0),
        (&[0x9f, 0xff], Reason::Indefinite, 0),
        (&[0x5f, 0xff], Reason::Indefinite, 0),
        (&[0xff], Reason::Indefinite, 0),
        (&[0x1c], Reason::Reserved, 0),
        (&[0xfc], Reason::Reserved, 0),
        (&[0xc0, 0x60], Reason::Tag, 0),
        (&[0xc2, 0x41, 0x01], Reason::Tag, 0),
        (&[0xf9, 0x3c, 0x00], Reason::Float, 0),
        (&[0xfb, 0, 0, 0, 0, 0, 0, 0, 0], Reason::Float, 0),
        (&[0xf7], Reason::Simple, 0),
        (&[0xf8, 0xff], Reason::Simple, 0),
        (&[0xf3], Reason::Simple, 0),
        (&[0xa1, 0x01, 0x01], Reason::KeyType, 1),
        (&[0xa1, 0x41, 0x61, 0x01], Reason::KeyType, 1),
        (&[0xa2, 0x61, 0x62, 0x01, 0x61, 0x61, 0x01], Reason::KeyOrder, 4),
        (&[0xa2, 0x62, 0x61, 0x61, 0x01, 0x61, 0x62, 0x01], Reason::KeyOrder, 5),
        (&[0xa2, 0x61, 0x61, 0x01, 0x61, 0x61, 0x01], Reason::KeyTwice, 4),
        (&[0x61, 0xff], Reason::Utf8, 0),
        (&[0x63, 0x61, 0xcc, 0x88], Reason::NotNfc, 0),
    ];
    for (bytes, reason, offset) in cases {
        assert_eq!(decode(bytes), Err(CborError { reason, offset }), "{bytes:02x?}");
    }
}

#[test]
fn depth_and_length_stop_at_the_limits() {
    let nested = |depth| [vec![0x81; depth], vec![0x80]].concat();
    assert!(decode(&nested(15)).is_ok());
    assert_eq!(decode(&nested(16)), Err(CborError { reason: Reason::TooDeep, offset: 16 }));

    let limits = Limits { max_bytes: 3, max_depth: 0 };
    assert_eq!(Value::Bytes(vec![0, 0]).encode(limits), Ok(vec![0x42, 0, 0]));
    assert_eq!(Value::Bytes(vec![0; 3]).encode(limits).map_err(|error| error.reason), Err(Reason::TooLong));
    assert_eq!(Value::Array(vec![]).encode(limits).map_err(|error| error.reason), Err(Reason::TooDeep));
    assert_eq!(Value::decode(&[0x43, 0, 0, 0], limits).map_err(|error| error.reason), Err(Reason::TooLong));

    let boundless = Limits { max_bytes: usize::MAX, max_depth: usize::MAX };
    assert_eq!(Value::decode(&vec![0x81; 1_000_000], boundless).map_err(|error| error.reason), Err(Reason::TooDeep));
}

#[test]
fn a_map_that_is_not_sorted_does_not_encode() {
    for keys in [["b", "a"], ["a", "a"], ["aa", "b"]] {
        let map = Value::Map(keys.map(|key| (key.to_owned(), Value::Null)).to_vec());
        assert_eq!(map.encode(Limits::default()).map_err(|error| error.reason), Err(Reason::KeyOrder));
    }
}

#[test]
fn random_values_come_back_and_changed_bytes_have_one_reading_or_none() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let value = random.value(0);
        let bytes = value.encode(Limits::default()).expect("a value of the profile");
        assert_eq!(decode(&bytes).as_ref(), Ok(&value));
        for _ in 0..10 {
            let changed = random.change(&bytes);
            match decode(&changed) {
                Ok(value) => {
                    assert_eq!(value.encode(Limits::default()).as_deref(), Ok(&changed[..]));
                    accepted += 1;
                }
                Err(error) => {
                    assert!(error.offset <= changed.len());
                    refused += 1;
                }
            }
        }
    }
    assert!(accepted > 10_000 && refused > 50_000, "accepted {accepted}, refused {refused}: the changes are one-sided");
}

#[test]
fn random_bytes_have_one_reading_or_none() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for _ in 0..200_000 {
        let bytes: Vec<u8> = (0..random.below(24)).map(|_| random.next() as u8).collect();
        if let Ok(value) = decode(&bytes) {
            assert_eq!(value.encode(Limits::default()).as_deref(), Ok(&bytes[..]));
        }
    }
}

/// A small generator (xorshift64*), so that a failure repeats.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 8
    }

    fn below(&mut self, bound: usize) -> usize {
        self.next() as usize % bound
    }

    /// A number with every width equally likely.
    fn number(&mut self) -> u64 {
        let width = self.below(64);
        self.next().rotate_left(8) >> width
    }

    fn text(&mut self) -> String {
        (0..self.below(30)).map(|_| ['a', 'z', ' ', 'é', 'ß', '中', '🦀', '\0'][self.below(8)]).collect()
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth < 4 { 8 } else { 6 }) {
            0 => Value::Unsigned(self.number()),
            1 => Value::Negative(-1 - (self.number() >> 1) as i64),
            2 => Value::Bytes((0..self.below(300)).map(|i| i as u8).collect()),
            3 => Value::Text(self.text()),
            4 => Value::Bool(self.below(2) == 0),
            5 => Value::Null,
            6 => Value::Array((0..self.below(6)).map(|_| self.value(depth + 1)).collect()),
            _ => {
                let mut keys: Vec<String> = (0..self.below(6)).map(|_| self.text()).collect();
                keys.sort_by(|left, right| key_rank(left).cmp(&key_rank(right)));
                keys.dedup();
                Value::Map(keys.into_iter().map(|key| (key, self.value(depth + 1))).collect())
            }
        }
    }

    /// `bytes` with a bit flipped, a byte replaced, inserted or dropped, or the end cut or doubled.
    fn change(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut changed = bytes.to_vec();
        let place = self.below(changed.len());
        match self.below(6) {
            0 => changed[place] ^= 1 << self.below(8),
            1 => changed[place] = self.next() as u8,
            2 => changed.insert(place, self.next() as u8),
            3 => drop(changed.remove(place)),
            4 => changed.truncate(place),
            _ => changed.extend_from_slice(&bytes[place..]),
        }
        changed
    }
}

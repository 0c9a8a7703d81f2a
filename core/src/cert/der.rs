//! Distinguished encoding rules: the few of them that a certificate needs.
//!
//! Our own because a certificate is read in one pass without allocation, and because what is checked here once is what
//! the accessors read again later: nothing can be accepted by one parser and refused by another.

use std::fmt;

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// What is wrong, in words that follow the name of the part.
pub(super) type Fault = &'static str;

/// One element: a tag, its content, and both with the length between them.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    pub(super) whole: &'a [u8],
}

/// Takes elements off the front of some bytes.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag of the next element.
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    #[inline]
    pub(super) fn any(&mut self) -> Result<Element<'a>, Fault> {
        const SHORT: Fault = "the data ends too early";
        let (&tag, after_tag) = self.rest.split_first().ok_or(SHORT)?;
        if tag & 0x1f == 0x1f {
            return Err("a tag of several bytes, which no certificate has");
        }
        let (&first, mut body) = after_tag.split_first().ok_or(SHORT)?;
        let mut length = usize::from(first);
        if first >= 0x80 {
            let count = usize::from(first & 0x7f);
            if count == 0 {
                return Err("an indefinite length, which is not DER");
            }
            if count > 4 {
                return Err("a length of more than four bytes");
            }
            let (digits, rest) = body.split_at_checked(count).ok_or(SHORT)?;
            // Four bytes cannot overflow.
            length = digits.iter().fold(0, |sum, &digit| sum << 8 | usize::from(digit));
            if length < 0x80 || digits.first() == Some(&0) {
                return Err("a length that is not in its shortest form, which is not DER");
            }
            body = rest;
        }
        let (content, rest) = body.split_at_checked(length).ok_or(SHORT)?;
        let (whole, _) = self.rest.split_at_checked(self.rest.len() - rest.len()).ok_or(SHORT)?;
        self.rest = rest;
        Ok(Element { tag, content, whole })
    }

    /// The next element, which must have this tag.
    #[inline]
    pub(super) fn expect(&mut self, tag: u8) -> Result<Element<'a>, Fault> {
        match self.peek() {
            Some(found) if found == tag => self.any(),
            Some(_) => Err("an element of another type than expected"),
            None => Err("an element is missing"),
        }
    }

    /// The next element where it has this tag.
    #[inline]
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, Fault> {
        if self.peek() == Some(tag) { self.any().map(Some) } else { Ok(None) }
    }

    /// Enters the next element, which must have this tag.
    #[inline]
    pub(super) fn enter(&mut self, tag: u8) -> Result<Reader<'a>, Fault> {
        Ok(Reader::new(self.expect(tag)?.content))
    }

    pub(super) fn end(&self) -> Result<(), Fault> {
        if self.is_empty() { Ok(()) } else { Err("more data than expected") }
    }
}

/// The content of the one element in these bytes.
pub(super) fn only(bytes: &[u8], tag: u8) -> Result<&[u8], Fault> {
    let mut reader = Reader::new(bytes);
    let element = reader.expect(tag)?;
    reader.end()?;
    Ok(element.content)
}

/// Checks the content of an INTEGER: not empty, and in its shortest form.
pub(super) fn check_integer(content: &[u8]) -> Result<(), Fault> {
    match content {
        [] => Err("an integer without bytes"),
        [0, second, ..] if second & 0x80 == 0 => Err("an integer that is not in its shortest form"),
        [0xff, second, ..] if second & 0x80 != 0 => Err("an integer that is not in its shortest form"),
        _ => Ok(()),
    }
}

/// The number of bits of a non-negative integer.
pub(super) fn bits(content: &[u8]) -> Option<u32> {
    let skip = content.iter().take_while(|&&byte| byte == 0).count();
    let (_, digits) = content.split_at_checked(skip)?;
    let first = digits.first()?;
    u32::try_from(digits.len()).ok()?.checked_mul(8)?.checked_sub(first.leading_zeros())
}

pub(super) fn boolean(content: &[u8]) -> Result<bool, Fault> {
    match content {
        [0x00] => Ok(false),
        [0xff] => Ok(true),
        _ => Err("a truth value that is neither 00 nor FF"),
    }
}

/// The bytes of a BIT STRING, without the count of unused bits.
pub(super) fn bit_string(content: &[u8]) -> Result<&[u8], Fault> {
    let (&unused, bytes) = content.split_first().ok_or("a bit string without its count of unused bits")?;
    // DER wants the unused bits to be zero (X.690, 11.2.1); there is one way to write a bit string.
    let mask = match unused {
        0..=7 => !(u8::MAX << unused),
        _ => return Err("a bit string with a wrong count of unused bits"),
    };
    match bytes.last() {
        None if unused > 0 => Err("a bit string with a wrong count of unused bits"),
        Some(last) if last & mask != 0 => Err("a bit string whose unused bits are not zero"),
        _ => Ok(bytes),
    }
}

/// Checks an object identifier, so that [`Oid`] can always print it.
#[inline]
pub(super) fn check_oid(content: &[u8]) -> Result<(), Fault> {
    let (mut arc, mut inside) = (0_u128, false);
    for &byte in content {
        if !inside && byte == 0x80 {
            return Err("an object identifier that is not in its shortest form");
        }
        if arc >> 121 != 0 {
            return Err("an object identifier with a number of more than 128 bits");
        }
        inside = byte & 0x80 != 0;
        arc = if inside { arc << 7 | u128::from(byte & 0x7f) } else { 0 };
    }
    if content.is_empty() || inside { Err("an object identifier that is cut off") } else { Ok(()) }
}

/// A checked object identifier; prints as `2.5.4.3`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Oid<'a>(pub(super) &'a [u8]);

impl fmt::Display for Oid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut arc, mut first) = (0_u128, true);
        for &byte in self.0 {
            arc = arc << 7 | u128::from(byte & 0x7f);
            if byte & 0x80 != 0 {
                continue;
            }
            if first {
                // The first number holds two: X.690, 8.19.4.
                let top = (arc / 40).min(2);
                write!(f, "{top}.{}", arc - top * 40)?;
            } else {
                write!(f, ".{arc}")?;
            }
            (arc, first) = (0, false);
        }
        Ok(())
    }
}

/// A point in time as RFC 5280 section 4.1.2.5 writes it: to the second, in UTC.
pub(super) fn time(element: Element<'_>) -> Result<OffsetDateTime, Fault> {
    const WRONG: Fault = "a time that RFC 5280 does not allow";
    let (year, rest) = match (element.tag, element.content) {
        (0x17, [a, b, rest @ ..]) => match two_digits([*a, *b]).ok_or(WRONG)? {
            // RFC 5280: two digits from 50 on mean 19xx.
            year @ 50.. => (1900 + i32::from(year), rest),
            year => (2000 + i32::from(year), rest),
        },
        (0x18, [a, b, c, d, rest @ ..]) => {
            let century = two_digits([*a, *b]).ok_or(WRONG)?;
            (i32::from(century) * 100 + i32::from(two_digits([*c, *d]).ok_or(WRONG)?), rest)
        }
        (0x17 | 0x18, _) => return Err(WRONG),
        _ => return Err("an element of another type than expected"),
    };
    let [o1, o2, d1, d2, h1, h2, m1, m2, s1, s2, b'Z'] = *rest else { return Err(WRONG) };
    let number = |tens, ones| two_digits([tens, ones]).ok_or(WRONG);
    let month = Month::try_from(number(o1, o2)?).map_err(|_| WRONG)?;
    let date = Date::from_calendar_date(year, month, number(d1, d2)?).map_err(|_| WRONG)?;
    let time = Time::from_hms(number(h1, h2)?, number(m1, m2)?, number(s1, s2)?).map_err(|_| WRONG)?;
    Ok(PrimitiveDateTime::new(date, time).assume_utc())
}

fn two_digits([tens, ones]: [u8; 2]) -> Option<u8> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| (tens - b'0') * 10 + (ones - b'0'))
}

/// Upper-case hex digits.
pub(super) struct Hex<'a>(pub(super) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_identifiers_print_their_numbers() {
        assert_eq!(Oid(&[0x55, 4, 3]).to_string(), "2.5.4.3");
        assert_eq!(Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]).to_string(), "1.2.840.113549");
        assert_eq!(Oid(&[0x88, 0x37, 3]).to_string(), "2.999.3");
        assert!(check_oid(&[0x55, 0x80, 1]).is_err());
        assert!(check_oid(&[0x55, 0x81]).is_err());
        assert!(check_oid(&[]).is_err());
        let mut largest = vec![0x69, 0x83];
        largest.extend([0xff; 17]);
        largest.push(0x7f);
        assert_eq!(check_oid(&largest), Ok(()));
        assert_eq!(Oid(&largest).to_string(), format!("2.25.{}", u128::MAX));
        largest[1] = 0x84;
        assert!(check_oid(&largest).is_err());
    }

    #[test]
    fn lengths_must_be_der() {
        let read = |bytes: &[u8]| Reader::new(bytes).any().map(|element| element.content.len());
        assert_eq!(read(&[4, 1, 9]), Ok(1));
        assert!(read(&[4, 0x81, 1, 9]).is_err());
        assert!(read(&[4, 0x80, 0, 0]).is_err());
        assert!(read(&[4, 0x84, 0xff, 0xff, 0xff, 0xff]).is_err());
        assert!(read(&[0x1f, 1, 1, 1]).is_err());
        assert!(read(&[4, 2, 9]).is_err());
    }

    #[test]
    fn times_follow_the_century_rule() {
        let read = |tag, content| time(Element { tag, content, whole: content });
        assert_eq!(read(0x17, b"491231235959Z").unwrap().year(), 2049);
        assert_eq!(read(0x17, b"500101000000Z").unwrap().year(), 1950);
        assert_eq!(read(0x18, b"99991231235959Z").unwrap().year(), 9999);
        for wrong in [&b"491331235959Z"[..], b"4912312359Z", b"490230000000Z", b"49123123595+Z", b""] {
            assert!(read(0x17, wrong).is_err());
        }
    }
}

//! The types a WMI property can have.

use std::fmt;

/// The type of a WMI property, without the array mark.
///
/// Numbers and names are those of `CIMTYPE_ENUMERATION` in the WMI SDK.
///
/// ```
/// use cmgateway::wmi::CimType;
/// assert_eq!(CimType::from_name("UInt32"), Some(CimType::Uint32));
/// assert_eq!(CimType::Uint32.code(), 19);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CimType {
    /// Signed 16 bit.
    Sint16 = 2,
    /// Signed 32 bit.
    Sint32 = 3,
    /// Floating point, 32 bit.
    Real32 = 4,
    /// Floating point, 64 bit.
    Real64 = 5,
    /// Unicode text.
    String = 8,
    /// True or false.
    Boolean = 11,
    /// An embedded object.
    Object = 13,
    /// Signed 8 bit.
    Sint8 = 16,
    /// Unsigned 8 bit.
    Uint8 = 17,
    /// Unsigned 16 bit.
    Uint16 = 18,
    /// Unsigned 32 bit.
    Uint32 = 19,
    /// Signed 64 bit.
    Sint64 = 20,
    /// Unsigned 64 bit.
    Uint64 = 21,
    /// A DMTF date and time, or an interval.
    DateTime = 101,
    /// The path of another object.
    Reference = 102,
    /// One UTF-16 code unit.
    Char16 = 103,
}

impl CimType {
    /// Every type, in the order of its number.
    pub const ALL: [CimType; 16] = [
        CimType::Sint16,
        CimType::Sint32,
        CimType::Real32,
        CimType::Real64,
        CimType::String,
        CimType::Boolean,
        CimType::Object,
        CimType::Sint8,
        CimType::Uint8,
        CimType::Uint16,
        CimType::Uint32,
        CimType::Sint64,
        CimType::Uint64,
        CimType::DateTime,
        CimType::Reference,
        CimType::Char16,
    ];

    /// The number in `CIMTYPE_ENUMERATION`.
    pub fn code(self) -> u32 {
        self as u32
    }

    /// The name as MOF writes it.
    pub fn name(self) -> &'static str {
        match self {
            CimType::Sint16 => "sint16",
            CimType::Sint32 => "sint32",
            CimType::Real32 => "real32",
            CimType::Real64 => "real64",
            CimType::String => "string",
            CimType::Boolean => "boolean",
            CimType::Object => "object",
            CimType::Sint8 => "sint8",
            CimType::Uint8 => "uint8",
            CimType::Uint16 => "uint16",
            CimType::Uint32 => "uint32",
            CimType::Sint64 => "sint64",
            CimType::Uint64 => "uint64",
            CimType::DateTime => "datetime",
            CimType::Reference => "reference",
            CimType::Char16 => "char16",
        }
    }

    /// The type of this MOF name, whatever its case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cim_type| cim_type.name().eq_ignore_ascii_case(name))
    }

    /// The smallest and the largest value, for the integer types.
    pub fn integer_range(self) -> Option<(i128, i128)> {
        Some(match self {
            CimType::Sint8 => (i8::MIN.into(), i8::MAX.into()),
            CimType::Sint16 => (i16::MIN.into(), i16::MAX.into()),
            CimType::Sint32 => (i32::MIN.into(), i32::MAX.into()),
            CimType::Sint64 => (i64::MIN.into(), i64::MAX.into()),
            CimType::Uint8 => (0, u8::MAX.into()),
            CimType::Uint16 | CimType::Char16 => (0, u16::MAX.into()),
            CimType::Uint32 => (0, u32::MAX.into()),
            CimType::Uint64 => (0, u64::MAX.into()),
            _ => return None,
        })
    }
}

impl fmt::Display for CimType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

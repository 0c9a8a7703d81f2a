//! `VARIANT` and `SAFEARRAY` against the values of this library, for every type of WMI.
//!
//! WMI gives `uint32` as a signed number of 32 bit, `uint16` as one of 32 bit, and numbers of 64 bit as text
//! (MSDN, "Numbers" and "Data Type Mapping" of the WMI SDK).
#![expect(unsafe_code, reason = "a VARIANT is a union, and arrays are reached through pointers")]

use std::ffi::c_void;
use std::mem::ManuallyDrop;

use windows::Win32::Foundation::VARIANT_BOOL;
use windows::Win32::System::Com::SAFEARRAY;
use windows::Win32::System::Ole::{
    SafeArrayCreateVector, SafeArrayDestroy, SafeArrayGetDim, SafeArrayGetElement, SafeArrayGetLBound,
    SafeArrayGetUBound, SafeArrayPutElement,
};
use windows::Win32::System::Variant::{
    VARENUM, VARIANT, VT_ARRAY, VT_BOOL, VT_BSTR, VT_DISPATCH, VT_EMPTY, VT_I1, VT_I2, VT_I4, VT_I8, VT_INT,
    VT_NULL, VT_R4, VT_R8, VT_TYPEMASK, VT_UI1, VT_UI2, VT_UI4, VT_UI8, VT_UINT, VT_UNKNOWN,
};
use windows::Win32::System::Wmi::IWbemClassObject;
use windows::core::{BSTR, IUnknown, Interface};

use crate::wmi::{CimType, Instance, Value};

/// How an embedded object is read.
pub(super) type ReadObject<'a> = &'a dyn Fn(&IWbemClassObject) -> Result<Instance, String>;
/// How an embedded object is made.
pub(super) type MakeObject<'a> = &'a dyn Fn(&Instance) -> Result<IWbemClassObject, String>;

/// The bit of a `CIMTYPE` that says array.
const ARRAY: i32 = 0x2000;

/// The type of a property as WMI numbers it; None for one that this library does not know.
pub(super) fn cim_type(number: i32) -> Option<(CimType, bool)> {
    let code = u32::try_from(number & !ARRAY).ok()?;
    let cim_type = CimType::ALL.into_iter().find(|cim_type| cim_type.code() == code)?;
    Some((cim_type, number & ARRAY != 0))
}

/// The number of a type.
pub(super) fn type_number(cim_type: CimType, is_array: bool) -> i32 {
    let code = i32::try_from(cim_type.code()).unwrap_or(0);
    if is_array { code | ARRAY } else { code }
}

/// Reads a value of this type.
pub(super) fn read(variant: &VARIANT, cim_type: CimType, object: ReadObject<'_>) -> Result<Value, String> {
    let vt = variant.vt();
    // SAFETY: the field that is read is the one that `vt` says.
    let fields = unsafe { &variant.Anonymous.Anonymous.Anonymous };
    if vt.0 & VT_ARRAY.0 == 0 {
        // SAFETY: the union has 16 bytes, and the pointer to it is good for its largest scalar.
        return unsafe { scalar((&raw const *fields).cast(), vt, cim_type, object) };
    }
    // SAFETY: `vt` says that it is an array.
    let array = unsafe { fields.parray };
    if array.is_null() {
        return Ok(Value::Null);
    }
    // SAFETY: the array belongs to the variant, which outlives this call.
    unsafe { elements(array, VARENUM(vt.0 & VT_TYPEMASK.0), cim_type, object) }
}

/// # Safety
/// `array` must be a living array of elements of type `vt`.
unsafe fn elements(
    array: *const SAFEARRAY,
    vt: VARENUM,
    cim_type: CimType,
    object: ReadObject<'_>,
) -> Result<Value, String> {
    let said = |error: windows::core::Error| format!("an array cannot be read: {error}");
    // SAFETY: by the caller.
    let (dimensions, first, last) = unsafe {
        (
            SafeArrayGetDim(array),
            SafeArrayGetLBound(array, 1).map_err(said)?,
            SafeArrayGetUBound(array, 1).map_err(said)?,
        )
    };
    if dimensions != 1 {
        return Err(format!("an array has {dimensions} dimensions"));
    }
    let mut items = Vec::new();
    for index in first..=last {
        // Room for the largest element, an untouched one of which is a null pointer or a zero.
        let mut element = [0_u64; 2];
        // SAFETY: `element` is larger than any element, and what comes is a copy that is ours.
        unsafe { SafeArrayGetElement(array, &raw const index, element.as_mut_ptr().cast()) }.map_err(said)?;
        // SAFETY: what was written is of type `vt`.
        let value = unsafe { scalar(element.as_ptr().cast(), vt, cim_type, object) };
        // SAFETY: texts and objects came as copies with their own count, which are let go here, once.
        unsafe { release(element.as_mut_ptr().cast(), vt) };
        items.push(value?);
    }
    Ok(Value::Array(items))
}

/// # Safety
/// `at` must point to a value of type `vt` that is ours and not used afterwards.
unsafe fn release(at: *mut c_void, vt: VARENUM) {
    // SAFETY: by the caller.
    unsafe {
        match vt {
            VT_BSTR => drop(std::ptr::read(at.cast::<BSTR>())),
            VT_UNKNOWN | VT_DISPATCH => drop(std::ptr::read(at.cast::<Option<IUnknown>>())),
            _ => {}
        }
    }
}

/// # Safety
/// `at` must point to a value of type `vt`; the value stays its owner's.
unsafe fn scalar(
    at: *const c_void,
    vt: VARENUM,
    cim_type: CimType,
    object: ReadObject<'_>,
) -> Result<Value, String> {
    // SAFETY: by the caller, for each type.
    let number = unsafe {
        match vt {
            VT_EMPTY | VT_NULL => return Ok(Value::Null),
            VT_BOOL => return Ok(Value::Boolean((*at.cast::<VARIANT_BOOL>()).as_bool())),
            VT_R4 => return Ok(Value::Real(f64::from(*at.cast::<f32>()))),
            VT_R8 => return Ok(Value::Real(*at.cast::<f64>())),
            VT_BSTR => return text(&(*at.cast::<ManuallyDrop<BSTR>>()).to_string(), cim_type),
            VT_UNKNOWN | VT_DISPATCH => {
                let Some(unknown) = &*at.cast::<Option<IUnknown>>() else { return Ok(Value::Null) };
                let found: IWbemClassObject = unknown
                    .cast()
                    .map_err(|error| format!("an embedded object is none of WMI's: {error}"))?;
                return object(&found).map(|instance| Value::Object(Box::new(instance)));
            }
            VT_I1 => i128::from(*at.cast::<i8>()),
            VT_UI1 => i128::from(*at.cast::<u8>()),
            VT_I2 => i128::from(*at.cast::<i16>()),
            VT_UI2 => i128::from(*at.cast::<u16>()),
            VT_I4 | VT_INT => i128::from(*at.cast::<i32>()),
            VT_UI4 | VT_UINT => i128::from(*at.cast::<u32>()),
            VT_I8 => i128::from(*at.cast::<i64>()),
            VT_UI8 => i128::from(*at.cast::<u64>()),
            other => return Err(format!("a value has the type {}, which WMI does not have", other.0)),
        }
    };
    Ok(Value::Integer(unsigned(number, cim_type)))
}

/// A number of a signed carrier as the property's type has it: the same bits.
fn unsigned(number: i128, cim_type: CimType) -> i128 {
    match cim_type {
        CimType::Uint8 => number & 0xFF,
        CimType::Uint16 | CimType::Char16 => number & 0xFFFF,
        CimType::Uint32 => number & 0xFFFF_FFFF,
        CimType::Uint64 => number & 0xFFFF_FFFF_FFFF_FFFF,
        _ => number,
    }
}

fn text(text: &str, cim_type: CimType) -> Result<Value, String> {
    // Paths of Wine carry their end.
    let text = Value::from(text.trim_end_matches('\0'));
    match cim_type {
        CimType::Sint64 | CimType::Uint64 => text.coerced(cim_type, false),
        // Providers write datetimes and paths that are none, and a script has to see them.
        CimType::DateTime | CimType::Reference => Ok(text.clone().coerced(cim_type, false).unwrap_or(text)),
        _ => Ok(text),
    }
}

/// The carrier of a type.
fn carrier(cim_type: CimType) -> VARENUM {
    match cim_type {
        CimType::Sint8 | CimType::Sint16 | CimType::Char16 => VT_I2,
        CimType::Uint8 => VT_UI1,
        CimType::Uint16 | CimType::Sint32 | CimType::Uint32 => VT_I4,
        CimType::Real32 => VT_R4,
        CimType::Real64 => VT_R8,
        CimType::Boolean => VT_BOOL,
        CimType::Object => VT_UNKNOWN,
        _ => VT_BSTR,
    }
}

/// A null, which is not the same as an empty text or an empty array.
pub(super) fn null() -> VARIANT {
    with(VT_NULL, |_| {})
}

fn with(vt: VARENUM, set: impl FnOnce(&mut windows::Win32::System::Variant::VARIANT_0_0_0)) -> VARIANT {
    let mut variant = VARIANT::default();
    // SAFETY: an empty variant owns nothing; the value is set before its type is.
    unsafe {
        let inner = &mut *variant.Anonymous.Anonymous;
        set(&mut inner.Anonymous);
        inner.vt = vt;
    }
    variant
}

/// Writes a value as this type.
pub(super) fn write(value: &Value, cim_type: CimType, object: MakeObject<'_>) -> Result<VARIANT, String> {
    let Value::Array(items) = value else { return write_scalar(value, cim_type, object) };
    let vt = carrier(cim_type);
    let count = u32::try_from(items.len()).map_err(|_| "an array is too long".to_owned())?;
    // SAFETY: it takes numbers only.
    let array = unsafe { SafeArrayCreateVector(vt, 0, count) };
    if array.is_null() {
        return Err("the system gives no array".to_owned());
    }
    for (index, item) in (0_i32..).zip(items) {
        let put = write_scalar(item, cim_type, object).and_then(|element| {
            if element.vt() != vt {
                return Err(format!("{} cannot be in an array", item.described()));
            }
            // SAFETY: the element is of the array's type: texts and objects are given as such, numbers by a pointer.
            unsafe {
                let fields = &element.Anonymous.Anonymous.Anonymous;
                let pointer: *const c_void = match vt {
                    // The pointer itself: of an empty text it is null, where `as_ptr` would give no BSTR.
                    VT_BSTR => *(&raw const fields.bstrVal).cast::<*const c_void>(),
                    VT_UNKNOWN => fields
                        .punkVal
                        .as_ref()
                        .map_or(std::ptr::null(), |unknown| unknown.as_raw().cast_const()),
                    _ => (&raw const *fields).cast(),
                };
                SafeArrayPutElement(array, &raw const index, pointer)
            }
            .map_err(|error| format!("an array cannot be written: {error}"))
        });
        if let Err(cause) = put {
            // SAFETY: the array is ours, and nobody else has it.
            let _ = unsafe { SafeArrayDestroy(array) };
            return Err(cause);
        }
    }
    // The variant owns the array from now on.
    Ok(with(VARENUM(VT_ARRAY.0 | vt.0), |fields| fields.parray = array))
}

#[expect(clippy::cast_possible_truncation, reason = "the carrier has the same bits")]
fn write_scalar(value: &Value, cim_type: CimType, object: MakeObject<'_>) -> Result<VARIANT, String> {
    let refuse = || Err(format!("{} is not a {cim_type}", value.described()));
    Ok(match (value, carrier(cim_type)) {
        (Value::Null, _) => null(),
        (Value::Boolean(flag), VT_BOOL) => VARIANT::from(*flag),
        (Value::Integer(number), VT_UI1) => VARIANT::from(*number as u8),
        (Value::Integer(number), VT_I2) => VARIANT::from(*number as i16),
        (Value::Integer(number), VT_I4) => VARIANT::from(*number as i32),
        (Value::Integer(number), VT_BSTR) => VARIANT::from(BSTR::from(number.to_string())),
        (Value::Real(real), VT_R4) => VARIANT::from(*real as f32),
        (Value::Real(real), VT_R8) => VARIANT::from(*real),
        (Value::String(text), VT_BSTR) => VARIANT::from(BSTR::from(text.as_str())),
        (Value::DateTime(datetime), VT_BSTR) => VARIANT::from(BSTR::from(datetime.to_string())),
        (Value::Reference(path), VT_BSTR) => VARIANT::from(BSTR::from(path.to_string())),
        (Value::Object(instance), VT_UNKNOWN) => {
            let made: IUnknown = object(instance)?.cast().map_err(|error| error.to_string())?;
            VARIANT::from(made)
        }
        _ => return refuse(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(value: &Value, cim_type: CimType) -> Value {
        let none_made = |_: &Instance| Err("no objects here".to_owned());
        let none_read = |_: &IWbemClassObject| Err("no objects here".to_owned());
        read(&write(value, cim_type, &none_made).unwrap(), cim_type, &none_read).unwrap()
    }

    #[test]
    fn every_type_comes_back_as_it_went_alone_and_in_arrays() {
        for (cim_type, values) in [
            (CimType::Boolean, vec![Value::Boolean(true), Value::Boolean(false)]),
            (CimType::Real32, vec![Value::Real(-1.5)]),
            (CimType::Real64, vec![Value::Real(1e300)]),
            (
                CimType::String,
                vec![Value::from(""), Value::from("gr\u{fc}n \u{1F332}"), Value::from("a\"b\\c")],
            ),
            (
                CimType::DateTime,
                vec![Value::from("20261127050000.000000+060").coerced(CimType::DateTime, false).unwrap()],
            ),
            (
                CimType::Reference,
                vec![Value::from("SMS_Site.SiteCode=\"GF1\"").coerced(CimType::Reference, false).unwrap()],
            ),
        ] {
            for value in &values {
                assert_eq!(there_and_back(value, cim_type), *value, "{cim_type}");
            }
            assert_eq!(
                there_and_back(&Value::Array(values.clone()), cim_type),
                Value::Array(values),
                "{cim_type}"
            );
        }
        for cim_type in CimType::ALL {
            assert_eq!(there_and_back(&Value::Null, cim_type), Value::Null);
            assert_eq!(
                there_and_back(&Value::Array(Vec::new()), cim_type),
                Value::Array(Vec::new()),
                "{cim_type}"
            );
            let Some((least, most)) = cim_type.integer_range() else { continue };
            for number in [least, most, 0, 1, most / 2 + 1] {
                assert_eq!(
                    there_and_back(&Value::Integer(number), cim_type),
                    Value::Integer(number),
                    "{cim_type}"
                );
            }
            let both = Value::Array(vec![Value::Integer(least), Value::Integer(most)]);
            assert_eq!(there_and_back(&both, cim_type), both, "{cim_type}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_and_nothing_leaks() {
        let none = |_: &Instance| Err("no objects here".to_owned());
        for _ in 0..1_000 {
            let mixed = Value::Array(vec![Value::from("a"), Value::Boolean(true)]);
            assert!(write(&mixed, CimType::String, &none).is_err());
            assert!(write(&Value::Array(vec![Value::Null]), CimType::String, &none).is_err());
        }
        assert!(write(&Value::from("x"), CimType::Boolean, &none).is_err());
        assert_eq!(cim_type(0x2000 | 19), Some((CimType::Uint32, true)));
        assert_eq!(type_number(CimType::Object, true), 0x200D);
        assert_eq!(cim_type(4711), None);
    }
}

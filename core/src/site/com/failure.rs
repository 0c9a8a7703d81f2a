//! Errors of COM and of WMI's providers.
#![expect(unsafe_code, reason = "the error object of a call comes from a function of the system")]

use windows::Win32::System::Com::GetErrorInfo;
use windows::Win32::System::Wmi::IWbemClassObject;
use windows::core::{Error as ComError, Interface};

use super::object::read_instance;
use crate::error::{Error, ErrorKind};
use crate::wmi::{Instance, WbemError};

/// What a call of COM said, with the provider's own status where it left one.
pub(super) fn failed(operation: &str, error: ComError) -> Error {
    let wbem = WbemError::from_code(error.code().0.cast_unsigned());
    let extended = extended_status();
    let told =
        extended.as_ref().and_then(|status| status.text("Description")).filter(|text| !text.is_empty());
    let cause = match told {
        Some(text) => text.trim().to_owned(),
        None => cause(&wbem, &error),
    };
    match extended {
        Some(status) => wbem.with_extended(status).into_error(operation, cause),
        None => wbem.into_error(operation, cause),
    }
}

/// What COM gave cannot be read.
pub(super) fn malformed(operation: &str, cause: String) -> Error {
    Error::new(ErrorKind::Protocol, operation, cause)
}

fn cause(wbem: &WbemError, error: &ComError) -> String {
    let number = format!("0x{:08X}", wbem.code());
    let words = error.message();
    let words = words.trim();
    match (wbem.name().as_str(), words) {
        ("", "") => number,
        ("", words) => format!("{words} ({number})"),
        (name, "") => format!("{name} ({number})"),
        (name, words) => format!("{words} ({name}, {number})"),
    }
}

/// The object that the last failed call of this thread left: `SMS_ExtendedStatus`, `__ExtendedStatus`.
fn extended_status() -> Option<Instance> {
    // SAFETY: it takes no pointers; the object that it gives is ours.
    let info = unsafe { GetErrorInfo(0) }.ok()?;
    let object: IWbemClassObject = info.cast().ok()?;
    read_instance(&object).ok()
}

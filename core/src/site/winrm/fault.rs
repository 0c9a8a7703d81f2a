//! Faults: from SOAP through WS-Management down to the number that WMI gave.

use super::read_value;
use super::xml::Element;
use crate::error::{Error, ErrorKind, Retry};
use crate::limits::ANSWER_EXCERPT_CHARS_MAX;
use crate::wmi::{Instance, WbemError};

/// What the service says went wrong, as an error of this library.
pub(super) fn error(operation: &str, fault: &Element) -> Error {
    let subcode =
        fault.child("Code").and_then(|code| code.child("Subcode")).and_then(|sub| sub.child("Value"));
    let subcode = subcode.map(|value| value.text.trim()).unwrap_or_default();
    let subcode = subcode.rsplit(':').next().unwrap_or_default();
    let reason = fault.child("Reason").and_then(|reason| reason.child("Text"));
    let reason = reason.map(|text| text.text.as_str()).unwrap_or_default();
    let detail = fault.child("Detail");
    let wsman = detail.and_then(|detail| detail.descendant("WSManFault"));
    let number = wsman.and_then(|fault| fault.attribute("Code")?.trim().parse::<u32>().ok());
    let message = wsman.and_then(innermost_message).filter(|message| !message.trim().is_empty());
    let said = excerpt(message.as_deref().unwrap_or(reason));
    let wbem = detail.and_then(wbem_error).or_else(|| number.and_then(wbem_number).map(WbemError::from_code));
    let kind = match (&wbem, number) {
        (Some(wbem), _) => wbem.kind(),
        (None, Some(OPERATION_TIMEOUT)) => ErrorKind::TimedOut,
        (None, _) => kind_of(subcode),
    };
    let mut cause = match (said.is_empty(), subcode.is_empty()) {
        (false, _) => format!("the service says: {said}"),
        (true, false) => format!("the service answers with the fault {subcode}"),
        (true, true) => "the service answers with a fault".to_owned(),
    };
    if let Some(wbem) = &wbem {
        cause.push_str(&format!(" ({wbem})"));
    }
    let mut error = Error::new(kind, operation, cause);
    if kind == ErrorKind::TimedOut {
        error = error.with_retry(Retry::Never);
    }
    if !subcode.is_empty() {
        error = error.with_context("fault", subcode);
    }
    if let Some(number) = number {
        error = error.with_context("wsman_code", number.to_string());
    }
    match wbem {
        Some(wbem) => error.with_source(wbem),
        None => error,
    }
}

/// The service gave up waiting, after the time that the request allowed.
const OPERATION_TIMEOUT: u32 = 2_150_858_793;

/// The kind of a fault that says nothing of WMI (DSP0226, section 14).
fn kind_of(subcode: &str) -> ErrorKind {
    match subcode {
        "AccessDenied" => ErrorKind::Auth,
        "AlreadyExists" | "Concurrency" => ErrorKind::Conflict,
        "DestinationUnreachable" | "EndpointUnavailable" => ErrorKind::NotFound,
        "InvalidSelectors"
        | "InvalidParameter"
        | "InvalidOptions"
        | "SchemaValidationError"
        | "CannotProcessFilter"
        | "FilterDialectRequestedUnavailable"
        | "EncodingLimit" => ErrorKind::Config,
        "ActionNotSupported" | "UnsupportedFeature" | "FilteringNotSupported" => ErrorKind::Unsupported,
        "TimedOut" => ErrorKind::TimedOut,
        "QuotaLimit" => ErrorKind::Unavailable,
        _ => ErrorKind::Protocol,
    }
}

/// The message that stands deepest: outer ones only say that a plug-in failed.
fn innermost_message(fault: &Element) -> Option<String> {
    let below = fault.children.iter().find_map(innermost_message);
    if below.is_some() {
        return below;
    }
    (fault.name == "Message" && !fault.text.trim().is_empty()).then(|| fault.text.clone())
}

/// What WMI says within a fault's detail: a number in `MSFT_WmiError` or in any text, and the provider's own status.
fn wbem_error(detail: &Element) -> Option<WbemError> {
    let direct = detail.descendant("MSFT_WmiError").or_else(|| detail.descendant("ExtendedError"));
    let told = direct.and_then(|error| {
        let code = error.descendant("error_Code").or_else(|| error.descendant("StatusCode"));
        code.and_then(|code| code.text.trim().parse::<i64>().ok()).and_then(|code| wbem_number(code as u32))
    });
    let code = told.or_else(|| number_in(detail))?;
    let error = WbemError::from_code(code);
    Some(match status(detail) {
        Some(status) => error.with_extended(status),
        None => error,
    })
}

/// The status object of the provider, `SMS_ExtendedStatus` or its base.
fn status(detail: &Element) -> Option<Instance> {
    let found = detail.descendant("ExtendedError")?;
    let status = found.children.first()?;
    let class = read_value::class_name(status).ok()?;
    read_value::instance(status, class, &|_| None).ok()
}

/// The first number of WMI in the texts and codes below an element.
fn number_in(element: &Element) -> Option<u32> {
    let own = element.attribute("Code").and_then(|code| code.trim().parse().ok()).and_then(wbem_number);
    own.or_else(|| number_in_text(&element.text)).or_else(|| element.children.iter().find_map(number_in))
}

/// A number of WMI as `0x8004…` or in decimal digits, signed or not.
fn number_in_text(text: &str) -> Option<u32> {
    text.split(|character: char| !character.is_ascii_alphanumeric() && character != '-').find_map(|word| {
        let hex = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"));
        let number = match hex {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => word.parse::<i64>().ok().and_then(|number| {
                u32::try_from(number).ok().or_else(|| i32::try_from(number).ok().map(i32::cast_unsigned))
            }),
        };
        number.and_then(wbem_number)
    })
}

/// The number, where it is one of WMI's or of Windows', and not of WS-Management's own.
fn wbem_number(number: u32) -> Option<u32> {
    let is_wbem = matches!(number, 0x8004_1001..=0x8004_3FFF);
    let is_windows = (0x8007_0001..=0x8007_FFFF).contains(&number);
    (is_wbem || is_windows).then_some(number)
}

fn excerpt(text: &str) -> String {
    let cleaned = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut kept: String =
        cleaned.chars().filter(|character| !character.is_control()).take(ANSWER_EXCERPT_CHARS_MAX).collect();
    if cleaned.chars().nth(ANSWER_EXCERPT_CHARS_MAX).is_some() {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(subcode: &str, detail: &str) -> Error {
        let xml = format!(
            "<s:Fault xmlns:s='{}'><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>{subcode}</s:Value>\
             </s:Subcode></s:Code><s:Reason><s:Text xml:lang='en'>Outer reason</s:Text></s:Reason>\
             <s:Detail>{detail}</s:Detail></s:Fault>",
            super::super::names::SOAP
        );
        error("get x", &Element::parse(xml.as_bytes()).unwrap())
    }

    #[test]
    fn the_number_of_wmi_is_found_wherever_it_stands() {
        // The shape that Windows gives a bad query: a plug-in's failure around WMI's own.
        let windows = "<f:WSManFault xmlns:f='http://schemas.microsoft.com/wbem/wsman/1/wsmanfault' Code='2150858778' \
            Machine='cm1'><f:Message><f:ProviderFault provider='WMI Provider' path='%systemroot%\\system32\\WsmWmiPl.dll'>\
            <f:WSManFault Code='2147749911' Machine='cm1'><f:Message>Invalid query </f:Message></f:WSManFault>\
            <f:ExtendedError><p:SMS_ExtendedStatus xmlns:p='urn:x'><p:Description>Not so</p:Description>\
            <p:ErrorCode>2147749911</p:ErrorCode></p:SMS_ExtendedStatus></f:ExtendedError>\
            </f:ProviderFault></f:Message></f:WSManFault>";
        let error = fault("w:InternalError", windows);
        let wbem = error.wbem().unwrap();
        assert_eq!((wbem.code(), error.kind()), (0x8004_1017, ErrorKind::Config));
        assert_eq!(wbem.extended().unwrap().text("Description"), Some("Not so"));
        assert!(error.cause().contains("Invalid query"), "{error}");
        for text in ["HRESULT = 0x80041002.", "error 2147749890", "code -2147217406"] {
            let detail =
                format!("<f:WSManFault xmlns:f='u' Code='1'><f:Message>{text}</f:Message></f:WSManFault>");
            assert_eq!(fault("w:InternalError", &detail).kind(), ErrorKind::NotFound, "{text}");
        }
        let mi = "<p:MSFT_WmiError xmlns:p='u'><p:error_Code>2147749891</p:error_Code></p:MSFT_WmiError>";
        assert_eq!(fault("w:InternalError", mi).kind(), ErrorKind::Auth);
    }

    #[test]
    fn faults_without_a_number_have_the_kind_of_their_subcode() {
        for (subcode, kind) in [
            ("w:AccessDenied", ErrorKind::Auth),
            ("a:DestinationUnreachable", ErrorKind::NotFound),
            ("a:ActionNotSupported", ErrorKind::Unsupported),
            ("w:InvalidSelectors", ErrorKind::Config),
            ("w:AlreadyExists", ErrorKind::Conflict),
            ("w:InternalError", ErrorKind::Protocol),
        ] {
            let error = fault(subcode, "");
            assert_eq!(error.kind(), kind, "{subcode}");
            assert!(error.cause().contains("Outer reason") && error.wbem().is_none());
        }
        let timeout =
            "<f:WSManFault xmlns:f='u' Code='2150858793'><f:Message>too late</f:Message></f:WSManFault>";
        assert_eq!(fault("w:TimedOut", timeout).kind(), ErrorKind::TimedOut);
    }
}

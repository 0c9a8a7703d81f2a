//! SOAP envelopes: what goes out, and what comes back (DSP0226, section 5).

use std::time::Duration;

use super::endpoint_reference::selector_set;
use super::fault;
use super::names::{ADDRESSING, ANONYMOUS, ENUMERATION, SOAP, TRANSFER, WSMAN, XSI};
use super::xml::{Element, escaped};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::WSMAN_ENVELOPE_BYTES_MAX;

/// An option of a request; a value that is an array has one option for each of its elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RequestOption {
    pub(super) name: String,
    pub(super) value: String,
}

/// A request before it is an envelope.
pub(super) struct Request {
    pub(super) action: String,
    pub(super) resource: String,
    pub(super) selectors: Vec<(String, String)>,
    pub(super) options: Vec<RequestOption>,
    /// XML within the body; the prefixes `s`, `a`, `w`, `x`, `n` and `xsi` are declared.
    pub(super) body: String,
}

/// The action of WS-Transfer or WS-Enumeration.
pub(super) fn transfer(name: &str) -> String {
    format!("{TRANSFER}/{name}")
}

/// The action of WS-Enumeration.
pub(super) fn enumeration(name: &str) -> String {
    format!("{ENUMERATION}/{name}")
}

impl Request {
    pub(super) fn new(action: String, resource: String) -> Self {
        Request { action, resource, selectors: Vec::new(), options: Vec::new(), body: String::new() }
    }

    /// The envelope and its message id.
    pub(super) fn envelope(&self, to: &str, timeout: Duration) -> Result<(String, String)> {
        let id = message_id()?;
        let options: String = self
            .options
            .iter()
            .map(|option| {
                format!("<w:Option Name=\"{}\">{}</w:Option>", escaped(&option.name), escaped(&option.value))
            })
            .collect();
        let options = match options.is_empty() {
            true => String::new(),
            false => format!("<w:OptionSet s:mustUnderstand=\"true\">{options}</w:OptionSet>"),
        };
        let envelope = format!(
            "<s:Envelope xmlns:s=\"{SOAP}\" xmlns:a=\"{ADDRESSING}\" xmlns:w=\"{WSMAN}\" xmlns:x=\"{TRANSFER}\" \
             xmlns:n=\"{ENUMERATION}\" xmlns:xsi=\"{XSI}\"><s:Header><a:To>{}</a:To>\
             <w:ResourceURI s:mustUnderstand=\"true\">{}</w:ResourceURI>\
             <a:ReplyTo><a:Address s:mustUnderstand=\"true\">{ANONYMOUS}</a:Address></a:ReplyTo>\
             <a:Action s:mustUnderstand=\"true\">{}</a:Action>\
             <w:MaxEnvelopeSize s:mustUnderstand=\"true\">{WSMAN_ENVELOPE_BYTES_MAX}</w:MaxEnvelopeSize>\
             <a:MessageID>{id}</a:MessageID><w:Locale xml:lang=\"en-US\" s:mustUnderstand=\"false\"/>{}{options}\
             <w:OperationTimeout>PT{:.3}S</w:OperationTimeout></s:Header><s:Body>{}</s:Body></s:Envelope>",
            escaped(to),
            escaped(&self.resource),
            escaped(&self.action),
            selector_set(&self.selectors),
            timeout.as_secs_f64(),
            self.body
        );
        Ok((envelope, id))
    }
}

/// The envelope of `Identify`, which has neither headers nor addressing (DSP0226, section 11).
pub(super) fn identify() -> String {
    format!(
        "<s:Envelope xmlns:s=\"{SOAP}\" xmlns:i=\"{}\"><s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>",
        super::names::IDENTITY
    )
}

/// The body of an answer to the message with this id; a fault is an error.
pub(super) fn body(operation: &str, status: u16, id: Option<&str>, bytes: &[u8]) -> Result<Element> {
    let malformed = |cause: String| {
        let cause = format!("the service answers {status}, and {cause}");
        Error::new(ErrorKind::Protocol, operation, cause).with_context("status", status.to_string())
    };
    let envelope = Element::parse(bytes).map_err(|cause| malformed(format!("not with SOAP: {cause}")))?;
    if envelope.namespace != SOAP || envelope.name != "Envelope" {
        return Err(malformed(format!("not with a SOAP envelope but with {:?}", envelope.name)));
    }
    let mut envelope = envelope;
    let related = envelope.child("Header").and_then(|header| header.child("RelatesTo"));
    if let (Some(id), Some(related)) = (id, related)
        && !same_id(&related.text, id)
    {
        return Err(malformed("the answer is one to another message".into()));
    }
    let at = envelope.children.iter().position(|child| child.namespace == SOAP && child.name == "Body");
    let body = at.map(|at| envelope.children.swap_remove(at));
    let body = body.ok_or_else(|| malformed("the envelope has no body".into()))?;
    if let Some(found) = body.child_in(SOAP, "Fault") {
        return Err(fault::error(operation, found).with_context("status", status.to_string()));
    }
    if !(200..300).contains(&status) {
        return Err(malformed("the envelope has no fault".into()));
    }
    Ok(body)
}

/// `uuid:…` and `urn:uuid:…` are the same id.
fn same_id(left: &str, right: &str) -> bool {
    let bare = |id: &str| {
        let id = id.trim().to_ascii_lowercase();
        id.rsplit(':').next().map(str::to_owned).unwrap_or_default()
    };
    bare(left) == bare(right)
}

fn message_id() -> Result<String> {
    let mut bytes = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| Error::new(ErrorKind::Internal, "make a message id", "there are no random numbers"))?;
    // Version 4, variant of RFC 4122.
    let number = u128::from_be_bytes(bytes) & !(0xf << 76) | (0x4 << 76);
    let number = number & !(0x3 << 62) | (0x2 << 62);
    let hex = format!("{number:032X}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    Ok(format!("uuid:{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_is_well_formed_and_has_every_header() {
        let mut request = Request::new(transfer("Get"), "http://x/wmi/root/sms/site_GF1/SMS_Site".into());
        request.selectors.push(("SiteCode".into(), "a<b&\"".into()));
        request.options.push(RequestOption { name: "wmi:SessionHandle".into(), value: "{1}".into() });
        let (xml, id) = request.envelope("http://cm1:5985/wsman", Duration::from_millis(1_500)).unwrap();
        let envelope = Element::parse(xml.as_bytes()).unwrap();
        let header = envelope.child_in(SOAP, "Header").unwrap();
        let text = |name| header.child(name).map(|child| child.text.as_str());
        assert_eq!(text("MessageID"), Some(id.as_str()));
        assert_eq!(text("OperationTimeout"), Some("PT1.500S"));
        assert_eq!(header.child("ResourceURI").unwrap().attribute("mustUnderstand"), Some("true"));
        assert_eq!(header.child("SelectorSet").unwrap().child("Selector").unwrap().text, "a<b&\"");
        assert_eq!((id.len(), id.as_bytes()[19]), (41, b'4'));
        assert!(same_id(&format!("urn:{}", id.to_lowercase()), &id));
    }

    #[test]
    fn answers_that_are_none_are_told_apart() {
        let read = |status, xml: &str| body("get x", status, Some("uuid:1"), xml.as_bytes());
        let soap = |header: &str, body: &str| {
            format!(
                "<s:Envelope xmlns:s='{SOAP}' xmlns:a='{ADDRESSING}'><s:Header>{header}</s:Header>{body}</s:Envelope>"
            )
        };
        assert!(read(200, &soap("<a:RelatesTo>urn:uuid:1</a:RelatesTo>", "<s:Body/>")).is_ok());
        for (status, xml) in [
            (200, "<html/>".to_owned()),
            (200, String::new()),
            (200, soap("<a:RelatesTo>uuid:2</a:RelatesTo>", "<s:Body/>")),
            (200, soap("", "")),
            (500, soap("", "<s:Body/>")),
        ] {
            assert_eq!(read(status, &xml).unwrap_err().kind(), ErrorKind::Protocol, "{xml}");
        }
    }
}

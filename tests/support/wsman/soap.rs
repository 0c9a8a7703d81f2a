//! Envelopes and faults.

use cmgateway::Error;
use roxmltree::{Document, Node};

pub(super) const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
pub(super) const ADDRESSING: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
pub(super) const TRANSFER: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer";
pub(super) const ENUMERATION: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration";
pub(super) const WSMAN: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd";
pub(super) const WMI: &str = "http://schemas.microsoft.com/wbem/wsman/1/wmi/";
pub(super) const CIM_SCHEMA: &str = "http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/";

/// The header of a request, as far as it is needed.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) action: String,
    pub(super) resource: String,
    pub(super) id: String,
    pub(super) selectors: Vec<(String, String)>,
    pub(super) options: Vec<(String, String)>,
}

/// A refusal.
#[derive(Debug)]
pub(super) enum Fault {
    /// One of WS-Management's own: subcode with prefix, reason.
    Wsman(&'static str, String),
    /// One of WMI's, within a plug-in's failure.
    Wmi(u32, String),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error.wbem() {
            Some(wbem) => Fault::Wmi(wbem.code(), error.to_string()),
            None => match error.kind().as_str() {
                "not_found" => Fault::Wmi(0x8004_1002, error.to_string()),
                "conflict" => Fault::Wmi(0x8004_1019, error.to_string()),
                "config" => Fault::Wmi(0x8004_1008, error.to_string()),
                "unsupported" => Fault::Wmi(0x8004_100C, error.to_string()),
                _ => Fault::Wmi(0x8004_1001, error.to_string()),
            },
        }
    }
}

const UNDERSTOOD: [&str; 10] = [
    "To",
    "ResourceURI",
    "ReplyTo",
    "Action",
    "MaxEnvelopeSize",
    "MessageID",
    "SelectorSet",
    "OptionSet",
    "OperationTimeout",
    "Locale",
];

impl Header {
    pub(super) fn read(document: &Document<'_>) -> Result<Self, Fault> {
        let invalid = |cause: &str| Fault::Wsman("a:InvalidMessageInformationHeader", cause.to_owned());
        let header = child(document.root_element(), SOAP, "Header").ok_or_else(|| invalid("no header"))?;
        let text = |namespace: &str, name: &str| {
            child(header, namespace, name).and_then(|node| node.text()).unwrap_or_default().trim().to_owned()
        };
        for node in header.children().filter(Node::is_element) {
            let must =
                node.attribute((SOAP, "mustUnderstand")).is_some_and(|flag| matches!(flag, "true" | "1"));
            if must && !UNDERSTOOD.contains(&node.tag_name().name()) && node.tag_name().name() != "DataLocale"
            {
                return Err(Fault::Wsman("s:MustUnderstand", node.tag_name().name().to_owned()));
            }
        }
        let reply_to =
            child(header, ADDRESSING, "ReplyTo").and_then(|node| child(node, ADDRESSING, "Address"));
        if !reply_to.and_then(|node| node.text()).is_some_and(|text| text.trim().ends_with("role/anonymous"))
        {
            return Err(invalid("ReplyTo is not anonymous"));
        }
        let list = |set: &str, item: &str| {
            let set = child(header, WSMAN, set);
            set.into_iter()
                .flat_map(|set| set.children().filter(Node::is_element))
                .filter(|node| node.tag_name().name() == item)
                .map(|node| {
                    let name = node.attribute("Name").unwrap_or_default().to_owned();
                    (name, node.text().unwrap_or_default().to_owned())
                })
                .collect()
        };
        let read = Header {
            action: text(ADDRESSING, "Action"),
            resource: text(WSMAN, "ResourceURI"),
            id: text(ADDRESSING, "MessageID"),
            selectors: list("SelectorSet", "Selector"),
            options: list("OptionSet", "Option"),
        };
        match read.action.is_empty() || read.id.is_empty() || text(ADDRESSING, "To").is_empty() {
            true => Err(invalid("Action, MessageID or To is missing")),
            false => Ok(read),
        }
    }
}

/// A child by namespace and name.
pub(super) fn child<'a>(node: Node<'a, 'a>, namespace: &str, name: &str) -> Option<Node<'a, 'a>> {
    node.children().find(|child| child.has_tag_name((namespace, name)))
}

/// The envelope of an answer.
pub(super) fn envelope(action: &str, relates_to: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<s:Envelope xml:lang=\"en-US\" xmlns:s=\"{SOAP}\" \
         xmlns:a=\"{ADDRESSING}\" xmlns:w=\"{WSMAN}\" xmlns:n=\"{ENUMERATION}\" xmlns:x=\"{TRANSFER}\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns:cim=\"http://schemas.dmtf.org/wbem/wscim/1/common\"><s:Header><a:Action>{action}</a:Action>\
         <a:MessageID>uuid:00000000-0000-4000-8000-000000000001</a:MessageID>\
         <a:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:To>\
         <a:RelatesTo>{relates_to}</a:RelatesTo></s:Header>\n<s:Body>{body}</s:Body></s:Envelope>"
    )
}

/// The envelope of a fault, shaped as Windows shapes it.
pub(super) fn fault(relates_to: &str, fault: &Fault) -> String {
    let (subcode, reason, detail) = match fault {
        Fault::Wsman(subcode, reason) => (*subcode, reason.clone(), String::new()),
        Fault::Wmi(code, message) => {
            let message = escaped(message);
            let (subcode, number) = match code {
                0x8004_1002 => ("a:DestinationUnreachable", 2_150_858_752_u32),
                0x8004_1003 => ("w:AccessDenied", 5),
                0x8004_1019 => ("w:AlreadyExists", 2_150_858_883),
                _ => ("w:InternalError", 2_150_858_778),
            };
            let detail = format!(
                "<f:WSManFault xmlns:f=\"http://schemas.microsoft.com/wbem/wsman/1/wsmanfault\" Code=\"{number}\" \
                 Machine=\"localhost\"><f:Message><f:ProviderFault provider=\"WMI Provider\" \
                 path=\"%systemroot%\\system32\\WsmWmiPl.dll\"><f:WSManFault Code=\"{code}\" Machine=\"localhost\">\
                 <f:Message>{message}</f:Message></f:WSManFault><f:ExtendedError><p:SMS_ExtendedStatus \
                 xmlns:p=\"{WMI}root/sms/SMS_ExtendedStatus\" xsi:type=\"p:SMS_ExtendedStatus_Type\">\
                 <p:Description>{message}</p:Description><p:ErrorCode>{code}</p:ErrorCode></p:SMS_ExtendedStatus>\
                 </f:ExtendedError></f:ProviderFault></f:Message></f:WSManFault>"
            );
            (subcode, "The WS-Management service cannot process the request.".to_owned(), detail)
        }
    };
    let body = format!(
        "<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code>\
         <s:Reason><s:Text xml:lang=\"en-US\">{}</s:Text></s:Reason><s:Detail>{detail}</s:Detail></s:Fault>",
        escaped(&reason)
    );
    envelope("http://schemas.dmtf.org/wbem/wsman/1/wsman/fault", relates_to, &body)
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\r', "&#13;")
}

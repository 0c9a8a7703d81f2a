//! Answers of the classic API, as recorded: XML of one namespace, request ids without dashes.

use crate::azure_simulator::SimulatedAnswer;

const SPACE: &str = "http://schemas.microsoft.com/windowsazure";
const SCHEMA: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// A document with this root and this content.
pub(super) fn document(root: &str, content: &str) -> SimulatedAnswer {
    answer(200, Some(&whole(root, content)))
}

pub(super) fn whole(root: &str, content: &str) -> String {
    match content {
        "" => format!("<{root} xmlns=\"{SPACE}\" xmlns:i=\"{SCHEMA}\"/>"),
        content => format!("<{root} xmlns=\"{SPACE}\" xmlns:i=\"{SCHEMA}\">{content}</{root}>"),
    }
}

pub(super) fn empty(status: u16) -> SimulatedAnswer {
    answer(status, None)
}

pub(in crate::azure_simulator) fn error(status: u16, code: &str, message: &str) -> SimulatedAnswer {
    let content = element("Code", code) + &element("Message", message);
    answer(status, Some(&whole("Error", &content)))
}

fn answer(status: u16, body: Option<&str>) -> SimulatedAnswer {
    let answer = SimulatedAnswer {
        status,
        headers: Vec::new(),
        body: body.unwrap_or_default().to_owned(),
        content_type: "application/xml; charset=utf-8",
    };
    answer
        .with("Cache-Control", "no-cache")
        .with("x-ms-servedbyregion", "ussouth2")
        .with("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        .with("Server", "1.0.6198.247 (rd_rdfe_stable.150630-2348) Microsoft-HTTPAPI/2.0")
        .with("Date", "Sat, 11 Jul 2015 15:48:34 GMT")
}

/// An element with a text.
pub(super) fn element(name: &str, text: &str) -> String {
    if text.is_empty() {
        return format!("<{name}/>");
    }
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<{name}>{text}</{name}>")
}

/// An element with a text, or `i:nil`.
pub(super) fn nillable(name: &str, text: Option<&str>) -> String {
    text.map_or_else(|| format!("<{name} i:nil=\"true\"/>"), |text| element(name, text))
}

/// An element around others.
pub(super) fn around(name: &str, content: &str) -> String {
    if content.is_empty() { format!("<{name}/>") } else { format!("<{name}>{content}</{name}>") }
}

//! The types of OData's Entity Data Model beside those of CIM.

use crate::wmi::CimType;

/// The namespace of the type names, as a real AdminService writes them: `#AdminService.SMS_Site`.
pub(crate) const TYPE_NAMESPACE: &str = "AdminService";
/// The XML namespace of our own annotation, which tells the exact CIM type.
pub(crate) const CIM_ANNOTATION_NAMESPACE: &str = "urn:cmgateway:cim";
/// The attribute in that namespace.
pub(crate) const CIM_ANNOTATION: &str = "cim:Type";

/// The type in `$metadata`; the smallest that holds every value, for OData has few unsigned types.
pub(crate) fn edm_name(cim_type: CimType) -> &'static str {
    match cim_type {
        CimType::Sint8 => "Edm.SByte",
        CimType::Uint8 => "Edm.Byte",
        CimType::Sint16 => "Edm.Int16",
        CimType::Sint32 | CimType::Uint16 | CimType::Char16 => "Edm.Int32",
        CimType::Sint64 | CimType::Uint32 => "Edm.Int64",
        CimType::Uint64 => "Edm.Decimal",
        CimType::Real32 => "Edm.Single",
        CimType::Real64 => "Edm.Double",
        CimType::Boolean => "Edm.Boolean",
        CimType::DateTime => "Edm.DateTimeOffset",
        CimType::Object => "Edm.Untyped",
        _ => "Edm.String",
    }
}

/// The CIM type of a type in `$metadata`; a type that is not OData's own is an embedded object.
pub(crate) fn cim_type(edm_name: &str) -> CimType {
    match edm_name {
        "Edm.SByte" => CimType::Sint8,
        "Edm.Byte" => CimType::Uint8,
        "Edm.Int16" => CimType::Sint16,
        "Edm.Int32" => CimType::Sint32,
        "Edm.Int64" => CimType::Sint64,
        "Edm.Decimal" => CimType::Uint64,
        "Edm.Single" => CimType::Real32,
        "Edm.Double" => CimType::Real64,
        "Edm.Boolean" => CimType::Boolean,
        "Edm.DateTimeOffset" | "Edm.Date" => CimType::DateTime,
        other if other.starts_with("Edm.") && other != "Edm.Untyped" => CimType::String,
        _ => CimType::Object,
    }
}

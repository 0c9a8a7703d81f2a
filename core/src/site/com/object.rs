//! `IWbemClassObject` against the instances of this library.
#![expect(unsafe_code, reason = "the objects of COM are called by pointers")]

use windows::Win32::System::Variant::VARIANT;
use windows::Win32::System::Wmi::{IWbemClassObject, IWbemQualifierSet, WBEM_FLAG_NONSYSTEM_ONLY};
use windows::core::{BSTR, HSTRING};

use super::variant::{self, MakeObject};
use crate::limits::{EMBEDDED_OBJECT_DEPTH_MAX, PROPERTIES_PER_CLASS_MAX};
use crate::wmi::{CimType, Identifier, Instance, ObjectPath, PARAMETERS_CLASS, Property, Value};

/// One property as COM tells it.
pub(super) struct Told {
    pub(super) name: Identifier,
    pub(super) value: Value,
    pub(super) cim_type: CimType,
    pub(super) is_array: bool,
    /// `WBEM_FLAVOR_ORIGIN_*`
    pub(super) origin: i32,
}

/// Reads an object: its class, path, and properties with their types.
pub(super) fn read_instance(object: &IWbemClassObject) -> Result<Instance, String> {
    read_at(object, 0)
}

/// Reads what a method gave. Its class is WMI's own, and Wine does not name it.
pub(super) fn read_output(object: &IWbemClassObject) -> Result<Instance, String> {
    match system_text(object, "__CLASS") {
        Some(_) => read_instance(object),
        None => {
            let class = Identifier::new(PARAMETERS_CLASS).map_err(|error| error.to_string())?;
            Ok(Instance::read(class, None, read_properties(object, 0)?))
        }
    }
}

fn read_at(object: &IWbemClassObject, depth: usize) -> Result<Instance, String> {
    if depth > EMBEDDED_OBJECT_DEPTH_MAX {
        return Err(format!("objects lie within objects more than {EMBEDDED_OBJECT_DEPTH_MAX} times"));
    }
    let class = system_text(object, "__CLASS").ok_or("an object has no class")?;
    let class = Identifier::new(&class).map_err(|error| error.to_string())?;
    let path = system_text(object, "__RELPATH").and_then(|text| ObjectPath::parse(&text).ok());
    let mut instance = Instance::read(class, path, read_properties(object, depth)?);
    if let Some(derivation) = derivation(object) {
        instance.set_derivation(&derivation.into());
    }
    Ok(instance)
}

fn read_properties(object: &IWbemClassObject, depth: usize) -> Result<Vec<Property>, String> {
    let read = |told: Told| {
        let Told { name, value, cim_type, is_array, .. } = told;
        match value.is_null() && is_lazy(object, &name) {
            true => Property::left_out(name, cim_type, is_array),
            false => Property::read(name, value, Some(cim_type), is_array),
        }
    };
    Ok(properties_at(object, depth)?.into_iter().map(read).collect())
}

/// Reads all properties but those that WMI adds itself.
pub(super) fn properties(object: &IWbemClassObject) -> Result<Vec<Told>, String> {
    properties_at(object, 0)
}

fn properties_at(object: &IWbemClassObject, depth: usize) -> Result<Vec<Told>, String> {
    let said = |error: windows::core::Error| format!("properties cannot be read: {error}");
    // SAFETY: no pointers go in.
    unsafe { object.BeginEnumeration(WBEM_FLAG_NONSYSTEM_ONLY.0) }.map_err(said)?;
    let mut all = Vec::new();
    let read = |inner: &IWbemClassObject| read_at(inner, depth + 1);
    loop {
        let (mut name, mut value, mut number, mut origin) = (BSTR::default(), VARIANT::default(), 0, 0);
        // SAFETY: the pointers are good for writing, and what is written is ours.
        unsafe { object.Next(0, &raw mut name, &raw mut value, &raw mut number, &raw mut origin) }
            .map_err(said)?;
        // The end is a success without a name.
        if name.is_empty() {
            break;
        }
        if all.len() >= PROPERTIES_PER_CLASS_MAX {
            return Err(format!("an object has more than {PROPERTIES_PER_CLASS_MAX} properties"));
        }
        let name = name.to_string();
        let (cim_type, is_array) = variant::cim_type(number)
            .ok_or_else(|| format!("property {name} has the unknown type {number}"))?;
        let value =
            variant::read(&value, cim_type, &read).map_err(|cause| format!("property {name}: {cause}"))?;
        let name = Identifier::new(&name).map_err(|error| error.to_string())?;
        all.push(Told { name, value, cim_type, is_array, origin });
    }
    // SAFETY: no pointers go in.
    let _ = unsafe { object.EndEnumeration() };
    Ok(all)
}

/// A property of WMI's own, `__CLASS` say, that is text.
pub(super) fn system_text(object: &IWbemClassObject, name: &str) -> Option<String> {
    match system(object, name)? {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// The classes that an object's class is derived from, the nearest first.
pub(super) fn derivation(object: &IWbemClassObject) -> Option<Vec<Identifier>> {
    let Value::Array(names) = system(object, "__DERIVATION")? else { return None };
    names.iter().map(|name| Identifier::new(name.as_str()?).ok()).collect()
}

fn system(object: &IWbemClassObject, name: &str) -> Option<Value> {
    let mut value = VARIANT::default();
    // SAFETY: the pointer is good for writing, and what is written is ours.
    unsafe { object.Get(&HSTRING::from(name), 0, &raw mut value, None, None) }.ok()?;
    variant::read(&value, CimType::String, &|_| Err("it is an object".to_owned())).ok()
}

fn is_lazy(object: &IWbemClassObject, name: &Identifier) -> bool {
    // SAFETY: no pointers but the name go in.
    let qualifiers = unsafe { object.GetPropertyQualifierSet(&HSTRING::from(name.as_str())) };
    qualifiers.is_ok_and(|set| qualifier(&set, "lazy") == Some(Value::Boolean(true)))
}

/// The value of one qualifier.
pub(super) fn qualifier(set: &IWbemQualifierSet, name: &str) -> Option<Value> {
    let mut value = VARIANT::default();
    // SAFETY: the pointer is good for writing, and what is written is ours.
    unsafe { set.Get(&HSTRING::from(name), 0, &raw mut value, std::ptr::null_mut()) }.ok()?;
    variant::read(&value, CimType::String, &|_| Err("it is an object".to_owned())).ok()
}

/// Sets properties of an object; the type is that of its class, where the class has the property.
pub(super) fn set<'p>(
    object: &IWbemClassObject,
    properties: impl IntoIterator<Item = &'p Property>,
    make: MakeObject<'_>,
) -> Result<(), String> {
    for property in properties {
        let name = HSTRING::from(property.name.as_str());
        let (mut present, mut number) = (VARIANT::default(), 0);
        // SAFETY: the pointers are good for writing, and what is written is ours.
        let known = unsafe { object.Get(&name, 0, &raw mut present, Some(&raw mut number), None) }.is_ok();
        let declared = variant::cim_type(number).filter(|_| known);
        let natural = property.cim_type.map(|cim_type| (cim_type, property.is_array));
        let (cim_type, is_array) = declared
            .or(natural)
            .or_else(|| property.value.natural_type())
            .unwrap_or((CimType::String, false));
        let said = |cause: String| format!("property {}: {cause}", property.name);
        let value = property.value.clone().coerced(cim_type, is_array).map_err(said)?;
        let value = variant::write(&value, cim_type, make).map_err(said)?;
        // A property that the class does not know is refused by WMI itself, unless the type comes along.
        let number = if known { 0 } else { variant::type_number(cim_type, is_array) };
        // SAFETY: the pointer is good for reading while the call lasts.
        unsafe { object.Put(&name, 0, &raw const value, number) }.map_err(|error| said(error.to_string()))?;
    }
    Ok(())
}

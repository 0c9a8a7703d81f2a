//! Class definitions out of class objects: properties, qualifiers, methods with their parameters.
#![expect(unsafe_code, reason = "the objects of COM are called by pointers")]

use windows::Win32::Foundation::E_NOTIMPL;
use windows::Win32::System::Variant::VARIANT;
use windows::Win32::System::Wmi::{
    IWbemClassObject, IWbemQualifierSet, WBEM_FLAVOR_MASK_ORIGIN, WBEM_FLAVOR_ORIGIN_LOCAL,
};
use windows::core::{BSTR, HSTRING};

use super::object::{derivation, properties, qualifier, system_text};
use super::variant;
use crate::limits::{METHODS_PER_CLASS_MAX, QUALIFIERS_MAX};
use crate::wmi::{
    CimType, Class, Identifier, MethodDefinition, ParameterDefinition, PropertyDefinition, Qualifier,
    RETURN_VALUE, Value,
};

/// Reads the definition of a class.
pub(super) fn read_class(object: &IWbemClassObject) -> Result<Class, String> {
    let name = system_text(object, "__CLASS").ok_or("a class has no name")?;
    let mut class = Class::new(Identifier::new(&name).map_err(|error| error.to_string())?, Vec::new());
    class.derivation = derivation(object).unwrap_or_default();
    // SAFETY: no pointers go in.
    class.qualifiers =
        unsafe { object.GetQualifierSet() }.map_or_else(|_| Ok(Vec::new()), |set| qualifiers(&set))?;
    class.properties = definitions(object)?;
    class.methods = methods(object)?;
    Ok(class)
}

/// The properties of a class, or the parameters of a signature.
fn definitions(object: &IWbemClassObject) -> Result<Vec<PropertyDefinition>, String> {
    let mut all = Vec::new();
    for told in properties(object)? {
        let mut definition = PropertyDefinition::new(told.name, told.cim_type, told.is_array, false);
        definition.default = told.value;
        definition.is_local = told.origin & WBEM_FLAVOR_MASK_ORIGIN.0 == WBEM_FLAVOR_ORIGIN_LOCAL.0;
        let name = HSTRING::from(definition.name.as_str());
        // SAFETY: no pointers but the name go in.
        if let Ok(set) = unsafe { object.GetPropertyQualifierSet(&name) } {
            definition.qualifiers = qualifiers(&set)?;
        }
        definition.is_key = definition.qualifier("key").is_some_and(Qualifier::is_set);
        // `CIMTYPE` is the type as MOF writes it: `object:SMS_CollectionRule`, `ref:SMS_Site`.
        let declared = definition.qualifier("CIMTYPE").and_then(|qualifier| qualifier.value.as_str());
        let class = declared.and_then(|text| text.split_once(':')).map(|(_, class)| class.to_owned());
        definition.class = class.and_then(|class| Identifier::new(&class).ok());
        // SAFETY: no pointers but the name go in.
        let origin = unsafe { object.GetPropertyOrigin(&name) }.ok().map(|origin| origin.to_string());
        definition.origin =
            origin.filter(|_| !definition.is_local).and_then(|origin| Identifier::new(&origin).ok());
        all.push(definition);
    }
    Ok(all)
}

fn qualifiers(set: &IWbemQualifierSet) -> Result<Vec<Qualifier>, String> {
    let said = |error: windows::core::Error| format!("qualifiers cannot be read: {error}");
    // SAFETY: no pointers go in.
    match unsafe { set.BeginEnumeration(0) } {
        Err(error) if error.code() == E_NOTIMPL => return Ok(known_qualifiers(set)),
        begun => begun.map_err(said)?,
    }
    let mut all = Vec::new();
    while all.len() < QUALIFIERS_MAX {
        let (mut name, mut value, mut flavor) = (BSTR::default(), VARIANT::default(), 0);
        // SAFETY: the pointers are good for writing, and what is written is ours.
        unsafe { set.Next(0, &raw mut name, &raw mut value, &raw mut flavor) }.map_err(said)?;
        if name.is_empty() {
            break;
        }
        let value = variant::read(&value, CimType::String, &|_| Err("a qualifier is an object".to_owned()))?;
        if let Ok(name) = Identifier::new(&name.to_string()) {
            all.push(Qualifier::new(name, value));
        }
    }
    // SAFETY: no pointers go in.
    let _ = unsafe { set.EndEnumeration() };
    Ok(all)
}

/// Those that this library goes by, where a set cannot be gone through (Wine's cannot).
fn known_qualifiers(set: &IWbemQualifierSet) -> Vec<Qualifier> {
    let read = |name: &&str| Some(Qualifier::new(Identifier::new(name).ok()?, qualifier(set, name)?));
    ["key", "CIMTYPE", "ID", "lazy", "static", "singleton", "abstract", "association", "dynamic"]
        .iter()
        .filter_map(read)
        .collect()
}

fn methods(object: &IWbemClassObject) -> Result<Vec<MethodDefinition>, String> {
    let said = |error: windows::core::Error| format!("methods cannot be read: {error}");
    // SAFETY: no pointers go in.
    unsafe { object.BeginMethodEnumeration(0) }.map_err(said)?;
    let mut all = Vec::new();
    while all.len() < METHODS_PER_CLASS_MAX {
        let (mut name, mut input, mut output) = (BSTR::default(), None, None);
        // SAFETY: the pointers are good for writing, and what is written is ours.
        unsafe { object.NextMethod(0, &raw mut name, &raw mut input, &raw mut output) }.map_err(said)?;
        if name.is_empty() {
            break;
        }
        all.push(method(object, &name.to_string(), input.as_ref(), output.as_ref())?);
    }
    // SAFETY: no pointers go in.
    let _ = unsafe { object.EndMethodEnumeration() };
    Ok(all)
}

fn method(
    object: &IWbemClassObject,
    name: &str,
    input: Option<&IWbemClassObject>,
    output: Option<&IWbemClassObject>,
) -> Result<MethodDefinition, String> {
    let mut parameters: Vec<ParameterDefinition> = Vec::new();
    for value in input.map_or_else(|| Ok(Vec::new()), definitions)? {
        parameters.push(ParameterDefinition { value, is_in: true, is_out: false });
    }
    let mut returns = None;
    for value in output.map_or_else(|| Ok(Vec::new()), definitions)? {
        if value.name.is(RETURN_VALUE) {
            returns = Some(value.cim_type);
        } else if let Some(both) = parameters.iter_mut().find(|known| known.value.name == value.name) {
            both.is_out = true;
        } else {
            parameters.push(ParameterDefinition { value, is_in: false, is_out: true });
        }
    }
    // The qualifier ID gives the declared order.
    parameters.sort_by_key(|parameter| {
        let id = parameter.value.qualifier("ID").map(|qualifier| qualifier.value.clone());
        id.and_then(|id: Value| id.as_integer()).unwrap_or(i128::MAX)
    });
    let wide = HSTRING::from(name);
    // SAFETY: no pointers but the name go in.
    let (set, origin) = unsafe { (object.GetMethodQualifierSet(&wide), object.GetMethodOrigin(&wide)) };
    let origin = origin.ok().map(|origin| origin.to_string());
    let is_local = origin.as_deref().is_none_or(|origin| {
        system_text(object, "__CLASS").is_some_and(|class| class.eq_ignore_ascii_case(origin))
    });
    Ok(MethodDefinition {
        name: Identifier::new(name).map_err(|error| error.to_string())?,
        returns,
        parameters,
        origin: origin.filter(|_| !is_local).and_then(|origin| Identifier::new(&origin).ok()),
        is_local,
        qualifiers: set.map_or_else(|_| Ok(Vec::new()), |set| qualifiers(&set))?,
    })
}

//! Declared instances as instances: names and types checked against classes.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::wmi::mof::{Initializer, InitializerKind, InstanceDeclaration, Position};
use crate::wmi::{CimType, Class, Identifier, Instance, ObjectPath, PropertyDefinition, Value};

/// The paths of instances that were given a name.
pub(crate) type Aliases = HashMap<String, ObjectPath>;

/// How a class is found.
type Classes<'a> = &'a dyn Fn(&Identifier) -> Result<Arc<Class>>;

/// The instance that a text declares, with every value as its property's type.
pub(crate) fn instance(
    declared: &InstanceDeclaration,
    classes: Classes<'_>,
    aliases: &Aliases,
) -> Result<Instance> {
    let class = classes(&declared.class).map_err(|error| located(error, declared.at))?;
    if class.is_abstract() {
        return Err(declared
            .at
            .refuse(&format!("the class {} is abstract: it has no instances;", class.name)));
    }
    let mut instance = class.spawn();
    for (name, at, initializer) in &declared.properties {
        let Some(definition) = class.property(name.as_str()) else {
            return Err(at.refuse(&format!("the class {} has no property {name};", class.name)));
        };
        let value = value(initializer, definition, classes, aliases)?;
        let value = value
            .coerced(definition.cim_type, definition.is_array)
            .map_err(|cause| initializer.at.refuse(&format!("property {name}: {cause}")))?;
        instance.set(name.as_str(), value)?;
    }
    Ok(instance)
}

fn value(
    initializer: &Initializer,
    definition: &PropertyDefinition,
    classes: Classes<'_>,
    aliases: &Aliases,
) -> Result<Value> {
    Ok(match &initializer.kind {
        InitializerKind::Constant(value) => value.clone(),
        InitializerKind::Alias(name) => match aliases.get(name) {
            Some(path) if definition.cim_type == CimType::String => Value::String(path.to_string()),
            Some(path) => Value::Reference(path.clone()),
            None => return Err(initializer.at.refuse(&format!("no instance before is called ${name};"))),
        },
        InitializerKind::Array(items) => {
            let items = items.iter().map(|item| value(item, definition, classes, aliases));
            Value::Array(items.collect::<Result<_>>()?)
        }
        InitializerKind::Instance(declared) => {
            let object = instance(declared, classes, aliases)?;
            if let Some(wanted) = &definition.class
                && !classes(&declared.class)?.is_a(wanted.as_str())
            {
                let cause =
                    format!("property {} takes a {wanted}, not a {};", definition.name, declared.class);
                return Err(declared.at.refuse(&cause));
            }
            Value::Object(Box::new(object))
        }
    })
}

/// An error of the site, with the place in the text.
fn located(error: Error, at: Position) -> Error {
    match error.kind() {
        ErrorKind::NotFound => at.refuse(error.cause()),
        _ => error,
    }
}

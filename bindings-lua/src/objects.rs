//! Objects of our classes that scripts hand over, alone and in lists.

use mlua::{Table, Value};

use crate::error::misuse;
use crate::value::sequence;

/// What is taken out of an object of the class `T`; every other value raises, with where it was found.
pub(crate) fn object<T: 'static, R>(
    place: &str,
    class: &str,
    value: &Value,
    take: impl FnOnce(&T) -> R,
) -> mlua::Result<R> {
    match value.as_userdata().and_then(|object| object.borrow::<T>().ok()) {
        Some(object) => Ok(take(&object)),
        None => Err(misuse(format!("{place}: a {class} expected, got {}", given(value)))),
    }
}

/// The same for each item of a table with the keys 1 to n.
pub(crate) fn objects<T: 'static, R>(
    place: &str,
    class: &str,
    table: &Table,
    take: impl Fn(&T) -> R,
) -> mlua::Result<Vec<R>> {
    let items = sequence(table, &format!("{place}: a list of {class}"))?;
    items.iter().map(|item| object(place, class, item, &take)).collect()
}

/// The class of an object of ours, the type of every other value.
fn given(value: &Value) -> String {
    let class = value.as_userdata().and_then(|object| object.type_name().ok());
    class.map_or_else(|| value.type_name().to_owned(), |class| class.to_string_lossy())
}

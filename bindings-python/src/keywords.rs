//! Keyword arguments of calls that have many.

use std::path::PathBuf;
use std::time::Duration;

use cmgateway::cert::{self, ExtendedKeyUsage, KeyKind, SubjectAlternativeName};
use pyo3::PyClass;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use time::OffsetDateTime;

use crate::cert::{items, several};
use crate::crl::Crl;
use crate::datetime::moment;
use crate::error::{Result, config, wrong_type};
use crate::json::from_python;

/// The keyword arguments, each taken out as it is read: what is left at the end is unknown.
pub(crate) struct Keywords<'py> {
    function: &'static str,
    operation: &'static str,
    given: Option<Bound<'py, PyDict>>,
}

impl<'py> Keywords<'py> {
    /// Those of a call; `operation` is what it does, for errors.
    pub(crate) fn new(
        function: &'static str,
        operation: &'static str,
        given: Option<Bound<'py, PyDict>>,
    ) -> Self {
        Keywords { function, operation, given }
    }

    /// One of them; nothing where it is not given.
    fn take(&self, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(given) = &self.given else { return Ok(None) };
        let value = given.get_item(name)?;
        if value.is_some() {
            given.del_item(name)?;
        }
        Ok(value)
    }

    /// One of them that may be None, which says nothing.
    fn take_optional(&self, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.take(name)?.filter(|value| !value.is_none()))
    }

    pub(crate) fn certificates(&self, name: &str) -> Result<Vec<cert::Certificate>> {
        self.take(name)?.map_or_else(|| Ok(Vec::new()), |all| several(&all, name))
    }

    pub(crate) fn crls(&self, name: &str) -> Result<Vec<cert::Crl>> {
        let take = |item: &Bound<'py, PyAny>| item.cast::<Crl>().ok().map(|list| list.get().0.clone());
        let all = self.take(name)?;
        all.map_or_else(|| Ok(Vec::new()), |all| items(&all, &format!("{name} are Crls in a list"), take))
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<String>> {
        let Some(value) = self.take_optional(name)? else { return Ok(None) };
        let text = value.cast::<PyString>().map_err(|_| wrong_type(&format!("{name} is text"), &value))?;
        Ok(Some(text.to_cow()?.into_owned()))
    }

    /// Texts in a list; `what` says what each is.
    pub(crate) fn texts(&self, name: &str, what: &str) -> Result<Option<Vec<String>>> {
        self.take_optional(name)?
            .map(|all| texts(&all, &format!("{name} are {what} as text, in a list")))
            .transpose()
    }

    /// The path of a file, as text or `os.PathLike`.
    pub(crate) fn path(&self, name: &str) -> Result<Option<PathBuf>> {
        let Some(value) = self.take_optional(name)? else { return Ok(None) };
        Ok(Some(value.extract().map_err(|_| wrong_type(&format!("{name} is the path of a file"), &value))?))
    }

    /// An object of one class; `what` is it with its article.
    pub(crate) fn object<T: PyClass>(&self, name: &str, what: &str) -> Result<Option<Bound<'py, T>>> {
        let Some(value) = self.take_optional(name)? else { return Ok(None) };
        let object = value.cast::<T>().map_err(|_| wrong_type(&format!("{name} is {what}"), &value))?;
        Ok(Some(object.clone()))
    }

    /// Dicts and lists, or JSON text.
    pub(crate) fn json(&self, name: &str) -> Result<Option<serde_json::Value>> {
        self.take_optional(name)?.map(|value| from_python(&value, self.operation)).transpose()
    }

    /// A dict; `what` says of what.
    pub(crate) fn dict(&self, name: &str, what: &str) -> Result<Option<Bound<'py, PyDict>>> {
        let Some(value) = self.take_optional(name)? else { return Ok(None) };
        let dict =
            value.cast::<PyDict>().map_err(|_| wrong_type(&format!("{name} is a dict of {what}"), &value))?;
        Ok(Some(dict.clone()))
    }

    /// Whole numbers that are not negative, in a list.
    pub(crate) fn whole_numbers(&self, name: &str) -> Result<Option<Vec<u64>>> {
        let Some(value) = self.take_optional(name)? else { return Ok(None) };
        items(&value, &format!("{name} are whole numbers in a list"), |item| item.extract().ok()).map(Some)
    }

    /// Names as certificates have them.
    pub(crate) fn names(&self, name: &str) -> Result<Option<Vec<SubjectAlternativeName>>> {
        self.texts(name, "names")?.map(|texts| alternative_names(&texts)).transpose()
    }

    pub(crate) fn purposes(&self, name: &str) -> Result<Option<Vec<ExtendedKeyUsage>>> {
        let texts = self.texts(name, "purposes")?;
        let parse =
            |texts: Vec<String>| texts.iter().map(|text| Ok(ExtendedKeyUsage::parse(text)?)).collect();
        texts.map(parse).transpose()
    }

    pub(crate) fn moment(&self, name: &str) -> Result<Option<OffsetDateTime>> {
        self.take_optional(name)?.map(|at| moment(&at, self.operation)).transpose()
    }

    /// A `timedelta`.
    pub(crate) fn duration(&self, name: &str) -> Result<Option<Duration>> {
        let Some(value) = self.take_optional(name)? else { return Ok(None) };
        Ok(Some(value.extract().map_err(|_| wrong_type(&format!("{name} is a datetime.timedelta"), &value))?))
    }

    /// A number that is not negative.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u32>> {
        let Some(value) = self.take_optional(name)? else { return Ok(None) };
        let expected = format!("{name} is a whole number from 0 to {}", u32::MAX);
        Ok(Some(value.extract().map_err(|_| wrong_type(&expected, &value))?))
    }

    pub(crate) fn is_set(&self, name: &str) -> Result<bool> {
        Ok(self.flag(name)?.unwrap_or(false))
    }

    /// True or False; None where nothing is said.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>> {
        let Some(value) = self.take(name)? else { return Ok(None) };
        Ok(Some(value.extract().map_err(|_| wrong_type(&format!("{name} is True or False"), &value))?))
    }

    /// A switch that may be left open with None.
    pub(crate) fn said(&self, name: &str) -> Result<Option<bool>> {
        let Some(value) = self.take_optional(name)? else { return Ok(None) };
        let expected = format!("{name} is True, False or None");
        Ok(Some(value.extract().map_err(|_| wrong_type(&expected, &value))?))
    }

    pub(crate) fn key(&self) -> Result<Option<KeyKind>> {
        self.choice("key", &KeyKind::ALL.map(|kind| (kind.as_str(), kind)))
    }

    /// The value that a word stands for; the default one where there is no word.
    pub(crate) fn word<T: Copy + Default>(&self, name: &str, known: &[(&str, T)]) -> Result<T> {
        Ok(self.choice(name, known)?.unwrap_or_default())
    }

    /// The value that a word stands for.
    pub(crate) fn choice<T: Copy>(&self, name: &str, known: &[(&str, T)]) -> Result<Option<T>> {
        let Some(value) = self.take(name)? else { return Ok(None) };
        let words: Vec<_> = known.iter().map(|(word, _)| *word).collect();
        let expected = format!("{name} is one of {}", words.join(", "));
        let text = value.cast::<PyString>().map_err(|_| wrong_type(&expected, &value))?.to_cow()?;
        match known.iter().find(|(word, _)| *word == text) {
            Some((_, meaning)) => Ok(Some(*meaning)),
            None => Err(config(self.operation, format!("{expected}, not {text:?}"))),
        }
    }

    pub(crate) fn end(&self) -> PyResult<()> {
        match self.given.as_ref().and_then(|given| given.keys().iter().next()) {
            Some(name) => Err(PyTypeError::new_err(format!("{} has no argument {name}", self.function))),
            None => Ok(()),
        }
    }
}

/// Texts in a list; the letters of one text would be its items, so that is refused.
pub(crate) fn texts(all: &Bound<'_, PyAny>, expected: &str) -> Result<Vec<String>> {
    if all.is_instance_of::<PyString>() {
        return Err(wrong_type(expected, all));
    }
    items(all, expected, |item| item.extract().ok())
}

/// Names as certificates have them, from texts.
pub(crate) fn alternative_names(texts: &[String]) -> Result<Vec<SubjectAlternativeName>> {
    texts.iter().map(|text| Ok(SubjectAlternativeName::parse(text)?)).collect()
}

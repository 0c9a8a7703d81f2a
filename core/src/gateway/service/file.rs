//! A TOML file whose every error has the file and the line.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;
use toml::Spanned;

use crate::cert::{Certificate, StorePath, load_cer_file};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::GATEWAY_FILE_BYTES_MAX;
use crate::net::PemSource;
use crate::proxy::Pin;
use crate::text_file;

/// A key and what the file gives for it.
pub(super) type Named<'a> = (&'a str, &'a Option<Spanned<u64>>);

/// A settings file: its text, and where it lies.
pub(super) struct SettingsFile {
    path: PathBuf,
    text: String,
}

impl SettingsFile {
    /// Reads the file.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let operation = format!("read {}", path.display());
        let text = text_file::read(path, GATEWAY_FILE_BYTES_MAX, &operation)?;
        Ok(SettingsFile { path: path.to_owned(), text })
    }

    /// All of it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What it says; unknown keys are errors.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        toml::from_str(&self.text).map_err(|error| {
            let cause = error.message().to_owned();
            self.refuse(error.span().unwrap_or(0..0), cause)
        })
    }

    /// An error about this place.
    pub(super) fn refuse(&self, at: Range<usize>, cause: impl Into<String>) -> Error {
        let before = self.text.get(..at.start).unwrap_or_default();
        let line = before.matches('\n').count().saturating_add(1);
        Error::new(ErrorKind::Config, format!("read {}:{line}", self.path.display()), cause)
            .with_context("file", self.path.display().to_string())
            .with_context("line", line.to_string())
    }

    /// The same error, about this place.
    pub(super) fn at<T>(&self, place: Range<usize>, result: Result<T>) -> Result<T> {
        result.map_err(|error| {
            let (kind, line) = (error.kind(), self.refuse(place, error.to_string()));
            Error::new(kind, line.operation(), line.cause()).with_source(error)
        })
    }

    /// A path in the file; one that is relative begins at the file's own folder, one of a certificate store of Windows does
    /// not.
    pub(super) fn path(&self, text: &Spanned<String>) -> PathBuf {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        StorePath::beside(folder, Path::new(text.get_ref()))
    }

    pub(super) fn pem(&self, text: &Spanned<String>) -> PemSource {
        PemSource::File(self.path(text))
    }

    /// Certificates of files.
    pub(super) fn certificates(&self, files: &[Spanned<String>]) -> Result<Vec<Certificate>> {
        let mut found = Vec::new();
        for file in files {
            found.extend(self.at(file.span(), load_cer_file(self.path(file)))?);
        }
        Ok(found)
    }

    /// Pins: 64 hex digits, or a file with the certificate.
    pub(super) fn pins(&self, pins: &[Spanned<String>]) -> Result<Vec<Pin>> {
        let mut found = Vec::new();
        for pin in pins {
            match pin.get_ref().parse() {
                Ok(pin) => found.push(pin),
                Err(_) => {
                    let certificates = self.at(pin.span(), load_cer_file(self.path(pin)))?;
                    found.extend(certificates.first().map(Pin::of));
                }
            }
        }
        Ok(found)
    }

    /// Sets a number where the file gives one, which is within these bounds.
    pub(super) fn set_number(
        &self,
        to: &mut usize,
        (key, given): Named<'_>,
        bounds: RangeInclusive<usize>,
    ) -> Result<()> {
        let Some(given) = given else { return Ok(()) };
        let number = usize::try_from(*given.get_ref()).ok().filter(|number| bounds.contains(number));
        *to = number.ok_or_else(|| self.refuse(given.span(), outside(key, &bounds)))?;
        Ok(())
    }

    /// Sets a time where the file gives one in seconds, which are within these bounds.
    pub(super) fn set_seconds(
        &self,
        to: &mut Duration,
        (key, given): Named<'_>,
        bounds: RangeInclusive<u64>,
    ) -> Result<()> {
        let Some(given) = given else { return Ok(()) };
        if !bounds.contains(given.get_ref()) {
            return Err(self.refuse(given.span(), outside(key, &bounds)));
        }
        *to = Duration::from_secs(*given.get_ref());
        Ok(())
    }

    /// A value that is text in the file.
    pub(super) fn read<T: std::str::FromStr>(&self, text: &Spanned<String>, what: &str) -> Result<T> {
        let refuse = || self.refuse(text.span(), format!("{:?} is no {what}", text.get_ref()));
        text.get_ref().parse().map_err(|_| refuse())
    }
}

fn outside<T: Display>(key: &str, bounds: &RangeInclusive<T>) -> String {
    format!("{key}: it must be {} to {}", bounds.start(), bounds.end())
}

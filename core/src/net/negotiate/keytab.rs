//! Keytabs: files with the long-term Kerberos keys of users and services (MIT format 0x0502).

use std::io::Read;
use std::path::Path;

use sspi::{KeytabIdentity, Username, UsernameParts};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::limits::KEYTAB_BYTES_MAX;

/// The identity of a user with the best key that a keytab has for it: AES-256 before AES-128 before DES3, then the
/// newest.
pub(super) fn identity(user: Username, file: &Path) -> Result<KeytabIdentity> {
    let operation = format!("read keytab {}", file.display());
    let bytes = read(file).map_err(|error| {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            std::io::ErrorKind::PermissionDenied => ErrorKind::Auth,
            _ => ErrorKind::Unavailable,
        };
        Error::new(kind, operation.as_str(), error.to_string()).with_source(error)
    })?;
    let (name, realm) = match user.parts() {
        UsernameParts::UserPrincipalName(parts) => (parts.account_name(), Some(parts.suffix())),
        UsernameParts::DownLevelLogonName(parts) => (parts.account_name(), parts.netbios_domain()),
    };
    let best = entries(&bytes)
        .map_err(|cause| Error::new(ErrorKind::Config, operation.as_str(), cause))?
        .into_iter()
        .filter(|entry| {
            entry.name == name && realm.is_none_or(|realm| entry.realm.eq_ignore_ascii_case(realm))
        })
        .filter(|entry| (16..=18).contains(&entry.key_type))
        .max_by_key(|entry| (entry.key_type, entry.version));
    let Some(entry) = best else {
        let cause = format!("it has no AES key of the user {name}");
        return Err(Error::new(ErrorKind::Auth, operation, cause));
    };
    let key_enctype = usize::from(entry.key_type)
        .try_into()
        .map_err(|_| Error::new(ErrorKind::Unsupported, operation, "its keys are of an unknown type"))?;
    Ok(KeytabIdentity { principal: user, key: entry.key.to_vec().into(), key_enctype })
}

fn read(file: &Path) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    std::fs::File::open(file)?.take(KEYTAB_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > KEYTAB_BYTES_MAX {
        let cause = format!("the file has more than {KEYTAB_BYTES_MAX} bytes");
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, cause));
    }
    Ok(bytes)
}

struct Entry {
    name: String,
    realm: String,
    version: u32,
    key_type: u16,
    key: Zeroizing<Vec<u8>>,
}

fn entries(bytes: &[u8]) -> std::result::Result<Vec<Entry>, &'static str> {
    let mut reader = Reader(bytes);
    if reader.u16() != Some(0x0502) {
        return Err("it is no keytab of format 0x0502");
    }
    let mut found = Vec::new();
    while let Some(size) = reader.u32() {
        // A negative size is a hole of that many bytes.
        let size = size as i32;
        let record = reader.take(size.unsigned_abs() as usize).ok_or("it ends within an entry")?;
        if size > 0 {
            found.push(entry(Reader(record)).ok_or("an entry is not well formed")?);
        }
    }
    Ok(found)
}

fn entry(mut reader: Reader<'_>) -> Option<Entry> {
    let count = reader.u16()?;
    let realm = reader.text()?;
    let components: Option<Vec<String>> = (0..count).map(|_| reader.text()).collect();
    reader.take(8)?; // name type, time
    let short = u32::from(*reader.take(1)?.first()?);
    let key_type = reader.u16()?;
    let length = reader.u16()?;
    let key = Zeroizing::new(reader.take(length.into())?.to_vec());
    let version = reader.u32().filter(|long| *long != 0).unwrap_or(short);
    Some(Entry { name: components?.join("/"), realm, version, key_type, key })
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn text(&mut self) -> Option<String> {
        let length = self.u16()?;
        String::from_utf8(self.take(length.into())?.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keytab_that_is_cut_off_anywhere_is_refused_or_shorter() {
        let mut record = Vec::new();
        record.extend_from_slice(&[0, 1, 0, 1, b'R', 0, 4]);
        record.extend_from_slice(b"anna");
        record.extend_from_slice(&[0, 0, 0, 1, 0, 0, 0, 0, 7, 0, 18, 0, 2, 0xaa, 0xbb, 0, 0, 1, 0]);
        let mut file = vec![5, 2];
        file.extend_from_slice(&(-3_i32).to_be_bytes());
        file.extend_from_slice(&[0; 3]);
        file.extend_from_slice(&(record.len() as u32).to_be_bytes());
        file.extend_from_slice(&record);
        let Ok(read) = entries(&file) else { panic!() };
        let [only] = read.as_slice() else { panic!() };
        assert_eq!(
            (only.name.as_str(), only.realm.as_str(), only.key_type, only.version),
            ("anna", "R", 18, 256)
        );
        assert_eq!(*only.key, [0xaa, 0xbb]);
        for length in 0..file.len() {
            assert!(entries(&file[..length]).is_err() || entries(&file[..length]).unwrap().is_empty());
        }
    }
}

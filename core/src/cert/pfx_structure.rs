//! The layers of a PFX: PFX → AuthenticatedSafe → SafeContents (RFC 7292, section 4).

use super::ber;
use super::der::{self, Reader};
use super::file_refusal::{Refusal, part};
use super::p7b::DATA;
use super::password::{Password, PasswordForm};
use super::password_encryption::{Scheme, implicit_octets};
use super::pfx_bags::Bags;
use super::pfx_mac::{Mac, PfxMac};

pub(super) const ENCRYPTED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 6];
const DAMAGED: &str = "its MAC does not fit, although the password opens it: the file was changed";

/// Opens everything that is in the file.
pub(super) fn read(
    source: &[u8],
    password: &mut Password,
) -> Result<(Bags, Option<PfxMac>, Option<PasswordForm>), Refusal> {
    let file = ber::to_der(source)?;
    let mut outer = Reader::new(der::only(&file, der::SEQUENCE).map_err(part("outermost part"))?);
    match outer.expect(der::INTEGER).map_err(|_| Refusal::damaged("it is no PFX file"))?.content {
        [3] => {}
        _ => return Err(Refusal::damaged("its version is not 3: it is no PFX file")),
    }
    let mut safe = outer.enter(der::SEQUENCE).map_err(part("authenticated part"))?;
    let kind = safe.expect(der::OBJECT_IDENTIFIER).map_err(part("authenticated part"))?.content;
    if kind != DATA {
        // Signed with a public key instead of a MAC; nobody writes it.
        return Err(Refusal::unknown("integrity mode", kind));
    }
    let content = data_content(&mut safe)?;
    let mac = outer.optional(der::SEQUENCE).map_err(part("MAC"))?.map(Mac::read).transpose()?;
    outer.end().map_err(part("end"))?;

    let mut form = None;
    if let Some(mac) = &mac {
        match mac.check(content, password) {
            Ok(found) => {
                password.prefer(found);
                form = Some(found);
            }
            Err(refusal) if refusal.is_about_password() => {
                // What opens tells that the password is right, and then the MAC or a part beside it was changed.
                let opens = any_opens(content, password);
                return Err(if opens { Refusal::damaged(DAMAGED) } else { refusal });
            }
            Err(refusal) => return Err(refusal),
        }
    }
    let (mut bags, mut used) = (Bags::default(), None);
    let list = ber::to_der(content)?;
    let mut list = Reader::new(der::only(&list, der::SEQUENCE).map_err(part("list of contents"))?);
    while !list.is_empty() {
        let mut info = list.enter(der::SEQUENCE).map_err(part("list of contents"))?;
        match info.expect(der::OBJECT_IDENTIFIER).map_err(part("list of contents"))?.content {
            DATA => bags.read(&ber::to_der(data_content(&mut info)?)?, 0, password, &mut used)?,
            ENCRYPTED_DATA => {
                let plain = open(&mut info, password, &mut used)?;
                bags.read(&ber::to_der(&plain)?, 0, password, &mut used)?;
            }
            other => return Err(Refusal::unknown("kind of contents", other)),
        }
    }
    Ok((bags, mac.map(|mac| mac.describe()), form.or(used)))
}

/// The OCTET STRING in a [0].
fn data_content<'a>(info: &mut Reader<'a>) -> Result<&'a [u8], Refusal> {
    let wrong = part("contents");
    let content = info.expect(0xa0).map_err(&wrong)?.content;
    info.end().map_err(&wrong)?;
    der::only(content, der::OCTET_STRING).map_err(wrong)
}

/// Deciphers an EncryptedData (RFC 5652, section 8).
fn open(
    info: &mut Reader<'_>,
    password: &mut Password,
    used: &mut Option<PasswordForm>,
) -> Result<zeroize::Zeroizing<Vec<u8>>, Refusal> {
    let wrong = part("encrypted contents");
    let content = info.expect(0xa0).map_err(&wrong)?.content;
    info.end().map_err(&wrong)?;
    let mut data = Reader::new(der::only(content, der::SEQUENCE).map_err(&wrong)?);
    data.expect(der::INTEGER).map_err(&wrong)?;
    let mut encrypted = data.enter(der::SEQUENCE).map_err(&wrong)?;
    // Attributes that are not protected may follow.
    data.optional(0xa1).map_err(&wrong)?;
    data.end().map_err(&wrong)?;
    let kind = encrypted.expect(der::OBJECT_IDENTIFIER).map_err(&wrong)?.content;
    if kind != DATA {
        return Err(Refusal::unknown("kind of encrypted contents", kind));
    }
    let scheme = Scheme::read(encrypted.expect(der::SEQUENCE).map_err(&wrong)?.content)?;
    let ciphertext = encrypted.any().map_err(&wrong)?;
    if ciphertext.tag & !0x20 != 0x80 {
        return Err(Refusal::damaged("its encrypted contents are missing"));
    }
    encrypted.end().map_err(&wrong)?;
    let (plain, form) = scheme.open(&implicit_octets(ciphertext)?, password)?;
    used.get_or_insert(form);
    Ok(plain)
}

/// True where the password opens at least one part.
fn any_opens(content: &[u8], password: &mut Password) -> bool {
    let Ok(list) = ber::to_der(content) else { return false };
    let Ok(list) = der::only(&list, der::SEQUENCE) else { return false };
    let mut list = Reader::new(list);
    while let Ok(mut info) = list.enter(der::SEQUENCE) {
        let opened = match info.expect(der::OBJECT_IDENTIFIER).map(|kind| kind.content) {
            Ok(ENCRYPTED_DATA) => open(&mut info, password, &mut None).is_ok(),
            Ok(DATA) => {
                let (mut bags, mut used) = (Bags::default(), None);
                let content = data_content(&mut info).and_then(ber::to_der);
                let _ = content.and_then(|content| bags.read(&content, 0, password, &mut used));
                used.is_some()
            }
            _ => false,
        };
        if opened {
            return true;
        }
    }
    false
}

//! One authentication: tokens in, tokens out, then sealed messages.

use sspi::{
    AuthIdentity, BufferType, ClientRequestFlags, Credentials as SspiCredentials, CredentialsBuffers,
    DataRepresentation, EncryptionFlags, KdcResolution, KerberosConfig, Negotiate, NegotiateConfig,
    NegotiatedProtocol, SecurityBuffer, SecurityBufferRef, SecurityStatus, Sspi, SspiImpl, Username,
};

use super::kdc::KdcClient;
use super::{ap_options, keytab};
use crate::error::{Error, ErrorKind, Result};
use crate::net::credentials::{AuthMethod, Credentials, Proof};

/// What a [`SecurityContext`] is made from.
pub(in crate::net) struct ContextOptions<'a> {
    pub(in crate::net) method: AuthMethod,
    pub(in crate::net) credentials: &'a Credentials,
    /// The server's host name; its service is `HTTP/<host>`.
    pub(in crate::net) host: &'a str,
    /// `SEC_CHANNEL_BINDINGS` of the TLS connection, where there is one.
    pub(in crate::net) channel_bindings: Option<Vec<u8>>,
    /// True where messages are to be sealed.
    pub(in crate::net) sealing: bool,
}

/// The client's side of one authentication. Its calls block, since Kerberos asks a KDC.
pub(in crate::net) struct SecurityContext {
    negotiate: Box<Negotiate>,
    identity: Option<CredentialsBuffers>,
    target: String,
    channel_bindings: Option<Vec<u8>>,
    flags: ClientRequestFlags,
    established: bool,
}

impl SecurityContext {
    /// Prepares the context; reads a keytab, asks nobody yet.
    pub(in crate::net) fn new(options: ContextOptions<'_>) -> Result<Self> {
        let packages = match options.method {
            AuthMethod::Kerberos => "kerberos",
            AuthMethod::Ntlm => "ntlm",
            _ => "kerberos,ntlm",
        };
        let kdc = match &options.credentials.kdc {
            Some(kdc) => Some(kdc_url(kdc)?),
            None => None,
        };
        let kerberos = KerberosConfig {
            kdc_resolution: KdcResolution::KdcUrl(kdc),
            client_computer_name: COMPUTER.into(),
        };
        let config = NegotiateConfig::new(Box::new(kerberos), Some(packages.into()), COMPUTER.into());
        let mut negotiate = Box::new(Negotiate::new_client(config).map_err(refused)?);
        let auth_data = identity(options.credentials)?;
        let acquired = negotiate
            .acquire_credentials_handle()
            .with_credential_use(sspi::CredentialUse::Outbound)
            .with_auth_data(&auth_data)
            .execute(&mut *negotiate)
            .map_err(refused)?;
        let mut flags = ClientRequestFlags::MUTUAL_AUTH
            | ClientRequestFlags::INTEGRITY
            | ClientRequestFlags::REPLAY_DETECT
            | ClientRequestFlags::SEQUENCE_DETECT;
        if options.sealing {
            flags |= ClientRequestFlags::CONFIDENTIALITY;
        }
        Ok(SecurityContext {
            negotiate,
            identity: acquired.credentials_handle,
            target: format!("HTTP/{}", options.host),
            channel_bindings: options.channel_bindings,
            flags,
            established: false,
        })
    }

    /// True where nothing more is expected from the server, and messages can be sealed.
    pub(in crate::net) fn is_established(&self) -> bool {
        self.established
    }

    /// True where the first token alone may let a client in: Kerberos needs one leg, NTLM two.
    pub(in crate::net) fn takes_one_leg(&self) -> bool {
        matches!(self.negotiate.negotiated_protocol(), NegotiatedProtocol::Kerberos(_))
    }

    /// Takes the server's token, none at first, and gives ours; none where there is nothing left to say.
    pub(in crate::net) fn step(&mut self, token: Option<Vec<u8>>) -> Result<Option<Vec<u8>>> {
        if self.established {
            return Ok(None);
        }
        let is_first = token.is_none();
        let mut input = vec![SecurityBuffer::new(token.unwrap_or_default(), BufferType::Token)];
        if let Some(bindings) = &self.channel_bindings {
            input.push(SecurityBuffer::new(bindings.clone(), BufferType::ChannelBindings));
        }
        let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
        let negotiate = &mut *self.negotiate;
        let mut builder = negotiate
            .initialize_security_context()
            .with_credentials_handle(&mut self.identity)
            .with_context_requirements(self.flags)
            .with_target_data_representation(DataRepresentation::Native)
            .with_target_name(&self.target)
            .with_input(&mut input)
            .with_output(&mut output);
        let result = negotiate
            .initialize_security_context_impl(&mut builder)
            .and_then(|mut generator| generator.resolve_with_client(&KdcClient))
            .map_err(refused)?;
        match result.status {
            SecurityStatus::Ok => self.established = true,
            SecurityStatus::ContinueNeeded => {}
            other => {
                let cause = format!("the security library stops with {other:?}");
                return Err(Error::new(ErrorKind::Auth, OPERATION, cause));
            }
        }
        let [SecurityBuffer { buffer: mut token, .. }] = output;
        if is_first && self.takes_one_leg() && self.channel_bindings.is_some() {
            let key = self.negotiate.query_context_session_key().map_err(refused)?;
            token = ap_options::corrected(&token, key.session_key.as_ref())?;
        }
        Ok(Some(token).filter(|token| !token.is_empty()))
    }

    /// Seals a message: its signature and the unreadable text.
    pub(in crate::net) fn seal(&mut self, plain: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
        let sizes = self.negotiate.query_context_sizes().map_err(refused)?;
        let mut signature = vec![0; sizes.security_trailer as usize];
        let mut data = plain.to_vec();
        let signed = {
            let mut buffers =
                [SecurityBufferRef::token_buf(&mut signature), SecurityBufferRef::data_buf(&mut data)];
            self.negotiate.encrypt_message(EncryptionFlags::empty(), &mut buffers).map_err(refused)?;
            let [token, _] = &buffers;
            token.buf_len()
        };
        signature.truncate(signed);
        Ok((signature, data))
    }

    /// Opens a sealed message; one that was altered is refused.
    pub(in crate::net) fn unseal(&mut self, signature: &[u8], sealed: &[u8]) -> Result<Vec<u8>> {
        let mut whole = [signature, sealed].concat();
        if self.takes_one_leg() {
            rotate(&mut whole);
        }
        let mut data = whole.split_off(signature.len());
        let mut signature = whole;
        let mut buffers =
            [SecurityBufferRef::token_buf(&mut signature), SecurityBufferRef::data_buf(&mut data)];
        self.negotiate.decrypt_message(&mut buffers).map_err(|error| {
            let cause = format!("a sealed answer cannot be opened: {}", error.description);
            Error::new(ErrorKind::Protocol, "read a sealed answer", cause)
        })?;
        let [_, data] = &buffers;
        Ok(data.data().to_vec())
    }
}

const OPERATION: &str = "authenticate";

/// Turns the sealed part of a Kerberos message as Windows turns it, by 28 bytes, which is all that sspi 0.23 knows; the
/// header says how far it is turned now (RFC 4121, section 4.2.5). MIT's Kerberos does not turn it.
fn rotate(message: &mut [u8]) {
    const HEADER: usize = 16;
    const TURNED: usize = 28;
    let Some((&mut [5, 4, _, _, filler_high, filler_low, high, low, ..], body)) =
        message.split_at_mut_checked(HEADER)
    else {
        return;
    };
    let turned = usize::from(u16::from_be_bytes([high, low]));
    let filler = usize::from(u16::from_be_bytes([filler_high, filler_low]));
    if turned == TURNED || body.is_empty() {
        return;
    }
    let length = body.len();
    body.rotate_left(turned % length);
    body.rotate_right((TURNED + filler) % length);
}

/// The name of this machine as it is told to servers; they do not need the real one.
const COMPUTER: &str = "cmgateway";

fn kdc_url(kdc: &str) -> Result<reqwest::Url> {
    let refuse = || {
        let cause = format!("{kdc:?} is no host name with or without a port");
        Error::new(ErrorKind::Config, "read the KDC's address", cause)
    };
    let url = reqwest::Url::parse(&format!("tcp://{kdc}")).map_err(|_| refuse())?;
    let is_host = url.host_str().is_some_and(|host| !host.is_empty()) && url.path().is_empty();
    if is_host && url.username().is_empty() && url.query().is_none() { Ok(url) } else { Err(refuse()) }
}

fn identity(credentials: &Credentials) -> Result<SspiCredentials> {
    let username = match &credentials.realm {
        Some(realm) => Username::new_down_level_logon_name(&credentials.user, realm),
        None => Username::parse(&credentials.user),
    };
    let username = username.map_err(|_| {
        let cause = r"it is no DOMAIN\user, user@suffix or bare name";
        Error::new(ErrorKind::Config, "read user", cause)
    })?;
    match &credentials.proof {
        Proof::Password(password) => {
            let password = password.expose().to_owned().into();
            Ok(AuthIdentity { username, password }.into())
        }
        Proof::Keytab(file) => keytab::identity(username, file).map(Into::into),
    }
}

/// The library's errors as ours. Its descriptions hold no secrets.
fn refused(error: sspi::Error) -> Error {
    let kind = match error.error_type {
        sspi::ErrorKind::NoAuthenticatingAuthority => ErrorKind::Unavailable,
        sspi::ErrorKind::UnsupportedFunction => ErrorKind::Unsupported,
        _ => ErrorKind::Auth,
    };
    let mut cause = error.description.clone();
    if error.error_type == sspi::ErrorKind::TimeSkew {
        cause.push_str("; the clocks of this machine and of the KDC differ too much");
    }
    Error::new(kind, OPERATION, cause).with_source(error)
}

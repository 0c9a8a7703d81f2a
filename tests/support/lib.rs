//! What the tests share: folders, certificates, Lua interpreters, servers that misbehave. Real sockets, real files,
//! no mocks.

pub mod apache;
pub mod authority;
pub mod folder;
pub mod gssapi_front;
pub mod kerberos_realm;
pub mod lua_interpreter;
pub mod skip;
pub mod test_pki;
pub mod tls_peers;
pub mod wire_server;
pub mod wsman;

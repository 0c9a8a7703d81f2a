//! What the tests share: folders, certificates, Lua interpreters, servers that misbehave. Real sockets, real files,
//! no mocks.

pub mod apache;
pub mod authority;
pub mod azure_simulator;
pub mod curl;
pub mod folder;
pub mod gateway_client;
pub mod gateway_files;
pub mod gateway_parts;
pub mod gateway_program;
pub mod gssapi_front;
pub mod inside_server;
pub mod kerberos_realm;
pub mod lua_interpreter;
pub mod nginx;
pub mod openssl_files;
pub mod program;
pub mod recording;
pub mod relay;
pub mod running_gateway;
pub mod skip;
pub mod test_pki;
pub mod tls_peers;
pub mod wire_server;
pub mod wsman;

//! What the tests share: folders, sites, certificates, misbehaving servers. Real sockets, real files, no mocks.

pub mod folder;
pub mod lua_interpreter;
pub mod test_pki;
pub mod wire_server;

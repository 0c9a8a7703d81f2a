//! What the tests share: folders, sites, certificates, misbehaving servers. Real sockets, real files, no mocks.

pub mod folder;

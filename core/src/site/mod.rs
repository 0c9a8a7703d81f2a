//! A site, reached through one of several transports. (skeleton)

mod transport;

pub use transport::{PutMode, Rows};

//! The doors to the outside: TLS settings and the HTTP client. (skeleton)

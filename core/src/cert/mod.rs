//! Certificates as values (skeleton).

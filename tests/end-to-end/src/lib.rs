//! The deployed local stack, driven over HTTP

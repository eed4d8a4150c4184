//! Function pay

fn main() {}

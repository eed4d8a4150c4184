//! Function scan

fn main() {}

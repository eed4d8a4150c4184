//! Function payments

fn main() {}

//! Function query

fn main() {}

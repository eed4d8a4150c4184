//! Function webhook

fn main() {}

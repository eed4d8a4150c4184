//! Function refund

fn main() {}

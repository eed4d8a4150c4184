//! Simulated payment channels that speak the real protocols

fn main() {}

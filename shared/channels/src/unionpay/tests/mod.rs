//! The adapter for UnionPay: its codes and its files.

mod bill;
mod status;

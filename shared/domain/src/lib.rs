//! Decisions about payments: pure, without a clock, a network or a store

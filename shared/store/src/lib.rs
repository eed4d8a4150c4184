//! The DynamoDB tables: one item for one payment, changed by one conditional write

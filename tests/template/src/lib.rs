//! Reads `template.yaml` as data, and walks the repository's files, for the tests beside it.
//!
//! CloudFormation's short tags become their long forms, so `!GetAtt Table.Arn` and `Fn::GetAtt: [Table, Arn]` are one.

mod repository;
mod template;

pub use repository::{Source, folders, root, sources};
pub use template::{Grant, Template};

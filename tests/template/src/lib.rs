//! Reads `template.yaml` and `infra/openapi.yaml` as data, and walks the repository's files, for the tests beside it.
//!
//! CloudFormation's short tags become their long forms, so `!GetAtt Table.Arn` and `Fn::GetAtt: [Table, Arn]` are one.

mod openapi;
mod repository;
mod template;

pub use openapi::{Example, OpenApi, Operation};
pub use repository::{Source, folders, root, sources};
pub use template::{Grant, Template};

//! The exports of payments and appeals (导出): DynamoDB writes them into a bucket by itself, from its backups, and the tables
//! serve on meanwhile.

use anyhow::Context;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{ExportFormat, S3SseAlgorithm};
use payonce_app::audit::{Walked, prefix};

/// Has tables exported.
#[derive(Debug, Clone)]
pub struct Exporter {
    pub(crate) client: Client,
    pub(crate) payments_arn: String,
    pub(crate) appeals_arn: String,
    pub(crate) bucket: String,
}

impl Exporter {
    /// Begins an export of a table; it ends some minutes or hours later. Gives its name.
    ///
    /// # Errors
    /// If DynamoDB does not begin one.
    pub async fn begin(&self, table: Walked) -> anyhow::Result<String> {
        let table_arn = match table {
            Walked::Payments => &self.payments_arn,
            Walked::Appeals => &self.appeals_arn,
        };
        let begun = self
            .client
            .export_table_to_point_in_time()
            .table_arn(table_arn)
            .s3_bucket(&self.bucket)
            .s3_prefix(prefix(table))
            .s3_sse_algorithm(S3SseAlgorithm::Aes256)
            .export_format(ExportFormat::DynamodbJson)
            .send()
            .await
            .context("beginning an export")?;
        let described = begun.export_description;
        let arn = described.and_then(|export| export.export_arn);
        arn.context("an export without a name")
    }
}

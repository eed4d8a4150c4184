//! The export of the table of payments (导出): DynamoDB writes it into a bucket by itself, from its backup, and the table
//! serves on meanwhile.

use anyhow::Context;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{ExportFormat, S3SseAlgorithm};

/// Has a table exported.
#[derive(Debug, Clone)]
pub struct Exporter {
    pub(crate) client: Client,
    pub(crate) table_arn: String,
    pub(crate) bucket: String,
}

impl Exporter {
    /// Begins an export; it ends some minutes or hours later. Gives its name.
    ///
    /// # Errors
    /// If DynamoDB does not begin one.
    pub async fn begin(&self) -> anyhow::Result<String> {
        let begun = self
            .client
            .export_table_to_point_in_time()
            .table_arn(&self.table_arn)
            .s3_bucket(&self.bucket)
            .s3_prefix("exports")
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

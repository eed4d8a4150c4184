//! What DynamoDB writes when a table is exported: the emulator names an export and writes none.

use std::io::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use flate2::Compression;
use flate2::write::GzEncoder;
use payonce_app::audit::{Walked, prefix};
use serde_json::{Value, json};

use crate::world::World;

/// Puts an export with these payments where `audit` looks for it, and one with the appeals as they are.
///
/// # Errors
/// If the bucket does not take it.
pub async fn export(world: &World, payments: &[Value]) -> anyhow::Result<()> {
    let appeals = world.aws.items("appeals").await?;
    put(world, Walked::Appeals, &appeals).await?;
    put(world, Walked::Payments, payments).await
}

async fn put(world: &World, table: Walked, items: &[Value]) -> anyhow::Result<()> {
    let place = format!("{}/AWSDynamoDB", prefix(table));
    let bucket = world.aws.bucket("exports").await?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let name = format!("{:014}-00000000", since.as_millis());
    let lines = items
        .iter()
        .map(|item| json!({ "Item": item }).to_string() + "\n");
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(lines.collect::<String>().as_bytes())?;
    let data = format!("{place}/{name}/data/a.json.gz");
    let files = format!("{place}/{name}/manifest-files.json");
    let file = json!({ "itemCount": items.len(), "dataFileS3Key": data });
    let summary = json!({
        "itemCount": items.len(),
        "manifestFilesS3Key": files,
        "outputFormat": "DYNAMODB_JSON",
    });
    let summary_name = format!("{place}/{name}/manifest-summary.json");
    for (name, content) in [
        (data, packed.finish()?),
        (files, format!("{file}\n").into_bytes()),
        (summary_name, summary.to_string().into_bytes()),
    ] {
        world.aws.put_object(&bucket, &name, content).await?;
    }
    Ok(())
}

//! The style sheet and the script, under names that change with what is in them: kept by browsers for good.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use ring::digest;

/// A file of ours.
pub(crate) struct Asset {
    /// Its name in the address.
    pub(crate) file: String,
    content_type: &'static str,
    text: &'static str,
}

impl Asset {
    fn new(extension: &str, content_type: &'static str, text: &'static str) -> Self {
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        let hash = hash.as_ref().iter().take(8);
        let hash: String = hash.map(|byte| format!("{byte:02x}")).collect();
        Self {
            file: format!("{hash}.{extension}"),
            content_type,
            text,
        }
    }
}

/// How the page looks.
pub(crate) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    let text = include_str!("../assets/console.css");
    Asset::new("css", "text/css; charset=utf-8", text)
});

/// What makes it comfortable; everything works without.
pub(crate) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let text = include_str!("../assets/console.js");
    Asset::new("js", "text/javascript; charset=utf-8", text)
});

/// `GET /console/assets/{file}`.
pub(crate) async fn serve(Path(file): Path<String>) -> Response {
    let known = [&*STYLE, &*SCRIPT];
    let Some(asset) = known.into_iter().find(|asset| asset.file == file) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, asset.text).into_response()
}

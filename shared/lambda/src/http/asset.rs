//! Files that pages need, under names that change with what is in them: kept by browsers for good.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use payonce_domain::Digest;

/// A file of ours.
#[derive(Debug)]
pub struct Asset {
    /// Its name in the address.
    pub file: String,
    content_type: &'static str,
    text: &'static str,
}

impl Asset {
    /// A style sheet.
    #[must_use]
    pub fn style(text: &'static str) -> Self {
        Self::new("css", "text/css; charset=utf-8", text)
    }

    /// A script.
    #[must_use]
    pub fn script(text: &'static str) -> Self {
        Self::new("js", "text/javascript; charset=utf-8", text)
    }

    fn new(extension: &str, content_type: &'static str, text: &'static str) -> Self {
        let hash = Digest::of(text.as_bytes()).to_hex();
        Self {
            file: format!("{}.{extension}", &hash[..16]),
            content_type,
            text,
        }
    }

    /// The one of `known` that goes by this name, for as long as a browser likes; 404 if none does.
    #[must_use]
    pub fn serve(known: &[&'static Self], file: &str) -> Response {
        let Some(asset) = known.iter().find(|asset| asset.file == file) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let headers = [
            (header::CONTENT_TYPE, asset.content_type),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        (headers, asset.text).into_response()
    }
}

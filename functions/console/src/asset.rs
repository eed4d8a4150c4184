//! The style sheet and the script.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::Response;
use payonce_lambda::http::asset::Asset;

/// How the page looks.
pub(crate) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::style(include_str!("../assets/console.css")));

/// What makes it comfortable; everything works without.
pub(crate) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::script(include_str!("../assets/console.js")));

/// `GET /console/assets/{file}`.
pub(crate) async fn serve(Path(file): Path<String>) -> Response {
    Asset::serve(&[&STYLE, &SCRIPT], &file)
}

//! Hostile words at the operators' console: they are only words, on pages and in files.

use anyhow::ensure;
use end_to_end::{Buyer, Operator, World, same, text};
use payonce_app::console::Role;
use serde_json::json;

pub(crate) async fn hostile_words(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let mut order = merchant.order(100);
    order.number = format!("=HYPERLINK(\"x\"){}", order.number);
    let mut request = Buyer::request(&merchant, &order);
    request["subject"] = json!("\"><script>alert(1)</script><a href=javascript:x>&lt;");
    request["channel"] = json!("wechat");
    request["method"] = json!("native");
    let made = merchant.post("/v1/payments", &request).await?;
    same("made", made.status, 201)?;
    let no = text(&made.json, "/payment_no")?.to_owned();
    let viewer = Operator::enter(&world, "vera", Role::Viewer).await?;
    let page = viewer.page(&format!("/console/payments/{no}")).await?;
    ensure!(page.matches("<script").count() == 1, "only ours: {page}");
    ensure!(!page.contains("<a href=javascript"), "{page}");
    let asked = "/console/search?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
    let found = viewer.page(asked).await?;
    ensure!(found.matches("<script").count() == 1, "only ours: {found}");
    for path in [
        "/console/lists/unknown?channel=%22%3E%3Cscript%3E",
        "/console/controls?notice=%3Cscript%3E",
    ] {
        let page = viewer.page(path).await?;
        ensure!(page.matches("<script").count() == 1, "only ours: {page}");
    }
    let file = viewer.open("/console/lists/unknown/csv").await?;
    let file = String::from_utf8_lossy(&file.bytes).into_owned();
    ensure!(
        file.starts_with("\u{feff}\"at\"") && file.contains(&no),
        "{file}"
    );
    let formulas = ["\"=", "\"+", "\"-", "\"@"];
    ensure!(
        !formulas.iter().any(|formula| file.contains(formula)),
        "{file}"
    );
    Ok(())
}

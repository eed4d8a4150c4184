//! What strangers wrote, as operators see it.

use anyhow::ensure;
use end_to_end::{Buyer, World, same};
use payonce_app::console::Role;
use serde_json::json;

use super::{at, enter};
use crate::journeys::offers::{LONGER, LOOK_ALIKE, NAMED, WORDS, only_words};
use crate::looks::{CHINESE_PHONE, ENGLISH_WIDE};

pub(super) async fn hostile(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.strict()?;
    for look in [CHINESE_PHONE, ENGLISH_WIDE] {
        let window = enter(&world, look, "vera", Role::Viewer).await?;
        for (address, host) in [
            (LOOK_ALIKE, "xn--80ak6aa92e.example"),
            (
                NAMED,
                look.say("地址可疑，不予链接", "misleading, never linked"),
            ),
            (LONGER, "m-strict.example.evil.test"),
        ] {
            let mut order = merchant.order(100);
            order.number = format!("\"><img/src=x>{}", order.number);
            let mut request = Buyer::request(&merchant, &order);
            request["subject"] = json!(WORDS);
            request["return_url"] = json!(address);
            let buyer = Buyer::asking(&world, &merchant, &request).await?;
            let there = format!("/payments/{}", buyer.payment_no);
            window.goto(&at(&world, &there)).await?;
            only_words(&window).await?;
            window.says(".address dd", host).await?;
            same("no link", window.count(".address a").await?, 0)?;
            window.fits().await?;
            window
                .picture(&format!("console-hostile-{}", look.name()))
                .await?;
            // What is searched for is words as well.
            let asked = "/search?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
            window.goto(&at(&world, asked)).await?;
            let said = window.text("#found-nothing").await?;
            ensure!(said.contains("<script>alert(1)</script>"), "{said}");
            ensure!(
                window.driver.get_alert_text().await.is_err(),
                "nothing speaks"
            );
        }
        window.close().await?;
    }
    Ok(())
}

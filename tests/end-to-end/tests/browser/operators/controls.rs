//! The kill switch and the hourly cap of refunds, seen and used; and a channel in trouble, seen.

use anyhow::ensure;
use end_to_end::{Way, World, attempt, eventually, same, text};
use payonce_app::console::Role;

use super::{act, at, enter, logged, look_at};
use crate::axe;
use crate::looks::{CHINESE_PHONE, ENGLISH_WIDE};

pub(super) async fn stop_and_go_on(world: World) -> anyhow::Result<()> {
    let _turn = world.alone().await;
    let merchant = world.lenient()?;
    let made = merchant
        .initiate(&merchant.order(1_999), Way::WECHAT_NATIVE)
        .await?;
    let order = attempt(&made.json, Way::WECHAT_NATIVE)?;
    let channel_no = text(order, "/channel_order_no")?.to_owned();
    world.simulator.open_and_pay(order).await?;
    let no = text(&made.json, "/payment_no")?.to_owned();
    eventually(crate::SOON, "paid", || async {
        let payment = merchant.payment(&no).await?;
        same("state", text(&payment, "/state")?, "paid")
    })
    .await?;
    world.aws.open_breaker("wechat", "wechat-spare").await?;
    let axe = axe::script()?;
    let look = CHINESE_PHONE;
    let operator = enter(&world, look, "otto", Role::Operator).await?;
    operator.goto(&at(&world, "/controls")).await?;
    operator.says("#switch", "退款正常发送").await?;
    act(
        &operator,
        "#set-cap",
        &[("cap", "10"), ("why", "until Monday")],
    )
    .await?;
    operator.says("#cap", "¥10.00").await?;
    act(&operator, "#set-switch", &[("why", "something is wrong")]).await?;
    operator.says("#switch", "退款已停止").await?;
    look_at(&operator, look, axe.as_ref(), "console-stopped").await?;
    // The first page says both, and which channel account is in trouble.
    operator.goto(&at(&world, "")).await?;
    operator.says("main", "退款已停止").await?;
    operator.says("main", "¥10.00").await?;
    operator.says("main", "wechat-spare").await?;
    operator.says("main ul.plain .state.bad", "熔断至").await?;
    look_at(&operator, look, axe.as_ref(), "console-now-stopped").await?;
    same(
        "accepted",
        merchant.refund(&no, "r-1", 300).await?.status,
        201,
    )?;
    // He stops and tightens; he does not let go on.
    operator.goto(&at(&world, "/controls")).await?;
    act(&operator, "#set-switch", &[("why", "it is right again")]).await?;
    operator.says("main h1", "您的角色不允许此操作").await?;
    let payment = merchant.payment(&no).await?;
    same("it stays owed", text(&payment, "/refunds/0/state")?, "due")?;
    let book = world.simulator.book(&channel_no).await?.unwrap_or_default();
    let sent = book["refunds"].as_array().map_or(0, Vec::len);
    same("nothing was sent", sent, 0)?;

    let look = ENGLISH_WIDE;
    let approver = enter(&world, look, "anna", Role::Approver).await?;
    approver.goto(&at(&world, "/controls")).await?;
    act(&approver, "#set-switch", &[("why", "it is right again")]).await?;
    approver.says("#switch", "Refunds are being sent").await?;
    // More than is left of the hour stays owed too.
    same(
        "accepted",
        merchant.refund(&no, "r-2", 1_500).await?.status,
        201,
    )?;
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    let book = world.simulator.book(&channel_no).await?.unwrap_or_default();
    let sent = book["refunds"].as_array().cloned().unwrap_or_default();
    ensure!(
        sent.iter().all(|refund| refund["amount"] != 1_500),
        "over the cap: {sent:?}"
    );
    approver.goto(&at(&world, "/controls")).await?;
    act(
        &approver,
        "#set-cap",
        &[("cap", ""), ("why", "it is Monday")],
    )
    .await?;
    approver.says("#cap", "none").await?;
    look_at(&approver, look, axe.as_ref(), "console-controls").await?;
    same(
        "accepted",
        merchant.refund(&no, "r-3", 100).await?.status,
        201,
    )?;
    eventually(crate::SOON, "refunds go out again", || async {
        let payment = merchant.payment(&no).await?;
        same("state", text(&payment, "/refunds/2/state")?, "succeeded")
    })
    .await?;
    for (who, why) in [
        ("otto", "until Monday"),
        ("otto", "something is wrong"),
        ("anna", "it is right again"),
        ("anna", "it is Monday"),
    ] {
        logged(&world, &approver, who, "set the controls", why).await?;
    }
    operator.close().await?;
    approver.close().await
}

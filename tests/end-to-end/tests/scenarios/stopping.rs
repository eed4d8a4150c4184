//! Refunds stopped, resumed and capped by hand: who may, and what happens to those that are owed meanwhile.

use anyhow::ensure;
use end_to_end::{Operator, World, same};
use payonce_app::console::Role;

use crate::operators::paid;

pub(crate) async fn controls(world: World) -> anyhow::Result<()> {
    let _turn = world.alone().await;
    let merchant = world.lenient()?;
    let (_, no) = paid(&world, &merchant).await?;
    let operator = Operator::enter(&world, "otto", Role::Operator).await?;
    let approver = Operator::enter(&world, "anna", Role::Approver).await?;
    let path = "/console/controls";
    let stop = [("refunds", "off"), ("why", "something is wrong")];
    let start = [("refunds", "on"), ("why", "it is right again")];
    same("he stops", operator.press(path, &stop).await?.status, 303)?;
    ensure!(
        operator
            .page("/console")
            .await?
            .contains("Refunds are stopped"),
        "it is seen"
    );
    merchant.refund(&no, "r-stopped", 300).await?;
    same(
        "he does not resume",
        operator.press(path, &start).await?.status,
        403,
    )?;
    let held = merchant.payment(&no).await?;
    same(
        "it is owed and not sent",
        &held["refunds"][0]["state"],
        "due",
    )?;
    same(
        "she resumes",
        approver.press(path, &start).await?.status,
        303,
    )?;
    let tighter = [("cap", "1000"), ("why", "until Monday")];
    same(
        "he tightens",
        operator.press(path, &tighter).await?.status,
        303,
    )?;
    let looser = [("cap", "2000"), ("why", "busy")];
    same(
        "he does not loosen",
        operator.press(path, &looser).await?.status,
        403,
    )?;
    let none = [("cap", ""), ("why", "Monday")];
    same("she does", approver.press(path, &none).await?.status, 303)?;
    let page = approver.page(path).await?;
    ensure!(page.contains("Refunds are being sent"), "it is seen");
    Ok(())
}

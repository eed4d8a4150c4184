//! What buyers do at the cashier: each journey in each language on each screen.
//!
//! A tour is one look's: it plays every journey in one window, one after the other, so that a browser starts four times
//! and not once for each; what went wrong in any of them is told together at the end.

mod expiry;
pub(crate) mod offers;
mod paying;
mod repeating;
mod unknown;

use anyhow::{Context, ensure};
use end_to_end::{Buyer, Merchant, Scenario, World, scenario};

use crate::axe;
use crate::chromium::Window;
use crate::looks::{CHINESE_PHONE, CHINESE_WIDE, ENGLISH_PHONE, ENGLISH_WIDE, Look};

pub(crate) fn all() -> Vec<Scenario> {
    vec![
        // First, since it waits while the others are played.
        scenario(
            "f55_the_time_to_pay_runs_out_on_the_screen",
            expiry::the_time_to_pay_is_up,
        ),
        scenario("f1_s9_s10_buyers_in_chinese_on_a_phone", |world| {
            tour(world, CHINESE_PHONE)
        }),
        scenario("f1_s9_s10_buyers_in_chinese_at_a_desk", |world| {
            tour(world, CHINESE_WIDE)
        }),
        scenario("f1_s9_s10_buyers_in_english_on_a_phone", |world| {
            tour(world, ENGLISH_PHONE)
        }),
        scenario("f1_s9_s10_buyers_in_english_at_a_desk", |world| {
            tour(world, ENGLISH_WIDE)
        }),
    ]
}

/// One look's tour.
pub(crate) struct Tour {
    world: World,
    look: Look,
    window: Window,
    axe: Option<String>,
}

/// Plays the journeys that are named, each on a window that remembers nothing, and gathers what went wrong.
macro_rules! play {
    ($tour:expr, $wrong:expr, $($journey:path),* $(,)?) => {$(
        let began = std::time::Instant::now();
        let name = stringify!($journey);
        let played = match $tour.window.begin_anew().await {
            Ok(()) => $journey(&$tour).await,
            Err(error) => Err(error),
        };
        if let Err(error) = played {
            let picture = format!("wrong-{}-{}", $tour.look.name(), name.replace("::", "-"));
            let _ = $tour.window.picture(&picture).await;
            $wrong.push(format!("{name}: {error:#}"));
        }
        crate::say(&format!("{} {name}: {} s", $tour.look.name(), began.elapsed().as_secs()));
    )*};
}

async fn tour(world: World, look: Look) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let tour = Tour {
        axe: axe::script()?,
        window: Window::open(look).await?,
        world: world.clone(),
        look,
    };
    let mut wrong: Vec<String> = Vec::new();
    play!(
        tour,
        wrong,
        repeating::double_click_back_reload_and_second_tab,
        repeating::the_button_is_off_while_an_answer_is_awaited,
        repeating::a_second_device_and_no_scripts,
        paying::paid_and_back_at_the_merchant,
        paying::a_code_is_scanned,
        paying::a_bank_is_chosen,
        paying::both_pages_are_paid,
        unknown::the_buyer_closes_and_chooses_another_way,
        unknown::the_buyer_asks_and_orders_anew,
        unknown::the_buyer_gives_up,
        offers::last_used_first_and_in_trouble_last,
        offers::hostile_words_and_addresses,
        expiry::the_time_to_begin_is_up,
    );
    tour.window.close().await?;
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

impl Tour {
    /// An order of ¥1,299.00 whose buyer is to choose.
    async fn order(&self, merchant: &Merchant) -> anyhow::Result<Buyer> {
        Buyer::of(&self.world, merchant, &merchant.order(129_900)).await
    }

    /// The same at the merchant who wants the first attempt proven closed.
    async fn strict(&self) -> anyhow::Result<(Merchant, Buyer)> {
        let merchant = self.world.strict()?;
        let buyer = self.order(&merchant).await?;
        Ok((merchant, buyer))
    }

    /// Opens the cashier, chooses and presses the button.
    async fn pay(&self, buyer: &Buyer, channel: &str) -> anyhow::Result<()> {
        self.window.goto(&buyer.url).await?;
        self.choose(channel).await
    }

    async fn choose(&self, channel: &str) -> anyhow::Result<()> {
        self.window
            .press(&format!("label[for=way-{channel}]"))
            .await?;
        self.window.press("#pay-button").await
    }

    /// The page fits, axe-core finds nothing serious on it, and a picture is kept.
    async fn look_at(&self, name: &str) -> anyhow::Result<()> {
        self.window.fits().await.context(name.to_owned())?;
        let picture = format!("{name}-{}", self.look.name());
        self.window.picture(&picture).await?;
        axe::check(&self.window, self.axe.as_ref(), name).await
    }

    async fn heading(&self, css: &str, chinese: &str, english: &str) -> anyhow::Result<()> {
        let css = format!("{css} h1");
        self.window
            .says(&css, self.look.say(chinese, english))
            .await
    }

    async fn paid(&self) -> anyhow::Result<()> {
        self.heading(
            "#stage-paid",
            "您的支付已完成，请勿重复操作",
            "Your payment is complete, please do not pay again",
        )
        .await
    }
}

/// How many attempts a payment has.
async fn attempts(merchant: &Merchant, buyer: &Buyer) -> anyhow::Result<usize> {
    let payment = merchant.payment(&buyer.payment_no).await?;
    let orders = payment["channel_orders"].as_array();
    Ok(orders.context("attempts")?.len())
}

/// Whether it was kept that the buyer did this.
async fn kept(world: &World, buyer: &Buyer, act: &str) -> anyhow::Result<()> {
    let items = world.aws.items_of("evidence", &buyer.payment_no).await?;
    let is_it = |item: &serde_json::Value| {
        let place = item["e"]["S"].as_str();
        place.is_some_and(|place| place.ends_with(act))
    };
    ensure!(items.iter().any(is_it), "{act} is not among {items:?}");
    Ok(())
}

//! The operators' console without a browser: who may do what, and what comes of it.

use anyhow::{Context, ensure};
use end_to_end::{
    Fault, Merchant, Operator, Order, Scenario, Way, World, attempt, audit, eventually, login,
    refunds, same, scenario, text,
};
use payonce_app::console::Role;
use payonce_store::dossier;
use serde_json::json;

use crate::{console_words, stopping};

const SEEN_WITHIN: std::time::Duration = std::time::Duration::from_secs(60);

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        scenario(
            "s4_console_nobody_gets_in_without_a_login_that_is_used_once",
            strangers,
        ),
        scenario(
            "s4_console_a_viewer_looks_and_a_form_is_of_its_session",
            roles,
        ),
        scenario(
            "s3_console_two_people_give_money_back_and_one_cannot",
            two_people,
        ),
        scenario(
            "console_a_stuck_payment_is_found_by_every_number_and_settled",
            stuck,
        ),
        scenario(
            "s18_console_evidence_is_one_file_and_altered_it_is_not_believed",
            evidence,
        ),
        scenario(
            "s10_console_hostile_words_are_only_words_on_pages_and_in_files",
            console_words::hostile_words,
        ),
        scenario(
            "s3_console_an_operator_stops_refunds_and_an_approver_resumes",
            stopping::controls,
        ),
    ]
}

/// Every page and every button, of this payment.
pub(crate) fn pages(no: &str) -> Vec<String> {
    let fixed = [
        "/console",
        "/console/counts",
        "/console/search?q=P1",
        "/console/lists/unknown",
        "/console/lists/returns",
        "/console/lists/people",
        "/console/lists/history",
        "/console/lists/unknown/csv",
        "/console/settlement",
        "/console/findings",
        "/console/findings/csv",
        "/console/proposals",
        "/console/controls",
        "/console/acts",
    ];
    let mut all: Vec<String> = fixed.map(str::to_owned).into();
    all.push(format!("/console/payments/{no}"));
    all
}

fn buttons(no: &str) -> Vec<String> {
    let of_payment = [
        "query",
        "close",
        "tell-again",
        "resume",
        "propose",
        "evidence",
    ];
    let mut all: Vec<_> = of_payment
        .iter()
        .map(|button| format!("/console/payments/{no}/{button}"))
        .collect();
    all.extend(
        [
            "/console/proposals/1/approve",
            "/console/proposals/1/decline",
            "/console/controls",
        ]
        .map(str::to_owned),
    );
    all
}

pub(crate) async fn paid(world: &World, merchant: &Merchant) -> anyhow::Result<(Order, String)> {
    let order = merchant.order(1_999);
    let made = merchant.initiate(&order, Way::ALIPAY_PAGE).await?;
    same("made", made.status, 201)?;
    world
        .simulator
        .open_and_pay(attempt(&made.json, Way::ALIPAY_PAGE)?)
        .await?;
    let no = text(&made.json, "/payment_no")?.to_owned();
    eventually(SEEN_WITHIN, "it is paid", || async {
        same(
            "state",
            text(&merchant.payment(&no).await?, "/state")?,
            "paid",
        )
    })
    .await?;
    Ok((order, no))
}

async fn strangers(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.strict()?;
    let made = merchant
        .initiate(&merchant.order(500), Way::ALIPAY_PAGE)
        .await?;
    let no = text(&made.json, "/payment_no")?.to_owned();
    let mut nobody = Operator::nobody(&world);
    for cookie in ["", "payonce_operator=b3R0bw.operator.9999999999999.AAAA"] {
        nobody.cookie = cookie.to_owned();
        for page in pages(&no) {
            let answer = nobody.open(&page).await?;
            same(&page, answer.status, 401)?;
            ensure!(!answer.shown().contains(&no), "{page} tells of {no}");
            ensure!(
                answer.shown().contains("Sign in"),
                "{page}: {}",
                answer.shown()
            );
        }
        for button in buttons(&no) {
            let answer = nobody.post(&button, &[("why", "for fun")]).await?;
            same(&button, answer.status, 401)?;
        }
    }
    // No header of a stranger's is an authorizer's word.
    let session = nobody.post("/console/session", &[]).await?;
    same("no token was looked at", session.status, 401)?;
    let token = login(&world, "otto", Role::Operator).await?;
    let looked = nobody
        .open(&format!("/console/login?login={token}"))
        .await?;
    same("looking uses nothing up", looked.status, 200)?;
    let first = nobody.post("/console/login", &[("login", &token)]).await?;
    same("it lets in", first.status, 303)?;
    let cookie = first.header("set-cookie");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/console"] {
        ensure!(cookie.contains(part), "{part}: {cookie}");
    }
    let second = nobody.post("/console/login", &[("login", &token)]).await?;
    same("once", second.status, 401)?;
    let spoiled = format!("{token}A");
    let third = nobody
        .post("/console/login", &[("login", &spoiled)])
        .await?;
    same("made up", third.status, 401)?;
    // What `endpoints.json` says an operator shows.
    let bearer = format!("Bearer {}", world.endpoints.operator_token);
    let url = format!("{}/console/counts", world.endpoints.api_url);
    let request = world.http.request(reqwest::Method::GET, &url);
    let counts = world
        .http
        .send(request.header("authorization", bearer))
        .await?;
    same("a program comes in", counts.status, 200)?;
    ensure!(
        counts.json["unknown"]["count"].is_u64(),
        "{}",
        counts.shown()
    );
    Ok(())
}

async fn roles(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.strict()?;
    let (_, no) = paid(&world, &merchant).await?;
    let before = text(&merchant.payment(&no).await?, "/state")?.to_owned();
    let viewer = Operator::enter(&world, "vera", Role::Viewer).await?;
    for page in pages(&no) {
        let answer = viewer.open(&page).await?;
        ensure!(
            [200, 303].contains(&answer.status),
            "{page}: {}",
            answer.shown()
        );
        for (name, expected) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
        ] {
            ensure!(
                page.ends_with("counts") || answer.header(name) == expected,
                "{page}: {name}"
            );
        }
    }
    let page = viewer.page(&format!("/console/payments/{no}")).await?;
    ensure!(
        !page.contains("name=\"why\""),
        "a viewer is offered nothing to do"
    );
    let policy = viewer.open("/console").await?;
    let policy = policy.header("content-security-policy");
    ensure!(
        policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    for button in buttons(&no) {
        let fields = [("why", "try"), ("amount", "1"), ("refunds", "off")];
        same(&button, viewer.press(&button, &fields).await?.status, 403)?;
    }
    let operator = Operator::enter(&world, "otto", Role::Operator).await?;
    let approve = "/console/proposals/1/approve";
    let answer = operator.press(approve, &[("why", "try")]).await?;
    same("an operator approves nothing", answer.status, 403)?;
    // Another session's form, and none at all.
    for form in [viewer.form.as_str(), ""] {
        for button in buttons(&no) {
            let fields = [
                ("form", form),
                ("why", "try"),
                ("amount", "1"),
                ("refunds", "off"),
            ];
            same(&button, operator.post(&button, &fields).await?.status, 403)?;
        }
    }
    let query = format!("/console/payments/{no}/query");
    same(
        "a reason is wanted",
        operator.press(&query, &[("why", " ")]).await?.status,
        400,
    )?;
    let log = operator.page("/console/acts").await?;
    ensure!(!log.contains("try"), "nothing was begun");
    let after = merchant.payment(&no).await?;
    same("nothing changed", text(&after, "/state")?, before.as_str())
}

async fn two_people(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.lenient()?;
    let (_, no) = paid(&world, &merchant).await?;
    let both = Operator::enter(&world, "ada", Role::Approver).await?;
    let other = Operator::enter(&world, "ben", Role::Approver).await?;
    let propose = format!("/console/payments/{no}/propose");
    let reason = "the lamp came broken";
    for (amount, status) in [
        ("20", 409),
        ("0", 400),
        ("-5", 400),
        ("5.001", 400),
        ("5", 303),
    ] {
        let fields = [("amount", amount), ("why", reason)];
        same(amount, both.press(&propose, &fields).await?.status, status)?;
    }
    let page = other.page("/console/proposals").await?;
    let place = page.find(&no).context("the proposal is listed")?;
    let proposal = page[..place]
        .rsplit("id=\"proposal-")
        .next()
        .context("its number")?;
    let proposal = proposal.split('"').next().unwrap_or_default().to_owned();
    let approve = format!("/console/proposals/{proposal}/approve");
    let own = both.press(&approve, &[("why", "it is mine")]).await?;
    same("nobody approves his own", own.status, 409)?;
    ensure!(
        String::from_utf8_lossy(&own.bytes).contains("Nobody approves"),
        "{}",
        own.shown()
    );
    ensure!(
        refunds(&merchant.payment(&no).await?, "operator").is_empty(),
        "nothing moved"
    );
    for _ in 0..2 {
        let approved = other.press(&approve, &[("why", "seen the photo")]).await?;
        same("another does, and twice is once", approved.status, 303)?;
    }
    let decline = format!("/console/proposals/{proposal}/decline");
    let late = both.press(&decline, &[("why", "changed my mind")]).await?;
    ensure!(
        late.header("location").ends_with("moved"),
        "too late: {}",
        late.shown()
    );
    let payment = audit(&world, &merchant, &no).await?;
    let given = refunds(&payment, "operator");
    same("one refund", given.len(), 1)?;
    same("of so much", &given[0]["amount"]["value"], 500)?;
    same(
        "it is no merchant's number",
        &given[0]["merchant_refund_no"],
        &json!(null),
    )?;
    let page = other.page(&format!("/console/payments/{no}")).await?;
    for said in [
        "ada",
        "ben",
        reason,
        "seen the photo",
        "Evidence chain intact",
    ] {
        ensure!(page.contains(said), "{said}: {page}");
    }
    Ok(())
}

async fn stuck(world: World) -> anyhow::Result<()> {
    // It takes back every fault that was laid.
    let _turn = world.alone().await;
    let merchant = world.strict()?;
    let order = merchant.order(4_200);
    let attempt_no = order.channel_order_no(Way::WECHAT_NATIVE, 1)?;
    for operation in ["notify", "query"] {
        let fault = Fault::times(
            operation,
            if operation == "notify" {
                "drop"
            } else {
                "http_500"
            },
            50,
        );
        world.simulator.fault(&attempt_no, fault).await?;
    }
    let made = merchant.initiate(&order, Way::WECHAT_NATIVE).await?;
    let no = text(&made.json, "/payment_no")?.to_owned();
    world
        .simulator
        .open_and_pay(attempt(&made.json, Way::WECHAT_NATIVE)?)
        .await?;
    let operator = Operator::enter(&world, "otto", Role::Operator).await?;
    let there = format!("/console/payments/{no}");
    for number in [
        &no,
        &attempt_no,
        &order.number,
        &format!("{}/{}", merchant.id, order.number),
    ] {
        let found = operator
            .open(&format!("/console/search?q={number}"))
            .await?;
        same(number, found.header("location"), there.as_str())?;
    }
    eventually(SEEN_WITHIN, "it is listed as unknown", || async {
        let list = operator
            .page("/console/lists/unknown?channel=wechat")
            .await?;
        ensure!(list.contains(&no), "{list}");
        Ok(())
    })
    .await?;
    let other = operator
        .page("/console/lists/unknown?channel=unionpay")
        .await?;
    ensure!(
        !other.contains(&no),
        "a filter leaves out what it does not name"
    );
    let query = format!("{there}/query");
    let asked = operator
        .press(&query, &[("why", "the buyer called")])
        .await?;
    ensure!(
        asked.header("location").ends_with("asked-open"),
        "{}",
        asked.shown()
    );
    world.simulator.clear("faults").await?;
    let asked = operator
        .press(&query, &[("why", "the channel is back")])
        .await?;
    ensure!(
        asked.header("location").ends_with("asked-paid"),
        "{}",
        asked.shown()
    );
    let payment = audit(&world, &merchant, &no).await?;
    let trade = text(attempt(&payment, Way::WECHAT_NATIVE)?, "/channel_trade_no")?.to_owned();
    eventually(
        SEEN_WITHIN,
        "it is found by the channel's number",
        || async {
            let found = operator.open(&format!("/console/search?q={trade}")).await?;
            same(&trade, found.header("location"), there.as_str())
        },
    )
    .await?;
    let told = operator
        .press(&format!("{there}/tell-again"), &[("why", "they asked")])
        .await?;
    ensure!([303, 409].contains(&told.status), "{}", told.shown());
    let page = operator.page("/console/acts").await?;
    for said in ["the buyer called", "the channel is back"] {
        ensure!(page.contains(said), "{said}: {page}");
    }
    Ok(())
}

async fn evidence(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.strict()?;
    let (_, no) = paid(&world, &merchant).await?;
    let operator = Operator::enter(&world, "otto", Role::Operator).await?;
    let path = format!("/console/payments/{no}/evidence");
    let file = operator.press(&path, &[("why", "an appeal")]).await?;
    same("a file", file.status, 200)?;
    ensure!(
        file.header("content-disposition").starts_with("attachment"),
        "it is saved"
    );
    let text = String::from_utf8(file.bytes)?;
    let verified = dossier::verify(&text)?;
    same(
        "the payment",
        verified.payment.payment_no().to_string(),
        no.clone(),
    )?;
    same("every message is in it", verified.missing.len(), 0)?;
    ensure!(verified.messages > 0, "what the channel said is in it");
    let page = operator.page(&format!("/console/payments/{no}")).await?;
    ensure!(
        text.contains(&verified.hash) && !verified.hash.is_empty(),
        "the last hash"
    );
    ensure!(page.contains("Evidence chain intact"), "{page}");
    for (what, altered) in [
        ("another amount", text.replace("1999", "1998")),
        (
            "a message",
            text.replacen("raw_base64\": \"", "raw_base64\": \"AAAA", 1),
        ),
        ("a step", text.replacen("\\\"v\\\":2", "\\\"v\\\":3", 1)),
    ] {
        ensure!(altered != text, "{what} is altered");
        ensure!(dossier::verify(&altered).is_err(), "{what} is noticed");
    }
    Ok(())
}

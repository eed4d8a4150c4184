//! Merchants read back, and nobody takes another's channel account.

use payonce_domain::{AccountId, Channel, MerchantId, Mode, Stretch};
use payonce_store::{ApiKey, ChannelAccount, Merchant, StoreError};

use crate::tables::world;

fn id(name: &str) -> MerchantId {
    MerchantId::new(name).unwrap()
}

fn merchant(name: &str, accounts: &[(Channel, &str)]) -> Merchant {
    let accounts = accounts.iter().map(|(channel, account)| ChannelAccount {
        id: AccountId::new(*account).unwrap(),
        channel: *channel,
        settings: r#"{"app_id":"2021000000000000"}"#.to_owned(),
        secret_name: format!("payonce/{account}"),
        receiving_secret_name: Some(format!("payonce/receiving/{account}")),
        stretch: Stretch::from_percent(if account.ends_with("old") { 300 } else { 100 }).unwrap(),
        fee_rate: None,
        retired: account.ends_with("old"),
    });
    Merchant {
        id: id(name),
        name: Some("鞋店 Shoes".to_owned()),
        mode: Mode::Lenient,
        api_keys: Vec::new(),
        accounts: accounts.collect(),
        return_urls: vec!["https://shop.example.com/back".to_owned()],
        notify_urls: Vec::new(),
        webhook_secret_name: Some("payonce/webhook".to_owned()),
    }
}

#[tokio::test]
async fn a_merchant_reads_back_and_accepts_its_keys() {
    let world = world().await;
    let keys = [ApiKey::generate(&id("one")), ApiKey::generate(&id("one"))];
    let mut one = merchant(
        "one",
        &[
            (Channel::Alipay, "one-alipay"),
            (Channel::Wechat, "one-wechat"),
        ],
    );
    one.api_keys = keys.iter().map(ApiKey::hashed).collect();
    world.store.put_merchant(&one).await.unwrap();
    let loaded = world.store.merchant(&id("one")).await.unwrap().unwrap();
    assert_eq!(loaded, one);
    assert!(keys.iter().all(|key| loaded.accepts(key)));
    assert!(!loaded.accepts(&ApiKey::generate(&id("one"))));

    // A revoked key is accepted no more.
    one.api_keys.remove(0);
    world.store.put_merchant(&one).await.unwrap();
    let loaded = world.store.merchant(&id("one")).await.unwrap().unwrap();
    assert_eq!(
        keys.each_ref().map(|key| loaded.accepts(key)),
        [false, true]
    );
    assert_eq!(world.store.merchant(&id("two")).await.unwrap(), None);
}

#[tokio::test]
async fn an_account_has_one_owner_for_good() {
    let world = world().await;
    let store = &world.store;
    let account = AccountId::new("shared").unwrap();
    let owner = async |channel| store.account_owner(channel, &account).await.unwrap();
    assert_eq!(owner(Channel::Alipay).await, None);

    let one = merchant("one", &[(Channel::Alipay, "shared")]);
    store.put_merchant(&one).await.unwrap();
    store.put_merchant(&one).await.unwrap();
    assert_eq!(owner(Channel::Alipay).await, Some(id("one")));

    let two = merchant("two", &[(Channel::Alipay, "shared")]);
    let stolen = store.put_merchant(&two).await;
    assert!(matches!(stolen, Err(StoreError::AccountTaken(_))));
    assert_eq!(owner(Channel::Alipay).await, Some(id("one")));
    assert_eq!(store.merchant(&id("two")).await.unwrap(), None);

    // The same name with another channel is another account.
    let two = merchant("two", &[(Channel::Wechat, "shared")]);
    store.put_merchant(&two).await.unwrap();
    assert_eq!(owner(Channel::Wechat).await, Some(id("two")));

    // Given up, it still receives what comes late.
    store.put_merchant(&merchant("one", &[])).await.unwrap();
    assert_eq!(owner(Channel::Alipay).await, Some(id("one")));
}

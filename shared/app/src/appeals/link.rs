//! The links by which buyer and supplier reach an appeal: each names one appeal and one party, ends, and
//! can be made by nobody else.
//!
//! They are signed with the cashier's keys for a purpose of their own, so a cashier's token opens no
//! appeal and an appeal's no cashier.

use payonce_domain::appeal::Party;
use payonce_domain::{Appeal, AppealNo, Span, Timestamp};
use payonce_store::StoredAppeal;

use super::AppealFailure;
use crate::{App, CashierKeys};

/// Says what is signed.
const PURPOSE: &str = "payonce-appeal-1";

/// How long after the opening a link works: longer than any appeal should last.
const WORKS_FOR: Span = Span::days(60);

/// Whom a link lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppealLink {
    /// To which appeal.
    pub no: AppealNo,
    /// As which party.
    pub party: Party,
}

/// An appeal, and as whom it is looked at.
#[derive(Debug, Clone)]
pub struct LinkedAppeal {
    /// The appeal.
    pub stored: StoredAppeal,
    /// The party.
    pub party: Party,
}

impl AppealLink {
    fn seal(self, keys: &CashierKeys, ends_at: Timestamp) -> String {
        let seconds = ends_at.as_millis() / 1_000;
        keys.seal(
            PURPOSE,
            &format!("{}.{}.{seconds}", self.no, self.party.name()),
        )
    }

    fn open(keys: &CashierKeys, token: &str, now: Timestamp) -> Option<Self> {
        let text = keys.unseal(PURPOSE, token)?;
        let mut parts = text.split('.');
        let link = Self {
            no: AppealNo::parse(parts.next()?)?,
            party: Party::from_name(parts.next()?)?,
        };
        let ends_at = parts.next()?.parse::<u64>().ok()?.checked_mul(1_000)?;
        let works = parts.next().is_none() && now < Timestamp::from_millis(ends_at);
        works.then_some(link)
    }
}

impl App {
    /// Where a party sees an appeal and answers; `None` where this stack has no key for links.
    pub async fn appeal_url(&self, appeal: &Appeal, party: Party) -> Option<String> {
        let keys = self.accounts.cashier_keys().await.ok().flatten()?;
        let link = AppealLink {
            no: appeal.no(),
            party,
        };
        let token = link.seal(&keys, appeal.opened_at.plus(WORKS_FOR));
        Some(format!("{}/appeals/{token}", self.public_url))
    }

    /// The appeal that a link names.
    ///
    /// # Errors
    /// [`AppealFailure::NotFound`] for one that is not ours, is over, or names nothing; one answer for
    /// all.
    pub async fn linked_appeal(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<LinkedAppeal, AppealFailure> {
        let keys = self.accounts.cashier_keys().await;
        let keys = keys.map_err(AppealFailure::Unavailable)?;
        let link = keys.and_then(|keys| AppealLink::open(&keys, token, now));
        let link = link.ok_or(AppealFailure::NotFound)?;
        Ok(LinkedAppeal {
            stored: self.appeal(link.no).await?,
            party: link.party,
        })
    }
}

#[cfg(test)]
mod tests {
    use payonce_domain::{AppealKey, MerchantAppealNo, MerchantId};

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_183_200_000);

    fn keys() -> CashierKeys {
        CashierKeys::read(&"k".repeat(32)).unwrap()
    }

    fn link(party: Party) -> AppealLink {
        let (shop, id) = (MerchantId::new("shop"), MerchantAppealNo::new("a-1"));
        AppealLink {
            no: AppealNo::new(AppealKey::derive(&shop.unwrap(), &id.unwrap())),
            party,
        }
    }

    /// S6: a buyer's link is not the supplier's, whatever is changed in it, and ends.
    #[test]
    fn a_link_lets_one_party_in_until_it_ends() {
        let end = NOW.plus(WORKS_FOR);
        let token = link(Party::Buyer).seal(&keys(), end);
        let opened = AppealLink::open(&keys(), &token, NOW);
        assert_eq!(opened, Some(link(Party::Buyer)));
        assert_eq!(AppealLink::open(&keys(), &token, end), None);
        let supplier = token.replace("buyer", "supplier");
        assert_eq!(AppealLink::open(&keys(), &supplier, NOW), None);
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(AppealLink::open(&keys(), &changed, NOW), None, "{changed}");
        }
    }

    #[test]
    fn a_signature_for_another_purpose_is_none() {
        let link = link(Party::Buyer);
        let other = keys().seal(
            "payonce-cashier-1",
            &format!("{}.buyer.9999999999", link.no),
        );
        assert_eq!(AppealLink::open(&keys(), &other, NOW), None);
    }
}

//! What a buyer did at the cashier, in people's words.

use payonce_domain::BuyerAct;

use crate::words::Words;

impl Words {
    /// What was done, and through which channel.
    pub(crate) fn buyer_act(&self, act: BuyerAct) -> String {
        let (key, channel) = match act {
            BuyerAct::Opened => ("buyer-opened", None),
            BuyerAct::WentBack => ("buyer-went-back", None),
            BuyerAct::Chose(channel) => ("buyer-chose", Some(channel)),
            BuyerAct::Left(channel) => ("buyer-left", Some(channel)),
            BuyerAct::Returned => ("buyer-returned", None),
            BuyerAct::Asked => ("buyer-asked", None),
            BuyerAct::Switched(channel) => ("buyer-switched", Some(channel)),
            BuyerAct::Insisted(channel) => ("buyer-insisted", Some(channel)),
            BuyerAct::GaveUp => ("buyer-gave-up", None),
            BuyerAct::OrderedAnew => ("buyer-ordered-anew", None),
        };
        let what = self.term(key);
        channel.map_or_else(
            || what.clone(),
            |channel| format!("{what} · {}", self.channel(channel)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use payonce_domain::Channel;
    use payonce_lambda::http::language::Language;

    #[test]
    fn every_act_has_words_in_both_languages() {
        let channel = Channel::Wechat;
        for act in [
            BuyerAct::Opened,
            BuyerAct::WentBack,
            BuyerAct::Chose(channel),
            BuyerAct::Left(channel),
            BuyerAct::Returned,
            BuyerAct::Asked,
            BuyerAct::Switched(channel),
            BuyerAct::Insisted(channel),
            BuyerAct::GaveUp,
            BuyerAct::OrderedAnew,
        ] {
            for language in Language::ALL {
                let said = Words::of(language).buyer_act(act);
                assert!(!said.contains("buyer-"), "{act:?}: {said}");
            }
        }
        let english = Words::of(Language::English);
        assert_eq!(
            english.buyer_act(BuyerAct::Insisted(channel)),
            "confirmed another attempt beside the first · WeChat Pay"
        );
    }
}

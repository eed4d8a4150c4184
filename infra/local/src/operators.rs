//! Operators of the local stack: a person at this machine is each of them.
//!
//! The console's key follows from the token that `credentials.json` keeps, so that a restart signs nobody
//! out. The function itself reads it where it reads it in the cloud, from Secrets Manager.

use anyhow::{Context, anyhow};
use payonce_app::console::{ConsoleKeys, Login, Role, Session};
use payonce_domain::{Digest, OperatorId, Span, Timestamp};

use crate::endpoints::OperatorLink;

/// How long a link that nobody used holds: with one clock, days pass in seconds.
const LINK_DAYS: u64 = 30;
/// The year 2100: what an operator's programs show does not end while anybody tries things out.
const FAR_MS: u64 = 4_102_444_800_000;

/// The key and what is signed with it.
#[derive(Debug)]
pub(crate) struct Operators {
    key: String,
    keys: ConsoleKeys,
}

impl Operators {
    /// The operators of a stack with this token.
    pub(crate) fn of(token: &str) -> anyhow::Result<Self> {
        let key = Digest::of(format!("console {token}").as_bytes()).to_hex();
        let keys = ConsoleKeys::read(&key).context("making the console's key")?;
        Ok(Self { key, keys })
    }

    /// What the secret holds.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// What a program of an operator's shows.
    pub(crate) fn token(&self) -> anyhow::Result<String> {
        Ok(self.keys.session(&Session {
            operator: OperatorId::new("program").context("naming an operator")?,
            role: Role::Operator,
            until: Timestamp::from_millis(FAR_MS),
        }))
    }

    /// A link for each role, each for a person of its own: nobody approves what he proposed.
    pub(crate) fn links(&self, front_door: &str) -> anyhow::Result<Vec<OperatorLink>> {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now = u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(0);
        let until = Timestamp::from_millis(now).plus(Span::days(LINK_DAYS));
        let people = [
            ("vera", Role::Viewer),
            ("otto", Role::Operator),
            ("anna", Role::Approver),
        ];
        let links = people.into_iter().map(|(name, role)| {
            let mut chance = [0; 16];
            getrandom::fill(&mut chance)
                .map_err(|error| anyhow!("asking for randomness: {error}"))?;
            let login = Login {
                operator: OperatorId::new(name).context("naming an operator")?,
                role,
                number: chance.iter().map(|byte| format!("{byte:02x}")).collect(),
            };
            let token = self.keys.login(&login, until);
            Ok(OperatorLink {
                operator: name.to_owned(),
                role: role.name().to_owned(),
                url: format!("{front_door}/console/login?login={token}"),
            })
        });
        links.collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_restart_signs_nobody_out_and_hands_out_new_links() {
        let (before, after) = (
            Operators::of("op_a").unwrap(),
            Operators::of("op_a").unwrap(),
        );
        assert_eq!(before.token().unwrap(), after.token().unwrap());
        assert_ne!(
            before.token().unwrap(),
            Operators::of("op_b").unwrap().token().unwrap()
        );
        let urls = |of: &Operators| -> Vec<_> {
            of.links("http://x")
                .unwrap()
                .into_iter()
                .map(|link| link.url)
                .collect()
        };
        let (first, second) = (urls(&before), urls(&after));
        assert_eq!(first.len(), 3);
        assert!(first.iter().all(|url| !second.contains(url)));
    }
}

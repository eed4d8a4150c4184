//! The one place that calls merchants: limits on time and length, no redirects, no retries.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use payonce_domain::Timestamp;
use reqwest::dns::Resolve;

use crate::address::{Address, Objection, Reach};
use crate::resolver::{Guard, System};
use crate::secret::{SigningSecret, signatures};

/// How long a connection may take to come about, looking the name up included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long a whole delivery may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How much of an answer is read, in bytes. Nobody looks at it: it is read so that the receiver's
/// server can end its answer.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// A message for one receiver.
#[derive(Clone)]
pub struct Parcel {
    /// Where to.
    pub to: String,
    /// Names the message, and stays the same whenever it is sent again.
    pub id: String,
    /// What the body is.
    pub content_type: ContentType,
    /// The message, to the byte.
    pub body: Vec<u8>,
    /// The receiver's secrets; at least one. Two while one is being replaced.
    pub secrets: Vec<SigningSecret>,
}

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentType {
    /// JSON of its own kind.
    Json,
    /// A CloudEvent in its structured form.
    CloudEvent,
}

/// What came of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// The receiver took it (2xx).
    Taken {
        /// Its HTTP status.
        status: u16,
    },
    /// The receiver answered anything else. A redirect is not followed.
    Refused {
        /// Its HTTP status.
        status: u16,
    },
    /// No answer. The message may have arrived.
    Unreachable {
        /// How it was silent.
        reason: Silence,
    },
    /// It was not sent, and will not be while its address is what it is.
    Forbidden {
        /// What stands against it.
        reason: Objection,
    },
}

/// How a receiver was silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Silence {
    /// Its name is unknown, nothing listens there, or its certificate is not good.
    #[error("no connection came about")]
    NoConnection,
    /// Nothing, or nothing whole, within the time limit.
    #[error("no answer came in time")]
    TimedOut,
    /// The exchange broke off after it began, or was no HTTP.
    #[error("the exchange broke off")]
    BrokenOff,
}

impl Receipt {
    /// Whether the receiver says that it will never again take anything there (410): Standard Webhooks
    /// asks senders to stop then.
    #[must_use]
    pub const fn is_gone(self) -> bool {
        matches!(self, Self::Refused { status: 410 })
    }
}

impl ContentType {
    const fn name(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::CloudEvent => "application/cloudevents+json",
        }
    }
}

// Bodies are the receiver's affair, and addresses can hold tokens.
impl fmt::Debug for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with {} body bytes", self.id, self.body.len())
    }
}

/// A parcel with its address checked and its signature made: what the receiver's server is sent.
#[derive(Debug, Clone)]
pub struct Signed<'a> {
    /// Where to.
    pub address: &'a Address,
    /// What, under which name.
    pub parcel: &'a Parcel,
    /// The time that is signed, in seconds.
    pub seconds: u64,
    /// The signatures.
    pub signatures: String,
}

/// What a road will have brought: the receiver's status, or how there was none.
pub type Passage<'a> = Pin<Box<dyn Future<Output = Result<u16, Receipt>> + Send + 'a>>;

/// What parcels travel on: the network, or a simulated one.
pub trait Road: Send + Sync {
    /// Carries a parcel once.
    fn carry<'a>(&'a self, signed: Signed<'a>) -> Passage<'a>;
}

/// Delivers parcels. One lives as long as the process.
#[derive(Clone)]
pub struct Courier {
    reach: Reach,
    road: Arc<dyn Road>,
}

/// The network.
struct Network {
    reach: Reach,
    resolver: Arc<dyn Resolve>,
    /// Made for the first delivery: reading the system's certificate roots takes a while.
    client: OnceLock<reqwest::Client>,
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Courier ({:?})", self.reach)
    }
}

impl Courier {
    /// A courier that goes this far.
    #[must_use]
    pub fn new(reach: Reach) -> Self {
        Self::asking(reach, Arc::new(System))
    }

    fn asking(reach: Reach, resolver: Arc<dyn Resolve>) -> Self {
        let network = Network {
            reach,
            resolver,
            client: OnceLock::new(),
        };
        Self::over(reach, Arc::new(network))
    }

    /// A courier on another road than the network.
    #[must_use]
    pub fn over(reach: Reach, road: Arc<dyn Road>) -> Self {
        Self { reach, road }
    }

    /// How far it goes.
    #[must_use]
    pub const fn reach(&self) -> Reach {
        self.reach
    }

    /// Delivers once, in at most 5 s. `now` is the time that is signed.
    pub async fn deliver(&self, parcel: &Parcel, now: Timestamp) -> Receipt {
        let address = match Address::check(&parcel.to, self.reach) {
            Ok(address) => address,
            Err(reason) => return Receipt::Forbidden { reason },
        };
        if parcel.secrets.is_empty() {
            let reason = Objection::Unsigned;
            return Receipt::Forbidden { reason };
        }
        let seconds = now.as_millis() / 1_000;
        let signed = Signed {
            address: &address,
            parcel,
            seconds,
            signatures: signatures(&parcel.secrets, &parcel.id, seconds, &parcel.body),
        };
        match self.road.carry(signed).await {
            Ok(status @ 200..=299) => Receipt::Taken { status },
            Ok(status) => Receipt::Refused { status },
            Err(receipt) => receipt,
        }
    }
}

impl Road for Network {
    fn carry<'a>(&'a self, signed: Signed<'a>) -> Passage<'a> {
        Box::pin(async move { self.send(signed).await.map_err(|error| unsent(&error)) })
    }
}

impl Network {
    async fn send(&self, signed: Signed<'_>) -> Result<u16, reqwest::Error> {
        let parcel = signed.parcel;
        let mut response = self
            .client()?
            .post(signed.address.url().clone())
            .header("content-type", parcel.content_type.name())
            .header("webhook-id", &parcel.id)
            .header("webhook-timestamp", signed.seconds)
            .header("webhook-signature", signed.signatures)
            .body(parcel.body.clone())
            .send()
            .await?;
        let mut length = 0;
        // The status was said; whether the rest arrives changes nothing.
        while let Ok(Some(chunk)) = response.chunk().await {
            length += chunk.len();
            if length > ANSWER_BYTES_MAX {
                break;
            }
        }
        Ok(response.status().as_u16())
    }

    fn client(&self) -> Result<&reqwest::Client, reqwest::Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        // Err only says that this process already chose a provider, which then is used.
        let _already_chosen = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("Payonce/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Guard {
                within: Arc::clone(&self.resolver),
                reach: self.reach,
            })
            .https_only(self.reach == Reach::Public)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            // Each delivery looks its address up anew; there are few to any one receiver.
            .pool_max_idle_per_host(0)
            // A proxy would look names up by itself.
            .no_proxy()
            .build()?;
        Ok(self.client.get_or_init(|| client))
    }
}

/// What an error says: an objection of the resolver's is found among its causes.
fn unsent(error: &reqwest::Error) -> Receipt {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(reason) = error.downcast_ref::<Objection>() {
            return Receipt::Forbidden { reason: *reason };
        }
        cause = error.source();
    }
    let reason = if error.is_timeout() {
        Silence::TimedOut
    } else if error.is_connect() || error.is_builder() {
        Silence::NoConnection
    } else {
        Silence::BrokenOff
    };
    Receipt::Unreachable { reason }
}

#[cfg(test)]
mod tests;

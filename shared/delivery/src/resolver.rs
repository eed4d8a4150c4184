//! The resolver inside the client: what it lets through is what is connected to.
//!
//! A check before the call would look a name up once and the client a second time, and whoever
//! answers for the name can answer differently (DNS rebinding). Here there is one look-up.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::address::{Objection, Reach, may_lead};

/// The machine's own resolver.
pub(crate) struct System;

impl Resolve for System {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Addrs = Box::new(found.collect::<Vec<_>>().into_iter());
            Ok(found)
        })
    }
}

/// Lets a name lead outside only.
pub(crate) struct Guard {
    pub(crate) within: Arc<dyn Resolve>,
    pub(crate) reach: Reach,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let text = name.as_str().to_owned();
        let reach = self.reach;
        let found = self.within.resolve(name);
        Box::pin(async move {
            let found: Vec<SocketAddr> = found.await?.collect();
            if found.is_empty() {
                return Err(io::Error::from(io::ErrorKind::NotFound).into());
            }
            // One address inside is enough to refuse all: no honest name leads both ways.
            if !found.iter().all(|to| may_lead(&text, to.ip(), reach)) {
                return Err(Objection::LeadsInside.into());
            }
            // Port 0 is the port of the address; a scope or port from outside has no say.
            let found = found.into_iter().map(|to| SocketAddr::new(to.ip(), 0));
            let found: Addrs = Box::new(found.collect::<Vec<_>>().into_iter());
            Ok(found)
        })
    }
}

//! A stack whose functions reach everything outside them through the counting proxy.

use payonce_local::{Stack, StackOptions};

use crate::ears::Ears;
use crate::proxy::Proxy;
use crate::receiver::Receiver;
use crate::world::World;

/// A running stack, the proxy around its functions, and the world around both.
#[derive(Debug)]
pub struct Proxied {
    /// What tests drive.
    pub world: World,
    /// What the functions call, and when they die of it.
    pub proxy: Proxy,
    stack: Stack,
}

impl Proxied {
    /// Starts it in a directory of this name, from nothing.
    ///
    /// # Errors
    /// If the stack does not start.
    pub async fn start(name: &str) -> anyhow::Result<Self> {
        Self::start_as(StackOptions::for_test(name)).await
    }

    /// Starts one of this kind.
    ///
    /// # Errors
    /// If the stack does not start.
    pub async fn start_as(options: StackOptions) -> anyhow::Result<Self> {
        let proxy = Proxy::open().await?;
        let receiver = Receiver::start().await?;
        let ears = Ears::open().await?;
        let mut notify_urls = options.notify_urls.clone();
        notify_urls.extend(ears.addresses());
        notify_urls.push(receiver.url().to_owned());
        let options = StackOptions {
            notify_urls,
            aws_proxy: Some(proxy.aws_url()),
            channel_proxy: Some(proxy.channel_url()),
            ..options
        };
        let stack = Stack::start(options).await?;
        proxy.connect(stack.endpoints());
        let world = World::around(stack.endpoints().clone(), receiver, ears)?;
        Ok(Self {
            world,
            proxy,
            stack,
        })
    }

    /// Stops it and waits until nothing is left.
    pub async fn stop(self) {
        self.stack.stop().await;
    }
}

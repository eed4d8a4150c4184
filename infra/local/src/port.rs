//! Ports that stay the same from one start to the next, because addresses with them were stored.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use anyhow::Context;

use crate::directory::Directory;

/// The port that was asked for; or else that of the last run where it is free; or else any free one. Remembered in
/// `memory`.
pub(crate) fn choose(asked: u16, memory: &Path, option: &str) -> anyhow::Result<u16> {
    let port = if asked == 0 {
        let last: u16 = std::fs::read_to_string(memory)
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(0);
        free(last)
            .or_else(|_| free(0))
            .context("finding a free port")?
    } else {
        check(asked, option)?;
        asked
    };
    Directory::write(memory, &port.to_string())?;
    Ok(port)
}

/// Whether a port that was asked for can be had; 0 always can.
pub(crate) fn check(asked: u16, option: &str) -> anyhow::Result<()> {
    free(asked)
        .map(|_| ())
        .with_context(|| format!("port {asked} is taken; free it, or choose another with {option}"))
}

fn free(port: u16) -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, port))?
        .local_addr()?
        .port())
}

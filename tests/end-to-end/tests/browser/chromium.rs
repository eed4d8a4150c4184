//! Chromium and the driver that moves it.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use end_to_end::eventually;
use thirtyfour::prelude::*;

/// How long a page may take to become what it should be; a function may have to start first.
const PATIENCE: Duration = Duration::from_secs(40);

/// Whether there is a browser on this machine.
pub(crate) fn is_here() -> bool {
    let found = |name: &str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
    };
    found("chromium") && found("chromedriver")
}

/// A window of its own, without anything remembered.
pub(crate) struct Window {
    pub(crate) driver: WebDriver,
    /// Where it saves files.
    pub(crate) downloads: PathBuf,
    process: Child,
}

impl Drop for Window {
    fn drop(&mut self) {
        // The driver's end is the browser's end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Window {
    pub(crate) async fn open(language: &str, width: u32) -> anyhow::Result<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        let process = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("starting chromedriver")?;
        let mut wanted = DesiredCapabilities::chrome();
        for argument in [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            &format!("--window-size={width},1000"),
            &format!("--accept-lang={language}"),
        ] {
            wanted.add_arg(argument)?;
        }
        let downloads = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/browser");
        std::fs::create_dir_all(&downloads)?;
        let downloads = downloads.canonicalize()?;
        let preferences = serde_json::json!({ "download.default_directory": downloads });
        wanted.add_experimental_option("prefs", preferences)?;
        let url = format!("http://127.0.0.1:{port}");
        let driver = eventually(PATIENCE, "chromedriver answers", || async {
            Ok(WebDriver::new(&url, wanted.clone()).await?)
        })
        .await?;
        Ok(Self {
            driver,
            downloads,
            process,
        })
    }

    /// Waits for an element.
    pub(crate) async fn find(&self, css: &str) -> anyhow::Result<WebElement> {
        let what = format!("{css} is on the page");
        eventually(PATIENCE, &what, || async {
            let found = self.driver.find(By::Css(css)).await;
            match found {
                Ok(element) => Ok(element),
                Err(error) => {
                    let at = self.driver.current_url().await?;
                    anyhow::bail!("{error} at {at}")
                }
            }
        })
        .await
    }

    pub(crate) async fn press(&self, css: &str) -> anyhow::Result<()> {
        let element = self.find(css).await?;
        element
            .click()
            .await
            .with_context(|| format!("pressing {css}"))
    }

    /// Keeps a picture for people.
    pub(crate) async fn picture(&self, name: &str) -> anyhow::Result<()> {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/browser");
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{name}.png"));
        self.driver.screenshot(&path).await?;
        Ok(())
    }

    /// Nothing sticks out at the side of the screen.
    pub(crate) async fn fits(&self) -> anyhow::Result<()> {
        let script = "return document.documentElement.scrollWidth <= window.innerWidth";
        let fits = self.driver.execute(script, Vec::new()).await?;
        anyhow::ensure!(*fits.json() == true, "the page is wider than the screen");
        Ok(())
    }

    pub(crate) async fn close(self) -> anyhow::Result<()> {
        let driver = self.driver.clone();
        Ok(driver.quit().await?)
    }
}

//! Chromium and the driver that moves it.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use end_to_end::eventually;
use serde_json::json;
use thirtyfour::prelude::*;

use crate::looks::{Look, PHONE_WIDTH, Screen};

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
    look: Look,
    process: Child,
}

/// Whether pages may run scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scripts {
    On,
    Off,
}

/// What a telephone's browser calls itself.
const PHONE_AGENT: &str = "Mozilla/5.0 (Linux; Android 15; Phone) AppleWebKit/537.36 (KHTML, like Gecko) \
                           Chrome/140.0.0.0 Mobile Safari/537.36";

impl Drop for Window {
    fn drop(&mut self) {
        // The driver's end is the browser's end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Window {
    pub(crate) async fn open(look: Look) -> anyhow::Result<Self> {
        Self::with(look, Scripts::On).await
    }

    pub(crate) async fn with(look: Look, scripts: Scripts) -> anyhow::Result<Self> {
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
            "--window-size=1280,1000",
            &format!("--accept-lang={}", look.language),
        ] {
            wanted.add_arg(argument)?;
        }
        let downloads = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/browser");
        std::fs::create_dir_all(&downloads)?;
        let downloads = downloads.canonicalize()?;
        let mut preferences = json!({ "download.default_directory": downloads });
        if scripts == Scripts::Off {
            preferences["profile.managed_default_content_settings.javascript"] = json!(2);
        }
        wanted.add_experimental_option("prefs", preferences)?;
        if look.screen == Screen::Phone {
            // The driver waits very long for a finger's touch where no script may run.
            let touch = scripts == Scripts::On;
            let screen =
                json!({ "width": PHONE_WIDTH, "height": 844, "pixelRatio": 2.0, "touch": touch });
            let phone = json!({ "deviceMetrics": screen, "userAgent": PHONE_AGENT });
            wanted.add_experimental_option("mobileEmulation", phone)?;
        }
        let url = format!("http://127.0.0.1:{port}");
        let driver = eventually(PATIENCE, "chromedriver answers", || async {
            Ok(WebDriver::new(&url, wanted.clone()).await?)
        })
        .await?;
        Ok(Self {
            driver,
            downloads,
            look,
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
        let widths =
            "const page = document.documentElement; return [page.scrollWidth, page.clientWidth]";
        let widths = self.driver.execute(widths, Vec::new()).await?;
        let (page, screen) = (widths.json()[0].as_u64(), widths.json()[1].as_u64());
        // A telephone's browser makes the screen as wide as what sticks out.
        let screen = match self.look.screen {
            Screen::Phone => Some(PHONE_WIDTH),
            Screen::Wide => screen,
        };
        anyhow::ensure!(
            page <= screen,
            "the page is {page:?} wide, the screen {screen:?}"
        );
        Ok(())
    }

    /// What an element says, once it is there.
    pub(crate) async fn text(&self, css: &str) -> anyhow::Result<String> {
        Ok(self.find(css).await?.text().await?)
    }

    /// Waits until an element says this.
    pub(crate) async fn says(&self, css: &str, expected: &str) -> anyhow::Result<()> {
        let what = format!("{css} says {expected}");
        eventually(PATIENCE, &what, || async {
            let said = self.driver.find(By::Css(css)).await?.text().await?;
            anyhow::ensure!(said.contains(expected), "it says {said}");
            Ok(())
        })
        .await
    }

    /// How many elements there are.
    pub(crate) async fn count(&self, css: &str) -> anyhow::Result<usize> {
        Ok(self.driver.find_all(By::Css(css)).await?.len())
    }

    /// What a script of the test's finds out on the page.
    pub(crate) async fn ask(&self, script: &str) -> anyhow::Result<serde_json::Value> {
        Ok(self
            .driver
            .execute(script, Vec::new())
            .await?
            .json()
            .clone())
    }

    pub(crate) async fn goto(&self, url: &str) -> anyhow::Result<()> {
        Ok(self.driver.goto(url).await?)
    }

    /// Forgets what pages had it remember, and every page but one.
    pub(crate) async fn begin_anew(&self) -> anyhow::Result<()> {
        let windows = self.driver.windows().await?;
        for other in windows.iter().skip(1) {
            self.driver.switch_to_window(other.clone()).await?;
            self.driver.close_window().await?;
        }
        if let Some(first) = windows.into_iter().next() {
            self.driver.switch_to_window(first).await?;
        }
        self.driver.delete_all_cookies().await?;
        Ok(self.driver.goto("about:blank").await?)
    }

    pub(crate) async fn close(self) -> anyhow::Result<()> {
        let driver = self.driver.clone();
        Ok(driver.quit().await?)
    }
}

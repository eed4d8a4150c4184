//! The one place that sends: limits on time and length, no redirects, no retries.
//!
//! A repeated call is a decision about money, so the transport never makes one by itself.

use std::future::Future;
use std::io::{self, Write};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use payonce_domain::Span;

use crate::http::{HttpAnswer, HttpRequest, Silence, Verb};

/// How long a connection may take to come about. Part of the whole exchange's time.
const CONNECT_SECONDS_MAX: u64 = 3;

/// How long a call may take. Channels ask for 8 to 10 s; the callers' own time limits allow no more.
pub(crate) const PATIENCE: Span = Span::seconds(8);

/// Refunds may take longer: a refund whose answer is lost costs a question later.
pub(crate) const PATIENCE_REFUND: Span = Span::seconds(10);

/// How long fetching a bill may take.
pub(crate) const PATIENCE_STATEMENT: Span = Span::seconds(60);

/// The longest answer to a call, in bytes. Real ones are a few thousand.
pub(crate) const ANSWER_BYTES_MAX: usize = 1 << 20;

/// The longest bill, in bytes, once it is unpacked: some six million lines.
pub(crate) const STATEMENT_BYTES_MAX: usize = 1 << 31;

/// The longest file that a bill comes in, which goes to disk.
pub(crate) const PACKED_BYTES_MAX: usize = 1 << 29;

/// The longest answer that holds a bill itself, which is verified as one and stays in memory meanwhile.
pub(crate) const ANSWERED_BYTES_MAX: usize = 1 << 27;

/// How long an unused connection is kept. A frozen function may wake to find older ones gone.
const IDLE_SECONDS_MAX: u64 = 30;

/// What a wire will have brought back.
pub type Exchange<'a> = Pin<Box<dyn Future<Output = Result<HttpAnswer, Silence>> + Send + 'a>>;

/// What a wire will have put into a file: the status it came with.
pub type Download<'a> = Pin<Box<dyn Future<Output = Result<u16, DownloadError>> + Send + 'a>>;

/// Why a file is not there.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The channel did not hand it over.
    #[error(transparent)]
    Silence(#[from] Silence),
    /// It could not be kept here.
    #[error("what was downloaded could not be kept")]
    File(#[from] io::Error),
}

/// What carries a request to a channel and its answer back: the network, or a simulated one.
pub trait Wire: std::fmt::Debug + Send + Sync {
    /// Sends a request once.
    fn send(&self, request: HttpRequest) -> Exchange<'_>;

    /// Sends a request once and writes the body of its answer to a file, as it comes. On an error, what was
    /// written is worth nothing.
    fn download<'a>(
        &'a self,
        request: HttpRequest,
        file: &'a mut (dyn Write + Send),
    ) -> Download<'a> {
        Box::pin(async move {
            let answer = self.send(request).await?;
            file.write_all(&answer.body)?;
            Ok(answer.status)
        })
    }
}

/// Sends requests to channels. Holds connections, so one lives as long as the process.
#[derive(Debug, Clone)]
pub struct Transport(Arc<dyn Wire>);

/// The network.
#[derive(Debug)]
struct Network {
    user_agent: String,
    /// Made for the first call. Reading the system's certificate roots takes longer than all else at
    /// a start, and `webhook` or an initiation through a page call no channel.
    client: OnceLock<reqwest::Client>,
}

impl Transport {
    /// A transport that names itself like this to channels; some refuse callers without a name.
    #[must_use]
    pub fn new(user_agent: &str) -> Self {
        Self::over(Arc::new(Network {
            user_agent: user_agent.to_owned(),
            client: OnceLock::new(),
        }))
    }

    /// A transport over another wire than the network.
    #[must_use]
    pub fn over(wire: Arc<dyn Wire>) -> Self {
        Self(wire)
    }

    /// Sends a request once.
    ///
    /// # Errors
    /// [`Silence`] where there is no whole answer within the request's patience.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpAnswer, Silence> {
        self.0.send(request).await
    }

    /// Sends a request once and writes the body of its answer to a file, without holding it. The answer's
    /// status.
    ///
    /// # Errors
    /// [`DownloadError`] where there is no whole answer within the request's patience, or the file cannot be
    /// written; what was written is then worth nothing.
    pub async fn download(
        &self,
        request: HttpRequest,
        file: &mut (dyn Write + Send),
    ) -> Result<u16, DownloadError> {
        self.0.download(request, file).await
    }
}

impl Wire for Network {
    fn send(&self, request: HttpRequest) -> Exchange<'_> {
        Box::pin(self.exchange(request))
    }

    fn download<'a>(
        &'a self,
        request: HttpRequest,
        file: &'a mut (dyn Write + Send),
    ) -> Download<'a> {
        Box::pin(async move {
            let bytes_max = request.answer_bytes_max;
            let mut response = self.begin(request).await?;
            body(&mut response, bytes_max, file).await?;
            Ok(response.status().as_u16())
        })
    }
}

impl Network {
    fn client(&self) -> Result<&reqwest::Client, Silence> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        // Err only says that this process already chose a provider, which then is used.
        let _already_chosen = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(&self.user_agent)
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS_MAX))
            .pool_idle_timeout(Duration::from_secs(IDLE_SECONDS_MAX))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .build()
            .map_err(|error| {
                // Without certificate roots no channel can be trusted, so none is spoken to.
                tracing::error!(%error, "no client for channels can be made: {error}");
                Silence::Unreachable
            })?;
        Ok(self.client.get_or_init(|| client))
    }

    /// Sends a request; its body is still to come, within the same patience.
    async fn begin(&self, request: HttpRequest) -> Result<reqwest::Response, Silence> {
        let mut builder = match request.verb {
            Verb::Get => self.client()?.get(&request.url),
            Verb::Post => self.client()?.post(&request.url),
        };
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        builder
            .body(request.body)
            .timeout(Duration::from_millis(request.patience.as_millis()))
            .send()
            .await
            .map_err(|error| silence(&error))
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpAnswer, Silence> {
        let bytes_max = request.answer_bytes_max;
        let mut response = self.begin(request).await?;
        let mut bytes = Vec::new();
        let whole = body(&mut response, bytes_max, &mut bytes).await;
        whole.map_err(|error| match error {
            DownloadError::Silence(silence) => silence,
            DownloadError::File(_) => Silence::BrokenOff,
        })?;
        let headers = response.headers().iter().filter_map(|(name, value)| {
            let value = value.to_str().ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        });
        Ok(HttpAnswer {
            status: response.status().as_u16(),
            headers: headers.collect(),
            body: bytes,
        })
    }
}

/// Writes a body as it comes, unless it is longer than it may be.
async fn body(
    response: &mut reqwest::Response,
    bytes_max: usize,
    file: &mut (dyn Write + Send),
) -> Result<(), DownloadError> {
    let mut left = bytes_max;
    while let Some(chunk) = response.chunk().await.map_err(|error| silence(&error))? {
        left = left.checked_sub(chunk.len()).ok_or(Silence::TooLong)?;
        file.write_all(&chunk)?;
    }
    Ok(())
}

fn silence(error: &reqwest::Error) -> Silence {
    if error.is_connect() || error.is_builder() {
        Silence::Unreachable
    } else if error.is_timeout() {
        Silence::TimedOut
    } else {
        Silence::BrokenOff
    }
}

//! A bucket of S3, of which four things are asked: read a file, write one, list folders, and nothing else.
//!
//! Requests are signed by the crate that signs for AWS's own clients and sent by the client that speaks to channels: the
//! whole client for S3 would cost more than this function is large. Bodies are read as they come; what is written carries
//! its checksum, without which a bucket with Object Lock takes nothing.

use std::time::{Duration, SystemTime};

use anyhow::{Context, bail, ensure};
use aws_sdk_dynamodb::config::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use payonce_app::audit::{Archive, Done, Taker};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long nothing may come while something is read.
const SILENCE_MAX: Duration = Duration::from_secs(20);
/// How long a whole answer may take: a file of an export has hundreds of megabytes.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(600);
/// How often a request is made that was not answered, or that S3 could not serve.
const ATTEMPTS: u32 = 3;
/// The longest list of folders, in bytes.
const LIST_BYTES_MAX: usize = 4 << 20;

/// One bucket.
pub struct Bucket {
    http: reqwest::Client,
    /// Scheme and host, for the local stack; none for AWS.
    endpoint: Option<String>,
    name: String,
    region: String,
    credentials: Credentials,
}

impl std::fmt::Debug for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Bucket").field(&self.name).finish()
    }
}

/// What is asked, but for the signature.
struct Asked<'a> {
    verb: &'static str,
    /// Below the bucket; slashes stay, all else is as in a URL already.
    path: &'a str,
    query: &'a str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Bucket {
    /// The bucket of this name, asked in the name of a function. The endpoint is the local stack's, where there is
    /// one.
    ///
    /// # Errors
    /// If no client can be made.
    pub fn new(
        function: &str,
        name: String,
        region: String,
        endpoint: Option<String>,
        credentials: Credentials,
    ) -> anyhow::Result<Self> {
        // Err only says that this process already chose a provider, which then is used.
        let _already_chosen = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .user_agent(format!("payonce/{function}"))
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(SILENCE_MAX)
            .timeout(ANSWER_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .context("making a client for S3")?;
        Ok(Self {
            http,
            endpoint,
            name,
            region,
            credentials,
        })
    }

    fn url(&self, path: &str, query: &str) -> String {
        let base = match &self.endpoint {
            Some(endpoint) => format!("{}/{}", endpoint.trim_end_matches('/'), self.name),
            None => {
                // The Chinese partition has a domain of its own.
                let end = if self.region.starts_with("cn-") {
                    ".cn"
                } else {
                    ""
                };
                format!(
                    "https://{}.s3.{}.amazonaws.com{end}",
                    self.name, self.region
                )
            }
        };
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{base}/{path}{mark}{query}")
    }

    /// The headers that prove who asks.
    fn signature(
        &self,
        asked: &Asked<'_>,
        url: &str,
        at: SystemTime,
    ) -> anyhow::Result<Vec<(String, String)>> {
        let mut settings = SigningSettings::default();
        // As S3 wants it, and no other service.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let identity = self.credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("s3")
            .time(at)
            .settings(settings)
            .build()
            .context("what to sign with")?
            .into();
        let headers = asked.headers.iter();
        let headers = headers.map(|(name, value)| (*name, value.as_str()));
        let body = SignableBody::Bytes(&asked.body);
        let request = SignableRequest::new(asked.verb, url, headers, body);
        let (signed, _) = sign(request.context("what to sign")?, &parameters)
            .context("signing")?
            .into_parts();
        let headers = signed.headers();
        Ok(headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect())
    }

    async fn once(&self, asked: &Asked<'_>) -> anyhow::Result<reqwest::Response> {
        let url = self.url(asked.path, asked.query);
        let verb = reqwest::Method::from_bytes(asked.verb.as_bytes())?;
        let mut request = self.http.request(verb, &url).body(asked.body.clone());
        for (name, value) in self.signature(asked, &url, SystemTime::now())? {
            request = request.header(name, value);
        }
        for (name, value) in &asked.headers {
            request = request.header(*name, value);
        }
        Ok(request.send().await?)
    }

    /// The answer, once S3 has one that is not its own trouble.
    async fn ask(&self, asked: &Asked<'_>) -> anyhow::Result<reqwest::Response> {
        for attempt in 1..ATTEMPTS {
            match self.once(asked).await {
                Ok(answer) if !answer.status().is_server_error() => return Ok(answer),
                Ok(_) | Err(_) => tokio::time::sleep(Duration::from_secs(attempt.into())).await,
            }
        }
        self.once(asked).await
    }
}

/// A request without a body.
fn get<'a>(path: &'a str, query: &'a str) -> Asked<'a> {
    Asked {
        verb: "GET",
        path,
        query,
        headers: Vec::new(),
        body: Vec::new(),
    }
}

impl Archive for Bucket {
    fn fetch<'a>(&'a self, name: &'a str, take: &'a mut Taker<'_>) -> Done<'a, bool> {
        Box::pin(async move {
            let asked = get(name, "");
            let mut answer = self.ask(&asked).await?;
            if answer.status().as_u16() == 404 {
                return Ok(false);
            }
            ensure!(
                answer.status().is_success(),
                "S3 answers {}",
                answer.status()
            );
            while let Some(piece) = answer.chunk().await? {
                take(&piece)?;
            }
            Ok(true)
        })
    }

    fn keep<'a>(&'a self, name: &'a str, content: Vec<u8>) -> Done<'a, ()> {
        Box::pin(async move {
            let digest = ring::digest::digest(&ring::digest::SHA256, &content);
            let asked = Asked {
                verb: "PUT",
                path: name,
                query: "",
                headers: vec![
                    ("if-none-match", "*".to_owned()),
                    ("x-amz-checksum-sha256", STANDARD.encode(digest.as_ref())),
                ],
                body: content,
            };
            let answer = self.ask(&asked).await?;
            match answer.status().as_u16() {
                // 412: it is there already, and stays what it is.
                200 | 412 => Ok(()),
                status => bail!("S3 answers {status}"),
            }
        })
    }

    fn folders<'a>(&'a self, folder: &'a str) -> Done<'a, Vec<String>> {
        Box::pin(async move {
            let prefix = folder.replace('/', "%2F");
            let query = format!("delimiter=%2F&list-type=2&prefix={prefix}");
            let asked = get("", &query);
            let mut answer = self.ask(&asked).await?;
            ensure!(
                answer.status().is_success(),
                "S3 answers {}",
                answer.status()
            );
            let mut body = Vec::new();
            while let Some(piece) = answer.chunk().await? {
                ensure!(
                    body.len() + piece.len() <= LIST_BYTES_MAX,
                    "the list is too long"
                );
                body.extend_from_slice(&piece);
            }
            folders_in(&String::from_utf8(body).context("a list of S3")?, folder)
        })
    }
}

/// The folders in a list of S3. Their names are ours and DynamoDB's: digits, letters and `-`, and nothing that XML writes
/// otherwise.
fn folders_in(list: &str, folder: &str) -> anyhow::Result<Vec<String>> {
    let cut_off = list.contains("<IsTruncated>true</IsTruncated>");
    ensure!(
        !cut_off,
        "there are more folders in {folder} than one list holds"
    );
    let parts = list.split("<CommonPrefixes>").skip(1);
    let names = parts.map(|part| {
        let prefix = part.split_once("<Prefix>")?.1.split_once("</Prefix>")?.0;
        let name = prefix.strip_prefix(folder)?.strip_suffix('/')?;
        let plain = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        plain.then(|| name.to_owned())
    });
    let names: Option<_> = names.collect();
    names.context("a list of S3 that cannot be read")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The first example in "Signature Calculations for the Authorization Header" of the S3 API reference, with another
    /// bucket's address form: the region, the time and the keys are those of the documentation.
    fn bucket() -> Bucket {
        let credentials = Credentials::new(
            "AKIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            None,
            None,
            "test",
        );
        Bucket::new(
            "audit",
            "heads".into(),
            "us-east-1".into(),
            None,
            credentials,
        )
        .unwrap()
    }

    #[test]
    fn what_is_signed_names_the_bucket_the_time_and_the_body() {
        let bucket = bucket();
        let url = bucket.url("heads/1/000", "");
        assert_eq!(url, "https://heads.s3.us-east-1.amazonaws.com/heads/1/000");
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_369_353_600);
        let headers = bucket.signature(&get("heads/1/000", ""), &url, at).unwrap();
        let of = |name: &str| {
            let mut found = headers.iter().filter(|(known, _)| known == name);
            found.next().unwrap().1.clone()
        };
        assert_eq!(of("x-amz-date"), "20130524T000000Z");
        let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(of("x-amz-content-sha256"), nothing);
        let proof = of("authorization");
        let scope = "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
        assert!(proof.contains(scope), "{proof}");
        assert!(!format!("{bucket:?}").contains("wJalr"));
    }

    #[test]
    fn folders_are_read_out_of_a_list() {
        let list = "<ListBucketResult><IsTruncated>false</IsTruncated><CommonPrefixes><Prefix>heads/017-a/</Prefix>\
            </CommonPrefixes><CommonPrefixes><Prefix>heads/018-b/</Prefix></CommonPrefixes></ListBucketResult>";
        assert_eq!(folders_in(list, "heads/").unwrap(), ["017-a", "018-b"]);
        let none = "<ListBucketResult><Prefix>heads/</Prefix></ListBucketResult>";
        assert_eq!(folders_in(none, "heads/").unwrap(), Vec::<String>::new());
        let cut = list.replace("false", "true");
        assert!(folders_in(&cut, "heads/").is_err());
        let odd = list.replace("017-a", "a&amp;b");
        assert!(folders_in(&odd, "heads/").is_err());
    }
}

//! An operator with a browser that runs no scripts, at the console.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use payonce_app::console::{ConsoleKeys, Login, Role};
use payonce_domain::{OperatorId, Span, Timestamp};
use reqwest::Method;

use crate::expect::same;
use crate::http::{Answer, Http};
use crate::world::World;

/// The secret that signs sessions.
const KEY: &str = "payonce/console";

/// Somebody who has come in.
#[derive(Clone, Debug)]
pub struct Operator {
    http: Http,
    origin: String,
    /// The session's cookie, as a browser sends it back.
    pub cookie: String,
    /// What the forms of this session carry.
    pub form: String,
}

/// A link that lets somebody in once, as whoever holds the stack's key makes it.
///
/// # Errors
/// If the key cannot be had.
pub async fn login(world: &World, name: &str, role: Role) -> anyhow::Result<String> {
    let key = world.aws.secret(KEY).await?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let now = Timestamp::from_millis(u64::try_from(since.as_millis())?);
    let login = Login {
        operator: OperatorId::new(name)?,
        role,
        number: format!("{name}-{}", since.as_nanos()),
    };
    // The stack's clock may run days ahead.
    Ok(ConsoleKeys::read(&key)?.login(&login, now.plus(Span::days(7))))
}

impl Operator {
    /// Comes in.
    ///
    /// # Errors
    /// If he is not let in.
    pub async fn enter(world: &World, name: &str, role: Role) -> anyhow::Result<Self> {
        let token = login(world, name, role).await?;
        let mut operator = Self::nobody(world);
        let answer = operator
            .post("/console/login", &[("login", &token)])
            .await?;
        same("he comes in", answer.status, 303)?;
        let cookie = answer.header("set-cookie").split(';').next();
        operator.cookie = cookie.unwrap_or_default().to_owned();
        let session = operator.cookie.split_once('=').context("a session")?.1;
        let key = world.aws.secret(KEY).await?;
        operator.form = ConsoleKeys::read(&key)?.form(session);
        Ok(operator)
    }

    /// Somebody who has not come in.
    #[must_use]
    pub fn nobody(world: &World) -> Self {
        Self {
            http: world.http.clone(),
            origin: world.endpoints.api_url.clone(),
            cookie: String::new(),
            form: String::new(),
        }
    }

    /// A page, or whatever is answered for it.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn open(&self, path: &str) -> anyhow::Result<Answer> {
        let request = self
            .http
            .request(Method::GET, &format!("{}{path}", self.origin));
        let request = request.header("cookie", &self.cookie);
        self.http
            .send(request.header("accept-language", "en"))
            .await
    }

    /// A page that must be there.
    ///
    /// # Errors
    /// If it is not.
    pub async fn page(&self, path: &str) -> anyhow::Result<String> {
        let answer = self.open(path).await?;
        anyhow::ensure!(answer.status == 200, "{path}: {}", answer.shown());
        Ok(String::from_utf8_lossy(&answer.bytes).into_owned())
    }

    /// Posts fields as they are.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> anyhow::Result<Answer> {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = self
            .http
            .request(Method::POST, &format!("{}{path}", self.origin));
        let request = request
            .header("cookie", &self.cookie)
            .header("accept-language", "en")
            .header("content-type", "application/x-www-form-urlencoded");
        self.http.send(request.body(body)).await
    }

    /// Presses a button, as on a page of this session.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn press(&self, path: &str, fields: &[(&str, &str)]) -> anyhow::Result<Answer> {
        let mut all = vec![("form", self.form.as_str())];
        all.extend_from_slice(fields);
        self.post(path, &all).await
    }
}

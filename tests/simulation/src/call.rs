//! Calls that leave a function: issued when first polled, answered when the world says so.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use payonce_app::{Carried, Carrier, Event, Message, Vault};
use payonce_channels::{Exchange, HttpAnswer, HttpRequest, Silence, Wire};
use payonce_delivery::{Passage, Receipt, Road, Signed};
use payonce_store::engine::{
    Answered, BatchGet, Engine, EngineError, GetItem, Item, PutItem, QueryItems, UpdateItem,
    Written,
};

use crate::world::World;

/// The world as its parts hold it. One thread at a time.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<World>>);

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the world")
    }
}

impl Shared {
    pub(crate) fn new(world: World) -> Self {
        Self(Arc::new(Mutex::new(world)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call(&self, request: Request) -> Call {
        Call {
            world: self.clone(),
            request: Some(request),
            id: 0,
        }
    }
}

/// What a function asks of the outside.
#[derive(Debug)]
pub(crate) enum Request {
    Put(Box<PutItem>),
    Get(GetItem),
    Batch(BatchGet),
    Update(Box<UpdateItem>),
    Query(Box<QueryItems>),
    Pause,
    Channel(HttpRequest),
    Send {
        queue: String,
        messages: Vec<Message>,
    },
    Invoke {
        function: String,
        payload: String,
    },
    Event {
        payment: String,
        sequence: u32,
    },
    Merchant {
        id: String,
    },
}

/// What it is answered.
#[derive(Debug)]
pub(crate) enum Answer {
    Write(Result<Written, EngineError>),
    Get(Result<Option<Item>, EngineError>),
    Batch(Result<(Vec<Item>, Vec<String>), EngineError>),
    Query(Result<Vec<Item>, EngineError>),
    Paused,
    Channel(Result<HttpAnswer, Silence>),
    Sent(Result<usize, String>),
    Told(Result<(), String>),
    Merchant(Result<u16, Receipt>),
}

struct Call {
    world: Shared,
    request: Option<Request>,
    id: u64,
}

impl Future for Call {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        let world = self.world.clone();
        let mut world = world.lock();
        match self.request.take() {
            Some(request) => {
                self.id = world.issue(request, context.waker().clone());
                Poll::Pending
            }
            None => world.answer_of(self.id, context.waker()),
        }
    }
}

/// Who waits for an answer.
pub(crate) struct Waiting {
    pub(crate) owner: u64,
    pub(crate) request: Option<Request>,
    pub(crate) issued_at: u64,
    pub(crate) answer: Option<Answer>,
    pub(crate) waker: Waker,
    pub(crate) kill_after: bool,
    pub(crate) point: &'static str,
}

macro_rules! answered {
    ($self:ident, $request:expr, $kind:ident) => {{
        let call = $self.call($request);
        Box::pin(async move {
            match call.await {
                Answer::$kind(answer) => answer,
                other => unreachable!("answered {other:?}"),
            }
        })
    }};
}

impl Engine for Shared {
    fn put(&self, put: PutItem) -> Answered<'_, Written> {
        answered!(self, Request::Put(Box::new(put)), Write)
    }

    fn get(&self, get: GetItem) -> Answered<'_, Option<Item>> {
        answered!(self, Request::Get(get), Get)
    }

    fn batch_get(&self, batch: BatchGet) -> Answered<'_, (Vec<Item>, Vec<String>)> {
        answered!(self, Request::Batch(batch), Batch)
    }

    fn update(&self, update: UpdateItem) -> Answered<'_, Written> {
        answered!(self, Request::Update(Box::new(update)), Write)
    }

    fn query(&self, query: QueryItems) -> Answered<'_, Vec<Item>> {
        answered!(self, Request::Query(Box::new(query)), Query)
    }

    fn pause(&self, _wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let call = self.call(Request::Pause);
        Box::pin(async move {
            call.await;
        })
    }
}

impl Wire for Shared {
    fn send(&self, request: HttpRequest) -> Exchange<'_> {
        answered!(self, Request::Channel(request), Channel)
    }
}

impl Carrier for Shared {
    fn send<'a>(&'a self, queue_url: &'a str, messages: Vec<Message>) -> Carried<'a, usize> {
        let queue = queue_url.to_owned();
        answered!(self, Request::Send { queue, messages }, Sent)
    }

    fn invoke<'a>(&'a self, function: &'a str, payload: String) -> Carried<'a, ()> {
        let function = function.to_owned();
        answered!(self, Request::Invoke { function, payload }, Told)
    }

    fn put_event<'a>(&'a self, _bus: &'a str, event: Event) -> Carried<'a, (), anyhow::Error> {
        if crate::canary::listens() {
            crate::canary::hear("an event", &event.detail.to_string());
        }
        let sequence = event.detail["sequence"]
            .as_u64()
            .and_then(|n| u32::try_from(n).ok());
        let call = self.call(Request::Event {
            payment: event.detail["payment"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            sequence: sequence.unwrap_or(0),
        });
        Box::pin(async move {
            match call.await {
                Answer::Told(told) => told.map_err(anyhow::Error::msg),
                other => unreachable!("answered {other:?}"),
            }
        })
    }
}

impl Vault for Shared {
    fn secret<'a>(&'a self, name: &'a str) -> Carried<'a, String, anyhow::Error> {
        let text = if name == "webhook" {
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()
        } else if self.lock().real.is_some() {
            crate::wire::secret(name).unwrap_or_default()
        } else {
            format!("{}-{name}", crate::canary::SIGNING)
        };
        Box::pin(async move { Ok(text) })
    }
}

impl Road for Shared {
    fn carry<'a>(&'a self, signed: Signed<'a>) -> Passage<'a> {
        let id = signed.parcel.id.clone();
        if crate::canary::listens() {
            let body = String::from_utf8_lossy(&signed.parcel.body);
            crate::canary::hear("a message to the merchant", &body);
        }
        answered!(self, Request::Merchant { id }, Merchant)
    }
}

//! Starting and stopping: keys and books are loaded, the address is bound, the loops begin.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

use anyhow::Context;
use axum::{Router, routing::get};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    alipay,
    books::Channel,
    connection::{Line, SeverableListener},
    control, notifier,
    rsa_key::{self, PrivateKey},
    saved::{self, Saved, SavedAccounts},
    setup::Setup,
    simulator::{Accounts, Simulator, World},
    start_page, unionpay, wechat,
};

/// What the command line says.
#[derive(Clone, Debug)]
pub struct Options {
    /// Port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The accounts to play.
    pub setup: PathBuf,
    /// Where keys, books and the clock are kept between runs.
    pub state: PathBuf,
    /// Forget what the state file holds.
    pub fresh: bool,
    /// The address that the outside uses, when a proxy stands in front.
    pub public_url: Option<String>,
    /// Where to write how many seconds the clock is ahead, for merchants whose clocks follow it. Signatures and
    /// the times of orders are then judged by it too.
    pub clock_file: Option<PathBuf>,
}

/// A simulator that answers requests.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    state: PathBuf,
    simulator: Arc<Simulator>,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// The address that was bound.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Saves the state and ends every loop. Open connections are not waited for.
    ///
    /// # Errors
    /// When the state file cannot be written.
    pub async fn stop(self) -> anyhow::Result<()> {
        for task in &self.tasks {
            task.abort();
        }
        let (simulator, state) = (self.simulator, self.state);
        tokio::task::spawn_blocking(move || saved::save(&simulator, &state))
            .await
            .context("saving the state")?
    }
}

/// Loads what was saved, makes the keys that are missing and begins to serve.
///
/// # Errors
/// When the setup or the state cannot be read, or the port is taken.
pub async fn start(options: Options) -> anyhow::Result<Running> {
    let setup = Setup::read(&options.setup)?;
    let saved = if options.fresh {
        None
    } else {
        Saved::read(&options.state)?
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))
        .await
        .with_context(|| format!("port {} cannot be used", options.port))?;
    let address = listener
        .local_addr()
        .context("asking for the bound address")?;
    let public_url = options
        .public_url
        .unwrap_or_else(|| format!("http://{address}"));

    let (world, kept) = match saved {
        Some(saved) => {
            let world = World {
                clock: saved.clock,
                books: saved.books,
                notices: saved.notices,
                numbers: saved.numbers,
                ..World::default()
            };
            (world, saved.accounts)
        }
        None => (World::default(), SavedAccounts::default()),
    };
    let accounts = tokio::task::spawn_blocking(move || make_accounts(&setup, kept))
        .await
        .context("making keys")??;

    let mut world = world;
    if let Some(file) = &options.clock_file {
        world.clock = world.clock.followed();
        saved::write_clock(file, world.clock)?;
    }
    let public_url = public_url.trim_end_matches('/').to_owned();
    let mut simulator = Simulator::new(world, Arc::new(accounts), public_url);
    simulator.clock_file = options.clock_file;
    let simulator = Arc::new(simulator);
    saved::save(&simulator, &options.state)?;
    let serving = serve(listener, Arc::clone(&simulator));
    let tasks = vec![
        tokio::spawn(serving),
        tokio::spawn(notifier::keep_notifying(Arc::clone(&simulator))),
        tokio::spawn(saved::keep_saving(
            Arc::clone(&simulator),
            options.state.clone(),
        )),
    ];
    Ok(Running {
        address,
        state: options.state,
        simulator,
        tasks,
    })
}

/// Plays the accounts of the setup: with the keys that were saved, or with new ones. Every channel
/// looks for primes at the same time.
pub(crate) fn make_accounts(setup: &Setup, saved: SavedAccounts) -> anyhow::Result<Accounts> {
    let of = |channel| {
        let accounts = setup.accounts.iter();
        let wanted: Vec<_> = accounts
            .filter(|one| one.channel == channel)
            .cloned()
            .collect();
        wanted
    };
    let stranger_key_pem = match saved.stranger_key {
        Some(pem) => pem,
        None => rsa_key::make()?,
    };
    let stranger = PrivateKey::read(&stranger_key_pem)?;
    let (alipay, wechat, unionpay) = std::thread::scope(|scope| {
        let alipay = {
            let stranger = stranger.clone();
            scope.spawn(|| alipay::Accounts::make(&of(Channel::Alipay), saved.alipay, stranger))
        };
        let wechat = {
            let stranger = stranger.clone();
            scope.spawn(|| wechat::Accounts::make(&of(Channel::Wechat), saved.wechat, stranger))
        };
        let unionpay = unionpay::Accounts::make(&of(Channel::Unionpay), saved.unionpay, stranger);
        (alipay.join(), wechat.join(), unionpay)
    });
    Ok(Accounts {
        alipay: alipay.map_err(rsa_key::panicked)??,
        wechat: wechat.map_err(rsa_key::panicked)??,
        unionpay: unionpay?,
        stranger_key_pem,
    })
}

/// Everything that can be asked.
pub(crate) fn routes(simulator: Arc<Simulator>) -> Router {
    Router::new()
        .route("/", get(start_page::show))
        .merge(control::routes())
        .merge(alipay::routes())
        .merge(wechat::routes())
        .merge(unionpay::routes())
        .with_state(simulator)
}

async fn serve(listener: TcpListener, simulator: Arc<Simulator>) {
    let routes = routes(simulator).into_make_service_with_connect_info::<Line>();
    // Accepting never fails for good: the listener waits and tries again.
    let _never_ends = axum::serve(SeverableListener::new(listener), routes).await;
}

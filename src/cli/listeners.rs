//! The listeners for mail servers: opened before anything else, so that a taken address is told at once.

use std::io::{Error, ErrorKind};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::domain::endpoint::Endpoint;
use crate::gateways::dnsbl::Door;
use crate::gateways::listener::Listener;
use crate::gateways::probe::Doors;
use crate::gateways::{Judge, dnsbl, policy, socketmap};

/// What listens for mail servers.
#[derive(Debug)]
pub(super) struct Listeners {
    /// The policy service.
    policy: Option<Listener>,
    /// The socketmap service.
    socketmap: Option<Listener>,
    /// The DNSBL.
    dnsbl: Vec<Door>,
}

impl Listeners {
    /// Opens all that the settings name.
    pub(super) async fn open(config: &Config) -> anyhow::Result<Self> {
        let gateways = &config.gateways;
        Ok(Self {
            policy: open_policy(config).await?,
            socketmap: open(gateways.socketmap.as_ref(), "gateways.socketmap.listen").await?,
            dnsbl: open_dnsbl(config).await?,
        })
    }

    /// Where they listen.
    pub(super) fn doors(&self, config: &Config) -> Doors {
        let gateways = &config.gateways;
        Doors {
            policy: gateways.policy.clone().filter(|_| self.policy.is_some()),
            socketmap: gateways.socketmap.clone().filter(|_| self.socketmap.is_some()),
            dnsbl: self.dnsbl.iter().filter_map(|door| door.addr().ok()).collect(),
        }
    }

    /// Starts to answer.
    pub(super) fn start(self, judge: &Judge, tasks: &TaskTracker, stop: &CancellationToken) {
        let gateways = &judge.config.gateways;
        if let Some(listener) = self.policy {
            tasks.spawn(policy::serve(listener, judge.clone(), gateways.policy_connections, stop.clone()));
        }
        if let Some(listener) = self.socketmap {
            tasks.spawn(socketmap::serve(listener, judge.clone(), gateways.socketmap_connections, stop.clone()));
        }
        if !self.dnsbl.is_empty() {
            let serving = dnsbl::serve(self.dnsbl, judge.clone(), stop.clone());
            tasks.spawn(async move {
                if let Err(error) = serving.await {
                    tracing::error!(error = format!("{error:#}"), "no DNSBL");
                }
            });
        }
    }
}

/// Opens one listener, if its setting names a place.
async fn open(endpoint: Option<&Endpoint>, key: &str) -> anyhow::Result<Option<Listener>> {
    let Some(endpoint) = endpoint else { return Ok(None) };
    Listener::bind(endpoint).await.map(Some).map_err(|error| explain(&error, endpoint, key))
}

/// The listener of the policy service. A default address that is taken is no reason not to start.
async fn open_policy(config: &Config) -> anyhow::Result<Option<Listener>> {
    match open(config.gateways.policy.as_ref(), "gateways.policy.listen").await {
        Err(error) if !config.gateways.policy_is_set => {
            tracing::warn!(error = format!("{error:#}"), "no policy service: its default address is taken");
            Ok(None)
        }
        opened => opened,
    }
}

/// The doors of the DNSBL.
async fn open_dnsbl(config: &Config) -> anyhow::Result<Vec<Door>> {
    let mut doors = Vec::new();
    for addr in &config.gateways.dnsbl.listen {
        doors.push(Door::bind(*addr).await.map_err(|error| explain(&error, addr, "gateways.dnsbl.listen"))?);
    }
    Ok(doors)
}

/// Says which setting to change when a place cannot be listened at.
pub(super) fn explain(error: &Error, place: &impl std::fmt::Display, key: &str) -> anyhow::Error {
    let hint = match error.kind() {
        ErrorKind::AddrInUse => "another program listens there; stop it or choose another port",
        ErrorKind::PermissionDenied => {
            "it needs a privilege: ports below 1024, folders of others; choose another place"
        }
        ErrorKind::AddrNotAvailable => "this machine has no such address",
        ErrorKind::NotFound => "there is no such folder",
        _ => "choose another place",
    };
    anyhow::anyhow!("{key} = \"{place}\": {error}; {hint}")
}

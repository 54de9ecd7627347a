//! Hands mails over to a mail server.

use std::time::Duration;

use anyhow::Context as _;
use lettre::transport::smtp::PoolConfig;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use url::Url;

/// A pool of connections to the mail server of the settings.
#[derive(Debug, Clone)]
pub struct Transport(AsyncSmtpTransport<Tokio1Executor>);

/// Why a mail was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The server said no for good (5xx).
    #[error("{0}")]
    ForGood(String),
    /// It may work later: 4xx, no connection, no TLS.
    #[error("{0}")]
    ForNow(String),
}

impl Transport {
    /// Prepares connections to `url`; none is made yet.
    ///
    /// # Errors
    /// When the URL has options that are not known.
    pub fn new(url: &Url) -> anyhow::Result<Self> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str())
            .with_context(|| "mail.smtp_url: write smtp://host:port, smtp://host:port?tls=required or smtps://host")?
            .pool_config(PoolConfig::new().max_size(4).idle_timeout(Duration::from_secs(30)))
            .timeout(Some(Duration::from_secs(30)))
            .build();
        Ok(Self(transport))
    }

    /// Hands one message over.
    ///
    /// # Errors
    /// Whether it is worth another try.
    pub async fn send(&self, message: Message) -> Result<(), Refused> {
        match self.0.send(message).await {
            Ok(_) => Ok(()),
            // A client's own error is a message that no server of this kind can take, such as an address beyond ASCII.
            Err(error) if error.is_permanent() || error.is_client() => Err(Refused::ForGood(with_causes(&error))),
            Err(error) => Err(Refused::ForNow(with_causes(&error))),
        }
    }

    /// Whether the server answers.
    ///
    /// # Errors
    /// When it does not; says why.
    pub async fn answers(&self) -> Result<bool, Refused> {
        self.0.test_connection().await.map_err(|error| Refused::ForNow(with_causes(&error)))
    }
}

/// An error with what caused it, in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = inner.source();
    }
    text.chars().take(500).collect()
}

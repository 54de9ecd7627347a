//! `postern check`: the live checks at the command line, without a database or a server.

use std::fmt::Write as _;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use super::say;
use crate::checks::{Checks, Named, Snapshot, Subject};
use crate::config::Config;
use crate::domain::dns::public_host;
use crate::domain::net::parse_addr;
use crate::domain::time::Clock;
use crate::locale::{FALLBACK, texts};
use crate::web::checked::{self, Told};

/// What is checked, and how it is printed.
#[derive(Debug, Args)]
pub(super) struct CheckCommand {
    /// The address, host name or domain, such as 203.0.113.7 or example.org.
    #[arg(value_name = "ADDRESS")]
    what: String,
    /// The name that the server says in HELO.
    #[arg(long, value_name = "NAME")]
    helo: Option<String>,
    /// The domain of the sender.
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Checks and prints.
pub(super) async fn run(config: &Config, command: &CheckCommand) -> anyhow::Result<()> {
    let checks = Checks::new(config.dns.clone()).with_origins(config.origins.clone());
    anyhow::ensure!(
        checks.are_on(),
        "there are no DNS servers to ask: dns.servers is off, or those of this machine cannot be read"
    );
    let subject = subject(&checks, command).await?;
    let snapshot = checks.run(&subject, &Clock::System).await.context("the checks did not run")?;
    let told = checked::all(&texts(FALLBACK), &snapshot);
    if command.json {
        let object = json!({ "checked": subject, "checked_at": snapshot.at.rfc3339(), "checks": told });
        return say(&serde_json::to_string_pretty(&object)?);
    }
    say(words(&snapshot, &told).trim_end())
}

/// What is to be checked: an address as it is; a name as what the DNS says that it is.
async fn subject(checks: &Checks, command: &CheckCommand) -> anyhow::Result<Subject> {
    if let Some(domain) = command.domain.as_deref().filter(|domain| public_host(domain).is_none()) {
        anyhow::bail!("“{domain}” is no domain");
    }
    let (helo, domain) = (command.helo.as_deref(), command.domain.as_deref());
    let bad = match parse_addr(&command.what) {
        Ok(addr) => return Ok(Subject::new(Some(addr), helo, domain)),
        Err(bad) => bad,
    };
    let Some(name) = public_host(&command.what) else { return Err(bad.into()) };
    match checks
        .name(&name, &Clock::System)
        .await
        .with_context(|| format!("the DNS servers did not say what {name} is"))?
    {
        Named::Host(addrs) => Ok(Subject::new(addrs.first().copied(), helo.or(Some(&name)), domain)),
        Named::Domain => Ok(Subject::new(None, None, Some(&name))),
    }
}

/// The checks for people.
fn words(snapshot: &Snapshot, told: &[Told]) -> String {
    let mut out = String::new();
    for check in told {
        let _ = writeln!(out, "{:7} {}: {}", check.outcome, check.title, check.text);
        for asked in &check.asked {
            let _ = writeln!(out, "          {}: {}", asked.question, asked.answer);
        }
        if let Some(mend) = &check.mend {
            let _ = writeln!(out, "        → {mend}");
        }
        if let Some(link) = &check.link {
            let _ = writeln!(out, "        → {link}");
        }
    }
    let _ = writeln!(out, "\n{}", checked::summary(&texts(FALLBACK), snapshot));
    out
}

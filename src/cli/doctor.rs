//! `postern doctor`: says in words what is set up wrong.

use std::net::IpAddr;
use std::time::Duration;

use super::say;
use crate::app;
use crate::config::Config;
use crate::content::Content;
use crate::desk::Desk;
use crate::domain::endpoint::Endpoint;
use crate::domain::time::Clock;
use crate::gateways::probe::{self, Said};
use crate::mail::transport::Transport;
use crate::store::{Db, Engine, staff};

/// What was found: how many faults and how many things to mind.
#[derive(Debug, Default)]
struct Findings {
    /// Things that do not work.
    faults: usize,
    /// Things to mind.
    hints: usize,
}

impl Findings {
    /// Says what to mind.
    fn hint(&mut self, text: &str) -> anyhow::Result<()> {
        self.hints += 1;
        say(&format!("  mind  {text}"))
    }

    /// Says how much was found; fails when something does not work.
    fn sum_up(&self) -> anyhow::Result<()> {
        say(&format!("\n{} fault(s), {} thing(s) to mind.", self.faults, self.hints))?;
        anyhow::ensure!(self.faults == 0, "something does not work; see above");
        Ok(())
    }

    /// Says what does not work.
    fn fault(&mut self, text: &str) -> anyhow::Result<()> {
        self.faults += 1;
        say(&format!("  WRONG {text}"))
    }
}

/// Says that something is right.
fn good(text: &str) -> anyhow::Result<()> {
    say(&format!("  ok    {text}"))
}

/// Looks at everything; fails when something does not work.
pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    let mut found = Findings::default();
    if config.edge.portal.is_some() {
        edge(config, &mut found).await?;
        gateways(config, &mut found).await?;
        return found.sum_up();
    }
    web(config, &mut found)?;
    if config.own_hosts.is_empty() {
        found.hint(
            "provider.hosts is not set: pasted refusals are recognised as ours by it; name your mail servers, such as mx1.example.org",
        )?;
    }
    match Content::read(config) {
        Ok(content) => good(&format!(
            "content: {} causes, {} articles",
            content.causes.iter().count(),
            content.articles("en").len()
        ))?,
        Err(error) => found.fault(&format!("{error:#}"))?,
    }
    let is_new = Db::would_be_new(&config.database.url);
    if is_new {
        found.hint(&format!("database: no database yet at {}; `postern serve` makes it", config.database.url))?;
    } else {
        database(config, &mut found).await?;
    }
    mail(config, &mut found).await?;
    gateways(config, &mut found).await?;
    if found.faults == 0 && !is_new {
        let app = app::connect(config.clone(), Clock::System).await?;
        followers(&app.desk, &mut found).await?;
    }
    found.sum_up()
}

/// The portal that this machine follows, and the folder of the list.
async fn edge(config: &Config, found: &mut Findings) -> anyhow::Result<()> {
    let portal = config.edge.portal.as_ref().map(ToString::to_string).unwrap_or_default();
    good(&format!("edge.portal is set: this machine follows {portal}"))?;
    if portal.starts_with("http://") {
        found.hint("edge.portal is http: the token travels in clear; good for this machine only")?;
    }
    match crate::edge::check(&config.edge).await {
        Ok(()) => good("edge.portal: the portal answers to the token")?,
        Err(error) => found.fault(&format!("edge.portal: {error:#}"))?,
    }
    if config.edge.folder.is_dir() {
        good(&format!("edge.folder is {}", config.edge.folder.display()))
    } else {
        found.hint(&format!("edge.folder {} is not there yet; `postern edge` makes it", config.edge.folder.display()))
    }
}

/// The address of the pages.
fn web(config: &Config, found: &mut Findings) -> anyhow::Result<()> {
    let url = &config.http.public_url;
    let host = url::Url::parse(url).ok().and_then(|u| u.host_str().map(ToOwned::to_owned)).unwrap_or_default();
    if url.starts_with("http://") {
        found.hint(&format!("http.public_url is {url}: without https passwords and secret links travel in clear, and the session cookie is not tied to this host"))?;
    } else {
        good(&format!("http.public_url is {url}"))?;
    }
    if matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]") {
        found.hint("http.public_url is this machine: case links in refusals lead nowhere for others")?;
    }
    if url.starts_with("https://") && config.http.trusted_proxies.is_empty() {
        found.hint(
            "http.trusted_proxies is empty: behind a reverse proxy all visitors look like one, and share its limits",
        )?;
    }
    Ok(())
}

/// The database, its tables, and whether anybody can sign in.
async fn database(config: &Config, found: &mut Findings) -> anyhow::Result<()> {
    let db = match Db::connect(&config.database.url, 1).await {
        Ok(db) => db,
        Err(error) => return found.fault(&format!("database.url: {error:#}")),
    };
    match db.missing_migrations().await {
        0 => good("database: answers, tables are up to date")?,
        n => return found.fault(&format!("database: {n} migration(s) are missing; run: postern migrate")),
    }
    if db.engine() == Engine::Sqlite {
        found.hint("database is SQLite: good for one machine; several machines need PostgreSQL")?;
    }
    if staff::has_admin(db.pool()).await? {
        good("there is an admin")
    } else {
        found.hint("there is no admin yet; `postern serve` prints a link that creates one")
    }
}

/// Where mails go.
async fn mail(config: &Config, found: &mut Findings) -> anyhow::Result<()> {
    let Some(url) = &config.mail.smtp_url else {
        return found
            .hint("mail.smtp_url is not set: mails stay in the outbox, where staff read them; senders get none");
    };
    if config.mail.from.domain() == "localhost.localdomain" {
        found.fault(
            "mail.from is not set, but mail.smtp_url is: name the sender, such as postmaster@postmaster.example.org",
        )?;
    }
    if url.scheme() == "smtp" && !url.query_pairs().any(|(key, _)| key == "tls") && !url.username().is_empty() {
        found.hint("mail.smtp_url has a password and no TLS: add ?tls=required")?;
    }
    let answer = async { Transport::new(url)?.answers().await.map_err(anyhow::Error::from) };
    match tokio::time::timeout(Duration::from_secs(20), answer).await {
        Ok(Ok(true)) => good("mail.smtp_url: the mail server answers"),
        Ok(Ok(false)) => found.fault("mail.smtp_url: the mail server answers, but not as one"),
        Ok(Err(error)) => found.fault(&format!("mail.smtp_url: {error:#}")),
        Err(_) => found.fault("mail.smtp_url: the mail server does not answer within 20 seconds"),
    }
}

/// Processes and edges that follow the list, and resolvers.
async fn followers(desk: &Desk, found: &mut Findings) -> anyhow::Result<()> {
    let crowd = desk.crowd().await?;
    let alarms = desk.alarms().await?;
    for name in &alarms {
        found.hint(&format!("gateway {name} is behind, silent or does not reach the list; see the page Gateways"))?;
    }
    if alarms.is_empty() && !crowd.followers.is_empty() {
        good(&format!(
            "gateways: {} process(es) and {} edge(s) are in step",
            crowd.followers.len(),
            crowd.edges.len()
        ))?;
    }
    Ok(())
}

/// The listeners for mail servers.
async fn gateways(config: &Config, found: &mut Findings) -> anyhow::Result<()> {
    let services = [
        ("gateways.policy.listen", &config.gateways.policy),
        ("gateways.socketmap.listen", &config.gateways.socketmap),
    ];
    if services.iter().all(|(_, at)| at.is_none()) {
        return found.hint("gateways.policy.listen is off: no Postfix can ask here");
    }
    for (key, at) in services {
        if let Some(at) = at {
            service(key, at, found).await?;
        }
    }
    Ok(())
}

/// One listener without passwords.
async fn service(key: &str, at: &Endpoint, found: &mut Findings) -> anyhow::Result<()> {
    if !at.is_local() {
        found.hint(&format!("{key} = {at}: the protocol has no passwords; keep others out by a firewall or VPN"))?;
    }
    // An address of nobody (RFC 5737): any answer in the protocol will do.
    let nobody = IpAddr::from([192, 0, 2, 1]);
    let said = match key {
        "gateways.policy.listen" => probe::policy(at, nobody).await,
        _ => probe::socketmap(at, nobody).await,
    };
    match said {
        Said::Free | Said::Listed(..) => good(&format!("{key}: Postern answers at {at}")),
        Said::Nothing if !is_reached(at).await => {
            found.hint(&format!("{key}: nothing answers at {at} now; `postern serve` will"))
        }
        _ => found.fault(&format!(
            "{key}: what listens at {at} does not answer as Postern does; another program has the port, or `postern serve` \
             is still loading its list"
        )),
    }
}

/// Whether somebody listens there.
async fn is_reached(at: &Endpoint) -> bool {
    let connecting = async {
        match at {
            Endpoint::Tcp(addr) => tokio::net::TcpStream::connect(addr).await.is_ok(),
            Endpoint::Unix(path) => tokio::net::UnixStream::connect(path).await.is_ok(),
        }
    };
    tokio::time::timeout(Duration::from_secs(3), connecting).await.unwrap_or(false)
}

//! The command line: the same acts as on the pages, beside a running server.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::app::{self, App};
use crate::config::Config;
use crate::domain::time::Clock;

mod block;
mod bulk;
mod check;
mod demo;
mod doctor;
mod edge;
mod inbound;
mod listeners;
mod lists;
mod moments;
mod read;
mod serve;
mod staff;

/// The postmaster portal for mail providers.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    long_about = "The postmaster portal for mail providers: senders ask why their mail is refused, staff decide, \
mail gateways obey.\n\nFirst steps:\n  postern serve --demo     a demonstration with invented data, on this machine only\n  postern serve            the real thing; prints a link that creates the first admin\n  postern doctor           says what is set up wrong\n\nSettings stand in postern.toml; `postern settings` lists them."
)]
struct Cli {
    /// The settings file [default: postern.toml, if there is one here].
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Work on the demonstration: `serve` makes it, with known passwords, on this machine only; other commands use its
    /// database.
    #[arg(long, global = true)]
    demo: bool,
    /// What to do.
    #[command(subcommand)]
    command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the pages, the policy service and the jobs.
    Serve,
    /// Follow a portal from a gateway's own machine and serve its listeners here, also while the portal is away.
    Edge,
    /// Manage staff.
    #[command(subcommand)]
    Staff(staff::StaffCommand),
    /// Manage tokens of programs.
    #[command(subcommand)]
    Token(staff::TokenCommand),
    /// Work on the block list.
    #[command(subcommand)]
    Block(block::BlockCommand),
    /// Read evidence (logs, bounces, headers, messages) and print what is understood, one JSON object a file.
    Read {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Print it for people.
        #[arg(long)]
        pretty: bool,
    },
    /// Read all stored evidence again, for when the reader has become better.
    Reread,
    /// Check the set-up of a sender over the DNS.
    Check(check::CheckCommand),
    /// Take a mail on standard input: an answer, a bounce, a mail to a proof (for a pipe of the mail server).
    Inbound(inbound::InboundCommand),
    /// Bring the tables of the database up to date.
    Migrate,
    /// Say what is set up wrong, in words.
    Doctor,
    /// List all settings with defaults and examples.
    Settings {
        /// As a Markdown table.
        #[arg(long)]
        markdown: bool,
    },
}

/// Runs the program; failures are one sentence on standard error.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // A mail server returns a mail for most codes; what is wrong here is no fault of its sender.
    let failure =
        if matches!(cli.command, Command::Inbound(_)) { inbound::TRY_LATER.into() } else { ExitCode::FAILURE };
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "postern: {error:#}");
            failure
        }
    }
}

/// Reads the settings and does what was asked for.
fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Settings { markdown } => return settings(markdown),
        Command::Read { files, pretty } => return read::run(&files, pretty),
        _ => {}
    }
    let (serve, edge) = (matches!(cli.command, Command::Serve), matches!(cli.command, Command::Edge));
    anyhow::ensure!(!(cli.demo && edge), "an edge follows a portal and has no database; leave --demo out");
    let config = Config::read(cli.config.as_deref(), cli.demo)?;
    start_log(&config, serve || edge)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")?;
    runtime.block_on(async {
        match cli.command {
            Command::Inbound(command) => return inbound::run(&app(config).await?, &command).await,
            Command::Serve => serve::run(config).await,
            Command::Edge => edge::run(config).await,
            Command::Staff(command) => staff::run(&app(config).await?, command).await,
            Command::Token(command) => staff::run_token(&app(config).await?, command).await,
            Command::Block(command) => block::run(&app(config).await?, command).await,
            Command::Reread => reread(&app(config).await?).await,
            Command::Check(command) => check::run(&config, &command).await,
            Command::Migrate => migrate(config).await,
            Command::Doctor => doctor::run(&config).await,
            Command::Settings { .. } | Command::Read { .. } => Ok(()),
        }
        .map(|()| ExitCode::SUCCESS)
    })
}

/// The database and everything on it, for one command.
async fn app(config: Config) -> anyhow::Result<App> {
    let app = app::connect(config, Clock::System).await?;
    demo::keep_apart(&app.desk).await?;
    Ok(app)
}

/// Writes a line to standard output; a reader that went away ends the program quietly.
fn say(line: &str) -> anyhow::Result<()> {
    match writeln!(std::io::stdout(), "{line}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        other => Ok(other?),
    }
}

/// Starts the log: to standard error, as text or JSON. Commands log warnings only.
fn start_log(config: &Config, serving: bool) -> anyhow::Result<()> {
    let level = if serving { config.log_level.as_str() } else { "warn" };
    let filter: tracing_subscriber::EnvFilter = level.parse().context("log.level")?;
    // A line that cannot be written is lost; the complaint about it would go the same way, and panic.
    let builder = tracing_subscriber::fmt()
        .log_internal_errors(false)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal());
    if config.log_json {
        builder.json().init();
    } else {
        builder.init();
    }
    Ok(())
}

/// Reads all stored evidence again.
async fn reread(app: &App) -> anyhow::Result<()> {
    let read = app.desk.reread_all().await?;
    say(&format!("Read {read} piece(s) of evidence again."))
}

/// Brings the tables up to date.
async fn migrate(config: Config) -> anyhow::Result<()> {
    let db = crate::store::Db::connect(&config.database.url, 1).await?;
    let fresh = db.migrate().await?;
    say(&match fresh {
        0 => "The tables are up to date.".to_owned(),
        n => format!("Applied {n} migration(s); the tables are up to date."),
    })
}

/// Lists the settings.
fn settings(markdown: bool) -> anyhow::Result<ExitCode> {
    if markdown {
        say(crate::config::table().trim_end())?;
        return Ok(ExitCode::SUCCESS);
    }
    for setting in crate::config::SETTINGS {
        say(&format!(
            "{} = \"{}\"\n    {}\n    Example: \"{}\"",
            setting.key, setting.default, setting.help, setting.example
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

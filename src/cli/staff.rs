//! `postern staff` and `postern token`.

use std::io::BufRead as _;

use anyhow::Context as _;
use clap::Subcommand;

use super::say;
use crate::app::App;
use crate::domain::email::Email;
use crate::domain::id::Secret;
use crate::domain::staff::Role;
use crate::domain::ticket::Who;
use crate::store::{api_tokens, staff};

/// What can be done with staff.
#[derive(Debug, Subcommand)]
pub(super) enum StaffCommand {
    /// Add a member; a password is made up and printed, or read with --password-stdin.
    Add {
        /// The address that signs in.
        email: Email,
        /// reader, agent, lead or admin.
        #[arg(long)]
        role: Role,
        /// The name that colleagues and senders see.
        #[arg(long, default_value = "")]
        name: String,
        /// Read the password from the first line of standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// List all members.
    List,
}

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token; it is shown once.
    Add {
        /// The name of the program that will use it.
        name: String,
        /// What it may do: blocks:read, blocks:write, feeds:read, feeds:write (edges); repeat for several.
        #[arg(long = "scope", required = true)]
        scopes: Vec<String>,
    },
    /// Take a token back.
    Revoke {
        /// Its name.
        name: String,
    },
    /// List all tokens.
    List,
}

/// What a token may be good for.
const SCOPES: [&str; 4] = ["blocks:read", "blocks:write", "feeds:read", "feeds:write"];

/// Does what was asked for.
pub(super) async fn run(app: &App, command: StaffCommand) -> anyhow::Result<()> {
    match command {
        StaffCommand::Add { email, role, name, password_stdin } => {
            let (password, made_up) = if password_stdin { (read_password()?, false) } else { (make_password(), true) };
            app.desk.add_staff(&Who::operator(), &email, &name, role, &password).await?;
            let shown = if made_up { format!(" with the password {password}") } else { String::new() };
            say(&format!("Added {email} as {role}{shown}."))
        }
        StaffCommand::List => {
            for member in staff::list(app.desk.db.pool()).await? {
                let disabled = if member.disabled_at.is_some() { "  (disabled)" } else { "" };
                say(&format!("{}  {}  {}{disabled}", member.email, member.role, member.name))?;
            }
            Ok(())
        }
    }
}

/// A password of 20 random letters and digits.
fn make_password() -> String {
    Secret::new().reveal().chars().take(20).collect()
}

/// The first line of standard input.
fn read_password() -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("reading the password from standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Does what was asked for.
pub(super) async fn run_token(app: &App, command: TokenCommand) -> anyhow::Result<()> {
    match command {
        TokenCommand::Add { name, scopes } => {
            if let Some(unknown) = scopes.iter().find(|s| !SCOPES.contains(&s.as_str())) {
                anyhow::bail!("there is no scope “{unknown}”; there are: {}", SCOPES.join(", "));
            }
            let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
            let secret = app.desk.add_token(&Who::operator(), &name, &scopes).await?;
            say(&format!("{}\n(shown once; send it as: Authorization: Bearer …)", secret.reveal()))
        }
        TokenCommand::Revoke { name } => {
            let revoked = api_tokens::revoke(app.desk.db.pool(), &name, app.desk.now()).await?;
            anyhow::ensure!(revoked, "there is no live token “{name}”");
            say(&format!("Took the token “{name}” back."))
        }
        TokenCommand::List => {
            for token in api_tokens::list(app.desk.db.pool()).await? {
                let state = if token.revoked_at.is_some() { "  (taken back)" } else { "" };
                say(&format!("{}  {}{state}", token.name, token.scopes))?;
            }
            Ok(())
        }
    }
}

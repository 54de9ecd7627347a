//! A mail on standard input, as a pipe of the mail server hands it over; the exit code says what becomes of it there.

use std::io::Read as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::say;
use crate::app::App;
use crate::desk::Refusal;
use crate::desk::inbound::{Envelope, Taken};

/// `EX_TEMPFAIL` of sysexits(3): the mail server keeps the mail and tries again.
pub(super) const TRY_LATER: u8 = 75;

/// `EX_NOUSER`: the mail goes back; there is nobody here of this name.
const NOBODY: u8 = 67;

/// `EX_DATAERR`: the mail goes back; it cannot be taken as it is.
const NOT_SO: u8 = 65;

/// The largest mail that is taken, in bytes.
const MOST: u64 = 64 * 1024 * 1024;

/// How the mail came.
#[derive(Debug, Args)]
pub(super) struct InboundCommand {
    /// The sender of its envelope; empty for a mail that nobody may answer.
    #[arg(long, default_value = "", value_name = "ADDRESS")]
    sender: String,
    /// The address of the portal that it goes to.
    #[arg(long, value_name = "ADDRESS")]
    recipient: String,
}

/// Takes the mail on standard input. What is printed stands in the log of the mail server, or in the mail that goes back.
pub(super) async fn run(app: &App, command: &InboundCommand) -> anyhow::Result<ExitCode> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(MOST + 1).read_to_end(&mut bytes).context("reading the mail")?;
    if bytes.len() as u64 > MOST {
        say(
            "5.3.4 This mail is too large. Please send the lines of the log that matter, or use the page of the request.",
        )?;
        return Ok(NOT_SO.into());
    }
    let envelope = Envelope { sender: command.sender.clone(), recipient: command.recipient.clone() };
    match app.desk.take_mail(&envelope, &bytes).await {
        Ok(Taken::Added(ticket)) => say(&format!("an answer in {ticket}"))?,
        Ok(Taken::Evidence(ticket)) => say(&format!("evidence of {ticket}"))?,
        Ok(Taken::Bounced(ticket)) => say(&format!("a mail of {ticket} came back"))?,
        Ok(Taken::Dropped(why)) => say(&format!("dropped: {why}"))?,
        Err(Refusal::NotFound) => {
            let form = format!("{}/requests/new", app.desk.config.http.public_url);
            say(&format!("5.1.1 No request belongs to this address (any more). Please write to us at {form}"))?;
            return Ok(NOBODY.into());
        }
        Err(refusal @ Refusal::Invalid(_)) => {
            say(&format!("5.7.0 {refusal}"))?;
            return Ok(NOT_SO.into());
        }
        Err(other) => return Err(other).context("the mail could not be taken now"),
    }
    Ok(ExitCode::SUCCESS)
}

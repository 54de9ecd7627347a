//! The demonstration's data: played through the same acts as everything else, with a clock that stands in the past.

use std::collections::BTreeMap;
use std::net::IpAddr;

use anyhow::Context as _;
use serde::Deserialize;

use super::moments;
use crate::app::App;
use crate::content;
use crate::desk::lift::{Lift, Scope};
use crate::desk::request::{Request, Submitted};
use crate::desk::ticket::Told;
use crate::desk::{Desk, Refusal};
use crate::domain::block::{Block, Lasts, NewBlock};
use crate::domain::email::Email;
use crate::domain::id::{Id, Secret};
use crate::domain::net::Net;
use crate::domain::staff::{Role, Staff};
use crate::domain::ticket::{Kind, Resolution, State, Who, without_keys};
use crate::domain::time::{Clock, DAY, HOUR, MINUTE, Time};
use crate::store::evidence::Form;
use crate::store::{blocks, outbox, secrets, staff, tickets};

/// Who can sign in: address, password, role.
pub(super) const SIGN_INS: [(&str, &str, Role); 3] = [
    ("ann@postern.example", "demo-password-ann", Role::Agent),
    ("ben@postern.example", "demo-password-ben", Role::Agent),
    ("ada@postern.example", "demo-password-ada", Role::Admin),
];

/// The file of the demonstration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Play {
    /// Blocks.
    block: Vec<PlayBlock>,
    /// Exemptions.
    exemption: Vec<PlayExemption>,
    /// Tickets.
    ticket: Vec<PlayTicket>,
}

/// One block of the demonstration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlayBlock {
    /// What is blocked.
    network: Net,
    /// Code of the cause.
    cause: String,
    /// When it began, in hours before the start.
    age_hours: i64,
    /// How long it lasts; 0: as the cause says.
    for_hours: i64,
    /// Where it stands now: `live`, `lifted` or `expired`.
    state: String,
    /// A note for staff.
    note: String,
    /// Who named it.
    source: String,
}

/// One exemption of the demonstration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlayExemption {
    /// What is exempt.
    network: Net,
    /// Why.
    note: String,
    /// How long, in days.
    days: i64,
}

/// One ticket of the demonstration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlayTicket {
    /// What is asked for.
    kind: Kind,
    /// Where it stands now.
    state: State,
    /// How it ended.
    #[serde(default)]
    resolution: Option<Resolution>,
    /// The sender's name.
    name: String,
    /// The sender's address.
    email: Email,
    /// Addresses and networks, comma separated.
    ips: String,
    /// When it came, in hours before the start.
    age_hours: i64,
    /// What the sender writes.
    message: String,
    /// What the sender pastes.
    evidence: String,
    /// Whether it looks like a machine's work.
    suspected: bool,
    /// Who works on it.
    assignee: String,
    /// What was said after.
    conversation: Vec<PlayLine>,
}

/// One line of a conversation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlayLine {
    /// `sender`, `staff` or `note`.
    by: String,
    /// What is said.
    text: String,
    /// When, in hours after the request.
    hours_after: f64,
}

/// One act, in the order of its time.
enum Act {
    /// A block begins.
    Block(PlayBlock),
    /// A block is lifted without a ticket.
    Lift(Net),
    /// A ticket comes; its conversation follows at once, each line at its time.
    Ticket(Box<PlayTicket>),
}

/// Keeps known passwords and real data apart: the demonstration fills only an empty database and marks it, and only
/// commands with `--demo` work on one with that mark.
pub(super) async fn keep_apart(desk: &Desk) -> anyhow::Result<()> {
    let (pool, url) = (desk.db.pool(), &desk.config.database.url);
    let marked = secrets::is_demo(pool).await?;
    if !desk.config.demo {
        anyhow::ensure!(
            !marked,
            "database.url: this database was filled by the demo, whose passwords are known to everybody; name another \
             one, or add --demo"
        );
    } else if !marked {
        anyhow::ensure!(
            staff::list(pool).await?.is_empty(),
            "database.url = \"{url}\": this database is in use and not by the demo, which would fill it with known \
             passwords; move the file away"
        );
    }
    Ok(())
}

/// Fills an empty database; a second start finds it as it was left.
pub(super) async fn fill(app: &App) -> anyhow::Result<()> {
    if !staff::list(app.desk.db.pool()).await?.is_empty() {
        return Ok(());
    }
    secrets::mark_demo(app.desk.db.pool()).await?;
    let play: Play = toml::from_str(&content::demo()).context("content: demo.toml")?;
    let start = app.desk.now();
    let mut people = BTreeMap::new();
    for (email, password, role) in SIGN_INS {
        let email = Email::parse(email)?;
        let name = email.as_str().split('@').next().unwrap_or_default().to_owned();
        let shown =
            format!("{}{}", name.get(..1).unwrap_or_default().to_uppercase(), name.get(1..).unwrap_or_default());
        let member = app.desk.add_staff(&Who::operator(), &email, &shown, role, password).await?;
        people.insert(name, member);
    }
    let mut acts = acts(&play, start);
    acts.sort_by_key(|(time, _)| *time);
    let mut cases = BTreeMap::new();
    for (time, act) in acts {
        let desk = at(&app.desk, time);
        match act {
            Act::Block(block) => {
                let block = begin(&desk, &block, &people).await?;
                cases.insert(block.net, block.case_code);
            }
            Act::Lift(net) => lift_plainly(&desk, net, &people).await?,
            Act::Ticket(ticket) => {
                play_ticket(&desk, &ticket, &people, &cases).await.with_context(|| ticket.email.to_string())?;
            }
        }
    }
    for exemption in play.exemption {
        let lead = people.get("ada").context("the demonstration has an admin")?;
        app.desk.add_exemption(lead, exemption.network, Lasts::For(exemption.days * DAY), &exemption.note).await?;
    }
    while app.desk.expire_blocks().await? > 0 {}
    keep_mails_at_home(&app.desk).await
}

/// A desk whose clock stands at `time`.
fn at(desk: &Desk, time: Time) -> Desk {
    Desk { clock: Clock::fixed(time), ..desk.clone() }
}

/// All acts with their times.
fn acts(play: &Play, start: Time) -> Vec<(Time, Act)> {
    let by_ticket = |net: Net| {
        let lifts = |t: &&PlayTicket| t.resolution == Some(Resolution::Lifted) && nets(&t.ips).contains(&net);
        play.ticket.iter().any(|t| lifts(&t))
    };
    let mut acts = Vec::new();
    for block in &play.block {
        let began = start.plus(-block.age_hours * HOUR);
        acts.push((began, Act::Block(block.clone())));
        if block.state == "lifted" && !by_ticket(block.network) {
            acts.push((began.plus(block.age_hours * HOUR / 3), Act::Lift(block.network)));
        }
    }
    for ticket in &play.ticket {
        acts.push((start.plus(-ticket.age_hours * HOUR), Act::Ticket(Box::new(ticket.clone()))));
    }
    acts
}

/// The networks of a ticket.
fn nets(ips: &str) -> Vec<Net> {
    ips.split(',').filter_map(|ip| Net::parse(ip.trim()).ok()).collect()
}

/// Blocks a network.
async fn begin(desk: &Desk, block: &PlayBlock, people: &BTreeMap<String, Staff>) -> anyhow::Result<Block> {
    let who = match block.source.as_str() {
        "staff" => Who::staff(people.get("ben").map_or("Ben", |b| b.name.as_str())),
        "detector" => Who::program("detector"),
        _ => Who::operator(),
    };
    let new = NewBlock {
        net: block.network,
        cause: block.cause.clone(),
        lasts: (block.for_hours > 0).then_some(Lasts::For(block.for_hours * HOUR)),
        note: block.note.clone(),
        source: block.source.clone(),
        evidence_at: None,
    };
    let added = desk.add_block(&who, new).await?.block;
    refuse(desk, block, &added).await?;
    Ok(added)
}

/// Gateways refused mail because of a block, as long as it held; of every fourth one none came.
async fn refuse(desk: &Desk, block: &PlayBlock, added: &Block) -> anyhow::Result<()> {
    if block.age_hours % 4 == 0 {
        return Ok(());
    }
    let hours = match block.state.as_str() {
        "live" => block.age_hours,
        "lifted" => block.age_hours / 3,
        _ => block.for_hours,
    };
    let (first, last) = (added.since.plus(HOUR / 4), added.since.plus(hours * HOUR * 9 / 10));
    blocks::add_hits(desk.db.pool(), &[(added.id, 3 + hours * 17 % 409, first, last.max(first))]).await?;
    Ok(())
}

/// Lifts a block without a ticket; one that has ended by itself stays so.
async fn lift_plainly(desk: &Desk, net: Net, people: &BTreeMap<String, Staff>) -> anyhow::Result<()> {
    let who = Who::staff(people.get("ann").map_or("Ann", |a| a.name.as_str()));
    match desk.lift_net(&who, net, "Mended; the holder of the network wrote to us.").await {
        Ok(_) | Err(Refusal::Invalid(_)) => Ok(()),
        Err(other) => Err(other.into()),
    }
}

/// A ticket comes and takes its course.
async fn play_ticket(
    desk: &Desk,
    play: &PlayTicket,
    people: &BTreeMap<String, Staff>,
    cases: &BTreeMap<Net, String>,
) -> anyhow::Result<()> {
    let came = desk.now();
    let play = &dated(play, came)?;
    let mut pieces = Vec::new();
    if !play.evidence.trim().is_empty() {
        let mut incoming = desk.begin_evidence(Form::Pasted, "").await?;
        let text = fill_in(&play.evidence, &desk.config.http.public_url, cases);
        desk.take_evidence(&mut incoming, text.trim_start().as_bytes()).await?;
        pieces.push(desk.complete_evidence(incoming).await?.id);
    }
    let request = Request {
        kind: play.kind,
        email: play.email.clone(),
        name: play.name.clone(),
        message: play.message.trim().to_owned(),
        typed: nets(&play.ips),
        case_code: None,
        evidence: pieces,
        once: None,
        client: client_of(&play.email),
        lang: "en".to_owned(),
        suspected: play.suspected.then(|| "too-fast".to_owned()),
    };
    let Submitted { code, secret } = desk.submit(request).await?;
    let ticket = tickets::find_by_code(desk.db.pool(), &code).await?.context("the ticket is there")?;
    let agent = people.get(&play.assignee).or_else(|| people.get("ann")).context("the demonstration has agents")?;
    if !play.assignee.is_empty() {
        at(desk, came.plus(20 * MINUTE)).assign(agent, ticket.id, ticket.version, Some(agent.id)).await?;
    }
    converse(desk, play, agent, ticket.id, &code, &secret).await?;
    finish(desk, play, agent, ticket.id).await
}

/// The ticket with all moments in its texts filled in.
fn dated(play: &PlayTicket, came: Time) -> anyhow::Result<PlayTicket> {
    let line = |line: &PlayLine| Ok(PlayLine { text: moments::fill_in(&line.text, came)?, ..line.clone() });
    Ok(PlayTicket {
        message: moments::fill_in(&play.message, came)?,
        evidence: moments::fill_in(&play.evidence, came)?,
        conversation: play.conversation.iter().map(line).collect::<anyhow::Result<_>>()?,
        ..play.clone()
    })
}

/// The address that somebody writes from: another one for each, apart from those of the servers in the story.
fn client_of(email: &Email) -> IpAddr {
    let sum = email.as_str().bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    IpAddr::from([198, 51, 100, 150 + sum % 100])
}

/// The evidence with addresses and case codes filled in.
fn fill_in(text: &str, portal: &str, cases: &BTreeMap<Net, String>) -> String {
    let mut text = text.replace("{{portal}}", portal);
    for (net, code) in cases {
        text = text.replace(&format!("{{{{case:{net}}}}}"), code);
    }
    text
}

/// A moment so many hours after the request.
fn hours_after(desk: &Desk, hours: f64) -> Time {
    #[expect(clippy::cast_possible_truncation, reason = "hours of a story, far below the bounds")]
    desk.now().plus((hours * 60.0) as i64 * MINUTE)
}

/// What was said after the request.
async fn converse(
    desk: &Desk,
    play: &PlayTicket,
    agent: &Staff,
    ticket: Id,
    code: &str,
    secret: &Secret,
) -> anyhow::Result<()> {
    let last_is_staff = play.conversation.last().is_some_and(|l| l.by == "staff");
    for (n, line) in play.conversation.iter().enumerate() {
        let then = at(desk, hours_after(desk, line.hours_after));
        let is_last = n + 1 == play.conversation.len();
        match line.by.as_str() {
            "note" => then.note(agent, ticket, line.text.trim()).await?,
            "sender" => {
                let now = then.ticket_for(code, secret).await?;
                then.sender_adds(&now, line.text.trim(), &[], None).await?;
            }
            _ if is_last && last_is_staff && play.state == State::Resolved => {}
            _ => then.answer(agent, ticket, line.text.trim(), play.state == State::Waiting || !is_last).await?,
        }
    }
    Ok(())
}

/// How the ticket ended.
async fn finish(desk: &Desk, play: &PlayTicket, agent: &Staff, ticket: Id) -> anyhow::Result<()> {
    let Some(resolution) = play.resolution else { return Ok(()) };
    let said = play.conversation.last().filter(|l| l.by == "staff");
    let hours = play.conversation.last().map_or(1.0, |l| l.hours_after) + if said.is_some() { 0.0 } else { 0.2 };
    let then = at(desk, hours_after(desk, hours));
    let text = said.map_or("Closed after your last message.", |l| l.text.trim());
    match resolution {
        Resolution::Lifted => lift_for(&then, play, agent, ticket, text).await,
        Resolution::Withdrawn => {
            let ticket = tickets::find(then.db.pool(), ticket).await?.context("the ticket is there")?;
            Ok(then.withdraw(&ticket).await?)
        }
        other => Ok(then.resolve(agent, ticket, other, text).await?),
    }
}

/// Lifts the block that a ticket is about.
async fn lift_for(desk: &Desk, play: &PlayTicket, agent: &Staff, ticket: Id, text: &str) -> anyhow::Result<()> {
    let net = nets(&play.ips).first().copied().context("a lifted ticket names a network")?;
    let now = desk.now();
    let covering = blocks::covering(desk.db.pool(), net, 10).await?;
    let Some(block) = covering.into_iter().find(|b| b.is_live(now)) else {
        return Ok(desk.resolve(agent, ticket, Resolution::Answered, text).await?);
    };
    let lift = Lift {
        block: block.id,
        scope: if block.net == net { Scope::Entry } else { Scope::Only(net) },
        reason: "The cause is mended, as the request shows.".to_owned(),
        probation: desk.config.probation,
        ticket: Some(Told { ticket: ticket.into(), answer: text.to_owned(), stays_open: false }),
    };
    desk.lift(agent, lift).await?;
    Ok(())
}

/// Marks the mails of the story as sent, so that a mail server in the settings gets none of them.
async fn keep_mails_at_home(desk: &Desk) -> anyhow::Result<()> {
    let now = desk.now().plus(DAY);
    while let Some(mail) = outbox::claim(desk.db.pool(), now, now).await? {
        outbox::sent(desk.db.pool(), mail.id, &without_keys(&mail.body), mail.created_at.plus(5_000)).await?;
    }
    Ok(())
}

//! The proofs of a ticket as sender and staff see them; the exact commands and records for the sender.

use super::shell::Shell;
use crate::app::App;
use crate::domain::block::Block;
use crate::domain::dns::is_public;
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::proof::{LABEL, Proof, Way, claimed, is_provable_range, narrower_cuts, record_text, reverse_cuts};
use crate::domain::ticket::Ticket;
use crate::domain::time::Time;
use crate::mail::message::token_address;
use crate::store::{blocks, proofs};
use crate::web::error::Result;

/// For how many addresses and ranges of a ticket proofs are offered.
const OFFERED_MOST: usize = 5;

/// How many blocks of one network are told in detail.
const DETAILS_MOST: i64 = 10;

/// One proof, given or not.
#[expect(clippy::struct_excessive_bools, reason = "a page asks for each of them alone")]
#[derive(Debug)]
pub struct Proving {
    /// Its key, for the targets of forms.
    pub id: Id,
    /// What it is over.
    pub net: Net,
    /// How it was given, in words.
    pub met: Option<String>,
    /// When.
    pub met_at: Option<Time>,
    /// Until when it can be given.
    pub until: Time,
    /// Whether that is over.
    pub is_over: bool,
    /// The command of the web request.
    pub curl: String,
    /// The address to write to, where gateways let it through.
    pub mail: Option<String>,
    /// Names at which the record may stand.
    pub names: Vec<String>,
    /// The text of the record.
    pub text: String,
    /// Whether it is looked for from time to time.
    pub is_looked_for: bool,
    /// Where the link was mailed to.
    pub mailed_to: Option<String>,
    /// Whether it is for a range, which only a record shows.
    pub is_range: bool,
    /// Names at which it has to stand together, if it stands at none of the others.
    pub parts: Vec<String>,
    /// Whether the range is narrower than an octet, so that its zone may be delegated (RFC 2317).
    pub may_be_delegated: bool,
}

/// All proofs of a ticket, and the addresses for which one can be begun.
#[derive(Debug, Default)]
pub struct Provings {
    /// The proofs.
    pub all: Vec<Proving>,
    /// The addresses and ranges without one.
    pub offered: Vec<Net>,
    /// The blocks, past and present, of what a record or a mailed link shows to be the sender's.
    pub details: Vec<Block>,
}

impl Provings {
    /// Those of a ticket.
    pub async fn of_ticket(app: &App, shell: &Shell, ticket: &Ticket) -> Result<Self> {
        let pool = app.desk.db.pool();
        let proofs = proofs::of_ticket(pool, ticket.id).await?;
        let asked = app.desk.asked_about(ticket.id).await?;
        let is_free =
            |net: &Net| !proofs.iter().any(|proof| serves(app, shell.now, proof, *net) && has_use(proof, shell.now));
        let offered = asked.into_iter().filter(|net| is_provable(*net)).filter(is_free);
        let offered = if ticket.is_open() { offered.take(OFFERED_MOST).collect() } else { Vec::new() };
        let details = details(app, shell.now, &proofs).await?;
        Ok(Self { all: proofs.iter().map(|proof| tell(app, shell, proof)).collect(), offered, details })
    }

    /// Whether there is anything to show.
    #[must_use]
    pub fn is_there(&self) -> bool {
        !self.all.is_empty() || !self.offered.is_empty()
    }
}

/// The blocks that are told in detail: those of the networks whose proofs show more than a process there.
async fn details(app: &App, now: Time, proofs: &[Proof]) -> Result<Vec<Block>> {
    let mut all: Vec<Block> = Vec::new();
    for proof in proofs.iter().filter(|proof| proof.opens_more(now)) {
        let covering = blocks::covering(app.desk.db.pool(), proof.net, DETAILS_MOST).await?;
        all.extend(
            covering.into_iter().filter(|block| !all.iter().any(|known| known.id == block.id)).collect::<Vec<_>>(),
        );
    }
    Ok(all)
}

/// Whether a proof can be given for what a ticket is about.
fn is_provable(net: Net) -> bool {
    if net.is_single() { is_public(net.first()) } else { is_provable_range(net) }
}

/// Whether a proof stands for what a ticket is about: that of a range for itself only, that of a /64 while nothing narrower
/// blocks the address.
fn serves(app: &App, now: Time, proof: &Proof, net: Net) -> bool {
    if proof.is_range() {
        return proof.net == net;
    }
    let block = app.desk.blocklist.find(net.first(), now).map(|hit| hit.net);
    proof.net.covers(net) && claimed(net.first(), block).covers(proof.net)
}

/// Whether a proof was given or still can be.
fn has_use(proof: &Proof, now: Time) -> bool {
    proof.met_at.is_some() || proof.is_open(now)
}

/// One proof with its commands and records.
fn tell(app: &App, shell: &Shell, proof: &Proof) -> Proving {
    let token = |way: Way| app.desk.proof_token(way, proof.id);
    let family = if proof.net.is_v4() { "-4" } else { "-6" };
    let settings = &app.desk.config;
    let way = |way: Way| {
        let detail = proof.met_detail.clone().unwrap_or_default();
        shell.t2("proof-met", "way", shell.word("proof-way", way.as_str()), "detail", detail)
    };
    Proving {
        id: proof.id,
        net: proof.net,
        met: proof.met_way.map(way),
        met_at: proof.met_at,
        until: proof.expires_at,
        is_over: !has_use(proof, shell.now),
        curl: format!("curl {family} -X POST {}/prove/{}", shell.public_url, token(Way::Web)),
        mail: settings.gateways.policy_first.then(|| token_address(&settings.mail, "unblock", &token(Way::Mail))),
        names: reverse_cuts(proof.net).into_iter().map(|cut| format!("{LABEL}.{cut}")).collect(),
        text: record_text(&token(Way::Dns)),
        is_looked_for: proof.look_at.is_some(),
        mailed_to: proof.mailed_to.clone(),
        is_range: proof.is_range(),
        parts: narrower_cuts(proof.net).into_iter().map(|cut| format!("{LABEL}.{cut}")).collect(),
        may_be_delegated: proof.is_range() && proof.net.is_v4() && proof.net.prefix_len() > 24,
    }
}

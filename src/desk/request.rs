//! A sender asks: a request becomes a ticket, or joins the open one of the same sender and address.

use std::net::IpAddr;

use super::bounds::Bound;
use super::evidence::{addresses, findings};
use super::{About, Desk, Done, Refusal};
use crate::domain::email::Email;
use crate::domain::id::{Id, Secret, hash, ticket_code};
use crate::domain::net::Net;
use crate::domain::ticket::{Actor, By, Kind, Message, State, Ticket, Who};
use crate::domain::time::{HOUR, Time};
use crate::mail::notice;
use crate::store::evidence::Owner;
use crate::store::outbox::Auto;
use crate::store::tickets::{self, Hidden, Origin};
use crate::store::{Tx, assessments, blocks, evidence, held, limits, messages, outbox};

/// How many requests may join one ticket.
const JOINS_MOST: i64 = 20;

/// A request as the form gives it, checked.
#[derive(Debug, Clone)]
pub struct Request {
    /// What is asked for.
    pub kind: Kind,
    /// Where answers go.
    pub email: Email,
    /// The sender's name, one line.
    pub name: String,
    /// What the sender writes.
    pub message: String,
    /// Addresses and networks that were typed.
    pub typed: Vec<Net>,
    /// The case code it came from.
    pub case_code: Option<String>,
    /// Held pieces of evidence.
    pub evidence: Vec<Id>,
    /// What tells a second sending of the same form: random letters that the form carried.
    pub once: Option<String>,
    /// Who submits it.
    pub client: IpAddr,
    /// The language of pages and mails.
    pub lang: String,
    /// Why it looks like a machine's work.
    pub suspected: Option<String>,
}

/// What came of a request: the same whether it became a ticket or was added to an open one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// Its public code.
    pub code: String,
    /// What opens its status page.
    pub secret: Secret,
}

impl Desk {
    /// Stores a request durably. The answer may go out when this returns. The second sending of a form gets the same
    /// answer as the first.
    ///
    /// # Errors
    /// `Beyond` when that is more than is taken from this visitor, its neighbourhood, this mail address or in all: then it
    /// can be held. When the database does not take it; in either case nothing of it is stored.
    pub async fn submit(&self, request: Request) -> Done<Submitted> {
        let bounds = self.bounds_of_request("request", &request);
        if !self.has_room(&bounds) {
            return self.submitted_before(&request).await?.ok_or(Refusal::Beyond);
        }
        self.take(&request, &bounds, None).await
    }

    /// What bounds the requests like this one.
    pub(super) fn bounds_of_request(&self, what: &str, request: &Request) -> [Bound; 4] {
        let [own, near, all] = self.bounds_of(what, request.client);
        [own, near, self.bound_of_mail(what, &request.email), all]
    }

    /// Stores a request, counted in `bounds`, or the one that was `held` until now.
    pub(super) async fn take(&self, request: &Request, bounds: &[Bound], held: Option<Id>) -> Done<Submitted> {
        let once = self.once(request);
        let secret = once.as_ref().map_or_else(Secret::new, |(_, secret)| secret.clone());
        let mut tx = self.db.begin().await?;
        // Two submissions of one sender take turns, so that the second finds the ticket of the first.
        limits::take_turn(&mut tx, &format!("request:{}", hash(request.email.folded().as_bytes()))).await?;
        let before = match &once {
            Some((once_hash, _)) => tickets::find_by_once(&mut *tx, once_hash).await?,
            None => None,
        };
        if let Some(id) = held
            && !held::confirm(&mut *tx, id, self.now()).await?
        {
            return Err(Refusal::NotFound);
        }
        let mut counts = Vec::new();
        let ticket = if let Some(ticket) = before {
            self.add_missing(&mut tx, owner(&ticket), &request.evidence).await?;
            ticket
        } else {
            counts = self.count_in(&mut tx, bounds).await?.ok_or(Refusal::Beyond)?;
            self.open_ticket(&mut tx, request, once.map(|(hash, _)| hash), &secret).await?
        };
        tx.commit().await?;
        self.learn(bounds, &counts);
        self.follow().await;
        Ok(Submitted { code: ticket.code, secret })
    }

    /// Gives a ticket the pieces that it does not have yet: somebody went back, chose a file, and sent the form again.
    pub(super) async fn add_missing(&self, tx: &mut Tx, owner: Owner, pieces: &[Id]) -> sqlx::Result<()> {
        let page = owner.join.unwrap_or(owner.ticket);
        let known: Vec<String> = evidence::of_ticket(&mut **tx, page).await?.into_iter().map(|e| e.sha256).collect();
        let mut added = Vec::new();
        for id in pieces {
            let piece = evidence::find(&mut **tx, *id).await?;
            let is_new = piece.is_some_and(|piece| !known.contains(&piece.sha256));
            if is_new && evidence::attach(&mut **tx, *id, owner).await? {
                added.push(*id);
            }
        }
        self.name_found(tx, page, &added).await
    }

    /// What came of the very same form before, if it was sent before.
    pub async fn submitted_before(&self, request: &Request) -> Done<Option<Submitted>> {
        let Some((once_hash, secret)) = self.once(request) else { return Ok(None) };
        let ticket = tickets::find_by_once(self.db.pool(), &once_hash).await?;
        Ok(ticket.map(|ticket| Submitted { code: ticket.code, secret }))
    }

    /// What tells a second sending of the same form, and the secret that both get. A different content is a different form.
    pub(super) fn once(&self, request: &Request) -> Option<(String, Secret)> {
        let key = request.once.as_deref().filter(|key| (16..=200).contains(&key.len()))?;
        let typed: Vec<String> = request.typed.iter().map(ToString::to_string).collect();
        let parts = [key, request.kind.as_str(), &request.email.folded(), &request.message, &typed.join(",")];
        let material = hash(parts.join("\0").as_bytes());
        Some((hash(format!("once {material}").as_bytes()), Secret::derived(&self.status_key, material.as_bytes())))
    }

    /// The open ticket of this sender for one of the addresses, woken. What looks like a machine's work joins nothing.
    async fn open_twin(&self, tx: &mut Tx, request: &Request) -> sqlx::Result<Option<Ticket>> {
        if request.suspected.is_some() {
            return Ok(None);
        }
        for net in &request.typed {
            if let Some(ticket) = tickets::find_open_twin(&mut **tx, &request.email, *net).await? {
                // What is too much for one ticket becomes another one, so that nothing is lost and nobody is shut out.
                let has_room = tickets::count_joined(&mut **tx, ticket.id).await? < JOINS_MOST;
                let woken = has_room && tickets::wake(&mut **tx, ticket.id, self.now()).await?;
                return Ok(Some(ticket).filter(|_| woken));
            }
        }
        Ok(None)
    }

    /// Makes a ticket of a request, or a row of its own beside the open ticket that it is added to.
    async fn open_ticket(
        &self,
        tx: &mut Tx,
        request: &Request,
        once_hash: Option<String>,
        secret: &Secret,
    ) -> Done<Ticket> {
        let whole = self.open_twin(tx, request).await?;
        let ticket = Ticket { joined_to: whole.as_ref().map(|whole| whole.id), ..new_ticket(request, self.now()) };
        let nets = self.write_ticket(tx, request, &ticket, once_hash, secret).await?;
        if let Some(whole) = whole {
            self.tell_of_joining(tx, &whole, &ticket, &request.typed).await?;
        } else {
            self.open_mail_token(tx, ticket.id).await?;
            let mail = notice::received(self.notice_setting(), &ticket, &nets, secret.reveal());
            self.notify(tx, &ticket, mail, Auto::Generated).await?;
        }
        Ok(ticket)
    }

    /// Writes a ticket with all that its request brought, and asks for its checks and assessment; gives what it is about.
    pub(super) async fn write_ticket(
        &self,
        tx: &mut Tx,
        request: &Request,
        ticket: &Ticket,
        once_hash: Option<String>,
        secret: &Secret,
    ) -> Done<Vec<Net>> {
        let now = self.now();
        let hidden = Hidden { once_hash, client: request.client.to_string() };
        tickets::insert(&mut **tx, ticket, &hidden).await?;
        tickets::add_link(&mut **tx, ticket.id, &secret.hash(), now).await?;
        messages::insert(&mut **tx, &words_of(ticket, owner(ticket), &request.message, now), None).await?;
        for id in &request.evidence {
            if !evidence::attach(&mut **tx, *id, owner(ticket)).await? {
                return Err(Refusal::Stale);
            }
        }
        let nets = self.name_networks(tx, ticket, request).await?;
        self.name_found(tx, ticket.id, &request.evidence).await?;
        self.want_snapshot(tx, ticket.id, Actor::System).await?;
        assessments::want(&mut **tx, ticket.id, now).await?;
        let detail = request.suspected.as_deref().unwrap_or_default();
        self.record(tx, &Who::sender(), "ticket.received", detail, About::ticket(ticket.id)).await?;
        Ok(nets)
    }

    /// Tells staff that a request was added to a ticket, and which addresses it names beside those of the ticket; and
    /// the sender by mail, once an hour at most. Those addresses are not added: nobody knows whose they are.
    async fn tell_of_joining(&self, tx: &mut Tx, whole: &Ticket, joined: &Ticket, typed: &[Net]) -> Done<()> {
        let known = tickets::networks(&mut **tx, whole.id).await?;
        let others = typed.iter().filter(|net| !known.iter().any(|(named, _)| named == *net));
        let detail: Vec<String> = std::iter::once(joined.code.clone()).chain(others.map(ToString::to_string)).collect();
        self.record(tx, &Who::sender(), "ticket.joined", &detail.join(" "), About::ticket(whole.id)).await?;
        let since = self.now().plus(-HOUR);
        if !outbox::was_told(&mut **tx, whole.id, notice::JOINED, since).await? {
            let secret = self.fresh_link(tx, whole.id).await?;
            let mail = notice::joined(self.notice_setting(), whole, secret.reveal());
            self.notify(tx, whole, mail, Auto::Generated).await?;
        }
        Ok(())
    }

    /// Notes the addresses that the reader found in pieces of evidence.
    pub(super) async fn name_found(&self, tx: &mut Tx, ticket: Id, pieces: &[Id]) -> sqlx::Result<()> {
        for id in pieces {
            let Some(piece) = evidence::find(&mut **tx, *id).await? else { continue };
            for net in addresses(&findings(&piece)) {
                tickets::add_network(&mut **tx, ticket, net, Origin::Evidence).await?;
            }
        }
        Ok(())
    }

    /// Notes which networks a ticket is about: those typed, and that of the case link.
    async fn name_networks(&self, tx: &mut Tx, ticket: &Ticket, request: &Request) -> sqlx::Result<Vec<Net>> {
        let mut nets = request.typed.clone();
        for net in &request.typed {
            tickets::add_network(&mut **tx, ticket.id, *net, Origin::Typed).await?;
        }
        if let Some(code) = &request.case_code
            && let Some(block) = blocks::find_by_case(&mut **tx, code).await?
        {
            tickets::add_network(&mut **tx, ticket.id, block.net, Origin::Case).await?;
            if !nets.iter().any(|net| block.net.covers(*net)) {
                nets.push(block.net);
            }
        }
        Ok(nets)
    }
}

/// The ticket of a request.
pub(super) fn new_ticket(request: &Request, now: Time) -> Ticket {
    Ticket {
        id: Id::new(now),
        code: ticket_code(),
        kind: request.kind,
        state: State::New,
        resolution: None,
        suspected: request.suspected.clone(),
        email: request.email.clone(),
        name: request.name.clone(),
        lang: request.lang.clone(),
        assignee_id: None,
        joined_to: None,
        version: 1,
        created_at: now,
        queued_at: now,
        updated_at: now,
        resolved_at: None,
    }
}

/// Whose words and files those of a ticket's page are: unverified ones of the whole ticket if it was added to one.
pub(super) fn owner(ticket: &Ticket) -> Owner {
    match ticket.joined_to {
        Some(whole) => Owner { ticket: whole, join: Some(ticket.id), by: By::Unverified },
        None => Owner { ticket: ticket.id, join: None, by: By::Sender },
    }
}

/// What somebody writes in the form of a request or on its page.
pub(super) fn words_of(ticket: &Ticket, owner: Owner, text: &str, now: Time) -> Message {
    let Owner { ticket: whole, join, by } = owner;
    Message {
        id: Id::new(now),
        ticket_id: whole,
        join_id: join,
        at: now,
        author_kind: by,
        author: ticket.name.clone(),
        text: text.to_owned(),
        purged_at: None,
    }
}

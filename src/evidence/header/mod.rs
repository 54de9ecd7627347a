//! Extended headers: the way a mail took, what was checked on it, and what filters thought of it.
//!
//! [`read`] takes what people paste and gives a [`Header`]. The rooms: `block` finds the header and its
//! fields, `received` reads one hop, `hops` makes a chain of them, `border` finds where the mail came
//! in, `authres` and `spf` read what the receiver checked, `spam` explains filters, `parts` the rest.
//!
//! Everything shown stands in the text; what it does not say is `None`. Work is linear in the text,
//! and the findings are bounded whatever the text is.

mod authres;
mod block;
mod border;
pub(crate) mod date;
mod hops;
mod list;
pub(crate) mod names;
mod net;
mod parts;
mod received;
mod software;
mod spam;
mod spf;
mod token;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

pub use authres::{AuthResult, AuthResults, Verdict};
use block::Field;
pub use hops::Hop;
pub(crate) use net::organisation;
pub use parts::DkimSignature;
pub(crate) use parts::tag;
pub use spam::Explained;

use crate::evidence::Context;
use received::Received;
use spf::Client;

/// What a header says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The address that brought the mail into the receiver's network.
    pub border_ip: Option<IpAddr>,
    /// What that client called itself.
    pub border_helo: Option<String>,
    /// The name of that address, as the receiver looked it up.
    pub border_rdns: Option<String>,
    /// Which hop that was, 0 being the newest.
    pub border_hop: Option<usize>,
    /// The software that took the mail at the border.
    pub mta: Option<String>,
    /// How many `Received` fields there are.
    pub received_count: usize,
    /// The hops, newest first, at most [`MOST_HOPS`].
    pub hops: Vec<Hop>,
    /// Seconds from the oldest hop to the newest.
    pub total_seconds: Option<i64>,
    /// What the topmost `Authentication-Results` says, by method.
    pub auth_results: BTreeMap<String, Verdict>,
    /// How many such fields there are.
    pub auth_results_count: usize,
    /// The fields in full, topmost first, at most [`MOST_FIELDS`].
    pub auth_fields: Vec<AuthResults>,
    /// The result of the topmost `Received-SPF`.
    pub received_spf: Option<String>,
    /// How many ARC sets there are.
    pub arc_sets: usize,
    /// The DKIM signatures, topmost first, at most [`MOST_FIELDS`].
    pub dkim_signatures: Vec<DkimSignature>,
    /// Fields that spam filters wrote: name to values.
    pub spam_headers: BTreeMap<String, Vec<String>>,
    /// What those fields mean.
    pub explained: Vec<Explained>,
    /// The identifier of the message, as written.
    pub message_id: Option<String>,
    /// The domain of the author.
    pub from_domain: Option<String>,
    /// The domain of the envelope sender.
    pub return_path_domain: Option<String>,
    /// The date of the message: RFC 3339, or as written if it cannot be read.
    pub date: Option<String>,
    /// Where to unsubscribe.
    pub list_unsubscribe: Vec<String>,
    /// Whether that takes one click (RFC 8058).
    pub list_unsubscribe_post: bool,
    /// First line of the header in the pasted text.
    pub line: usize,
}

/// The most hops that are read; more are counted only.
pub const MOST_HOPS: usize = 200;

/// The most fields of one kind that are read in full.
pub const MOST_FIELDS: usize = 20;

/// Finds and reads the header in a pasted text.
#[must_use]
pub fn read(text: &[u8], context: &Context) -> Option<Header> {
    let place = block::find(text)?;
    let text = block::text(text, place);
    let fields = block::fields(&text, place);
    let mut header = Header { line: place.line, ..Header::default() };
    checks(&mut header, &fields);
    way(&mut header, &fields, context);
    message(&mut header, &fields);
    (header.spam_headers, header.explained) = spam::read(&fields);
    Some(header)
}

/// The fields of one name.
fn named<'f, 't>(fields: &'f [Field<'t>], name: &'f str) -> impl Iterator<Item = &'f Field<'t>> {
    fields.iter().filter(move |field| field.is(name))
}

/// The value of the first field of a name.
fn first<'f>(fields: &'f [Field<'_>], name: &'f str) -> Option<&'f str> {
    named(fields, name).next().map(|field| field.value.as_ref())
}

/// Reads what servers checked: SPF, DKIM, DMARC, ARC.
fn checks(header: &mut Header, fields: &[Field<'_>]) {
    let results = || named(fields, "Authentication-Results");
    header.auth_results_count = results().count();
    header.auth_fields = results().take(MOST_FIELDS).map(|field| authres::read(&field.value)).collect();
    header.auth_results = header.auth_fields.first().map(authres::verdicts).unwrap_or_default();
    header.received_spf = named(fields, "Received-SPF").find_map(|field| spf::result(&field.value));
    let instances: BTreeSet<&str> =
        named(fields, "ARC-Seal").filter_map(|field| parts::tag(&field.value, "i")).take(64).collect();
    header.arc_sets = instances.len();
    let signatures = named(fields, "DKIM-Signature").take(MOST_FIELDS);
    header.dkim_signatures = signatures.map(|field| parts::dkim(&field.value)).collect();
}

/// Reads the hops and finds the border.
fn way(header: &mut Header, fields: &[Field<'_>], context: &Context) {
    header.received_count = named(fields, "Received").count();
    let some = named(fields, "Received").take(MOST_HOPS);
    let mut hops: Vec<(usize, Received<'_>)> = some.map(|field| (field.line, received::read(&field.value))).collect();
    hops::newest_first(&mut hops);
    header.hops = hops::show(&hops);
    header.total_seconds = if header.received_count > hops.len() { None } else { hops::total(&hops) };
    let clients = spf::clients(fields, &header.auth_fields);
    let plain: Vec<Received<'_>> = hops.into_iter().map(|(_, hop)| hop).collect();
    match border::find(&plain, &clients, &recipients(fields), context) {
        Some(index) if !border::is_cut(&plain, index, &clients) => cross(header, &plain, index),
        found => {
            header.mta = found.and_then(|index| software::of(plain.get(index)?, None));
            without_hops(header, whole(clients));
        }
    }
}

/// The client that was checked topmost, with what lower fields tell about the same address.
fn whole(clients: Vec<Client>) -> Client {
    let mut clients = clients.into_iter();
    let mut first = clients.next().unwrap_or_default();
    for other in clients.filter(|other| other.ip == first.ip).collect::<Vec<_>>() {
        first.helo = first.helo.or(other.helo);
        first.rdns = first.rdns.or(other.rdns);
    }
    first
}

/// Tells the client of the border hop.
fn cross(header: &mut Header, hops: &[Received<'_>], index: usize) {
    let Some(hop) = hops.get(index) else { return };
    header.border_hop = Some(index);
    header.mta = (0..=index)
        .rev()
        .find_map(|at| software::of(hops.get(at)?, at.checked_sub(1).and_then(|above| hops.get(above))));
    header.border_ip = hop.ip;
    header.border_helo = hop.helo.map(hops::short);
    header.border_rdns = hop.rdns.map(hops::short);
}

/// Where the hop at the border was not pasted, what the receiver checked still names the client.
fn without_hops(header: &mut Header, client: Client) {
    header.border_ip = client.ip;
    header.border_helo = client.helo;
    header.border_rdns = client.rdns;
}

/// Domains that the mail was delivered for, as the receiver wrote them.
fn recipients(fields: &[Field<'_>]) -> Vec<String> {
    const NAMES: &[&str] = &["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To"];
    NAMES.iter().filter_map(|name| first(fields, name)).filter_map(parts::domain).collect()
}

/// Reads the fields that the sender wrote.
fn message(header: &mut Header, fields: &[Field<'_>]) {
    header.message_id = named(fields, "Message-ID").find_map(|field| parts::message_id(&field.value));
    header.from_domain = named(fields, "From").find_map(|field| parts::domain(&field.value));
    header.return_path_domain = first(fields, "Return-Path").and_then(parts::domain);
    header.date = first(fields, "Date").filter(|date| !date.is_empty()).map(shown_date);
    header.list_unsubscribe = first(fields, "List-Unsubscribe").map(parts::uris).unwrap_or_default();
    header.list_unsubscribe_post = first(fields, "List-Unsubscribe-Post").is_some_and(parts::one_click);
}

/// A date in one form, or as written.
fn shown_date(text: &str) -> String {
    date::parse(text).map_or_else(|| hops::short(text), |stamp| stamp.rfc3339())
}

#[cfg(test)]
mod tests;

//! Where an address stands: what the block list says of it now, as pages for senders show it.

use std::net::IpAddr;

use crate::app::App;
use crate::blocklist::Verdict;
use crate::blocklist::index::Hit;
use crate::domain::block::{Action, Block, case_path};
use crate::domain::net::{Net, is_public};
use crate::domain::time::Time;
use crate::store::{blocks, probations};

/// An entry of the block list, as anybody may see it: no notes, no sources, no evidence.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What is blocked.
    pub net: Net,
    /// Code of the cause.
    pub code: String,
    /// The cause in two or three words.
    pub title: String,
    /// The cause in a sentence.
    pub summary: String,
    /// What gateways do.
    pub action: Action,
    /// When it began; unknown while the database is away.
    pub since: Option<Time>,
    /// When it ends by itself.
    pub until: Option<Time>,
    /// Its case page.
    pub link: String,
    /// Its case code.
    pub case: String,
    /// How often it refused mail; unknown while the database is away.
    pub hits: Option<Hits>,
}

/// What an entry refused.
#[derive(Debug, Clone, Copy)]
pub struct Hits {
    /// How often.
    pub count: i64,
    /// When first.
    pub first: Option<Time>,
    /// When last.
    pub last: Option<Time>,
}

impl Hits {
    /// What this block refused.
    fn of(block: &Block) -> Self {
        Self { count: block.hits, first: block.first_hit_at, last: block.last_hit_at }
    }
}

/// Where an address stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The address.
    pub addr: IpAddr,
    /// The entry that answers for it.
    pub entry: Option<Entry>,
    /// Whether the list is not yet complete, so that nothing can be said.
    pub unknown: bool,
    /// Until when it is on probation.
    pub probation: Option<Time>,
}

impl Standing {
    /// Whether it is free only because no mail comes to us from addresses of its kind.
    #[must_use]
    pub fn never_arrives(&self) -> bool {
        self.entry.is_none() && !self.unknown && !is_public(self.addr)
    }
}

impl Entry {
    /// The entry that answers for an address.
    fn of_hit(app: &App, lang: &str, addr: IpAddr, hit: &Hit, block: Option<&Block>) -> Self {
        let (title, summary) = cause_words(app, lang, &hit.cause);
        Self {
            net: hit.net,
            code: hit.cause.to_string(),
            title,
            summary,
            action: hit.action,
            since: block.map(|block| block.since),
            until: hit.until,
            link: case_path(&hit.case_code, Some(addr)),
            case: hit.case_code.clone(),
            hits: block.map(Hits::of),
        }
    }

    /// A block, whatever its state.
    #[must_use]
    pub fn of_block(app: &App, lang: &str, block: &Block) -> Self {
        let (title, summary) = cause_words(app, lang, &block.cause);
        Self {
            net: block.net,
            code: block.cause.clone(),
            title,
            summary,
            action: block.action,
            since: Some(block.since),
            until: block.until,
            link: case_path(&block.case_code, None),
            case: block.case_code.clone(),
            hits: Some(Hits::of(block)),
        }
    }
}

/// Title and summary of a cause; a cause that the catalogue no longer has is named by its code.
fn cause_words(app: &App, lang: &str, code: &str) -> (String, String) {
    let texts = app.desk.content.causes.find(code).map(|cause| cause.text(lang));
    texts.map_or_else(|| (code.to_owned(), String::new()), |t| (t.title.clone(), t.summary.clone()))
}

/// Where `addr` stands now. The answer comes from memory; what only the database knows is left out when that is away.
pub async fn of(app: &App, lang: &str, addr: IpAddr) -> Standing {
    let (desk, now) = (&app.desk, app.desk.now());
    let mut standing = Standing { addr, entry: None, unknown: false, probation: None };
    match desk.blocklist.ask(addr, now) {
        Verdict::Unknown => standing.unknown = true,
        Verdict::Blocked(hit) => {
            let block = blocks::find(desk.db.pool(), hit.block).await.ok().flatten();
            standing.entry = Some(Entry::of_hit(app, lang, addr, &hit, block.as_ref()));
        }
        Verdict::Free => {
            let all = probations::covering(desk.db.pool(), Net::single(addr)).await.unwrap_or_default();
            standing.probation = all.iter().filter(|p| p.ended_at.is_none() && now < p.until).map(|p| p.until).max();
        }
    }
    standing
}

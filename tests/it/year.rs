//! A simulated year: random blocks, lifts, ends, exemptions and imports by three processes whose clocks differ, which are cut
//! off and started again. After each quiet moment all of them answer every address like a model that is as simple as
//! the rules. `TEST_YEAR=20` runs twenty times as much.

use std::net::IpAddr;

use postern::app::{self, App};
use postern::desk::bulk;
use postern::desk::import::{Entry, Plan};
use postern::desk::lift::{Lift, Scope};
use postern::domain::block::{Action, Lasts, NewBlock};
use postern::domain::id::Id;
use postern::domain::net::{Net, from_number, number};
use postern::domain::staff::{Role, Staff};
use postern::domain::ticket::Who;
use postern::domain::time::{Clock, DAY, HOUR, SECOND, Time};
use postern::store::bulks::Filter;
use postern::store::{blocks, changes, imports};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::support::{START, TestApp};

/// How wrong the clock of each process is.
const CLOCKS: [i64; 3] = [0, 40 * SECOND, -25 * SECOND];

/// Two causes, one that rejects and one that defers.
const CAUSES: [&str; 2] = ["PB-SPAM", "PB-RATE"];

/// The sources of lists.
const SOURCES: [&str; 2] = ["list-a", "list-b"];

/// The widest networks; everything lies in them.
const ROOTS: [(&str, u8); 2] = [("203.0.112.0", 20), ("2001:db8::", 120)];

/// One thing that happens.
#[derive(Debug, Clone)]
enum Act {
    /// Somebody blocks.
    Block { net: Net, cause: usize, days: i64 },
    /// Somebody lifts a whole entry.
    Lift { which: usize, probation: i64 },
    /// Somebody takes a network out.
    Only { which: usize, addr: u128, probation: i64 },
    /// Somebody sets another end.
    End { which: usize, days: i64 },
    /// Somebody exempts.
    Exempt { net: Net, days: i64 },
    /// An exemption or carve-out is ended.
    EndExemption { which: usize },
    /// A list comes in.
    Import { source: usize, nets: Vec<Net>, replace: bool },
    /// The last list of a source is taken back.
    Undo { source: usize },
    /// Somebody lifts all inside a network, of one source or of any.
    Bulk { net: Net, source: Option<usize>, probation: i64 },
    /// A bulk lift is taken back.
    UndoBulk { which: usize },
    /// Ends are written down.
    Expire,
    /// The log is forgotten, or becomes another one.
    Log { new: bool },
    /// A process is started again.
    Restart,
    /// Time goes by.
    Wait { hours: i64 },
    /// Everybody follows and is asked.
    Quiet,
}

/// A block as the model knows it.
#[derive(Debug, Clone)]
struct MBlock {
    id: Id,
    net: Net,
    source: String,
    action: Action,
    evidence: Time,
    until: Option<Time>,
    live: bool,
    lifted: bool,
    /// When it was lifted, and by which bulk lift, if by one.
    lift: Option<(Time, Option<Id>)>,
    released: Option<usize>,
    import: Option<usize>,
    dropped_by: Option<usize>,
    /// The import that last gave it another end, and the end before.
    renewed: Option<(usize, Option<Time>)>,
}

/// An exemption, a carve-out, or a probation.
#[derive(Debug, Clone)]
struct MShield {
    id: Id,
    net: Net,
    block: Option<Id>,
    since: Time,
    until: Option<Time>,
    ended: bool,
    /// The bulk lift that gave it.
    bulk: Option<Id>,
}

/// An import as the model knows it.
#[derive(Debug, Clone)]
struct MImport {
    source: usize,
    undone: bool,
}

/// All that is so.
#[derive(Debug, Default)]
struct Model {
    blocks: Vec<MBlock>,
    exemptions: Vec<MShield>,
    probations: Vec<MShield>,
    imports: Vec<MImport>,
}

/// Whether `now` lies before an end.
fn before(now: Time, until: Option<Time>) -> bool {
    until.is_none_or(|end| now < end)
}

/// The later of two ends.
fn later(a: Option<Time>, b: Option<Time>) -> Option<Time> {
    Some(a?.max(b?))
}

impl Model {
    /// The blocks that may answer for an address at `now`: those of the longest prefix, rejecting ones if there are any.
    fn answers(&self, addr: IpAddr, now: Time) -> Vec<Id> {
        let single = Net::single(addr);
        let holds = |s: &&MShield| !s.ended && s.net.covers(single) && before(now, s.until);
        let exempt: Vec<Option<Id>> = self.exemptions.iter().filter(holds).map(|e| e.block).collect();
        if exempt.contains(&None) {
            return Vec::new();
        }
        let shield = self.probations.iter().filter(holds).map(|p| p.since).max();
        let good = |b: &&MBlock| {
            b.live
                && b.net.covers(single)
                && before(now, b.until)
                && !exempt.contains(&Some(b.id))
                && shield.is_none_or(|since| b.evidence > since)
        };
        let good: Vec<&MBlock> = self.blocks.iter().filter(good).collect();
        let Some(longest) = good.iter().map(|b| b.net.prefix_len()).max() else { return Vec::new() };
        let best: Vec<&&MBlock> = good.iter().filter(|b| b.net.prefix_len() == longest).collect();
        let rejects = best.iter().any(|b| b.action == Action::Reject);
        best.iter().filter(|b| !rejects || b.action == Action::Reject).map(|b| b.id).collect()
    }

    /// What is in force at `now`, without what has been: so many addresses are asked for.
    fn in_force(&self, now: Time) -> Self {
        let holds = |s: &&MShield| !s.ended && before(now, s.until);
        Self {
            blocks: self.blocks.iter().filter(|b| b.live && before(now, b.until)).cloned().collect(),
            exemptions: self.exemptions.iter().filter(holds).cloned().collect(),
            probations: self.probations.iter().filter(holds).cloned().collect(),
            imports: Vec::new(),
        }
    }

    /// All that covers an address, for who reads why a test failed.
    fn about(&self, addr: IpAddr) -> (Vec<&MBlock>, Vec<&MShield>, Vec<&MShield>) {
        let single = Net::single(addr);
        let covers = |s: &&MShield| s.net.covers(single);
        (
            self.blocks.iter().filter(|b| b.net.covers(single)).collect(),
            self.exemptions.iter().filter(covers).collect(),
            self.probations.iter().filter(covers).collect(),
        )
    }

    /// The blocks that a person can act on at `now`.
    fn live(&self, now: Time) -> Vec<Id> {
        self.blocks.iter().filter(|b| b.live && before(now, b.until)).map(|b| b.id).collect()
    }

    /// The block of this key.
    fn get(&mut self, id: Id) -> &mut MBlock {
        self.blocks.iter_mut().find(|b| b.id == id).unwrap()
    }

    /// Ends are written down by a clock.
    fn expire(&mut self, now: Time) {
        self.blocks.iter_mut().filter(|b| !before(now, b.until)).for_each(|b| b.live = false);
    }

    /// Lists may bring blocks whose evidence is newer than a lift.
    fn end_overtaken(&mut self, now: Time) {
        let live: Vec<MBlock> = self.blocks.iter().filter(|b| b.live && before(now, b.until)).cloned().collect();
        self.end_probations(now, |net| live.iter().filter(|b| b.net.covers(net)).cloned().collect());
    }

    /// Ends the probations that newer evidence of the blocks that `reach` a network has overtaken; what was taken out of a
    /// block is not reached by it.
    fn end_probations(&mut self, now: Time, reach: impl Fn(Net) -> Vec<MBlock>) {
        for probation in self.probations.iter_mut().filter(|p| !p.ended && before(now, p.until)) {
            let holds = |e: &&MShield| !e.ended && before(now, e.until) && e.net.covers(probation.net);
            let exempt: Vec<Option<Id>> = self.exemptions.iter().filter(holds).map(|e| e.block).collect();
            let reaches = |b: &MBlock| !exempt.contains(&None) && !exempt.contains(&Some(b.id));
            probation.ended = reach(probation.net).iter().any(|b| reaches(b) && b.evidence > probation.since);
        }
    }

    /// A probation begins.
    fn probation(&mut self, net: Net, now: Time, length: i64, bulk: Option<Id>) {
        if length > 0 {
            let until = Some(now.plus(length));
            self.probations.push(MShield { id: Id(0), net, block: None, since: now, until, ended: false, bulk });
        }
    }

    /// A bulk lift is taken back: what nothing has settled since is blocked again, and its probations end.
    fn undo_bulk(&mut self, bulk: Id, now: Time) {
        let mine = |b: &MBlock| b.lifted && b.lift.is_some_and(|(_, by)| by == Some(bulk));
        let ids: Vec<Id> = self.blocks.iter().filter(|b| mine(b)).map(|b| b.id).collect();
        for id in ids {
            let block = self.get(id).clone();
            let at = block.lift.unwrap().0;
            let undone = block.import.is_some_and(|import| self.imports[import].undone);
            let holds = |e: &&MShield| !e.ended && before(now, e.until) && e.block.is_none() && e.since > at;
            let exempt = self.exemptions.iter().filter(holds).any(|e| e.net.covers(block.net));
            let settled = |b: &MBlock| {
                let elsewhere = b.lifted && b.lift.is_some_and(|(when, by)| when >= at && by != Some(bulk));
                b.net == block.net && b.id != id && (elsewhere || (b.live && b.source == block.source))
            };
            let settled = self.blocks.iter().any(settled) || block.released.is_some();
            if before(now, block.until) && !undone && !exempt && !settled {
                let block = self.get(id);
                (block.live, block.lifted, block.lift, block.dropped_by) = (true, false, None, None);
            }
        }
        self.probations.iter_mut().filter(|p| p.bulk == Some(bulk)).for_each(|p| p.ended = true);
    }

    /// The last import of a source that stands.
    fn last_import(&self, source: usize) -> Option<usize> {
        self.imports.iter().rposition(|i| i.source == source && !i.undone)
    }

    /// A list is taken back.
    fn undo(&mut self, which: usize, now: Time) {
        self.imports[which].undone = true;
        for block in &mut self.blocks {
            // An end goes back by one list only.
            if let Some((by, until)) = block.renewed.filter(|_| block.live)
                && by == which
            {
                (block.until, block.renewed) = (until, None);
            }
            if block.import == Some(which) {
                block.live = false;
            }
            if block.dropped_by == Some(which) && before(now, block.until) {
                block.live = true;
                block.dropped_by = None;
            }
            if block.released == Some(which) {
                block.released = None;
            }
        }
    }
}

/// Three processes on one database, and the model.
struct World {
    app: TestApp,
    processes: Vec<App>,
    lead: Staff,
    model: Model,
    /// The keys of imports in the database.
    imported: Vec<Id>,
    /// The keys of bulk lifts that stand.
    bulks: Vec<Id>,
    /// How many addresses are asked for at each quiet moment.
    probes: usize,
    /// How many were asked for in all.
    asked: usize,
}

/// The addresses that are asked for: the beginnings of all that is there, and others at random.
fn probes(count: usize, seed: u64) -> impl Iterator<Item = IpAddr> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let roots: Vec<(u128, u32)> = ROOTS
        .iter()
        .map(|(addr, len)| {
            let addr: IpAddr = addr.parse().unwrap();
            (number(addr), if addr.is_ipv4() { 32 - u32::from(*len) } else { 128 - u32::from(*len) })
        })
        .collect();
    (0..count).map(move |n| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let (first, bits) = roots[n % roots.len()];
        // Half of them near the beginning, where the narrow networks are.
        let bits = if n % 4 < 2 { 5 } else { bits };
        from_number(first + u128::from(state % (1 << bits)))
    })
}

impl World {
    /// A new world.
    async fn new(probes: usize) -> Self {
        let app = TestApp::start().await;
        let lead = app.staff("lead", Role::Lead).await;
        let mut world = Self {
            app,
            processes: Vec::new(),
            lead,
            model: Model::default(),
            imported: Vec::new(),
            bulks: Vec::new(),
            probes,
            asked: 0,
        };
        for offset in CLOCKS {
            let process = world.open(START.plus(offset)).await;
            world.processes.push(process);
        }
        world
    }

    /// A process whose clock stands at `now`.
    async fn open(&self, now: Time) -> App {
        app::open((*self.app.desk().config).clone(), Clock::fixed(now)).await.unwrap()
    }

    /// One thing happens, done by the process of this turn.
    async fn happen(&mut self, turn: usize, act: &Act) -> Result<(), TestCaseError> {
        let who = turn % self.processes.len();
        let (desk, now) = (self.processes[who].desk.clone(), self.processes[who].desk.now());
        match act {
            Act::Block { net, cause, days } => self.block(&desk, *net, *cause, *days).await,
            Act::Lift { which, probation } => {
                let live = self.model.live(now);
                let Some(id) = live.get(which % live.len().max(1)).copied() else { return Ok(()) };
                self.lift(&desk, id, Scope::Entry, *probation).await;
                let block = self.model.get(id);
                (block.live, block.lifted, block.lift) = (false, true, Some((now, None)));
                let net = block.net;
                self.model.probation(net, now, *probation, None);
            }
            Act::Only { which, addr, probation } => {
                let live = self.model.live(now);
                let Some(id) = live.get(which % live.len().max(1)).copied() else { return Ok(()) };
                self.only(&desk, id, *addr, *probation).await;
            }
            Act::End { which, days } => {
                let live = self.model.live(now);
                let Some(id) = live.get(which % live.len().max(1)).copied() else { return Ok(()) };
                let until = desk.set_block_end(&self.lead, id, Lasts::For(days * DAY)).await.unwrap();
                let block = self.model.get(id);
                (block.until, block.renewed) = (until, None);
            }
            Act::Exempt { net, days } => {
                let lasts = Lasts::For(days * DAY);
                let id = desk.add_exemption(&self.lead, *net, lasts, "partner").await.unwrap();
                let until = lasts.end(now);
                self.model.exemptions.push(MShield {
                    id,
                    net: *net,
                    block: None,
                    since: now,
                    until,
                    ended: false,
                    bulk: None,
                });
            }
            Act::EndExemption { which } => {
                let running: Vec<usize> =
                    (0..self.model.exemptions.len()).filter(|n| !self.model.exemptions[*n].ended).collect();
                let Some(n) = running.get(which % running.len().max(1)).copied() else { return Ok(()) };
                self.model.exemptions[n].ended = true;
                desk.end_exemption(&self.lead, self.model.exemptions[n].id).await.unwrap();
            }
            Act::Import { source, nets, replace } => self.import(&desk, *source, nets, *replace).await,
            Act::Undo { source } => {
                let Some(which) = self.model.last_import(*source) else { return Ok(()) };
                desk.undo_import(&Who::operator(), self.imported[which]).await.unwrap();
                self.model.expire(now);
                self.model.undo(which, now);
            }
            Act::Bulk { net, source, probation } => self.bulk(&desk, *net, *source, *probation).await,
            Act::UndoBulk { which } => {
                let Some(id) = self.bulks.get(which % self.bulks.len().max(1)).copied() else { return Ok(()) };
                self.bulks.retain(|known| *known != id);
                desk.begin_bulk_undo(&Who::operator(), id).await.unwrap();
                desk.work_on_bulk(id, None).await.unwrap();
                self.model.undo_bulk(id, now);
            }
            Act::Expire => {
                desk.expire_blocks().await.unwrap();
                self.model.expire(now);
            }
            Act::Log { new } => self.forget_log(*new).await,
            Act::Restart => self.processes[who] = self.open(now).await,
            Act::Wait { hours } => self.processes.iter().for_each(|p| p.desk.clock.advance(hours * HOUR)),
            Act::Quiet => self.quiet(turn as u64).await?,
        }
        Ok(())
    }

    /// Somebody blocks.
    async fn block(&mut self, desk: &postern::desk::Desk, net: Net, cause: usize, days: i64) {
        let (now, lasts) = (desk.now(), Lasts::For(days * DAY));
        let new = NewBlock {
            net,
            cause: CAUSES[cause].to_owned(),
            lasts: Some(lasts),
            note: String::new(),
            source: "staff".to_owned(),
            evidence_at: None,
        };
        let added = desk.add_block(&Who::operator(), new).await.unwrap().block;
        let there = self.model.blocks.iter_mut().find(|b| b.live && b.source == "staff" && b.net == net);
        match there {
            Some(block) if before(now, block.until) => {
                (block.action, block.until) = (added.action, later(block.until, lasts.end(now)));
                block.evidence = block.evidence.max(now);
            }
            ended => {
                if let Some(block) = ended {
                    block.live = false;
                }
                self.model.blocks.push(MBlock {
                    id: added.id,
                    net,
                    source: "staff".to_owned(),
                    action: added.action,
                    evidence: now,
                    until: lasts.end(now),
                    live: true,
                    lifted: false,
                    lift: None,
                    released: None,
                    import: None,
                    dropped_by: None,
                    renewed: None,
                });
            }
        }
        let block = self.model.get(added.id).clone();
        let meets = |other: Net| net.covers(other) || other.covers(net);
        self.model.end_probations(now, |other| if meets(other) { vec![block.clone()] } else { Vec::new() });
    }

    /// A lead lifts.
    async fn lift(&self, desk: &postern::desk::Desk, block: Id, scope: Scope, probation: i64) {
        let lift = Lift { block, scope, reason: "clean".to_owned(), probation, ticket: None };
        desk.lift(&self.lead, lift).await.unwrap();
    }

    /// A lead takes an address out of all that covers it.
    async fn only(&mut self, desk: &postern::desk::Desk, id: Id, addr: u128, probation: i64) {
        let (now, net) = (desk.now(), self.model.get(id).net);
        let size = number(net.last()) - number(net.first());
        let one = Net::single(from_number(number(net.first()) + addr % (size + 1)));
        let carved: Vec<Option<Id>> = self
            .model
            .exemptions
            .iter()
            .filter(|e| !e.ended && before(now, e.until) && e.net.covers(one))
            .map(|e| e.block)
            .collect();
        let live: Vec<MBlock> =
            self.model.blocks.iter().filter(|b| b.live && before(now, b.until) && b.net.covers(one)).cloned().collect();
        let left: Vec<&MBlock> = live.iter().filter(|b| !carved.contains(&Some(b.id))).collect();
        if left.is_empty() {
            return;
        }
        self.lift(desk, id, Scope::Only(one), probation).await;
        for block in left {
            if block.net == one {
                let block = self.model.get(block.id);
                (block.live, block.lifted, block.lift) = (false, true, Some((now, None)));
            } else {
                // Not just the first one: a process whose clock is ahead gives later keys than this one.
                let all = postern::store::exemptions::of_block(desk.db.pool(), block.id, 1_000).await.unwrap();
                let made = all.iter().find(|e| self.model.exemptions.iter().all(|known| known.id != e.id)).unwrap();
                self.model.exemptions.push(MShield {
                    id: made.id,
                    net: one,
                    block: Some(block.id),
                    since: now,
                    until: block.until,
                    ended: false,
                    bulk: None,
                });
            }
        }
        self.model.probation(one, now, probation, None);
    }

    /// Somebody lifts many.
    async fn bulk(&mut self, desk: &postern::desk::Desk, net: Net, source: Option<usize>, probation: i64) {
        let (now, source) = (desk.now(), source.map(|n| SOURCES[n]));
        let fits = |b: &&mut MBlock| {
            b.live && before(now, b.until) && net.covers(b.net) && source.is_none_or(|source| b.source == source)
        };
        let mut lifted: Vec<&mut MBlock> = self.model.blocks.iter_mut().filter(fits).collect();
        if lifted.is_empty() {
            return;
        }
        let filter = Filter { net: Some(net), source: source.map(str::to_owned), cause: None };
        let plan = bulk::Plan { filter, reason: "wrong".to_owned(), probation, at_most: None, sure: true };
        let id = desk.begin_bulk_by(&self.lead, plan).await.unwrap();
        let done = desk.work_on_bulk(id, None).await.unwrap();
        assert_eq!(usize::try_from(done.lifted).unwrap(), lifted.len());
        for block in &mut lifted {
            (block.live, block.lifted, block.lift) = (false, true, Some((now, Some(id))));
        }
        let nets: Vec<Net> = lifted.iter().map(|b| b.net).collect();
        for net in nets {
            self.model.probation(net, now, probation, Some(id));
        }
        self.bulks.push(id);
    }

    /// A list comes in.
    async fn import(&mut self, desk: &postern::desk::Desk, source: usize, nets: &[Net], replace: bool) {
        let (now, name) = (desk.now(), SOURCES[source]);
        let lasts = Lasts::For(20 * DAY);
        let plan = Plan {
            source: name.to_owned(),
            file_name: "list".to_owned(),
            cause: CAUSES[source].to_owned(),
            lasts: Some(lasts),
            replace,
            despite: Vec::new(),
            sure: true,
        };
        let mut import = desk.begin_import(&Who::operator(), plan).await.unwrap();
        for net in nets {
            let entry = Entry { net: *net, cause: None, evidence_at: None, ends: None, note: String::new() };
            desk.import_entry(&mut import, entry).await.unwrap();
        }
        desk.finish_import(import).await.unwrap();
        self.imported.push(imports::last_standing(desk.db.pool(), name).await.unwrap().unwrap());
        self.model.expire(now);
        let which = self.model.imports.len();
        self.model.imports.push(MImport { source, undone: false });
        for net in nets {
            self.named(desk, which, *net, lasts.end(now)).await;
        }
        for block in self.model.blocks.iter_mut().filter(|b| replace && b.source == name && !nets.contains(&b.net)) {
            if block.live {
                (block.live, block.dropped_by) = (false, Some(which));
            }
            if block.lifted && block.released.is_none() {
                block.released = Some(which);
            }
        }
        self.model.end_overtaken(now);
    }

    /// A list names a network.
    async fn named(&mut self, desk: &postern::desk::Desk, which: usize, net: Net, until: Option<Time>) {
        let name = SOURCES[self.model.imports[which].source];
        let mut same = self.model.blocks.iter_mut().filter(|b| b.source == name && b.net == net);
        let earliest = same.by_ref().map(|b| b.evidence).min();
        let mut same = self.model.blocks.iter_mut().filter(|b| b.source == name && b.net == net);
        if let Some(block) = same.find(|b| b.live) {
            if later(block.until, until) != block.until {
                (block.renewed, block.until) = (Some((which, block.until)), until);
            }
            return;
        }
        let held = |b: &MBlock| b.source == name && b.net == net && b.lifted && b.released.is_none();
        if self.model.blocks.iter().any(held) {
            return;
        }
        let made = blocks::find_live(desk.db.pool(), net, name).await.unwrap().expect("a new block");
        self.model.blocks.push(MBlock {
            id: made.id,
            net,
            source: name.to_owned(),
            action: made.action,
            evidence: earliest.unwrap_or(desk.now()),
            until,
            live: true,
            lifted: false,
            lift: None,
            released: None,
            import: Some(which),
            dropped_by: None,
            renewed: None,
        });
    }

    /// The log is forgotten, or becomes another one, as after a restore.
    async fn forget_log(&self, new: bool) {
        let pool = self.app.desk().db.pool();
        if new {
            sqlx::query("UPDATE block_counter SET epoch = epoch || 'x'").execute(pool).await.unwrap();
        } else {
            changes::forget(pool, Time(i64::MAX)).await.unwrap();
        }
    }

    /// Everybody follows; each answers every address like the model, by its own clock.
    async fn quiet(&mut self, seed: u64) -> Result<(), TestCaseError> {
        for process in &self.processes {
            process.desk.blocklist.catch_up(&process.desk.db, &process.desk.clock).await.unwrap();
        }
        let in_force: Vec<Model> = self.processes.iter().map(|p| self.model.in_force(p.desk.now())).collect();
        let mut wanted = std::collections::HashMap::new();
        for (n, addr) in probes(self.probes, seed).enumerate() {
            let process = &self.processes[n % self.processes.len()];
            let now = process.desk.now();
            let which = n % self.processes.len();
            let want = wanted.entry((which, addr)).or_insert_with(|| in_force[which].answers(addr, now));
            let got = process.desk.blocklist.find(addr, now).map(|hit| hit.block);
            prop_assert!(
                got.map_or(want.is_empty(), |id| want.contains(&id)),
                "process {which} at {now} says {got:?} of {addr}, the model {want:?} of {:?}",
                self.model.about(addr)
            );
            self.asked += 1;
        }
        for process in &self.processes {
            prop_assert_eq!(process.desk.compare().await.unwrap(), Some(false), "the digests agree");
        }
        Ok(())
    }
}

/// A network inside the roots; narrow ones lie close together, so that they meet.
fn net() -> impl Strategy<Value = Net> {
    (0..ROOTS.len(), 0..3_usize, 0..32_u128).prop_map(|(root, width, place)| {
        let (addr, len) = ROOTS[root];
        let first = number(addr.parse::<IpAddr>().unwrap());
        let full = if root == 0 { 32 } else { 128 };
        let len = [full, full - 4, len][width];
        Net::around(from_number(first + place), len)
    })
}

/// Anything that may happen.
fn act() -> impl Strategy<Value = Act> {
    let probation = prop_oneof![Just(0), Just(3 * DAY)];
    prop_oneof![
        5 => (net(), 0..2_usize, 1..40_i64).prop_map(|(net, cause, days)| Act::Block { net, cause, days }),
        3 => (any::<usize>(), probation.clone()).prop_map(|(which, probation)| Act::Lift { which, probation }),
        4 => (any::<usize>(), 0..32_u128, probation.clone())
            .prop_map(|(which, addr, probation)| Act::Only { which, addr, probation }),
        1 => (any::<usize>(), 1..40_i64).prop_map(|(which, days)| Act::End { which, days }),
        1 => (net(), 1..30_i64).prop_map(|(net, days)| Act::Exempt { net, days }),
        1 => any::<usize>().prop_map(|which| Act::EndExemption { which }),
        3 => (0..2_usize, vec(net(), 0..12), any::<bool>()).prop_map(|(source, mut nets, replace)| {
            nets.sort_unstable();
            nets.dedup();
            Act::Import { source, nets, replace }
        }),
        1 => (0..2_usize).prop_map(|source| Act::Undo { source }),
        1 => (net(), proptest::option::of(0..2_usize), probation.clone())
            .prop_map(|(net, source, probation)| Act::Bulk { net, source, probation }),
        1 => any::<usize>().prop_map(|which| Act::UndoBulk { which }),
        1 => Just(Act::Expire),
        1 => any::<bool>().prop_map(|new| Act::Log { new }),
        1 => Just(Act::Restart),
        4 => (1..240_i64).prop_map(|hours| Act::Wait { hours }),
        3 => Just(Act::Quiet),
    ]
}

/// How many times as much as usual is simulated.
#[expect(clippy::disallowed_methods, reason = "whoever runs the test says how long")]
fn scale() -> u32 {
    std::env::var("TEST_YEAR").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

#[test]
fn three_processes_answer_a_simulated_year_like_a_naive_model() {
    let scale = scale();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config { cases: 6 * scale, failure_persistence: None, max_shrink_iters: 300, ..Config::default() };
    let asked = std::cell::Cell::new(0);
    let year = vec(act(), 30..90);
    let outcome = TestRunner::new(config).run(&year, |acts| {
        runtime.block_on(async {
            let mut world = World::new(100_000).await;
            for (turn, act) in acts.iter().chain([&Act::Quiet]).enumerate() {
                world.happen(turn, act).await?;
            }
            asked.set(asked.get() + world.asked);
            Ok(())
        })
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(asked.get() >= 600_000, "asked for {} addresses", asked.get());
}

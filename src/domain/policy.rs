//! The published unblock policy: rules that lift a block without a person, make it wait, or leave it to one.
//!
//! Pure: [`assess`] compares facts with rules and says of every rule whether it is met. The page that publishes the policy
//! is made of the same [`Rules`].

use serde::{Deserialize, Serialize};

use super::proof::Way;
use super::time::Time;
use super::words::words;

/// The rules, as the settings give them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Whether it lifts; else it only advises.
    pub automatic: bool,
    /// Which ways of showing control count.
    pub proofs: Vec<Way>,
    /// Which live checks have to be in order.
    pub checks: Vec<String>,
    /// How long the first repeat waits, in milliseconds; each further one twice as long.
    pub cooldown: i64,
    /// After how many lifts within [`Rules::lookback`] a person decides.
    pub repeats: i64,
    /// How far back lifts count, in milliseconds.
    pub lookback: i64,
    /// How many different addresses one network or one sender gets lifted within [`Rules::lookback`].
    pub addresses: i64,
    /// How many lifts a day one sender (mail address) gets.
    pub per_sender: i64,
    /// How many lifts a day one network (IPv4 /24, IPv6 /48) gets.
    pub per_network: i64,
    /// How many lifts a day all networks of one operator get.
    pub per_origin: i64,
}

/// A block that stands against the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Code of its cause.
    pub cause: String,
    /// Whether blocks of this cause may be lifted by the policy.
    pub may_lift: bool,
    /// Whether only a person may lift it.
    pub is_protected: bool,
    /// When it began.
    pub since: Time,
}

/// What is known of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// How many addresses and networks it names.
    pub named: usize,
    /// Whether the one it names is a single address in the public Internet.
    pub is_address: bool,
    /// Whether it looks like a machine's work.
    pub is_suspected: bool,
    /// The blocks that stand against the address; none: it is not blocked.
    pub blocks: Vec<Standing>,
    /// How control was shown.
    pub proof: Option<Way>,
    /// The names of the checks that are in order; `None` while they are being made.
    pub in_order: Option<Vec<String>>,
    /// How often the address was lifted within the look-back time.
    pub repeats: i64,
    /// How many other addresses of its network, or of its sender, the policy lifted within the look-back time.
    pub others_lifted: i64,
    /// How often a person declined a request for the address within the look-back time.
    pub declined: i64,
    /// How many other senders showed control over it within the look-back time.
    pub others: i64,
    /// How many lifts its sender had today.
    pub of_sender: i64,
    /// How many lifts its network had today.
    pub of_network: i64,
    /// How many lifts the networks of its operator had today.
    pub of_origin: i64,
    /// The present moment.
    pub now: Time,
}

words! {
    /// What is looked at, in this order.
    Rule {
        /// The request is about one address.
        Address = "address",
        /// It was not made by a machine.
        Person = "person",
        /// The causes may be lifted without a person.
        Cause = "cause",
        /// Control over the address was shown.
        Proof = "proof",
        /// The set-up is in order.
        Checks = "checks",
        /// It was not lifted too often.
        Repeats = "repeats",
        /// The time that a repeat waits is over.
        Cooldown = "cooldown",
        /// Nobody else showed control over it, as they can over a shared relay.
        Shared = "shared",
        /// Not many other addresses of its network or its sender were lifted, as they are of who goes from one to the next.
        Addresses = "addresses",
        /// No person declined to lift it.
        Declined = "declined",
        /// Its sender did not have too many lifts today, as one has who changes addresses.
        Sender = "sender",
        /// Its network did not have too many lifts today.
        Network = "network",
        /// Nor did the networks of its operator.
        Origin = "origin",
    }
}

words! {
    /// How a rule stands.
    Met {
        /// It is met.
        Yes = "yes",
        /// The sender can do something about it.
        Missing = "missing",
        /// It will be met by waiting.
        Later = "later",
        /// Only a person can decide.
        Never = "never",
    }
}

words! {
    /// What follows.
    Decision {
        /// There is nothing to lift.
        NotBlocked = "not-blocked",
        /// It is lifted.
        Lift = "lift",
        /// It would be lifted, if the policy were more than advice.
        Advice = "advice",
        /// It is lifted later, if all still holds.
        Wait = "wait",
        /// Something is missing that the sender can do.
        Missing = "missing",
        /// A person decides.
        Person = "person",
    }
}

/// How one rule stands, with what there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The rule.
    pub rule: Rule,
    /// How it stands.
    pub met: Met,
    /// The value in its sentence: a cause, a way, names of checks, a count.
    pub value: String,
    /// When it will be met.
    pub until: Option<Time>,
}

/// What the policy says of a request, line by line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// What follows.
    pub decision: Decision,
    /// When it is looked at again.
    pub until: Option<Time>,
    /// All rules.
    pub lines: Vec<Line>,
}

impl Assessment {
    /// The assessment that an event of one recorded; events of the first version hold the decision alone.
    #[must_use]
    pub fn recorded(detail: &str) -> Option<Self> {
        let alone = || Some(Self { decision: detail.parse().ok()?, until: None, lines: Vec::new() });
        serde_json::from_str(detail).ok().or_else(alone)
    }

    /// Whether another one decides alike for the same reasons.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let reasons = |of: &Self| of.lines.iter().map(|line| (line.rule, line.met)).collect::<Vec<_>>();
        self.decision == other.decision && reasons(self) == reasons(other)
    }
}

/// The checks that the policy may ask for.
pub const CHECKS: &[&str] =
    &["ptr", "fcrdns", "generic", "v6", "helo", "listed", "origin", "bounces", "spf", "dkim", "dmarc", "align"];

/// How long checks that are being made are waited for.
const CHECKS_COME: i64 = 10_000;

/// The most often that a waiting time doubles.
const DOUBLINGS_MOST: i64 = 10;

impl Rules {
    /// How long the address waits after so many lifts.
    #[must_use]
    pub fn wait(&self, repeats: i64) -> i64 {
        match repeats {
            ..=0 => 0,
            n => self.cooldown.saturating_mul(1 << (n - 1).min(DOUBLINGS_MOST)),
        }
    }
}

/// A line that is met or ends at a person.
fn or_never(rule: Rule, is_met: bool, value: impl Into<String>) -> Line {
    Line { rule, met: if is_met { Met::Yes } else { Met::Never }, value: value.into(), until: None }
}

/// A line that is met or can be met by the sender.
fn or_missing(rule: Rule, is_met: bool, value: impl Into<String>) -> Line {
    Line { rule, met: if is_met { Met::Yes } else { Met::Missing }, value: value.into(), until: None }
}

/// A line that is met, or will be at `until`.
fn or_later(rule: Rule, until: Option<Time>, now: Time, value: impl Into<String>) -> Line {
    let until = until.filter(|until| now < *until);
    Line { rule, met: if until.is_some() { Met::Later } else { Met::Yes }, value: value.into(), until }
}

/// Compares facts with rules.
#[must_use]
pub fn assess(rules: &Rules, facts: &Facts) -> Assessment {
    if facts.is_address && facts.blocks.is_empty() {
        return Assessment { decision: Decision::NotBlocked, until: None, lines: Vec::new() };
    }
    let lines = vec![
        or_never(Rule::Address, facts.is_address && facts.named == 1, facts.named.to_string()),
        or_never(Rule::Person, !facts.is_suspected, ""),
        cause(facts),
        proof(rules, facts),
        checks(rules, facts),
        or_never(Rule::Repeats, facts.repeats < rules.repeats, facts.repeats.to_string()),
        cooldown(rules, facts),
        or_never(Rule::Shared, facts.others == 0, facts.others.to_string()),
        or_never(Rule::Addresses, facts.others_lifted < rules.addresses, facts.others_lifted.to_string()),
        or_never(Rule::Declined, facts.declined == 0, ""),
        or_never(Rule::Sender, facts.of_sender < rules.per_sender, facts.of_sender.to_string()),
        or_never(Rule::Network, facts.of_network < rules.per_network, facts.of_network.to_string()),
        or_never(Rule::Origin, facts.of_origin < rules.per_origin, facts.of_origin.to_string()),
    ];
    let has = |met: Met| lines.iter().any(|line| line.met == met);
    let decision = match () {
        () if has(Met::Never) => Decision::Person,
        () if has(Met::Missing) => Decision::Missing,
        () if has(Met::Later) => Decision::Wait,
        () if rules.automatic => Decision::Lift,
        () => Decision::Advice,
    };
    let until = lines.iter().filter_map(|line| line.until).max().filter(|_| !has(Met::Never));
    Assessment { decision, until, lines }
}

/// Whether all blocks may be lifted by the policy.
fn cause(facts: &Facts) -> Line {
    let bars = |block: &&Standing| block.is_protected || !block.may_lift;
    if let Some(block) = facts.blocks.iter().find(bars) {
        return or_never(Rule::Cause, false, &block.cause);
    }
    let codes: Vec<&str> = facts.blocks.iter().map(|block| block.cause.as_str()).collect();
    or_never(Rule::Cause, true, codes.join(", "))
}

/// Whether control was shown in one of the ways that count.
fn proof(rules: &Rules, facts: &Facts) -> Line {
    let counts = facts.proof.filter(|way| rules.proofs.contains(way));
    or_missing(Rule::Proof, counts.is_some() || rules.proofs.is_empty(), counts.map_or("", Way::as_str))
}

/// Whether the checks are in order that have to be.
fn checks(rules: &Rules, facts: &Facts) -> Line {
    let Some(in_order) = facts.in_order.as_ref().filter(|_| !rules.checks.is_empty()) else {
        let until = facts.in_order.is_none() && !rules.checks.is_empty();
        return or_later(Rule::Checks, until.then(|| facts.now.plus(CHECKS_COME)), facts.now, "");
    };
    let missing: Vec<&str> = rules.checks.iter().filter(|name| !in_order.contains(name)).map(String::as_str).collect();
    or_missing(Rule::Checks, missing.is_empty(), missing.join(","))
}

/// Whether the time is over that a repeat waits, counted from the newest block.
fn cooldown(rules: &Rules, facts: &Facts) -> Line {
    let wait = rules.wait(facts.repeats);
    let newest = facts.blocks.iter().map(|block| block.since).max();
    or_later(Rule::Cooldown, newest.filter(|_| wait > 0).map(|since| since.plus(wait)), facts.now, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        Rules {
            automatic: true,
            proofs: vec![Way::Web, Way::Dns],
            checks: vec!["fcrdns".to_owned()],
            cooldown: 100,
            repeats: 3,
            lookback: 1_000,
            addresses: 4,
            per_sender: 3,
            per_network: 2,
            per_origin: 5,
        }
    }

    fn facts() -> Facts {
        let block = Standing { cause: "PB-SPAM".to_owned(), may_lift: true, is_protected: false, since: Time(1_000) };
        Facts {
            named: 1,
            is_address: true,
            is_suspected: false,
            blocks: vec![block],
            proof: Some(Way::Web),
            in_order: Some(vec!["fcrdns".to_owned()]),
            repeats: 0,
            others_lifted: 0,
            declined: 0,
            others: 0,
            of_sender: 0,
            of_network: 0,
            of_origin: 0,
            now: Time(1_010),
        }
    }

    fn decision(change: impl FnOnce(&mut Facts)) -> (Decision, Option<Time>) {
        let mut facts = facts();
        change(&mut facts);
        let assessment = assess(&rules(), &facts);
        (assessment.decision, assessment.until)
    }

    #[test]
    fn the_first_time_with_proof_and_good_checks_is_lifted() {
        assert_eq!(decision(|_| ()), (Decision::Lift, None));
        let advice = Rules { automatic: false, ..rules() };
        assert_eq!(assess(&advice, &facts()).decision, Decision::Advice);
        assert_eq!(decision(|f| f.blocks.clear()).0, Decision::NotBlocked);
    }

    #[test]
    fn what_the_sender_can_do_is_missing() {
        assert_eq!(decision(|f| f.proof = None).0, Decision::Missing);
        assert_eq!(decision(|f| f.proof = Some(Way::Mail)).0, Decision::Missing);
        assert_eq!(decision(|f| f.in_order = Some(Vec::new())).0, Decision::Missing);
        assert_eq!(decision(|f| f.in_order = None), (Decision::Wait, Some(Time(11_010))));
    }

    #[test]
    fn repeats_wait_longer_each_time_and_end_at_a_person() {
        assert_eq!(decision(|f| f.repeats = 1), (Decision::Wait, Some(Time(1_100))));
        assert_eq!(decision(|f| f.repeats = 2), (Decision::Wait, Some(Time(1_200))));
        assert_eq!(decision(|f| f.repeats = 3), (Decision::Person, None));
        let over = |f: &mut Facts| (f.repeats, f.now) = (2, Time(1_200));
        assert_eq!(decision(over).0, Decision::Lift);
    }

    #[test]
    fn some_things_only_a_person_decides() {
        assert_eq!(decision(|f| f.named = 2).0, Decision::Person);
        assert_eq!(decision(|f| f.is_address = false).0, Decision::Person);
        assert_eq!(decision(|f| f.is_suspected = true).0, Decision::Person);
        assert_eq!(decision(|f| f.others = 1).0, Decision::Person);
        assert_eq!(decision(|f| f.others_lifted = 4).0, Decision::Person);
        assert_eq!(decision(|f| f.declined = 1).0, Decision::Person);
        assert_eq!(decision(|f| f.of_sender = 3).0, Decision::Person);
        assert_eq!(decision(|f| f.of_network = 2).0, Decision::Person);
        assert_eq!(decision(|f| f.of_origin = 5).0, Decision::Person);
        let second = |may_lift, is_protected| Standing { may_lift, is_protected, ..facts().blocks[0].clone() };
        assert_eq!(decision(|f| f.blocks.push(second(false, false))).0, Decision::Person);
        assert_eq!(decision(|f| f.blocks.push(second(true, true))).0, Decision::Person);
        let all = assess(&rules(), &facts());
        assert_eq!(all.lines.iter().map(|line| line.rule).collect::<Vec<_>>(), Rule::ALL);
    }
}

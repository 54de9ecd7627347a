//! The form that lifts a block: on the page of a ticket and on that of a block.

use std::time::Duration;

use serde::Deserialize;

use crate::app::App;
use crate::desk::lift::{Lift, PROBATION_MOST, Scope};
use crate::domain::block::Block;
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::staff::Staff;
use crate::domain::time::DAY;
use crate::web::form::Faults;
use crate::web::shell::Shell;

use super::view::typed_net;

/// How long the answer to a lift waits for the first that see it.
pub const MOMENT: Duration = Duration::from_secs(1);

/// What is typed in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// The key of the block.
    pub block: String,
    /// `entry` or `only`.
    pub scope: String,
    /// The network that is taken out, with `only`.
    pub only: String,
    /// Why.
    pub reason: String,
    /// The length of the probation in days.
    pub probation_days: String,
    /// What the sender is told.
    pub answer: String,
    /// Whether the ticket goes on after the lift.
    pub stays_open: Option<String>,
    /// The version of the ticket that was looked at.
    pub version: String,
}

impl Typed {
    /// What a fresh form holds: the narrowest lift that frees the address.
    fn fresh(app: &App, block: &Block, net: Net, alone: bool) -> Self {
        let scope = if alone && block.net == net { "entry" } else { "only" };
        Self {
            block: block.id.to_string(),
            scope: scope.to_owned(),
            only: if net.is_single() || block.net != net { net.to_string() } else { String::new() },
            reason: String::new(),
            probation_days: (app.desk.config.probation / DAY).to_string(),
            answer: String::new(),
            stays_open: None,
            version: String::new(),
        }
    }

    /// The lift that is asked for, without a ticket; or what is wrong.
    pub fn read(&self, shell: &Shell) -> Result<Lift, Faults> {
        let mut faults = Faults::default();
        let block = faults.take("reason", self.block.parse::<Id>());
        let scope = match self.scope.as_str() {
            "entry" => Some(Scope::Entry),
            "only" => typed_net(shell, &mut faults, "only", &self.only).map(Scope::Only),
            _ => {
                faults.add("scope", shell.t("lift-scope-missing"));
                None
            }
        };
        if self.reason.trim().is_empty() {
            faults.add("reason", shell.t("lift-reason-missing"));
        }
        let probation = typed_probation(shell, &mut faults, &self.probation_days);
        match (block, scope, probation) {
            (Some(block), Some(scope), Some(probation)) if faults.is_empty() => {
                Ok(Lift { block, scope, reason: self.reason.clone(), probation, ticket: None })
            }
            _ => Err(faults),
        }
    }
}

/// The length of a probation that was typed in days, or the fault of its field.
pub fn typed_probation(shell: &Shell, faults: &mut Faults, typed: &str) -> Option<i64> {
    let most = PROBATION_MOST / DAY;
    let days = typed.trim().parse::<i64>().ok().filter(|days| (0..=most).contains(days));
    if days.is_none() {
        faults.add("probation_days", shell.t1("lift-probation-wrong", "most", most));
    }
    days.map(|days| days * DAY)
}

/// The form for one block.
#[derive(Debug)]
pub struct LiftForm {
    /// The block.
    pub block: Block,
    /// The network that a ticket is about.
    pub net: Net,
    /// Where the form is sent to.
    pub target: String,
    /// What the cause is called.
    pub cause: String,
    /// One sentence about it for staff.
    pub hint: String,
    /// Whether staff are warned before they lift it.
    pub is_protected: bool,
    /// Whether the role allows to lift the whole entry.
    pub may_entry: bool,
    /// How many blocks in force cover the network.
    pub covering: usize,
    /// What is typed in.
    pub typed: Typed,
    /// What is wrong.
    pub faults: Faults,
    /// Whether it is shown unfolded.
    pub is_open: bool,
    /// The version of the ticket whose sender is told; without a ticket nobody is.
    pub version: Option<i64>,
}

impl LiftForm {
    /// The form for `block` as it covers `net`; `covering` blocks cover that.
    #[must_use]
    pub fn new(app: &App, shell: &Shell, me: &Staff, block: &Block, net: Net, covering: usize) -> Self {
        let cause = app.desk.content.causes.find(&block.cause);
        let text = cause.map(|c| c.text(shell.lang()));
        Self {
            net,
            target: format!("/staff/blocks/{}/lift", block.id),
            cause: text.map(|t| t.title.clone()).unwrap_or_default(),
            hint: text.map(|t| t.staff_hint.clone()).unwrap_or_default(),
            is_protected: cause.is_some_and(|c| c.protected),
            may_entry: me.role.may_lift(block.net),
            covering,
            typed: Typed::fresh(app, block, net, covering == 1),
            faults: Faults::default(),
            is_open: true,
            version: None,
            block: block.clone(),
        }
    }

    /// The same with what was typed and what is wrong with it.
    #[must_use]
    pub fn again(mut self, typed: Typed, faults: Faults) -> Self {
        self.typed = typed;
        self.faults = faults;
        self.is_open = true;
        self
    }

    /// The id of an input: its plain name in the form whose faults the summary links to, else one of its own.
    #[must_use]
    pub fn id(&self, name: &str) -> String {
        if self.faults.is_empty() {
            format!("{name}-{}-{}", self.block.id, self.net.first_hex())
        } else {
            name.to_owned()
        }
    }

    /// Whether the sender of a ticket is told.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.version.is_some()
    }

    /// Whether the ticket goes on after the lift.
    #[must_use]
    pub fn stays_open(&self) -> bool {
        self.typed.stays_open.is_some()
    }

    /// What a lift of it is first of all about: the network of the ticket, or a further entry that covers it.
    #[must_use]
    pub fn title(&self) -> Net {
        if self.is_scope("entry") { self.block.net } else { self.net }
    }

    /// Whether this scope is chosen.
    #[must_use]
    pub fn is_scope(&self, scope: &str) -> bool {
        self.typed.scope == scope
    }

    /// Whether there is anything to choose: one entry of just one address has one scope only.
    #[must_use]
    pub fn has_choice(&self) -> bool {
        self.covering > 1 || self.block.net != self.net || !self.block.net.is_single()
    }

    /// Whether the network to take out is given by the ticket.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.block.net != self.net || self.net.is_single()
    }

    /// The ids of the texts that describe an input.
    #[must_use]
    pub fn described(&self, name: &str, has_hint: bool) -> String {
        let id = self.id(name);
        match (self.faults.has(name), has_hint) {
            (true, true) => format!("{id}-error {id}-hint"),
            (true, false) => format!("{id}-error"),
            (false, true) => format!("{id}-hint"),
            (false, false) => String::new(),
        }
    }
}

//! What a sender typed into the form, and what it means.

use std::net::IpAddr;

use serde::Deserialize;
use validator::Validate;

use crate::desk::request::Request;
use crate::desk::ticket::MESSAGE_MOST;
use crate::domain::email::Email;
use crate::domain::id::{Secret, fold_code};
use crate::domain::net::Net;
use crate::domain::ticket::{Kind, storable, storable_line, visible};
use crate::domain::time::{SECOND, Time};
use crate::web::form::Faults;
use crate::web::intake::{Beyond, FILE_ENDINGS, Field, FileFault, Intake};
use crate::web::public::kept;
use crate::web::say;
use crate::web::shell::Shell;

/// The fields of the form. Texts beyond their bound become evidence where they can be.
pub(super) const FIELDS: &[Field] = &[
    Field { name: "kind", most: 100, beyond: Beyond::Cut },
    Field { name: "ips", most: 64 * 1024, beyond: Beyond::Cut },
    Field { name: "evidence", most: 1024 * 1024, beyond: Beyond::Hold },
    Field { name: "message", most: MESSAGE_MOST, beyond: Beyond::Hold },
    Field { name: "email", most: 1_000, beyond: Beyond::Cut },
    Field { name: "name", most: 1_000, beyond: Beyond::Cut },
    Field { name: "case", most: 100, beyond: Beyond::Cut },
    Field { name: "once", most: 200, beyond: Beyond::Cut },
    Field { name: "started", most: 30, beyond: Beyond::Cut },
    Field { name: "website", most: 100, beyond: Beyond::Cut },
    Field { name: "found", most: 4_000, beyond: Beyond::Cut },
    Field { name: "read", most: 10, beyond: Beyond::Cut },
];

/// How many addresses and networks one request may name.
const NETS_MOST: usize = 256;

/// A form that is sent sooner than a person can fill it in was filled in by a program.
const HASTE: i64 = 3 * SECOND;

/// What stands in the fields.
#[derive(Debug, Clone, Default, Deserialize, Validate)]
#[serde(default)]
pub struct Typed {
    /// What is asked for.
    pub(super) kind: String,
    /// Addresses and networks.
    #[validate(length(max = 20_000))]
    pub(super) ips: String,
    /// One address, from a link that leads to the form.
    pub(super) ip: String,
    /// A log, a bounce, a header.
    pub(super) evidence: String,
    /// What the sender writes.
    pub(super) message: String,
    /// Where answers go.
    pub(super) email: String,
    /// Who asks.
    #[validate(length(max = 200))]
    pub(super) name: String,
    /// The case code that it came from.
    pub(super) case: String,
    /// What tells a second sending of this form.
    #[serde(skip)]
    pub(super) once: String,
    /// When the form was made.
    #[serde(skip)]
    pub(super) started: String,
    /// Stays empty: people do not see it.
    #[serde(skip)]
    pub(super) website: String,
}

/// Who sends the form, and what came with it.
pub(super) struct Setting<'a> {
    /// The page's texts and moment.
    pub(super) shell: &'a Shell,
    /// What came with it.
    pub(super) intake: &'a Intake,
    /// From where.
    pub(super) client: IpAddr,
}

impl Typed {
    /// What came in.
    pub(super) fn of(intake: &Intake) -> Self {
        Self {
            kind: intake.text("kind"),
            ips: with_found(intake.text("ips"), &intake.text("found")),
            ip: String::new(),
            evidence: intake.text("evidence"),
            message: intake.text("message"),
            email: intake.text("email"),
            name: intake.text("name"),
            case: intake.text("case"),
            once: intake.text("once"),
            started: intake.text("started"),
            website: intake.text("website"),
        }
    }

    /// Fills in what a link to the form leaves open.
    pub(super) fn prefill(&mut self, shell: &Shell, single: Option<Net>) {
        if self.kind().is_err() || self.kind.is_empty() {
            Kind::Unblock.as_str().clone_into(&mut self.kind);
        }
        let ip = if self.ip.is_empty() { single.map(|net| net.to_string()) } else { Some(self.ip.clone()) };
        if let Some(ip) = ip.filter(|_| self.ips.is_empty()) {
            self.ips = ip;
        }
        self.started = shell.now.0.to_string();
        Secret::new().reveal().clone_into(&mut self.once);
    }

    /// The kind that is meant: one that is missing follows from the rest, one that is unknown is a mistake.
    pub(super) fn kind(&self) -> Result<Kind, ()> {
        match self.kind.trim() {
            "" if self.ips.trim().is_empty() && self.case.trim().is_empty() => Ok(Kind::Other),
            "" => Ok(Kind::Unblock),
            word => word.parse().map_err(|_| ()),
        }
    }

    /// The addresses and networks; blanks, commas and line ends separate them.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.ips.split(|c: char| c.is_whitespace() || c == ',' || c == ';').filter(|word| !word.is_empty())
    }

    /// The request that it is.
    ///
    /// # Errors
    /// All that is wrong, in the order of the fields.
    pub(super) fn check(&self, setting: &Setting<'_>) -> Result<Request, Faults> {
        let shell = setting.shell;
        let mut faults = Faults::default();
        let kind = faults.take("kind", self.kind().map_err(|()| shell.t("request-kind-unknown")));
        let nets = self.nets(shell, &mut faults);
        self.check_evidence(setting, &mut faults);
        let email = faults.take("email", Email::parse(&self.email).map_err(|bad| say::bad_email(shell, &bad)));
        if self.is_too_long("name") {
            faults.add("name", shell.t("request-name-long"));
        }
        match (kind, email) {
            (Some(kind), Some(email)) if faults.is_empty() => Ok(self.request(setting, kind, email, nets)),
            _ => Err(faults),
        }
    }

    /// Whether a field is longer than its bound.
    fn is_too_long(&self, field: &str) -> bool {
        self.validate().is_err_and(|errors| errors.field_errors().contains_key(field))
    }

    /// Reads the addresses and networks; each that makes no sense is named, the first few of them.
    fn nets(&self, shell: &Shell, faults: &mut Faults) -> Vec<Net> {
        let mut nets: Vec<Net> = Vec::new();
        let mut wrong: Vec<String> = Vec::new();
        for word in self.words().take(NETS_MOST + 1) {
            match Net::parse(word) {
                Ok(net) if is_too_wide(net) => wrong.push(shell.t1("request-ips-wide", "given", net)),
                Ok(net) if !nets.contains(&net) => nets.push(net),
                Ok(_) => {}
                Err(bad) => wrong.push(say::bad_net(shell, &bad)),
            }
        }
        if self.is_too_long("ips") || self.words().nth(NETS_MOST).is_some() {
            faults.add("ips", shell.t1("request-ips-many", "most", NETS_MOST));
        } else if !wrong.is_empty() {
            let more = wrong.len().saturating_sub(3);
            let named = wrong.iter().take(3).cloned().collect::<Vec<_>>().join(" ");
            let rest = if more > 0 { shell.t1("request-ips-more", "count", more) } else { String::new() };
            faults.add("ips", format!("{named} {rest}").trim_end().to_owned());
        }
        nets
    }

    /// Checks that there is something to go by, and that the file was taken.
    fn check_evidence(&self, setting: &Setting<'_>, faults: &mut Faults) {
        let given = [&self.ips, &self.evidence, &self.message, &self.case].iter().any(|text| !text.trim().is_empty());
        if !given && setting.intake.held.is_empty() && setting.intake.file_fault.is_none() && !setting.intake.lost {
            faults.add("evidence", setting.shell.t("request-nothing"));
        }
        kept::add_cut(setting.shell, setting.intake, &["evidence", "message"], faults);
        if let Some(fault) = &setting.intake.file_fault {
            faults.add("file", file_fault(setting.shell, fault));
        }
    }

    /// Why it looks like a machine's work, if it does.
    fn suspicion(&self, now: Time) -> Option<String> {
        let started = self.started.trim().parse().ok().map(Time);
        let hasty = started.is_some_and(|started| (0..HASTE).contains(&now.since(started)));
        match (self.website.trim().is_empty(), hasty) {
            (false, _) => Some("trap-field".to_owned()),
            (true, true) => Some("too-fast".to_owned()),
            (true, false) => None,
        }
    }

    /// The request, when nothing is wrong.
    fn request(&self, setting: &Setting<'_>, kind: Kind, email: Email, typed: Vec<Net>) -> Request {
        let case = fold_code(&self.case);
        Request {
            kind,
            email,
            name: storable_line(&self.name, 200),
            message: storable(&self.message, MESSAGE_MOST),
            typed,
            case_code: (!case.is_empty()).then_some(case),
            evidence: setting.intake.held.iter().map(|piece| piece.id).collect(),
            once: Some(self.once.clone()).filter(|once| !once.is_empty()),
            client: setting.client,
            lang: setting.shell.lang().to_owned(),
            suspected: self.suspicion(setting.shell.now),
        }
    }
}

/// Whether a network is wider than anybody who writes to us runs: more than a /8 of IPv4 or a /16 of IPv6.
fn is_too_wide(net: Net) -> bool {
    net.prefix_len() < if net.is_v4() { 8 } else { 16 }
}

/// The addresses that were typed, and below them those that the reader found and the visitor ticked.
fn with_found(mut ips: String, found: &str) -> String {
    for addr in found.split_whitespace() {
        let blank = ips.is_empty() || ips.ends_with('\n');
        ips.push_str(if blank { "" } else { "\n" });
        ips.push_str(addr);
    }
    ips
}

/// What is wrong with a file, in words.
pub(in crate::web::public) fn file_fault(shell: &Shell, fault: &FileFault) -> String {
    match fault {
        FileFault::Ending(name) => shell.t2("file-ending", "name", visible(name), "endings", FILE_ENDINGS.join(", ")),
        FileFault::Large(name) => shell.t1("file-large", "name", visible(name)),
        FileFault::Many => shell.t("file-many"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(kind: &str, ips: &str) -> Typed {
        Typed { kind: kind.to_owned(), ips: ips.to_owned(), ..Typed::default() }
    }

    #[test]
    fn a_missing_kind_follows_from_the_rest() {
        assert_eq!(typed("", "203.0.113.7").kind(), Ok(Kind::Unblock));
        assert_eq!(typed("", " ").kind(), Ok(Kind::Other));
        assert_eq!(typed("delayed", "").kind(), Ok(Kind::Delayed));
        assert_eq!(typed("unblok", "").kind(), Err(()));
    }

    #[test]
    fn addresses_may_be_separated_in_any_way() {
        let typed = typed("", "203.0.113.7, 203.0.113.8\n2001:db8::/64;\t192.0.2.1,,");
        let words: Vec<&str> = typed.words().collect();
        assert_eq!(words, ["203.0.113.7", "203.0.113.8", "2001:db8::/64", "192.0.2.1"]);
    }

    #[test]
    fn a_large_part_of_the_internet_is_too_wide() {
        let wide = |net: &str| is_too_wide(Net::parse(net).unwrap());
        assert!(wide("0.0.0.0/0") && wide("192.0.0.0/7") && wide("2000::/3") && wide("2000::/15"));
        assert!(!wide("10.0.0.0/8") && !wide("2001::/16") && !wide("192.0.2.1"));
    }

    #[test]
    fn what_was_ticked_stands_below_what_was_typed() {
        assert_eq!(with_found(String::new(), ""), "");
        assert_eq!(with_found(String::new(), "192.0.2.1"), "192.0.2.1");
        assert_eq!(
            with_found("203.0.113.7".to_owned(), "192.0.2.1\n2001:db8::1"),
            "203.0.113.7\n192.0.2.1\n2001:db8::1"
        );
    }

    #[test]
    fn what_a_machine_fills_in_is_suspected() {
        let form = |website: &str, started: &str| Typed {
            website: website.to_owned(),
            started: started.to_owned(),
            ..Typed::default()
        };
        let now = Time(100_000);
        assert_eq!(form("http://spam.example", "1").suspicion(now).as_deref(), Some("trap-field"));
        assert_eq!(form("", "98500").suspicion(now).as_deref(), Some("too-fast"));
        for calm in ["50000", "", "x", "100001", "-5"] {
            assert_eq!(form("", calm).suspicion(now), None, "{calm}");
        }
    }
}

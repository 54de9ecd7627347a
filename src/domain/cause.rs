//! The catalogue of causes: the one place that says what a block means, to gateways and to people.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use super::block::{Action, Lasts};
use super::policy::CHECKS;

/// One cause of blocks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Cause {
    /// Its stable name, such as `PB-SPAM`.
    pub code: String,
    /// The SMTP reply code (RFC 5321 4.2).
    pub smtp: u16,
    /// The enhanced status code (RFC 3463).
    pub enhanced: String,
    /// What gateways do.
    pub action: Action,
    /// The address in the DNS answer (RFC 5782 2.1).
    pub dnsbl: Ipv4Addr,
    /// How long a block lasts if nothing else is said, such as `7d` or `never`.
    pub ttl: String,
    /// Whether the published policy may lift it without a person.
    #[serde(default)]
    pub policy_lift: bool,
    /// Whether staff are warned before they lift it.
    #[serde(default)]
    pub protected: bool,
    /// Slug of the FAQ article that helps.
    pub article: String,
    /// Text of the SMTP reply with `{code}` and `{link}`.
    pub reply: String,
    /// The live check that shows that a step is done, by the number of the step (the first is 1).
    #[serde(default)]
    pub shown_by: BTreeMap<String, String>,
    /// What people read, by language.
    #[serde(flatten)]
    pub texts: BTreeMap<String, CauseText>,
}

/// What a cause says to people in one language.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CauseText {
    /// Two or three words.
    pub title: String,
    /// One sentence.
    pub summary: String,
    /// What was seen, in general terms.
    pub why: String,
    /// What to do, in order.
    pub steps: Vec<String>,
    /// One sentence for staff.
    pub staff_hint: String,
    /// The sentence that names the cause in the mail after a lift.
    pub answer: String,
}

/// The file of causes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// All of them.
    cause: Vec<Cause>,
}

/// All causes, by their order in the file.
#[derive(Debug, Clone)]
pub struct Causes(Vec<Cause>);

/// The address that stands for a block that defers.
const DEFERS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 15);

/// The address that stands for a block whose cause is no longer known.
const REJECTS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// What is wrong with a table of causes.
#[derive(Debug, thiserror::Error)]
pub enum BadCauses {
    /// It is no TOML, or a key is missing or unknown.
    #[error(transparent)]
    Toml(#[from] toml::de::Error),
    /// One cause makes no sense.
    #[error("cause {code}: {what}")]
    Cause {
        /// Its code.
        code: String,
        /// What is wrong and how to mend it.
        what: String,
    },
}

impl Causes {
    /// Reads the table and checks every cause.
    ///
    /// # Errors
    /// When the file or one of its causes makes no sense; the message names the cause and the key.
    pub fn parse(text: &str) -> Result<Self, BadCauses> {
        Self::checked(toml::from_str::<File>(text)?.cause)
    }

    /// These causes, each checked.
    ///
    /// # Errors
    /// When one of them makes no sense; the message names the cause and the key.
    pub fn checked(causes: Vec<Cause>) -> Result<Self, BadCauses> {
        for (index, cause) in causes.iter().enumerate() {
            let twice = causes.iter().skip(index + 1).any(|other| other.code == cause.code);
            let wrong = if twice { Some("its code stands twice".to_owned()) } else { cause.fault() };
            if let Some(what) = wrong {
                return Err(BadCauses::Cause { code: cause.code.clone(), what });
            }
        }
        Ok(Self(causes))
    }

    /// The address that stands for a block in the DNS: that of its cause, or the one that is kept for blocks that defer.
    #[must_use]
    pub fn answer(&self, code: &str, action: Action) -> Ipv4Addr {
        let of_cause = self.find(code).map(|cause| cause.dnsbl).filter(|answer| *answer != DEFERS);
        match action {
            Action::Defer => DEFERS,
            Action::Reject => of_cause.unwrap_or(REJECTS),
        }
    }

    /// The cause of this code; letter case does not matter.
    #[must_use]
    pub fn find(&self, code: &str) -> Option<&Cause> {
        self.0.iter().find(|c| c.code.eq_ignore_ascii_case(code.trim()))
    }

    /// All of them, in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, Cause> {
        self.0.iter()
    }

    /// All codes, comma separated, for messages.
    #[must_use]
    pub fn codes(&self) -> String {
        self.0.iter().map(|c| c.code.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl<'a> IntoIterator for &'a Causes {
    type Item = &'a Cause;
    type IntoIter = std::slice::Iter<'a, Cause>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Cause {
    /// What is wrong with it, if anything.
    fn fault(&self) -> Option<String> {
        let class = match self.action {
            Action::Reject => 500..=599,
            Action::Defer => 400..=499,
        };
        let digit = (self.smtp / 100).to_string();
        let reply =
            self.reply_text("https://postmaster.provider.example/c/XXXXXXXX/2001:0db8:0000:0000:0000:0000:0000:0001");
        if !is_code(&self.code) {
            return Some("code must be capitals, digits and hyphens, at most 20, such as PB-SPAM".to_owned());
        }
        if !class.contains(&self.smtp) {
            return Some(format!("smtp {} does not fit action {}", self.smtp, self.action));
        }
        if !self.enhanced.starts_with(&format!("{digit}.")) || !is_enhanced(&self.enhanced) {
            return Some(format!("enhanced {} must be a status such as {digit}.7.1", self.enhanced));
        }
        let [a, b, c, d] = self.dnsbl.octets();
        if [a, b, c] != [127, 0, 0] || !(2..=15).contains(&d) {
            return Some(format!("dnsbl {} must lie in 127.0.0.2 to 127.0.0.15", self.dnsbl));
        }
        if let Err(bad) = Lasts::parse(&self.ttl) {
            return Some(format!("ttl: {bad}"));
        }
        if !self.reply.contains("{link}") || !reply.bytes().all(|b| (0x20..0x7f).contains(&b)) || reply.len() > 400 {
            return Some("reply must be printable ASCII of at most 400 characters and hold {link}".to_owned());
        }
        if let Some(what) = self.shown_by.iter().find_map(|(step, check)| self.step_fault(step, check)) {
            return Some(what);
        }
        (!self.texts.contains_key("en")).then(|| "its English texts [cause.en] are missing".to_owned())
    }

    /// What is wrong with an entry of `shown_by`, if anything.
    fn step_fault(&self, step: &str, check: &str) -> Option<String> {
        let least = self.texts.values().map(|text| text.steps.len()).min().unwrap_or(0);
        if !step.parse().is_ok_and(|number: usize| (1..=least).contains(&number)) {
            return Some(format!("shown_by names step {step}, of {least}"));
        }
        (!CHECKS.contains(&check)).then(|| format!("shown_by names {check}, known are {}", CHECKS.join(", ")))
    }

    /// The numbers of the steps that are done (the first is 1), by the names of the live checks that are in order.
    #[must_use]
    pub fn steps_done(&self, in_order: &[String]) -> Vec<usize> {
        let done = self.shown_by.iter().filter(|(_, check)| in_order.contains(check));
        done.filter_map(|(step, _)| step.parse().ok()).collect()
    }

    /// The texts in `lang`, or in English where there are none.
    #[must_use]
    pub fn text(&self, lang: &str) -> &CauseText {
        static NONE: CauseText = CauseText {
            title: String::new(),
            summary: String::new(),
            why: String::new(),
            steps: Vec::new(),
            staff_hint: String::new(),
            answer: String::new(),
        };
        self.texts.get(lang).or_else(|| self.texts.get("en")).unwrap_or(&NONE)
    }

    /// How long a block of this cause lasts if nothing else is said.
    #[must_use]
    pub fn lasts(&self) -> Lasts {
        Lasts::parse(&self.ttl).unwrap_or(Lasts::Forever)
    }

    /// The text of the reply with `link` filled in.
    #[must_use]
    pub fn reply_text(&self, link: &str) -> String {
        self.reply.replace("{code}", &self.code).replace("{link}", link)
    }

    /// The whole reply: code, enhanced status, text.
    #[must_use]
    pub fn reply_line(&self, link: &str) -> String {
        format!("{} {} {}", self.smtp, self.enhanced, self.reply_text(link))
    }
}

/// Whether this can be the code of a cause.
fn is_code(text: &str) -> bool {
    let inside = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-';
    (2..=20).contains(&text.len()) && text.bytes().all(inside)
}

/// Whether this is an enhanced status code (RFC 3463 2).
fn is_enhanced(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 3 && parts.iter().all(|p| (1..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of one cause in which one line is replaced.
    fn table(old: &str, new: &str) -> String {
        let good = "[[cause]]\ncode = \"PB-X\"\nsmtp = 550\nenhanced = \"5.7.1\"\naction = \"reject\"\ndnsbl = \"127.0.0.2\"\n\
                    ttl = \"7d\"\narticle = \"a\"\nreply = \"blocked ({code}), see {link}\"\n[cause.en]\ntitle = \"t\"\n\
                    summary = \"s\"\nwhy = \"w\"\nsteps = [\"a\"]\nstaff_hint = \"h\"\nanswer = \"a\"\n";
        good.replace(old, new)
    }

    #[test]
    fn a_good_table_is_read() {
        let causes = Causes::parse(&table("", "")).unwrap();
        let cause = causes.find("pb-x").unwrap();
        assert_eq!(cause.reply_line("https://p.example/c/A"), "550 5.7.1 blocked (PB-X), see https://p.example/c/A");
        assert_eq!(cause.text("fr").title, "t");
    }

    #[test]
    fn a_fault_names_the_cause_and_the_key() {
        for (old, new, want) in [
            ("550", "450", "does not fit action"),
            ("5.7.1", "4.7.1", "enhanced"),
            ("127.0.0.2", "127.0.0.1", "dnsbl"),
            ("\"7d\"", "\"7 days\"", "ttl"),
            ("see {link}", "see ü{link}", "reply"),
            ("{link}", "link", "reply"),
            ("[cause.en]", "[cause.de]", "English"),
            ("[cause.en]", "shown_by = { 2 = \"ptr\" }\n[cause.en]", "step 2, of 1"),
            ("[cause.en]", "shown_by = { 1 = \"dig\" }\n[cause.en]", "names dig"),
            ("PB-X", "pb x", "code"),
        ] {
            let error = Causes::parse(&table(old, new)).unwrap_err().to_string();
            assert!(error.contains(want), "{old} -> {new}: {error}");
        }
        let twice = format!("{}{}", table("", ""), table("", ""));
        assert!(Causes::parse(&twice).unwrap_err().to_string().contains("twice"));
    }
}

//! What spam filters wrote into a header, and what it means.
//!
//! A table says which field belongs to which filter and how it is to be read; `microsoft` and `scores`
//! read those that hold more than one word. Each explanation has a stable key with arguments, from
//! which a page makes its sentence in any language, and the sentence in English.

mod microsoft;
mod scores;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::block::Field;

/// One thing that a filter said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// The field.
    pub name: String,
    /// The stable name of the explanation.
    pub key: String,
    /// What stands in its sentence.
    pub args: Vec<String>,
    /// The part of the field that it is about.
    pub value: String,
    /// The explanation in English.
    pub words: String,
}

/// How a field is read.
#[derive(Clone, Copy)]
enum Reading {
    /// One word out of a list, or any word.
    Verdict,
    /// A number; the higher, the more like spam.
    Score,
    /// `SpamAssassin`'s `Yes, score=… required=… tests=…`.
    Status,
    /// Rspamd's `default: False [1.0 / 15.0] …`.
    Rspamd,
    /// Marks instead of a number: `***`, `+++`, `---`.
    Bar,
    /// Microsoft's list of `NAME:value;`.
    Microsoft,
    /// Microsoft's spam confidence level alone.
    Scl,
    /// Proofpoint's list of `name=value`.
    Proofpoint,
    /// `word:number` of 1&1, GMX and WEB.DE.
    Ui,
    /// `number (sentence)` of older GMX servers.
    Sentence,
    /// Something only the filter itself can read.
    Opaque,
}

/// A field, the filter that writes it, and how to read it.
type Row = (&'static str, &'static str, Reading);

/// The fields of spam filters, by their usual spelling.
const TABLE: &[Row] = &[
    ("X-Spam-Status", "SpamAssassin or a filter like it", Reading::Status),
    ("X-Spam-Flag", "SpamAssassin or a filter like it", Reading::Verdict),
    ("X-Spam-Score", "SpamAssassin or a filter like it", Reading::Score),
    ("X-Spam-Level", "SpamAssassin or a filter like it", Reading::Bar),
    ("X-Spam-Bar", "SpamAssassin or a filter like it", Reading::Bar),
    ("X-Spam", "the receiving server", Reading::Verdict),
    ("X-Spam-Report", "SpamAssassin or a filter like it", Reading::Opaque),
    ("X-Spam-Action", "the receiving server", Reading::Verdict),
    ("X-Spam-Result", "the receiving server", Reading::Opaque),
    ("X-Spam-Hits", "the receiving server", Reading::Opaque),
    ("X-Spamd-Result", "Rspamd", Reading::Rspamd),
    ("X-Spamd-Bar", "Rspamd", Reading::Bar),
    ("X-Rspamd-Score", "Rspamd", Reading::Score),
    ("X-Rspamd-Action", "Rspamd", Reading::Verdict),
    ("X-Rspamd-Flag", "Rspamd", Reading::Verdict),
    ("X-Forefront-Antispam-Report", "Microsoft", Reading::Microsoft),
    ("X-Forefront-Antispam-Report-Untrusted", "the sender's Microsoft tenant", Reading::Microsoft),
    ("X-Microsoft-Antispam", "Microsoft", Reading::Microsoft),
    ("X-Microsoft-Antispam-Untrusted", "the sender's Microsoft tenant", Reading::Microsoft),
    ("X-Microsoft-Antispam-Mailbox-Delivery", "Microsoft", Reading::Microsoft),
    ("X-MS-Exchange-Organization-SCL", "Microsoft Exchange", Reading::Scl),
    ("X-MS-Exchange-Organization-PCL", "Microsoft Exchange", Reading::Score),
    ("X-UI-Filterresults", "GMX, WEB.DE or 1&1", Reading::Ui),
    ("X-UI-Out-Filterresults", "GMX, WEB.DE or 1&1, when sending", Reading::Ui),
    ("X-GMX-Antispam", "GMX", Reading::Sentence),
    ("X-GMX-Antivirus", "GMX", Reading::Sentence),
    ("X-Proofpoint-Spam-Details", "Proofpoint", Reading::Proofpoint),
    ("X-Proofpoint-Spam-Details-Enc", "Proofpoint", Reading::Opaque),
    ("X-Proofpoint-Spam-Reason", "Proofpoint", Reading::Verdict),
    ("X-Barracuda-Spam-Status", "Barracuda", Reading::Status),
    ("X-Barracuda-Spam-Score", "Barracuda", Reading::Score),
    ("X-Barracuda-Spam-Flag", "Barracuda", Reading::Verdict),
    ("X-Mimecast-Spam-Score", "Mimecast", Reading::Score),
    ("X-Mimecast-Bulk-Signature", "Mimecast", Reading::Verdict),
    ("X-Mimecast-Spam-Signature", "Mimecast", Reading::Verdict),
    ("X-CMAE-Score", "Cloudmark", Reading::Score),
    ("X-CMAE-Analysis", "Cloudmark", Reading::Opaque),
    ("X-CNFS-Analysis", "Cloudmark", Reading::Opaque),
    ("X-Authority-Analysis", "Cloudmark", Reading::Opaque),
    ("X-Spam-PmxInfo", "Sophos PureMessage", Reading::Opaque),
    ("X-PMX-Spam", "Sophos PureMessage", Reading::Opaque),
    ("X-PMX-Version", "Sophos PureMessage", Reading::Opaque),
    ("X-Sophos-Email", "Sophos", Reading::Opaque),
    ("X-TM-AS-Result", "Trend Micro", Reading::Verdict),
    ("X-TMASE-Result", "Trend Micro", Reading::Opaque),
    ("X-TM-AS-User-Approved-Sender", "Trend Micro", Reading::Verdict),
    ("X-TM-AS-User-Blocked-Sender", "Trend Micro", Reading::Verdict),
    ("X-FEAS-Hash", "FortiMail", Reading::Opaque),
    ("X-FEAS-Dictionary", "FortiMail", Reading::Opaque),
    ("X-FEAS-SPF", "FortiMail", Reading::Opaque),
    ("X-FEAS-Auth-User", "FortiMail", Reading::Opaque),
    ("X-FE-Spam", "FortiMail", Reading::Verdict),
    ("X-Brightmail-Tracker", "Symantec", Reading::Opaque),
    ("X-SpamInfo", "Symantec", Reading::Opaque),
    ("X-StarScan-Version", "Symantec", Reading::Opaque),
    ("X-SpamReason", "Symantec", Reading::Status),
    ("X-IronPort-Anti-Spam-Filtered", "Cisco IronPort", Reading::Verdict),
    ("X-IronPort-Anti-Spam-Result", "Cisco IronPort", Reading::Opaque),
    ("X-Gm-Spam", "Google", Reading::Verdict),
    ("X-Gm-Phishy", "Google", Reading::Verdict),
    ("X-YMailISG", "Yahoo", Reading::Opaque),
    ("X-YahooFilteredBulk", "Yahoo", Reading::Opaque),
    ("X-AOL-SCOLL-SCORE", "AOL", Reading::Opaque),
    ("X-AOL-Global-Disposition", "AOL", Reading::Verdict),
    ("X-Apple-Spam", "Apple", Reading::Verdict),
    ("X-VR-SPAMSTATE", "Vade Secure", Reading::Verdict),
    ("X-VR-SPAMSCORE", "Vade Secure", Reading::Score),
    ("X-VR-SPAMCAUSE", "Vade Secure", Reading::Opaque),
    ("X-Vade-Verdict", "Vade Secure", Reading::Verdict),
    ("X-VADE-STATUS", "Vade Secure", Reading::Verdict),
    ("X-VADE-SCORE", "Vade Secure", Reading::Score),
    ("X-Vade-Spamstate", "Vade Secure", Reading::Verdict),
    ("X-Vade-Spamscore", "Vade Secure", Reading::Score),
    ("X-Ovh-Spam-Status", "OVH", Reading::Verdict),
    ("X-Ovh-Spam-Reason", "OVH", Reading::Opaque),
    ("X-antispameurope-Spamstatus", "Hornetsecurity", Reading::Verdict),
    ("X-antispameurope-Reason", "Hornetsecurity", Reading::Opaque),
    ("X-antispameurope-Virusscan", "Hornetsecurity", Reading::Verdict),
    ("X-Hornetsecurity-Spamstatus", "Hornetsecurity", Reading::Verdict),
    ("X-purgate", "Cyren eXpurgate", Reading::Verdict),
    ("X-purgate-type", "Cyren eXpurgate", Reading::Verdict),
    ("X-purgate-ID", "Cyren eXpurgate", Reading::Opaque),
    ("X-TOI-SPAM", "T-Online", Reading::Opaque),
    ("X-TOI-VIRUSSCAN", "T-Online", Reading::Verdict),
    ("X-Mras", "Mail.ru", Reading::Verdict),
    ("X-Yandex-Spam", "Yandex", Reading::Verdict),
    ("X-KSE-AntiSpam-Interceptor-Info", "Kaspersky", Reading::Opaque),
    ("X-KLMS-AntiSpam-Status", "Kaspersky", Reading::Verdict),
    ("X-KLMS-AntiSpam-Rate", "Kaspersky", Reading::Score),
    ("X-KSMG-AntiSpam-Status", "Kaspersky", Reading::Verdict),
    ("X-KSMG-AntiSpam-Rate", "Kaspersky", Reading::Score),
    ("X-BitDefender-Spam", "Bitdefender", Reading::Verdict),
    ("X-ESET-AS", "ESET", Reading::Opaque),
    ("X-DSPAM-Result", "DSPAM", Reading::Verdict),
    ("X-DSPAM-Probability", "DSPAM", Reading::Score),
    ("X-DSPAM-Confidence", "DSPAM", Reading::Score),
    ("X-Bogosity", "bogofilter", Reading::Verdict),
    ("X-MailScanner-SpamCheck", "MailScanner", Reading::Verdict),
    ("X-MailScanner-SpamScore", "MailScanner", Reading::Bar),
    ("X-SpamExperts-Class", "SpamExperts", Reading::Verdict),
    ("X-SpamExperts-Outgoing-Class", "SpamExperts, when sending", Reading::Verdict),
    ("X-Recommended-Action", "SpamExperts", Reading::Verdict),
    ("X-SmarterMail-Spam", "SmarterMail", Reading::Opaque),
    ("X-SmarterMail-TotalSpamWeight", "SmarterMail", Reading::Score),
    ("X-MailMarshal-SpamScore", "Trustwave MailMarshal", Reading::Score),
    ("X-Spam-Probability", "the receiving server", Reading::Score),
    ("X-Amavis-Alert", "amavis", Reading::Opaque),
    ("X-Mailgun-SFlag", "Mailgun", Reading::Verdict),
    ("X-Mailgun-SScore", "Mailgun", Reading::Score),
    ("X-SES-Spam-Verdict", "Amazon SES", Reading::Verdict),
    ("X-SES-Virus-Verdict", "Amazon SES", Reading::Verdict),
    ("X-Junkmail-Status", "the receiving server", Reading::Verdict),
    ("X-CTCH-Spam", "Cyren", Reading::Verdict),
    ("X-Pobox-Delivery-ID", "Pobox", Reading::Opaque),
];

/// The most fields, values of one field, and explanations that are kept.
const MOST: usize = 100;

/// The longest value that is shown.
const LONGEST: usize = 400;

/// Fields of filters by name, and what they mean.
pub(super) type Findings = (BTreeMap<String, Vec<String>>, Vec<Explained>);

/// Finds the fields of spam filters and explains them.
pub(super) fn read(fields: &[Field<'_>]) -> Findings {
    let (mut values, mut explained) = (BTreeMap::<String, Vec<String>>::new(), Vec::new());
    let of_filters = fields.iter().filter_map(|field| row(field.name).map(|row| (field, row)));
    for (field, row) in of_filters.take(MOST) {
        let name = if row.0.is_empty() { field.name } else { row.0 };
        values.entry(short(name).to_owned()).or_default().push(short(&field.value).to_owned());
        if explained.len() < MOST {
            explained.extend(explain(name, row, &field.value));
        }
    }
    explained.truncate(MOST);
    (values, explained)
}

/// The beginning of a value.
fn short(value: &str) -> &str {
    value.get(..value.floor_char_boundary(LONGEST)).unwrap_or(value)
}

/// Finds the row of a field; also of fields that carry the name of the site in theirs.
fn row(name: &str) -> Option<Row> {
    if !name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("x-")) {
        return None;
    }
    if let Some(row) = TABLE.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name)) {
        return Some(*row);
    }
    let lower = name.to_ascii_lowercase();
    let ends = |end: &str| lower.ends_with(end);
    let reading = match () {
        () if ends("-mailscanner-spamscore") => Reading::Bar,
        () if ends("-spam-score") || ends("-spamscore") => Reading::Score,
        () if ends("-spam-status") => Reading::Status,
        () if ends("-mailscanner-spamcheck") || ends("-spam-flag") || ends("-spam-verdict") => Reading::Verdict,
        () => return None,
    };
    Some(("", "the receiving server", reading))
}

/// Explains one field.
fn explain(name: &str, (_, filter, reading): Row, value: &str) -> Vec<Explained> {
    let value = short(value.trim());
    let found = match reading {
        Reading::Verdict => scores::verdict(filter, value),
        Reading::Score => scores::score(filter, value),
        Reading::Status => scores::status(filter, value),
        Reading::Rspamd => scores::rspamd(filter, value),
        Reading::Bar => scores::bar(filter, value),
        Reading::Microsoft => microsoft::report(filter, value),
        Reading::Scl => microsoft::scl(filter, value).into_iter().collect(),
        Reading::Proofpoint => scores::proofpoint(filter, value),
        Reading::Ui => scores::ui(filter, value),
        Reading::Sentence => scores::sentence(filter, value),
        Reading::Opaque => vec![opaque(filter, value)],
    };
    found.into_iter().map(|one| Explained { name: name.to_owned(), ..one }).collect()
}

/// Says that only the filter can read the field.
fn opaque(filter: &str, value: &str) -> Explained {
    let words =
        format!("Notes of {filter} for its own use; they show that it looked at the mail, not what it decided.");
    made("opaque", &[filter], value, words)
}

/// Puts an explanation together, without the field's name.
fn made(key: &str, args: &[&str], value: &str, words: String) -> Explained {
    let args = args.iter().map(|arg| (*arg).to_owned()).collect();
    Explained { name: String::new(), key: key.to_owned(), args, value: value.to_owned(), words }
}

#[cfg(test)]
mod tests;

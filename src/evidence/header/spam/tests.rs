use std::borrow::Cow;

use super::*;

/// The keys with which a field is explained.
fn keys(name: &str, value: &str) -> String {
    let fields = [Field { name, value: Cow::Borrowed(value), line: 1 }];
    let (values, explained) = read(&fields);
    assert!(values.len() <= 1);
    assert!(explained.iter().all(|one| !one.words.is_empty() && !one.name.is_empty()));
    explained.into_iter().map(|one| one.key).collect::<Vec<_>>().join(" ")
}

#[test]
fn filters_are_explained() {
    let cases = [
        ("X-Spam-Status", "No, score=-1.9 required=5.0 tests=BAYES_00 autolearn=ham", "verdict-ham score-limit"),
        ("x-spam-status", "Yes, hits=15 required=5", "verdict-spam score-limit"),
        ("X-Spam-Level", "***", "score-about"),
        ("X-Spam-Flag", "YES", "verdict-spam"),
        ("X-Spamd-Result", "default: False [-1.30 / 15.00]; DMARC_NA(0.00)[example.org]", "score-limit"),
        ("X-Rspamd-Action", "no action", "verdict-ham"),
        (
            "X-Forefront-Antispam-Report",
            "CIP:192.0.2.1;CTRY:DE;LANG:en;SCL:5;SFV:SPM;H:mail.example.org;CAT:SPM;",
            "scl-spam sfv-spm cat-spm",
        ),
        ("X-Microsoft-Antispam", "BCL:0;ARA:1444111002|461199028;", "bcl-none"),
        ("X-UI-Filterresults", "notjunk:1;V03:K0:abc", "ui-ham"),
        ("X-GMX-Antispam", "0 (Mail was not recognized as spam); Detail=5D7Q", "sentence-ham"),
        ("X-Proofpoint-Spam-Details", "rule=outbound_notspam policy=outbound score=0 spamscore=0", "rule-ham"),
        ("X-Barracuda-Spam-Status", "No, SCORE=0.00 using global scores of TAG_LEVEL=1000.0", "verdict-ham score"),
        ("X-VR-SPAMSTATE", "OK", "verdict-ham"),
        ("X-Site-MailScanner-SpamScore", "sss", "score-about"),
        ("X-YMailISG", "EfAmUiocZAp0Gt06", "opaque"),
        ("Subject", "hello", ""),
    ];
    for (name, value, want) in cases {
        assert_eq!(keys(name, value), want, "{name}: {value}");
    }
}

#[test]
fn nonsense_is_explained_as_nonsense() {
    for value in ["", "(((", "SCL:;SCL:x;:", "[ / ]", "=,=,="] {
        for name in ["X-Spam-Status", "X-Forefront-Antispam-Report", "X-Spamd-Result", "X-Proofpoint-Spam-Details"] {
            keys(name, value);
        }
    }
}

//! Categories of replies, case by case.

use super::*;
use crate::evidence::blocklists;

fn category(text: &str) -> Category {
    let parsed = crate::evidence::reply::parse(text);
    let lower = parsed.plain.to_lowercase();
    of(&lower, parsed.code, parsed.enhanced.as_deref(), blocklists::named(&lower).as_ref())
}

#[test]
fn categories_of_replies() {
    let cases = [
        ("450 4.2.0 <a@example.org>: Recipient address rejected: Greylisted", Greylist),
        ("530 5.7.0 Must issue a STARTTLS command first", Tls),
        ("554 5.7.1 Client host [192.0.2.1] blocked using bl.example.net", Rbl),
        ("550 Your IP address is on our block list", IpBlock),
        ("550 no PTR record for 192.0.2.1", Rdns),
        ("504 5.5.2 <x>: Helo command rejected: need fully-qualified hostname", Helo),
        ("421 4.7.0 Too many connections from your host", RateLimit),
        ("550 5.7.1 SPF check failed", AuthDmarc),
        ("554 5.7.1 Message looks like spam", ContentSpam),
        ("550 5.1.1 No such user here", MailboxUnknown),
        ("552 5.2.2 Mailbox full", Other),
        ("554 5.7.1 Relay access denied", Policy),
        ("451 4.3.0 Temporary lookup failure", Other),
        ("550 5.7.1 <mail.local>: Helo command rejected: You are not localhost", Helo),
        ("550 mailbox unavailable 550 Sender address is not allowed", Policy),
        ("550 5.7.133 sender not authenticated for group", Policy),
        ("556 5.1.10 Domain of bob@example.org has a null MX", Other),
        ("450 4.1.2 <a@example.org>: Recipient address rejected: Domain not found", Other),
        ("550 RCPT (bob@example.org) dosn't exist", MailboxUnknown),
        ("451 4.4.2 Message submission rate for this client is too high", RateLimit),
        ("550 5.7.1 please see http://www.openspf.net/Why?s=mfrom", AuthDmarc),
        ("554 SBRS score too low", IpBlock),
    ];
    for (text, want) in cases {
        assert_eq!(category(text), want, "{text}");
    }
}

/// Refusals as many providers word them, by what they mean.
static WORDINGS: &[(Category, &[&str])] = &[
    (
        IpBlock,
        &[
            "554 IP=203.0.113.5 - A problem occurred. (Ask your postmaster for help or to contact tosa@rx.t-online.de to clarify.) (BL)",
            "554 IP=203.0.113.5 - None/bad reputation. Ask your postmaster for help or to contact tobr@rx.t-online.de for reset. (NOWL)",
            "554 IP=203.0.113.5 - Dialup/transient IP not allowed. Use a mailgateway or contact toda@rx.t-online.de if obsolete. (DIAL)",
            "554 imta12.comcast.net comcast 203.0.113.5 Comcast block for spam. Please see http://postmaster.comcast.net/smtp-error-codes.php#BL000000",
            "554 ERROR: Mail refused - cxbl, 203.0.113.5 blocked by Cox",
            "550 5.7.1 Connections not accepted from IP addresses on our local blocklist",
            "521 5.2.1 :  (RLY:B1)  http://postmaster.info.aol.com/errors/554rlyb1.html",
            "550 SC-001 (BAY004) Unfortunately, messages from 203.0.113.5 weren't sent. Please contact your Internet service provider",
            "550 5.7.1 Your mail server is blacklisted by our system",
            "550 Your host 203.0.113.5 is blocked by our firewall",
            "554 5.7.1 <unknown[203.0.113.5]>: Client host rejected: Access denied",
            "550 5.7.1 You have been blocked by our reputation filter. 203.0.113.5",
            "554-mail.example.com 554 Your access to this mail system has been rejected due to the sending MTA's poor reputation.",
            "550 Email blocked by local policy: 203.0.113.5 banned",
            "550 mx1.hotmail.example 5.7.511 Access denied, banned sender[203.0.113.5]",
            "554 AUP#I-1000 203.0.113.5 blocked",
        ],
    ),
    (
        Rbl,
        &[
            "554 resimta-po-01v.sys.comcast.net comcast 203.0.113.5 found on one or more DNSBLs, see http://postmaster.comcast.net/smtp-error-codes.php#BL000001",
            "554 Service unavailable; Client host [203.0.113.5] blocked using b.barracudacentral.org; http://www.barracudanetworks.com/reputation/?r=1&ip=203.0.113.5",
            "550 5.7.1 Mail from 203.0.113.5 has been rejected by black list bl.spamcop.net",
            "550 Rejected: 203.0.113.5 is listed in dnsbl-1.uceprotect.net",
            "553 http://www.spamhaus.org/query/bl?ip=203.0.113.5",
            "550 5.7.1 [203.0.113.5] listed by ix.dnsbl.manitu.net, see http://www.dnsbl.manitu.net/lookup.php",
            "550-203.0.113.5 is listed at combined.mail.abusix.zone",
            "550 5.7.1 Email rejected due to Mailspike reputation",
            "451 Blocked - see http://www.spamcop.net/bl.shtml?203.0.113.5",
            "554 5.7.1 Refused by SORBS",
            "550 5.7.1 Service unavailable. The sending IP 203.0.113.5 is listed by Trend Micro Email Reputation Services",
        ],
    ),
    (
        Rdns,
        &[
            "421 imta01.comcast.net comcast Reverse DNS failure: Try again later",
            "554 cox.net cmsmtp 203.0.113.5 blocked - Error Code: CXDNS - Reverse DNS lookup failed",
            "450 4.7.25 Client host rejected: cannot find your hostname, [203.0.113.5]",
            "450 4.7.1 Client host rejected: cannot find your reverse hostname, [203.0.113.5]",
            "550 5.7.1 The sending IP has no reverse DNS",
            "554 5.7.1 Client host rejected: generic rdns pattern",
            "550 DNS check failed: no PTR for 203.0.113.5",
            "553 5.0.0 Your IP address has no valid PTR",
            "421 4.7.0 Unresolvable hostname for 203.0.113.5",
            "421 AUP#1110 Your IP address doesn't have matching reverse DNS",
        ],
    ),
    (
        RateLimit,
        &[
            "421 4.1.0 Too many sessions opened from 203.0.113.5 RL000003",
            "450 4.7.1 Error: too much mail from 203.0.113.5",
            "450 4.7.0 The mail rate from your server is too high, slow down",
            "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients",
            "452 4.5.3 Too many recipients",
            "450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages",
            "421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your DKIM domain",
            "421 RP-001 (BAY004) Unfortunately, some messages from 203.0.113.5 weren't sent. Please try again. We have limits for how many messages can be sent per hour and per day",
            "550 Ip frequency limited. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000725",
            "451 4.7.650 The mail server [203.0.113.5] has been temporarily rate limited due to IP reputation",
            "421 AUP#CNCT Too many connections from 203.0.113.5",
        ],
    ),
    (
        AuthDmarc,
        &[
            "550 5.7.1 Email rejected per DMARC policy of example.com",
            "550 5.7.23 The message was rejected because of Sender Policy Framework violation -> 550 5.7.1 SPF fail",
            "550-5.7.26 This mail has been blocked because the sender is unauthenticated.",
            "550 SPF: 203.0.113.5 is not allowed to send mail from example.com",
            "550 5.7.1 DKIM signature verification failed",
            "554 5.7.5 Permanent error evaluating DMARC policy",
            "550 \"The sending IP is not in the SPF record of example.com\"",
        ],
    ),
    (
        Policy,
        &[
            "550 5.7.1 Access denied, domain not allowed",
            "550 5.7.1 Unable to relay for a@example.com",
            "550 relay not permitted",
            "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
            "550 Sender verify failed",
            "553 5.1.8 <a@example.com>... Domain of sender address a@example.com does not exist",
            "530 5.7.1 Authentication required",
            "552 5.3.4 Message size exceeds fixed limit",
            "552 5.3.4 Message too big for system",
            "554 5.6.0 Message contains invalid header",
            "550 Messages without a valid From header are not accepted",
            "550 5.7.1 Delivery not authorized, message refused",
            "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check failed",
            "550 5.7.124 Sender not in allowed-senders list",
            "550 5.7.1 TRANSPORT.RULES.RejectMessage; the message was rejected by organization policy",
            "550 5.7.129 RESOLVER.RST.RestrictedToRecipientsPermission; not authorized to send to recipient",
            "550 Administrative prohibition - envelope blocked - https://community.mimecast.com/docs/DOC-1369#550",
        ],
    ),
    (
        MailboxUnknown,
        &[
            "550 5.1.1 The email account that you tried to reach is not here",
            "554 30 Sorry, your message to a@example.com cannot be delivered. This mailbox is disabled (554.30).",
            "550-5.1.1 recipient rejected",
            "550 Administrative prohibition - unable to validate recipient",
            "550 RCPT TO:<a@example.com> User unknown",
            "550 a@example.com: invalid address",
            "550 5.1.1 sid: Address does not exist",
            "550 Mailbox not found",
            "550 5.2.1 <a@example.com>... Account deactivated",
            "550 #5.1.0 Address rejected a@example.com",
            "511 5.1.1 <a@example.com>: Benutzer unbekannt",
            "550 Der angegebene Empfänger existiert nicht",
            "550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550",
            "550 permanent failure for one or more recipients (a@example.com:550 5.1.1 unknown)",
            "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)",
            "550 5.1.6 Recipient no longer on server",
            "550 Requested action not taken: mailbox unavailable",
            "450 4.1.1 <a@example.com>: Recipient address rejected: unverified address: user unknown",
        ],
    ),
    (
        Other,
        &[
            "552 5.2.2 Über das Postfach kann nicht mehr verfügt werden, Speicherplatz erschöpft",
            "452 4.3.1 Insufficient system resources",
            "451 4.3.5 Server configuration problem",
            "451 4.4.1 Connection timed out",
            "550 5.2.2 a@example.com mailbox quota exceeded",
            "452-4.2.2 The email account that you tried to reach is over quota and inactive",
            "421 4.3.0 Temporary System Problem. Try again later",
            "454 4.4.1 Unable to resolve domain name",
            "550 5.4.4 Unable to route: no mail hosts for domain",
            "550 5.4.6 Routing loop detected",
            "554 5.4.0 Error: too many hops",
            "450 4.2.0 Mailbox temporarily unavailable",
        ],
    ),
    (
        ContentSpam,
        &[
            "554 5.7.1 The message was rejected because it contains prohibited virus or spam content",
            "550 5.7.1 Message rejected as spam by Content Filtering.",
            "554 DT:SPM 163 mx1,PMCowAB3 http://mail.163.com/help/help_spam_16.htm?ip=203.0.113.5",
            "550 Mail content denied. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000726",
            "554 5.7.1 Spam detected by content scanner",
            "550 High probability of spam",
            "554 5.7.0 Reject, id=123 - INFECTED: Eicar",
            "550 5.7.1 Blocked by SpamAssassin (score 12.3)",
            "554 Message refused. Your message looks like phishing",
            "550 Message headers fail syntax check? no: message content rejected",
        ],
    ),
    (
        Helo,
        &[
            "550 5.7.1 Helo command rejected: You are not me",
            "501 Syntactically invalid EHLO argument(s)",
            "550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)",
            "554 5.7.1 <localhost>: Helo command rejected: Access denied",
        ],
    ),
    (
        Tls,
        &[
            "454 4.7.0 TLS not available due to local problem",
            "550 5.7.10 Encryption too weak",
            "451 5.7.3 STARTTLS is required to send mail",
            "550 5.7.4 Encryption required for recipient",
            "403 4.7.0 TLS handshake failed.",
        ],
    ),
    (
        Greylist,
        &[
            "451 4.7.1 Greylisting in action, please come back in 00:05:00",
            "450 4.7.1 Try again in 300 seconds; you are greylisted",
            "421 Message temporarily deferred - greylist",
        ],
    ),
];

#[test]
fn providers_words_are_understood() {
    for (want, texts) in WORDINGS {
        for text in *texts {
            assert_eq!(category(text), *want, "{text}");
        }
    }
}

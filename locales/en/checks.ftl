# The live checks: for each check a title, why it matters and how to mend it; for each finding one sentence.

checks-heading = The set-up of the sender
checks-lead = Asked over the DNS at { $time }. Only public records are read; no connection is made to the sender's machine.
checks-summary = { $pass } as it should be, { $warn } to improve, { $fail } to mend, { $unknown } without an answer
checks-off = The set-up of the sender cannot be checked here at this moment.
checks-again = Check again
checks-all = All checks
checks-coming = The checks are being made at this moment. Load the page again in a few seconds.
checks-changes = Since the time before:
checks-change = { $title }: { $before } → { $now }. { $text }
checks-new = not checked
checks-gone = { $title }: not checked any more.
checks-to-do = What to do
checks-to-do-none = Nothing that we can see from here.
checks-asked = Asked and answered
checks-why = Why it matters
checks-removal = Ask there for removal
checks-outcome-pass = in order
checks-outcome-warn = improve
checks-outcome-fail = mend
checks-outcome-unknown = unknown
checks-host = The name { $name } leads to { $count ->
    [one] this address
   *[other] these addresses; the first is checked below
 }:
checks-no-address = { $name } is checked as the domain of a sender. Add an address to have it checked as well.
checks-name-unknown = We could not find out at this moment what { $name } is. Please try again in a minute.
checks-no-answer = The DNS servers gave no usable answer. Look whether the name servers of the zone all answer, then try again.
checks-no-time = There was no answer within the time that a look-up may take. Slow or unreachable name servers are the usual reason.

checks-address-title = Address in the public Internet
checks-address-why = Private and reserved addresses are used in many networks at once, so the public DNS knows nothing about them.
checks-address-not-public = { $ip } is private or reserved. Other mail servers see the public address that it is translated to: look that one up.
checks-address-mend = Find the public address of the server in the refusal, or in the log of the server that refused.

checks-ptr-title = Name of the address (PTR)
checks-ptr-why = A mail server whose operator can be recognised has a name in the reverse zone. Many receivers refuse mail from addresses without one.
checks-ptr-mend = Have the provider of the address set one PTR record with the full host name of the mail server. Whoever runs the network has to do it; your own zone cannot.
checks-ptr-found = { $ip } is called { $name }.
checks-ptr-many = { $ip } has { $count } names. Receivers look at the first few only, in no fixed order; one is best.
checks-ptr-none = { $ip } has no name.

checks-fcrdns-title = The name leads back to the address
checks-fcrdns-why = Anybody can write any name into a reverse zone. Only a name that leads back to the same address shows that both are run together.
checks-fcrdns-mend = Add an A (IPv4) or AAAA (IPv6) record with this address to the name that the PTR record gives.
checks-fcrdns-confirmed = { $name } leads back to { $ip }.
checks-fcrdns-no-name = { $ip } has no name, so nothing can lead back to it.
checks-fcrdns-elsewhere = { $name } leads to other addresses, not to { $ip }.
checks-fcrdns-dangling = { $name } has no address in the DNS.

checks-generic-title = A name of its own
checks-generic-why = Names with the address in them, or with words such as “dyn” or “pool”, are given to whole ranges of lines. Infected home computers send from there, so receivers trust such names little.
checks-generic-mend = Have the PTR record changed to a name of your own domain, such as mail.example.org. On a line with a changing address, send through the provider's mail server instead.
checks-generic-own = { $name } looks like a name that somebody chose.
checks-generic-generic = { $name } looks like a name that a whole range got.
checks-generic-dynamic = { $name } looks like a dial-up or home line.
checks-generic-no-name = The address has no name at all.

checks-v6-title = IPv6 address
checks-v6-why = Over IPv6 one sender usually has a whole /64, so receivers judge and block networks of that size. A server needs a fixed address in it.
checks-v6-mend = Give the mail server a fixed address, let it send from that one only, and keep other customers out of the same /64.
checks-v6-chosen = { $ip } looks like an address that somebody chose. It shares its reputation with { $net }.
checks-v6-made-up = { $ip } was made of the number of a network card. It changes with the card.
checks-v6-random = { $ip } looks drawn by lot, as privacy addresses are. Such addresses change every day.
checks-v6-tunnel = { $ip } belongs to a tunnel (6to4 or Teredo). Mail from tunnels is refused widely.

checks-helo-title = Name in HELO or EHLO
checks-helo-why = A mail server has to introduce itself by its full host name (RFC 5321, 4.1.1.1). Programs that send spam mostly make one up.
checks-helo-mend = Set the host name of the mail server (in Postfix: myhostname) to the name of the PTR record, and let it lead to the address.
checks-helo-matches = { $name } leads to { $ip }.
checks-helo-elsewhere = { $name } exists, but leads to other addresses than { $ip }.
checks-helo-unresolved = { $name } does not exist in the DNS.
checks-helo-not-full = “{ $name }” is no full host name of the public DNS.
checks-helo-literal = The address itself stands for the name. The standard allows it, but many receivers do not.
checks-helo-other-literal = { $name } is another address than { $ip }.

checks-listed-title = Public blocklist
checks-listed-why = Other receivers ask public blocklists too. A listing there is the business of its operator; we cannot lift it.
checks-listed-mend = Stop the cause first, then ask the operator of the list for removal. Removal without a mended cause does not last.
checks-listed-free = { $zone } does not list { $ip }.
checks-listed-listed = { $zone } lists { $ip } ({ $code }).
checks-listed-reason = { $zone } lists { $ip } ({ $code }): { $reason }
checks-listed-no-answer = { $zone } gave no usable answer. This does not mean that { $ip } is listed.
checks-listed-refused = { $zone } does not answer our servers ({ $code }): too many questions, or no permission. This does not mean that { $ip } is listed.
checks-listed-invented = { $zone } gave an answer that is none of a blocklist ({ $code }). This does not mean that { $ip } is listed.
checks-listed-everything = { $zone } lists every address at present, so its answer ({ $code }) says nothing about { $ip }.

checks-origin-title = Network
checks-origin-why = It says who runs the network, and so who can set the PTR record and stop abuse.
checks-origin-mend = Ask the operator of the network whether the address is announced as intended.
checks-origin-found = { $asn }, { $net }, { $country }
checks-origin-none = No network that announces { $ip } is known.
checks-origin-unread = The answer about the network could not be understood.

checks-bounces-title = Mail to the sender's domain
checks-bounces-why = Replies and error mails go to the domain of the sender. Receivers refuse mail that cannot be answered.
checks-bounces-mend = Give the domain an MX record with the name of a mail server that exists, or send under a domain that has one.
checks-bounces-mx = Mail to { $domain } goes to { $hosts }.
checks-bounces-mx-partly = Some mail servers of { $domain } do not exist: { $hosts }.
checks-bounces-mx-dead = None of the mail servers of { $domain } exists: { $hosts }.
checks-bounces-null-mx = { $domain } says that it takes no mail (null MX), and so must not be the domain of a sender.
checks-bounces-no-domain = { $domain } does not exist.
checks-bounces-address-only = { $domain } has no MX record; mail goes to its address. This works with most receivers, not with all.
checks-bounces-nowhere = { $domain } has neither an MX record nor an address: mail to it cannot be delivered.

checks-spf-title = SPF
checks-spf-why = SPF says which machines may send in the name of a domain (RFC 7208). Mail from others counts as forged.
checks-spf-mend = Publish exactly one TXT record at the domain that starts with v=spf1, names every machine that sends, needs at most ten look-ups and ends in -all or ~all.
checks-spf-pass = { $domain } lets { $ip } send.
checks-spf-found = { $domain } has a record. With an address it can be tried.
checks-spf-fail = { $domain } forbids { $ip } to send in its name.
checks-spf-softfail = { $domain } does not count { $ip } among its senders (softfail).
checks-spf-neutral = { $domain } says neither yes nor no to { $ip }.
checks-spf-none = { $domain } has no SPF record.
checks-spf-many = { $domain } has more than one SPF record, so none counts.
checks-spf-lets-all = The record of { $domain } lets the whole Internet send in its name.
checks-spf-permerror = The record of { $domain } cannot be used: it has a mistake, or needs more than ten look-ups.
checks-spf-no-domain = There is no domain to ask.

checks-dmarc-title = DMARC
checks-dmarc-why = DMARC says what receivers shall do with mail that only claims to be from a domain (RFC 9989). Large receivers expect a record.
checks-dmarc-mend = Publish exactly one TXT record at _dmarc of the domain, beginning with “v=DMARC1; p=none; rua=mailto:…”. Read the reports, then go to quarantine or reject.
checks-dmarc-found = The record at { $from } asks for “{ $policy }”.
checks-dmarc-watches = The record at { $from } only watches (“none”).
checks-dmarc-testing = The record at { $from } asks for “{ $policy }”, as a test.
checks-dmarc-none = There is no DMARC record for { $domain }.
checks-dmarc-many = { $domain } has more than one DMARC record, so none counts.
checks-dmarc-bad = The DMARC record of { $domain } cannot be understood.

checks-dkim-title = DKIM key
checks-dkim-why = A signature shows that the message comes from the domain that signed, even after forwarding (RFC 6376). Without its key nobody can check it.
checks-dkim-mend = Publish exactly one TXT record with the public key at this name, of 2048 bits for RSA. Remove keys that are no longer used.
checks-dkim-found = The key at { $name } has { $bits } bits.
checks-dkim-ed25519 = There is an Ed25519 key at { $name }. Sign with an RSA key as well: not all receivers know Ed25519.
checks-dkim-testing = The key at { $name } has { $bits } bits and says that it is a test.
checks-dkim-short = The key at { $name } has { $bits } bits only; 2048 are usual.
checks-dkim-weak = The key at { $name } has { $bits } bits; receivers ignore signatures with so short a key.
checks-dkim-none = There is no key at { $name }.
checks-dkim-many = There is more than one text at { $name }, so which is the key is anybody's guess.
checks-dkim-revoked = The key at { $name } was withdrawn: its record is there, but empty.
checks-dkim-bad = The key at { $name } cannot be used.

checks-align-title = The From line and who vouches for it
checks-align-why = DMARC counts only what belongs to the organisation in the From line: the domain of a DKIM signature or that of the envelope sender (RFC 9989). We see the domains in your evidence; whether signature and sender were right, only the receiver saw.
checks-align-mend = Sign with the domain of the From line. With a mailing service, set up a signature for your own domain there.
checks-align-dkim = The signature of { $domain } belongs to the organisation of { $from }.
checks-align-spf = Only the envelope sender { $domain } belongs to the organisation of { $from }, no signature does. That is lost with forwarding.
checks-align-none = The From line says { $from }; none of the domains that vouch for the message belongs to it: { $domains }.

checks-mta-sts-title = MTA-STS
checks-mta-sts-why = It makes mail to the domain travel encrypted. Whether mail from the domain is taken does not depend on it.
checks-mta-sts-mend = If you want it: publish a policy and a TXT record at _mta-sts of the domain (RFC 8461).
checks-mta-sts-found = A policy is announced.
checks-mta-sts-none = No policy is announced. This is no fault.
checks-mta-sts-bad = The announcement cannot be used: it has no id, or stands there { $count } times.

checks-tls-rpt-title = Reports on TLS
checks-tls-rpt-why = Reports tell the domain when encryption on the way to it fails. Whether mail from the domain is taken does not depend on it.
checks-tls-rpt-mend = If you want them: publish a TXT record at _smtp._tls of the domain (RFC 8460).
checks-tls-rpt-found = Reports are asked for.
checks-tls-rpt-none = No reports are asked for. This is no fault.
checks-tls-rpt-bad = The record cannot be used: it names no place for reports, or stands there { $count } times.

checks-tlsa-title = DANE
checks-tlsa-why = TLSA records tie the certificate of a mail server to the DNS. Whether mail from the domain is taken does not depend on it. We only see that they are there, not whether they are signed.
checks-tlsa-mend = If you want it: sign the zone with DNSSEC, then publish TLSA records for every mail server (RFC 7672).
checks-tlsa-found = All mail servers have TLSA records: { $hosts }.
checks-tlsa-partly = Only some mail servers have TLSA records: { $hosts }.
checks-tlsa-none = No mail server has TLSA records. This is no fault.

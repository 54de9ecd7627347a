# Pages for senders.

form-errors = { $count ->
    [one] Please look at one thing
   *[other] Please look at { $count } things
 }

bad-net-empty = No address was given. Write one such as 203.0.113.7 or 2001:db8::1.
bad-net-not-address = “{ $given }” is no IP address. Write one such as 203.0.113.7 or 2001:db8::1.
bad-net-leading-zero = “{ $given }” has a number that begins with 0, which programs read differently. Write it without leading zeros.
bad-net-prefix = “{ $given }” has no valid length after the slash. IPv4 has /0 to /32, IPv6 has /0 to /128.
bad-net-host-bits = “{ $given }” is neither one address nor a network. Write { $network } for the network, or the address without the slash.
bad-net-network = “{ $given }” is a network. Write one single address of it.
bad-email-empty = A mail address is missing. Write the one that we shall answer to, such as postmaster@example.org.
bad-email-long = The mail address is longer than 254 characters, which no mail server takes.
bad-email-syntax = “{ $given }” is no mail address. Write one such as postmaster@example.org.
size-bytes = { $count ->
    [one] 1 byte
   *[other] { $count } bytes
 }
size-kilobytes = { $count } KB
size-megabytes = { $count } MB
time-ago = { $span } ago
time-in = in { $span }

standing-reject = is blocked
standing-defer = is put off for now
standing-free = { $ip } is not blocked
standing-inner = Mail from { $ip } never reaches our servers
standing-inner-text = Addresses of this kind are not used on the Internet, so we neither see nor block them. Look up the address under which your server is seen from outside; our refusal names it.
standing-probation = It is on probation until { $until }: a block was lifted, and only new evidence leads to a new one.
standing-unknown = We cannot say at this moment
standing-unknown-text = The portal has just started and is still reading the block list. Please try again in a minute.
status-effect-requested = The lift of { $net } is on its way: { $done } of { $total } places that decide about mail here obey already.
status-effect-confirmed = { $total ->
    [one] The lift of { $net } is in effect on our gateway since { $at }; that was tested.
   *[other] The lift of { $net } is in effect on { $done } of { $total } gateways since { $at }; each was tested.
 }
status-effect-late = The lift of { $net } is in effect on { $done } of { $total } gateways so far; the others follow by themselves. Should mail be refused meanwhile, send it again in a few minutes.
status-effect-failed = The lift of { $net } is not in effect everywhere ({ $done } of { $total } gateways). Should mail still be refused, add the whole text of the refusal below.
entry-net = Blocked network
entry-cause = Cause
entry-effect = What happens
entry-effect-reject = Mail from there is refused (5xx). Its senders get it back.
entry-effect-defer = Mail from there is put off (4xx). It stays in the sending server's queue and is tried again.
entry-since = Since
entry-hits = Mail it refused
entry-hits-count = { $count ->
    [0] none that our servers reported
    [one] once
   *[other] { $count } times
 }
entry-hits-first = first
entry-hits-last = last
entry-until = Ends by itself
entry-no-end = No set end. It is lifted on request, when its cause is gone.

check-title = Check an address or a name
check-lead = Is a mail server blocked by us, and if so, why? And is its set-up in order?
check-label = IP address, host name, domain, or a refusal
check-more = The name in HELO, the domain of the sender
check-helo = Name in HELO or EHLO
check-helo-hint = What your server calls itself, such as mail.example.org.
check-domain = Domain of the sender
check-domain-hint = What stands behind the @ in the envelope, such as example.org.
check-hint = The address that your server sends from, such as 203.0.113.7 or 2001:db8::1. You can also paste the whole refusal.
check-several = There is more than one address in this text: { $found }. Look up one of them, the one that your server sends from.
check-button = Look up
check-case = Cause and what to do
check-how-heading = Where do I find it?
check-how = When we refuse a message, our reply names the address and ends in a link. The reply stands in the error mail that you got back, and in the log of the sending server:
check-limit = A look-up changes nothing and is not stored. Networks are not looked up here, only single addresses and names.
check-free-heading = Mail is refused all the same?
check-free-elsewhere = Perhaps the refusal is not from us, or it is about another address.
check-free-elsewhere-link = How to read a refusal
check-free-header = Perhaps a fault in the message itself is the reason.
check-free-header-link = Faults in the header
check-free-refused = If neither is it, send us the log lines.
check-free-refused-link = Ask about refused connections
case-ask = Ask to unblock

start-title = Start
start-heading = Mail to { $provider }, and why it did not arrive
start-lead = See why a message was refused, delayed or marked as spam by { $provider }, what to do about it, and how to get a blocked address free again. No account is needed.
start-hint = Paste the refusal as it is, or only the address of the sending server.
start-doors = I am …
start-asked = Often asked
start-how = How a block ends
start-how-1 = Open the link from the refusal. It says what is blocked, why, and until when.
start-how-2 = Mend the cause, step by step.
start-how-3 = Ask to unblock, and paste what your log says. A few words are enough.
start-how-4 = Follow your request on a page of its own. You are told by mail how it ends, and why.
start-always-open = Mail to postmaster@ and abuse@ reaches us from blocked addresses too.

door-user = somebody whose mail came back
door-user-text = You use a mailbox or web space and do not run the mail server yourself.
door-user-1 = How to read the refusal
door-user-2 = All answers without admin rights
door-admin = a mail administrator
door-admin-text = You run the sending server. Look up its address, see the cause, mend it, ask to unblock.
door-admin-1 = Ask to unblock
door-admin-2 = All answers for administrators
door-newsletter = a sender of newsletters
door-newsletter-text = You send to many people who asked for it, and want it to arrive where they read it.
door-newsletter-1 = Not marked as spam
door-newsletter-2 = All answers on mailings
door-hoster = a hoster with ranges
door-hoster-text = You answer for whole networks and their customers: one request for many addresses.
door-hoster-1 = Ask to unblock a range
door-hoster-2 = All answers for hosters
door-customer = a customer who misses mail
door-customer-text = You have your mailbox here, and something that was sent to you has not come.
door-customer-1 = Report missing mail
door-customer-2 = All answers for customers
door-abuse = somebody who reports abuse
door-abuse-text = Spam, fraud or attacks reach you from our network or from one of our mailboxes.
door-abuse-1 = Report it
door-abuse-2 = All answers on abuse
door-staff = one of the postmasters
door-staff-text = You work here: sign in to the queue.

faq-title = Questions and answers
faq-search-label = Search questions and answers
faq-search-example = for example: greylisting
faq-search-button = Search
faq-doors = Whom the answers are for
faq-everything = everybody
faq-for = For { $door }
faq-found = { $count ->
    [0] Nothing found for “{ $q }”
    [one] One answer for “{ $q }”
   *[other] { $count } answers for “{ $q }”
 }
faq-none = Try fewer or other words: the code from the refusal, the name of the program, or what happened. If no answer fits, ask us.
faq-all = All questions and answers
faq-causes = All causes of blocks
faq-ask = Ask another question
article-next = The next step
article-neighbours = Other answers
article-before = Before
article-after = After
article-aside = Tools
article-check = Is it blocked?
article-search = Not what you looked for?

causes-title = Causes of blocks
causes-lead = Every refusal of ours carries one of these codes. Its page says what was seen and how to get out of it.
causes-caption = All causes with their reply codes
causes-code = Code
causes-what = What it means
causes-reply = Reply
cause-why = What was seen
cause-steps = What to do
cause-step-done = done
cause-steps-done = The steps marked as done are those that our live checks can see. The others count just as much.
cause-facts = In short
cause-action = What happens
cause-lasts = How long a block lasts
cause-reply = How our servers say it
cause-article = More about it

case-eyebrow = Case { $case }
case-heading = Block of { $net }
case-lead-reject = Mail from this network is refused.
case-lead-defer = Mail from this network is put off for now.
case-lead-reject-address = Mail from this address is refused.
case-lead-defer-address = Mail from this address is put off for now.
case-lead-ended = This block has ended.
case-facts = The block
case-state = State
case-state-staged = not yet in force
case-state-live = in force
case-state-lifted = lifted
case-state-expired = run out
case-state-dropped = ended
case-end-staged = Ends by itself
case-end-live = Ends by itself
case-end-lifted = Lifted
case-end-expired = Ran out
case-end-dropped = Was to end
case-address-none = no address
case-address-unreadable = The address in the link could not be read
case-address-text-unreadable = The end of the link seems to be cut off. What stands here is right for the whole network.
case-address-outside = not part of this block
case-address-text-outside = This address does not lie in the network of this block. Perhaps the link and the address come from two different refusals.
case-address-blocked = blocked
case-address-text-blocked = At this moment mail from this address is stopped by this block.
case-address-blocked-by-other = blocked, but by another entry
case-address-text-blocked-by-other = This block does not stop mail from this address at the moment; another one does.
case-address-spared = not blocked
case-address-text-spared = The block of the network is in force, but this address is left out of it. Mail from it is taken. If a message was refused before, have it sent again.
case-address-free = not blocked
case-address-inner = never reaches our servers
case-address-text-inner = Addresses of this kind are not used on the Internet, so we neither see nor block them. Look at the refusal again: it names the address under which your server is seen from outside.
case-address-text-free = At this moment nothing stops mail from this address. If a message was refused before, have it sent again.
case-address-unknown = not known at this moment
case-address-text-unknown = The portal has just started and is still reading the block list. Please load this page again in a minute.
case-other = It is covered by the block of { $net } ({ $title }).
case-other-link = To that block
case-steps-link = What to do first
case-then = Then ask to unblock
case-then-text = One or two sentences are enough: what you found, and what you changed. Add the log lines if you have them. A person looks at it, and you are told by mail how it ends, with the reasons.
case-ended = Is mail still refused?
case-ended-text = A message that was refused is not sent again by itself; have it sent once more. If it is refused again, the new refusal holds a new link: open that one.
case-still = Still refused? Write to us
case-cause-link = All about the cause { $code }
case-block-link = What is a block, and when does it end?

no-case-title = This link leads to no block
no-case-lead = We know no block under this case code.
no-case-cut = The link may have been cut off when it was copied. After /c/ come eight letters and digits.
no-case-old = Links are valid for years, but not for ever.
no-case-other = If the link does not begin with the address of this page, the refusal is from somebody else.

request-title = Write to the postmasters
request-lead = Only your mail address is needed, and one thing to go by: an address, a log, or a few words.
request-kind = What is it about?
request-kind-unknown = Choose what it is about from the list.
request-ips = Address of the sending server
request-ips-hint = One or several addresses or networks, for example 203.0.113.7. Blanks, commas or new lines separate them.
request-ips-many = These are too many addresses to type in here. Name up to { $most }, or a network such as 203.0.113.0/24, and put the complete list into a file.
request-ips-wide = “{ $given }” is wider than one request may be about. Name your own networks: for IPv4 /8 or smaller, for IPv6 /16 or smaller.
request-ips-more = { $count ->
    [one] And one more.
   *[other] And { $count } more.
 }
request-evidence = What do the log or the error mail say?
request-evidence-hint-unblock = Paste the log lines from the first refusal on, or the error mail. Any length; leave nothing out, we find what we need.
request-evidence-hint-connections-refused = Paste the log lines from the first refusal on, with our complete replies. Any length.
request-evidence-hint-marked-as-spam = Paste the full (extended) header of one message that was marked as spam. Any length.
request-evidence-hint-delayed = Paste the full header of one message that came late, or the log lines from the first attempt to the last.
request-evidence-hint-mail-is-missing = If you have it: the error mail that the sender got, or the log line of the sender's server.
request-evidence-hint-abuse-from-your-network = Paste one complete message with its full header, or the log lines with time and time zone.
request-evidence-hint-other = If there is one: log lines, an error mail or a header. Any length.
request-nothing = Give us something to go by: an address, log lines or an error mail, or a few words on what happened.
request-file = Or as a file
request-file-hint = .eml, .txt, .log, .gz or .zip, up to 25 MB.
request-message = What else should we know?
request-message-hint-unblock = What was the cause, and what have you changed? One or two sentences are enough.
request-message-hint-connections-refused = Since when, and what have you checked so far?
request-message-hint-marked-as-spam = What kind of mail is it, and who gets it?
request-message-hint-delayed = Since when, and is all mail late or only some?
request-message-hint-mail-is-missing = Who sent it, to which of your addresses, and on which day about what time?
request-message-hint-abuse-from-your-network = What happened, and when?
request-message-hint-other = Your question, in your own words.
request-email = Your mail address
request-email-hint = We answer to it. Best one that does not depend on the blocked server.
request-name = Your name (not required)
request-name-hint = So that we know how to address you.
request-name-long = The name is longer than 200 characters. Please shorten it.
request-trap = Leave this field empty
request-send = Send
request-read = Read it first
request-read-hint = “Read it first” shows what we understand of the log, error mail or header. Nothing is sent by it, and no mail address is needed.
request-read-heading = What we read in it
request-read-lead = Nothing is sent yet. All that you typed still stands in the form below.
request-read-nothing = We found neither a refusal nor a header in it. You can send it all the same: a person looks at it.
request-read-free = { $ip } is not blocked here.
request-read-blocked = { $ip } is blocked here, by “{ $title }”.
request-read-empty = There is nothing to read yet. Paste log lines, an error mail or a header, or choose a file.
request-found = Addresses in it. Tick those that the request is about.
request-stored = Your request gets a page of its own, with a link that only you have.
request-about = About the block of { $net } ({ $title }).
request-about-link = Look at it again
request-first = This may answer it at once
request-article-unblock = Recovered, but still refused
request-article-connections-refused = Why connections are refused
request-article-marked-as-spam = Why mail is identified as spam
request-article-delayed = Why mail is delayed
request-article-mail-is-missing = A message has not arrived
request-article-abuse-from-your-network = How to report abuse
request-article-other = My question was not listed
request-then = What happens then
request-then-1 = You get a code and a page of your own at once, and both by mail.
request-then-2 = A postmaster looks at what you sent and at the history of the address.
request-then-3 = You are told how it ends, with the reasons. You can answer and add to it at any time.

file-ending = “{ $name }” is not of a kind that we take. Send one of these: { $endings }
file-large = “{ $name }” is larger than 25 MB. Send the part around the first refusal, or compress it with gzip or zip.
file-many = These are more files than one request takes. Put them into one zip file.
file-lost = The file that was kept from your first try is not there any more. Please choose it again.
kept-file = { $name } ({ $size }) is kept.
kept-text = Your pasted text ({ $size }) is kept.
kept-unseen = What you sent before is kept.
kept-replace = You need not send it again.
kept-drop = Leave it out
trouble-away = Nothing is stored yet: our database does not answer
trouble-away-text = What you typed still stands in the form below. Please send it again in a minute.
trouble-too-many = Not taken: too many requests in so short a time
trouble-too-many-text = More requests came from your network, or with this mail address, within an hour than we take. What you typed still stands in the form below. Please send it again later, or put several addresses into one request.
trouble-busy = Not taken: too many requests come in at this moment
trouble-busy-text = What you typed still stands in the form below. Please send it again in a minute.
trouble-full = Not taken: there is no room for so large a file now
trouble-full-text = Too many large files wait here that no request has taken yet. What you typed still stands in the form below. Please send it without the file, or with the part around the first refusal only (up to 1 MB is always taken); or try again in some hours.
trouble-file-again = A file has to be chosen again.
kept-cut = Only the beginning of this text could be kept. Please paste it again before you send it.

status-heading = Request { $code }
status-thanks = Thank you, your request has arrived: { $code }
status-keep = Keep the link of this page, for example as a bookmark: it is the way back to your request, also if our mails do not reach you. Whoever has it can read and answer.
status-if-joined = If there was an open request of this mail address about the same address already, it was added there. Answers go by mail, and that mail has the link to all of it.
status-unreachable = A mail to { $email } could not be delivered. If the address is wrong, please send a new request with the right one; if it is right, look here for answers.
status-next-by-mail = It is closed. The answer, with the reasons, went by mail to the address that was given.
status-added = Thank you, that was added to your request
status-since = last change
status-waiting = waiting for you
status-next-new = It is in the queue. A postmaster looks at it and answers by mail and on this page, unless our policy settles it first.
status-next-open = A postmaster is working on it and answers by mail and on this page.
status-next-waiting = We have asked you something. Please answer below; without an answer the request is closed in the end.
status-by-answer = You should hear from us by { $time }.
status-by-late = You should have heard from us by { $time }; it takes longer than usual. Nothing is lost, you need not write again.
status-by-closed = We close it on { $time } if we hear nothing.
status-next-resolved-lifted = The block is lifted. Messages that were refused have to be sent again; those that were put off arrive by themselves.
status-next-resolved-not-blocked = We do not block the address. If mail is refused all the same, send us the new refusal below.
status-next-resolved-not-ours = The refusal is not from our servers. Please ask the operator that it names.
status-next-resolved-answered = Your question is answered. If something is still open, write below.
status-next-resolved-declined = We do not lift the block now; the reasons stand below. When something has changed, tell us what.
status-next-resolved-withdrawn = You have taken the request back. Nothing more happens unless you write below.
status-next-resolved-no-reply = We asked you something and have heard nothing since, so the request is closed. An answer below opens it again.
status-history = What happened
status-add = Add something
status-reopen = Not settled? Write again
status-message = Your message
status-message-hint = What you write opens the request again.
status-file = A file
status-send = Send
status-nothing = Write something or choose a file.
status-full = This request has very many messages by now. Please send a new one.
status-withdraw = Take it back
status-withdraw-text = If it has settled itself, take the request back. It is closed then, and its history stays.
status-withdraw-button = Take the request back
status-nets = The addresses now
status-net-blocked = blocked
status-net-free = not blocked
status-net-inner = never reaches our servers
status-net-unknown = not known at this moment
status-net-probation = On probation until { $until }
status-net-range = A network. Look up single addresses of it to see how each stands.
status-facts = The request
status-code = Code
status-kind = About
status-made = Sent
status-email = Answers go to
status-secret = The link of this page is secret. We never ask for it.

history-ticket-received = The request arrived
history-ticket-joined = Something was added through the form
history-ticket-reopened = The request was opened again
history-ticket-resolved = { $resolution ->
    [lifted] Closed: the block is lifted
    [not-blocked] Closed: there is no block
    [not-ours] Closed: the refusal is not from us
    [answered] Closed: answered
    [declined] Closed: declined
    [withdrawn] Closed: taken back by you
    [no-reply] Closed: no reply from you
   *[other] Closed
 }
history-block-lifted = The block of { $net } was lifted
history-block-carved = { $net } was taken out of the block of its network
history-probation-started = { $net } is on probation until { $until }
history-by-sender = You wrote
history-by-unverified = Somebody who gave your mail address wrote
history-unverified-text = Not confirmed: it came through the open form. If it was not you, say so below.
history-by-staff = The postmasters of { $provider } wrote
history-purged = The text was removed after the retention time.
history-file = File { $name } ({ $size })
history-text = Pasted text ({ $size })
history-evidence-purged = Evidence of { $size }, removed after the retention time

held-title = One more step: confirm your mail address
held-lead = Many requests come in at this time. Yours is kept, and nobody works on it before you confirm it.
held-mail = A mail with a link goes to { $email }. Open the link and press the button, within six hours.
held-once = There is one such mail an hour at most; its link shows all that waits for this address. If it does not come, look into the folder for spam, and whether the address is right.
confirm-title = Confirm your request
confirm-lead = This was sent in with your mail address. Nobody works on it before you confirm it; what you do not confirm is forgotten after six hours.
confirm-sent = sent { $at }
confirm-without = without an address
confirm-button = Yes, this is from me
confirm-not = What is not from you, simply leave alone.
confirm-none = Nothing waits here any more. What you confirmed has a code and a page of its own; the link to it has come by mail.
lost-title = Have the link mailed again
lost-lead = The page of a request has a secret link. If you lost it, we mail it once more to the address that the request gave.
lost-code = Code of the request
lost-code-hint = It stands in our mails, such as PM-7K3F-9QX2.
lost-button = Mail me the link
lost-empty = Write the code of the request.
lost-done = If there is a request of this code, the link is on its way to its mail address. It is mailed once an hour at most.
lost-link = Lost the link of your request?

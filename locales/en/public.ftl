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
standing-probation = It is on probation until { $until }: a block was lifted, and only new evidence leads to a new one.
standing-unknown = We cannot say at this moment
standing-unknown-text = The portal has just started and is still reading the block list. Please try again in a minute.
entry-net = Blocked network
entry-cause = Cause
entry-effect = What happens
entry-effect-reject = Mail from there is refused (5xx). Its senders get it back.
entry-effect-defer = Mail from there is put off (4xx). It stays in the sending server's queue and is tried again.
entry-since = Since
entry-until = Ends by itself
entry-no-end = No set end. It is lifted on request, when its cause is gone.

check-title = Check an address
check-lead = Is the address of a mail server blocked by us, and if so, why?
check-label = IP address, or the link from a refusal
check-hint = The address that your server sends from, such as 203.0.113.7 or 2001:db8::1. You can also paste the whole refusal.
check-button = Look up
check-case = Cause and what to do
check-how-heading = Where do I find it?
check-how = When we refuse a message, our reply names the address and ends in a link. The reply stands in the error mail that you got back, and in the log of the sending server:
check-limit = Only addresses are looked up here, one at a time. A look-up changes nothing and is not stored.
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
faq-doors = Find yourself below, or search. Every answer ends with the next step.
faq-found = { $count ->
    [0] Nothing found for “{ $q }”
    [one] One answer for “{ $q }”
   *[other] { $count } answers for “{ $q }”
 }
faq-none = Try fewer or other words: the code from the refusal, the name of the program, or what happened. If no answer fits, ask us.
faq-all = All questions and answers
faq-causes = All causes of blocks
faq-ask = Ask another question
faq-summaries = With a summary of each
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
cause-facts = In short
cause-action = What happens
cause-lasts = How long a block lasts
cause-reply = How our servers say it
cause-article = More about it

case-eyebrow = Case { $case }
case-heading = Block of { $net }
case-lead-reject = Mail from this network is refused.
case-lead-defer = Mail from this network is put off for now.
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

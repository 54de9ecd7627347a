# Pages for staff.

staff-nav-tickets = Tickets
staff-nav-blocks = Block list
staff-nav-imports = Bulk changes
staff-nav-exemptions = Exemptions
staff-nav-outbox = Outbox
staff-nav-audit = Audit
staff-nav-team = Team
staff-nav-account = Your account
staff-footer-public = Pages for senders
sign-out = Sign out
staff-email = Mail address
staff-name = Name
staff-name-hint = Colleagues and senders see it. Empty: the mail address.
staff-role = Role
staff-role-hint = A reader changes nothing. An agent works on tickets and lifts. A lead also lifts networks wider than /24 or /48 and exempts. An admin also manages the team.
staff-password = Password
staff-password-again = The same password once more
password-length = At least { $least } characters. A sentence of several words is easy to keep in mind.
password-differs = The two passwords are not the same. Write both again.
nobody = nobody
never-ends = never
filter-all = All
filter-button = Filter
search-button = Search
show-all = Show all of it
pages-label = Further pages
pages-next = Next page
in-span = in { $span }
bad-span = This is no length of time. Write a whole number and a unit, such as 90m, 12h, 7d or 2w, or the word never.

## Sign in, set up

sign-in-title = Staff: sign in
sign-in-button = Sign in
sign-in-failed = You are not signed in
sign-in-wrong = Mail address or password is wrong. Passwords mind capital letters.
sign-in-later = There were too many failed attempts from your network or for this account. Please wait an hour, or ask an admin.
sign-in-help = If you have lost your password, an admin of your team can give you a new one.
setup-title = The first admin
setup-lead = The portal is running and has no staff yet. Make the account that manages it; further ones are added on the team page.
setup-email-hint = You sign in with it.
setup-button = Make the account and sign in
setup-closed = This link is of no use any more
setup-closed-text = It was used, it is older than a week, or it was cut off. If there is no admin yet, start the portal again: it prints a new link. Further accounts are made by an admin or with: postern staff add

## The queue

queue-title = Tickets
queue-caption = Tickets on this page
queue-code = Ticket
queue-about = About
queue-network = Network
queue-sender = Sender
queue-state = State
queue-who = Who
queue-age = Age
queue-waits = Waiting for
queue-kind = Kind
queue-kind-all = Every kind
queue-assignee = Who works on it
queue-assignee-all = Anybody or nobody
queue-assignee-me = I do
queue-assignee-nobody = Nobody
queue-tabs = States
queue-tab-all-open = All open
queue-tab-new = New
queue-tab-open = In work
queue-tab-waiting = Waiting for the sender
queue-tab-resolved = Closed
queue-tab-any = All
queue-suspected = { $count ->
    [one] One more looks like a machine’s work
   *[other] { $count } more look like a machine’s work
 }
queue-held = { $count ->
    [one] One request beyond the limits waits until its mail address is confirmed.
   *[other] { $count } requests beyond the limits wait until their mail addresses are confirmed.
 }
queue-suspected-only = Only those that look like a machine’s work.
queue-suspected-hide = Back to the others
queue-reset = Clear the search and all filters
queue-empty = Nothing here. Whoever is waiting for an answer has got one.
queue-none-fits = No ticket fits the search and the filters.
search-label = Find
search-hint = Code, address, network or mail address
search-no-code = There is no ticket and no block with the code { $code }.
search-unknown = This is no code, no address, no network and no mail address. Examples: PM-7K3F-9QX2, 203.0.113.7, 2001:db8::/32, ann@example.org
mark-replied = the sender replied
mark-suspected = machine?

## A ticket

ticket-from = From
ticket-age = Age
ticket-client = Sent from
ticket-assignee = Who works on it
ticket-claim = I take it
ticket-jump = On this page
ticket-lift = Lift
ticket-answer = Answer
ticket-close = Close without a lift
ticket-note = Note for staff
ticket-assign = Assign
ticket-reopen = Open again
ticket-closed-hint = This ticket is closed.
ticket-evidence = Evidence
ticket-history = What happened
ticket-networks = Networks
ticket-no-networks = The request names no address, and no blocked one stands in its evidence.
ticket-more-networks = { $count ->
    [one] One more network is named.
   *[other] { $count } more networks are named.
 }
ticket-decide = Decide
ticket-lift-of = Lift { $net }
ticket-suspected = This looks like a machine’s work ({ $why }). The sender saw the same answer as everybody.
ticket-clear = It is a person’s
ticket-siblings = Other tickets of this mail address
ticket-stale = The ticket changed while you were writing. What you typed is still here: look at what is new, then send it again.
ticket-cause = { $code }, { $title }. Began { $since } ago, ends { $until }.
origin-typed = typed by the sender
origin-evidence = in the evidence
origin-case = from the case link
said-sender = The sender wrote
said-sender-name = { $name } (sender) wrote
said-unverified = Somebody with this mail address wrote (unconfirmed)
said-staff = { $name } answered
said-note = { $name } noted for staff
message-cut = There is more of it.
message-empty = Nothing was written with it.
message-purged = The text was purged after the retention time.
done-answered = The answer is stored, and the mail to the sender is queued.
done-noted = The note is stored.
done-assigned = Assigned.
done-reopened = The ticket is open again.
done-cleared = The mark is gone; the ticket stands in the queue.
done-resolved = The ticket is closed, and the sender is told with your reasons.
done-lifted = Lifted
done-lifted-free = { $net } is not blocked any more. Gateways that ask this portal accept it from now on.
done-lifted-still = { $net } is still blocked by another entry ({ $cause }):
done-part-lifted-mail = The ticket stays open, and the mail to the sender is queued.
done-lifted-mail = The ticket is closed, and the mail to the sender is queued.

verdict-unknown = The block list is still loading; nothing can be said yet.
verdict-blocked = { $action ->
    [defer] Put off now, by the entry { $net }
   *[reject] Blocked now, by the entry { $net }
 }
verdict-shielded = Not refused now: an exemption or a probation stands before its blocks
verdict-free = Not blocked
facts-live = Blocks in force that cover it
facts-inside = Blocks in force inside it
facts-ended = Blocks that have ended
facts-exemptions = Exemptions in force
facts-exempt = never blocked
facts-carved = taken out of
facts-carved-block = one block
facts-probations = Probations in force
facts-until = until
facts-its-ticket = ticket
facts-past = Earlier in { $net }
facts-past-counts = { $tickets ->
    [one] one ticket
   *[other] { $tickets } tickets
 }, { $lifts ->
    [one] one lift
   *[other] { $lifts } lifts
 }
facts-past-more = (the newest; there may be more)
facts-no-past = Nothing earlier is known of { $net }: no ticket, no lift.
facts-lifts = Lifts
facts-tickets = Other tickets

lift-scope = What is lifted
lift-only = Only { $net }
lift-only-hint = { $count ->
    [one] Taken out of the entry, which stays for the rest.
   *[other] Taken out of all { $count } entries that cover it.
 }
lift-entry = The whole entry { $net }
lift-entry-hint = The other entries that cover it stay.
lift-entry-leads = Wider than /24 or /48: only leads and admins.
lift-part = Only a part of it
lift-part-net = Address or network inside
lift-scope-missing = Choose what is lifted.
lift-reason = Reason, for the history
lift-reason-hint = Colleagues read it; the sender does not.
lift-reason-missing = Say in a few words why it is lifted.
lift-text = What the sender is told
lift-text-hint = The mail also names the network and the probation.
lift-probation = Probation in days
lift-probation-hint = So long, only newer evidence or a person blocks it again. 0: none.
lift-probation-wrong = Write a whole number of days, 0 to { $most }.
lift-protected = The operator set this block on purpose: only leads and admins lift it. Make sure that it may be lifted.
lift-reopens = The ticket is closed. This lift opens it, and closes it again with another mail.
lift-button = Lift
lift-stays-open = The ticket stays open: it is about more than this
lift-button-tell = Lift and tell the sender

answer-canned = Begin with:
answer-label = Answer to the sender
answer-hint = Plain text; greeting, code and the link to the request stand around it.
answer-stays-open = The ticket stays in work; do not wait for the sender
answer-button = Send the answer
answer-the-address = the address
answer-no-cause = no block
answer-cause = The block was set with the cause { $cause }.
close-resolution = How it ends
close-choose = Please choose
close-resolution-missing = Choose how it ends.
close-reasons = Reasons, for the sender
close-reasons-hint = They stand in the mail. Say what would change the decision.
close-button = Close and tell the sender
note-label = Note
note-hint = Only staff read it.
note-button = Keep the note
assign-button = Assign

evidence-none = No evidence came with it.
evidence-addresses = Addresses that the evidence is about
evidence-address = Address
evidence-verdict = On the list now
evidence-blocked = { $net }, { $cause }
evidence-free = not blocked
evidence-form-pasted = Pasted text
evidence-form-file = File
evidence-by-sender = from the sender
evidence-by-unverified = unconfirmed
evidence-by-staff = from staff
evidence-by-note = from staff
evidence-text = Text of the evidence
evidence-cut = There is more of it.
evidence-partly = Only the beginning was read as text; the file is whole.
evidence-download = Download as it came
evidence-no-text = This is no text. It can be downloaded as it came.
evidence-purged = Purged after the retention time.
evidence-masked-copy = The original was removed after the retention time. What stays are the findings and a masked copy of the lines that they speak of.

## The block list

blocks-title = Block list
blocks-caption = Blocks, the newest first
blocks-search = What covers an address?
blocks-search-hint = Address, network, case code or case link
blocks-search-unknown = This is no address, network or code. Examples: 203.0.113.7, 2001:db8::/32, 7K3FQ2XW
blocks-open-entry = Open this entry
blocks-first-address = Asked for its first address, { $addr }.
blocks-all = The whole list
blocks-its-tickets = Tickets about it
blocks-none-fits = No block fits the filters.
blocks-empty = The list is empty.
block-net = Network
block-cause = Cause
block-state = State
block-since = Since
block-until = Ends
block-source = Source
block-hits = Refusals
block-hits-count = { $count ->
    [0] none reported
    [one] one
   *[other] { $count }
 }
block-hits-first = first
block-hits-last = last
block-note = Note
block-answers = this one answers
block-action = Mail is
block-evidence-at = Newest evidence
block-case = Case link
block-reply = Reply of the gateways
block-lifted = Lifted
block-lifted-by = By
block-lift-reason = Reason
block-carved = Taken out of it
block-tickets = Tickets about its addresses
block-no-history = Nothing is recorded.
block-holds = { $addr } is refused by this entry now
block-other-holds = { $addr } is refused by another entry now:
block-none-holds = { $addr } is not refused now
block-lift = Lift
block-end = Another end
block-end-for = How long from now
block-end-for-hint = Such as 12h, 7d, 2w, or never
block-end-button = Set the end
block-around = What else covers this network
block-new = New block
block-new-net-hint = An address or a network, such as 203.0.113.7 or 2001:db8:1::/64
block-new-for = How long
block-new-for-hint = Such as 12h, 7d, 2w, or never. Empty: the cause’s own time.
block-new-note = Note for staff
block-new-note-hint = What was seen, and when. Senders do not read it.
block-new-despite = The network once more
block-new-despite-hint = It is protected. Type it again to block it all the same.
block-new-despite-leads = It is protected; only leads and admins block it all the same.
block-new-button = Block it
block-done-added = The block is in force.
block-done-renewed = A block of this network from this source was in force; cause, note and end are renewed, its case link stays.
block-done-end-set = The end is set.
block-done-lifted = The block is lifted.

imports-title = Bulk changes
imports-lead = Lists that came in, and blocks that were lifted many at once. The last list of each source can be taken back: what it brought ends, what it ended is back. What staff lifted meanwhile stays lifted. An end that a list put off goes back by one list only.
imports-empty = No list came in yet.
imports-caption = Imports, the latest first
imports-file = File
imports-at = In force since
imports-added = New
imports-kept = Known
imports-held = Stay lifted
imports-dropped = Ended
imports-undo = Way back
imports-undo-button = Take back
imports-undone = taken back
imports-is-undo = took another back
bulk-title = Lift many blocks
bulk-lead = All blocks in force that fit what is named here are lifted, each as if it were lifted alone. First you see what that would be.
bulk-link = Lift many blocks
bulk-inside = Inside the network
bulk-inside-hint = Such as 203.0.113.0/24; blocks of the network itself too. Empty: wherever they are.
bulk-preview-button = Show what that would be
bulk-would = { $count ->
    [0] No block fits
    [one] One block fits
   *[other] { $count } blocks fit
 }
bulk-share-of = { $percent } percent of the { $there } blocks in force.
bulk-sample = Some of them, in the order of their addresses
bulk-large = This is much of the list. Type { $count }, the number of the blocks, if it is meant.
bulk-count = The number of blocks
bulk-count-hint = As it stands above
bulk-count-missing = This is much of the list. Type the number of the blocks as it is shown here, if it is meant.
bulk-button = { $count ->
    [one] Lift one block
   *[other] Lift { $count } blocks
 }
bulk-caption = Bulk lifts, the latest first
bulk-one-title = Bulk lift
bulk-meant = Blocks
bulk-meant-net = inside { $net }
bulk-meant-source = of the source { $source }
bulk-meant-cause = for { $cause }
bulk-standing = How far
bulk-state-lifting = { $count } of { $all } lifted so far
bulk-state-lifted = { $count ->
    [one] One block lifted
   *[other] { $count } blocks lifted
 }
bulk-state-undoing = { $count } of { $all } blocked again so far
bulk-state-undone = Taken back: { $count } of { $all } blocked again
bulk-under-way = It goes on by itself, also when this page is closed.
bulk-look-again = Look again
bulk-begun = Begun
bulk-undone = Taken back
bulk-undo-hint = Blocks that it lifted are in force again as they were, unless they have ended, their network was exempted, blocked anew or lifted singly since, or their source let them go. Its probations end.
bulk-lifted-caption = Some of the blocks that it lifted
exemptions-title = Exemptions
exemptions-lead = Networks that are never blocked, whatever the list says. What was taken out of a single block stands on the page of that block.
exemptions-caption = Exemptions, the newest first
exemptions-empty = There is no exemption.
exemption-running = in force
exemption-over = ended
exemption-ended = ended
exemption-by = By
exemption-note = Why
exemption-note-hint = Colleagues have to understand it in a year.
exemption-end = End it
exemption-end-button = End
exemption-new = New exemption
exemption-new-button = Exempt it

## Gateways, and whether lifts hold

staff-nav-gateways = Gateways
gateways-title = Gateways
gateways-lead = Who follows the block list, asks for it or fetches it. The list stands at change { $number }.
gateways-none = Nobody follows the list: no server runs.
gateways-watched = Processes and edges
gateways-name = Name
gateways-state = State
gateways-good = in step
gateways-address = Where
gateways-version = Version
gateways-number = Change
gateways-lag = Behind
gateways-no-lag = no
gateways-seen = Heard
gateways-blocks = Blocks
gateways-compared = Compared with the database
gateways-drifts = { $count ->
    [one] differed once
   *[other] differed { $count } times
 }
gateways-kind-process = process
gateways-kind-edge = edge
gateways-trouble-behind = behind for { $span }
gateways-trouble-silent = silent for { $span }
gateways-trouble-clock = its clock is wrong by { $span }
gateways-resolvers = Resolvers of the mail servers
gateways-took = Took
gateways-asked = Asked
gateways-good-at = Last right
gateways-answer-listed = reaches the list
gateways-answer-unlisted = does not find the test entry
gateways-answer-refused = refuses to answer this machine
gateways-answer-odd = answers { $value }
gateways-answer-silent = does not answer
gateways-fetches = Readers of feeds
gateways-feed = Feed
gateways-token = Token
gateways-agent = Calls itself
gateways-fetched = Fetched
gateways-alarm = { $count ->
    [one] A gateway needs a look: { $names }
   *[other] { $count } gateways need a look: { $names }
 }
gateways-alarm-link = See the gateways
effect-title = Does the lift hold?
effect-of = Lift of { $net }
effect-steps = Who sees the lift
effect-where = Where
effect-state = State
effect-seen = Seen
effect-at = When
effect-after = after { $millis } ms
effect-state-requested = asked for
effect-state-confirmed = confirmed
effect-state-late = late
effect-state-failed = failed
effect-requested = Asked for; { $done } of { $total } confirmed so far.
effect-confirmed = In effect on { $done } of { $total } gateways.
effect-late = Not yet everywhere: { $done } of { $total } confirmed. It is looked for again.
effect-failed = Not in effect everywhere: { $done } of { $total } confirmed. It is not looked for any more.
effect-kind-commit = Database
effect-kind-listener = Listener
effect-kind-follower = Process
effect-kind-edge = Edge
effect-kind-resolver = Resolver
effect-kind-feed = Feed
effect-what-number = has change { $value }
effect-what-behind = is at change { $value }
effect-what-free = asked: not listed
effect-what-refuses = asked: still refuses ({ $value })
effect-what-cached = still has the entry in its cache, for up to { $value } seconds
effect-what-refused = refuses to answer this machine
effect-what-odd = answers { $value }
effect-what-silent = does not answer
effect-what-blocked = still blocked by another entry: { $value }
effect-fetched = fetched
effect-not-fetched = not yet fetched
effect-fetched-by = { $token }, change { $number }
effect-feeds-prove = Of a feed Postern knows that it was fetched; whether its reader obeys it, only the reader knows.
effect-cure = What makes resolvers obey at once
effect-cure-bind = with `gateways.dnsbl.ttl = 0` it asks afresh each time; only that an address is not listed is kept, for gateways.dnsbl.negative_ttl seconds.

## Outbox

outbox-title = Outbox
outbox-caption = Mails, the newest first
outbox-tabs = States
outbox-empty = No mail stands here.
outbox-stays = Mails stay here.
outbox-stays-text = No mail server is set up (mail.smtp_url), so nothing leaves. What senders would get can be read here.
mail-subject = Subject
mail-to = To
mail-from = From
mail-ticket = Ticket
mail-queued = Queued
mail-sent = Handed over
mail-next = Next try
mail-attempts = Tries
mail-error = Last error
mail-text = Text
mail-purged = The text was purged after the retention time.
mail-failed-text = This mail was given up.
mail-retry = Try again
mail-state = State
mail-state-queued = waiting
mail-state-sent = handed over
mail-state-failed = given up

## Team, account, audit

team-title = Team
team-lead = Who works with the portal.
team-caption = Members
team-signed-in = Last signed in
team-never = never
team-you = (you)
team-disabled = may not sign in
team-change = Change
team-set-role = Set the role
team-new-password = New password
team-set-password = Set the password
team-disable = Take the right to sign in
team-enable = Give the right to sign in back
team-new = New member
team-first-password = First password
team-new-button = Add
team-admins-only = Only admins change the team.
team-done-added = The member is added. Hand over the password on a safe way.
team-done-role-set = The role is set.
team-done-disabled = The member may not sign in any more; all their sessions are ended.
team-done-enabled = The member may sign in again.
team-done-password = The password is set; all their sessions are ended.
account-title = Your account
account-password = Another password
account-old = Present password
account-new = New password
account-password-button = Change the password
account-sessions = Your sessions
account-sessions-caption = Where you are signed in
session-client = Address
session-began = Began
session-seen = Last used
session-end = End it
session-end-button = End
session-here = this one
account-done-password = The password is changed; all other sessions are ended.
account-done-session = The session is ended.
audit-title = Audit
audit-lead = Every act of staff and programs, the newest first. Nothing here is ever changed.
audit-caption = Recorded acts
audit-actor = Who (exact name)
audit-what = About
audit-net = Network (exact)
audit-when = When
audit-event = What
audit-detail = Why or how
audit-see = See
audit-ticket = ticket
audit-block = block
audit-empty = Nothing is recorded that fits.
audit-about-block = Blocks
audit-about-exemption = Exemptions
audit-about-probation = Probations
audit-about-import = Imports
audit-about-bulk = Bulk lifts
audit-about-ticket = Tickets
audit-about-mail = Mails
audit-about-staff = Team
audit-about-token = Tokens of programs

## Events in words

actor-sender = The sender
actor-system = Postern
actor-operator = The operator
actor-program = The program { $name }
event-other = { $actor }: { $what }
event-mail = Mail:
event-its-block = block
event-ticket-received = The request arrived
event-ticket-suspected = The request arrived and looks like a machine’s work: { $detail }
event-ticket-joined = A request with the same mail address and network was added:
event-ticket-join-ended = Who sent the request that was added has taken it back:
event-ticket-added = { $actor } added something
event-ticket-assigned = { $actor } gave the ticket to { $detail }
event-ticket-claimed = { $actor } took the ticket
event-ticket-unassigned = { $actor } gave the ticket back
event-ticket-noted = { $actor } left a note
event-ticket-answered = { $actor } answered
event-ticket-resolved = { $actor } closed the ticket: { $detail }
event-ticket-reopened = { $actor } opened the ticket again
event-ticket-cleared = { $actor } found that it is a person’s request
event-block-added = { $actor } blocked { $net }
event-block-renewed = { $actor } renewed the block of { $net }
event-block-lifted = { $actor } lifted the block of { $net }
event-block-carved = { $actor } took { $net } out of a wider block
event-block-end-set = { $actor } set the end of the block of { $net }: { $detail }
event-block-expired = The block ended by itself
event-exemption-added = { $actor } exempted { $net }
event-exemption-ended = { $actor } ended the exemption of { $net }
event-probation-started = { $net } is on probation until { $detail }
event-probation-ended = The probation of { $net } ended because of newer evidence
event-probation-undone = { $actor } ended the probation of { $net } with the bulk lift that gave it
event-block-restored = { $actor } took a bulk lift back; { $net } is blocked again
event-bulk-begun = { $actor } began a bulk lift
event-bulk-lifted = { $actor } ended a bulk lift: { $detail }
event-bulk-undone = { $actor } took a bulk lift back: { $detail }
event-import-undone = { $actor } took an import back: { $detail }
event-import-activated = { $actor } imported a list
event-list-drifted = The block list of a process differed from the database and was loaded afresh: { $detail }
event-mail-bounced = A mail came back: { $detail }
event-proof-mail-kept = A mail to the proof came in; its header is kept
event-mail-retried = { $actor } queued a mail again
event-staff-added = { $actor } added a member
event-staff-role-set = { $actor } set a role
event-staff-disabled = { $actor } took the right to sign in
event-staff-enabled = { $actor } gave the right to sign in back
event-staff-password-changed = { $actor } changed the own password
event-staff-password-reset = { $actor } set a member’s password
event-staff-signed-in = { $actor } signed in
event-staff-signed-out = { $actor } signed out
event-token-added = { $actor } made a token for a program

# Proofs of control, and the published unblock policy with what it says of a request.

proof-heading = Show that the machine is yours
proof-lead = One of these ways is enough. It is for this request and this address only.
proof-begin = Show me how, for { $addr }
proof-shown = shown
proof-open = not yet
proof-over = its time is over
proof-until = It can be given until { $until }.
proof-met = { $way } ({ $detail })
proof-way-web = A web request from the address
proof-way-mail = A mail from the address
proof-way-dns = A record in the DNS
proof-way-mailbox = A link mailed to the postmaster of its name
proof-web-how = Run this on the machine with the address { $net }, or anywhere behind it:
proof-mail-how = Send one mail from { $net } to this address. What stands in it does not matter; it needs an ordinary sender. Answers to it may say that there is no such mailbox: it counts all the same.
proof-dns-how = Add this text record at one of these names, whichever zone is yours. Where the reverse zone leads elsewhere (RFC 2317), add it at the name it leads to.
proof-dns-name = For an address with a name of its own that leads back to it, “_postern.” before that name works too.
proof-dns-look = The record is there, look now
proof-dns-looked = Not found yet. We look again every few minutes; name servers may take a while.
proof-mailbox-how = We mail a link to the domain that the name of the address belongs to. Whoever opens it and presses the button vouches for you.
proof-mailbox-send = Mail to { $mailbox }
proof-mailbox-sent = A link was mailed to { $to }.
proof-details = What is known of your network
proof-details-text = Shown to you only, because you showed that it is yours: which of our sources reported it, and when it was last seen doing so. Look in your logs at these times.
proof-details-net = Network
proof-details-source = Reported by
proof-details-seen = Last seen
proof-details-since = Blocked since

ticket-proofs = Control over the addresses

prove-post-title = Send this as a POST request
prove-post-text = This address takes a request from the machine itself, as your request's page shows it: curl -X POST with this address. There is nothing to see here for a browser.
prove-confirm-title = Is { $net } yours?
prove-confirm-text = Somebody asked { $provider } to unblock { $net } and says that the machine is theirs. You got this link because its name belongs to your domain.
prove-confirm-button = Yes, it is ours, or runs with our consent
prove-confirm-not = If not, simply close this page.
prove-met-title = Thank you, control over { $net } is shown
prove-met-text = What happens next stands on the page of the request.
prove-elsewhere-title = This came from another address
prove-elsewhere-text = Your request came from { $client }, but has to come from { $net }. Run it on that machine; -4 and -6 choose the family, --interface the address.

event-proof-begun = { $actor } began to show control over { $net }
event-proof-met = { $actor } showed control over { $net }: { $detail ->
    [mail] by a mail from there
    [web] by a web request from there
    [dns] by a record in the DNS
   *[mailbox] by a mailed link
 }
event-proof-mailed = A link to show control over { $net } was mailed
event-policy-assessed = The published policy looked at it: { $detail ->
    [lift] everything holds
    [advice] everything holds, a person decides
    [wait] it has to wait
    [missing] something is missing that the sender can do
    [not-blocked] not blocked
   *[person] a person decides
 }
event-ticket-blocked-again = { $net } is blocked again, { $detail ->
    [same] for the same cause
   *[new] for a new cause
 }; the request was opened again
history-ticket-blocked-again = { $net } is blocked again during its probation; the request is open again
history-proof-met = You have shown control over { $net }.
history-policy-assessed = Our published policy looked at the request: { $decision ->
    [lift] everything holds
    [advice] everything holds, and a person decides
    [wait] it has to wait
    [missing] something is missing
    [not-blocked] the address is not blocked
   *[person] a person decides
 }.

case-before = Blocked before
case-before-count = { $count ->
    [0] never, as far as we know
    [one] once
   *[other] { $count } times
 }

policy-title = How we lift blocks
policy-lead = These are the rules by which { $provider } lifts a block without a person. They hold for everybody, and every decision is explained line by line on the page of the request.
policy-automatic = When all of them hold, the block is lifted at once. Otherwise the page of the request says what is missing, until when it waits, or that a person decides.
policy-advice = A person decides about every request. These rules are what they go by.
policy-no-proofs = Control over the address does not have to be shown.
policy-no-checks = No live check has to be in order.
policy-rules = The rules
policy-lifts = Causes that can be lifted this way
policy-leaves = Causes that a person decides
policy-after = After a lift
policy-after-text = The address is on probation for a time: what was known before counts no more, but new evidence leads to a new block, and that counts as a repeat.
policy-says = What our policy says
policy-met-yes = met
policy-met-missing = missing
policy-met-later = later
policy-met-never = a person decides

policy-rule-address = The request is about one address. Several addresses or whole networks are decided by a person.
policy-rule-person = The request was filled in by a person, not by a machine.
policy-rule-cause = All blocks against the address are of causes that can be lifted this way.
policy-rule-proof = Control over the address is shown. What counts: { $value }.
policy-rule-checks = These live checks are in order: { $value }.
policy-rule-repeats = The address was lifted fewer than { $value } times within { $lookback }.
policy-rule-cooldown = The first time there is no waiting. After that the waiting time, counted from the block, grows with each lift within { $lookback }: { $value }.
policy-rule-shared = Nobody else has shown control over the address within { $lookback }. An address that several can use, such as a relay, is decided by a person.
policy-rule-addresses = Fewer than { $value } other addresses of its network (IPv4 /24, IPv6 /48), or of the mail address of the request, were lifted this way within { $lookback }. Who goes from one address to the next is decided by a person.
policy-rule-declined = Nobody of us declined to lift it within { $lookback }.
policy-rule-sender = The mail address of the request had fewer than { $value } lifts of this kind within a day.
policy-rule-network = Its network (IPv4 /24, IPv6 /48) had fewer than { $value } lifts of this kind within a day.
policy-rule-origin = The networks of its operator had fewer than { $value } lifts of this kind within a day.

policy-decision-not-blocked = The address is not blocked.
policy-decision-lift = Everything holds: the block is lifted.
policy-decision-advice = Everything holds. A person decides.
policy-decision-wait = It is lifted by itself if all of this still holds on { $until }.
policy-decision-missing = When you have done what is missing, the block is lifted without a person.
policy-decision-person = A person decides. There is nothing you have to do.
policy-advice-title = Recommendation
policy-advice-not-blocked = Answer that it is not blocked, and ask for the refusal if mail is still refused.
policy-advice-lift = Lift. The policy does so by itself: everything that it asks for holds.
policy-advice-advice = Lift. Everything that the policy asks for holds; it only advises.
policy-advice-wait = Wait. It is lifted by itself on { $until } if everything still holds.
policy-advice-missing = Ask, or wait: the sender has not done all that the policy asks for.
policy-advice-person = Look closer. The policy leaves it to a person, because of this:
policy-advice-more = All rules

policy-address-yes = It is about one address.
policy-address-never = It is not about exactly one address.
policy-person-yes = A person filled it in.
policy-person-never = It is not a plain request to unblock.
policy-cause-yes = The cause can be lifted this way: { $value }
policy-cause-never = Only a person lifts this cause: { $value }
policy-proof-yes = Control is shown: { $value }
policy-proof-missing = Control over the address is not shown yet.
policy-checks-yes = The set-up is in order.
policy-checks-missing = To be mended or still unknown: { $value }
policy-checks-later = The set-up is being checked.
policy-repeats-yes = Lifted before within the look-back time: { $value }
policy-repeats-never = Lifted very often within the look-back time: { $value }
policy-cooldown-yes = There is no waiting time, or it is over.
policy-cooldown-later = It was lifted before, so it waits until { $until }.
policy-shared-yes = Nobody else has shown control over it lately.
policy-shared-never = Others have shown control over it lately too: { $value }
policy-addresses-yes = Few other addresses of its network or its sender were lifted.
policy-addresses-never = Other addresses of its network or its sender that were lifted: { $value }
policy-declined-yes = Nobody declined to lift it.
policy-declined-never = A person declined to lift it not long ago.
policy-sender-yes = Lifts for your mail address today: { $value }
policy-sender-never = Your mail address had very many lifts today: { $value }
policy-network-yes = Lifts in its network today: { $value }
policy-network-never = Its network had very many lifts today: { $value }
policy-origin-yes = Lifts in the networks of its operator today: { $value }
policy-origin-never = The networks of its operator had very many lifts today: { $value }

policy-reason = The published policy: everything holds; control was shown by { $way }.
policy-answer = Your request met all rules of our published policy, so the block was lifted without a person.

# Watches: whoever showed control is told when a network is blocked or lifted.
watch-heading = Be told
watch-lead = You have shown control by the DNS or by a mailed link. If you like, we write to { $email } whenever the network is blocked or a block is lifted. One click ends it.
watch-ask = Watch { $net }
watch-is-running = watched
watch-is-asked = to be confirmed
watch-asked-text = We have sent a mail with a link. It begins when the button there is pressed.
watch-to-page = Feed, and the button that ends it
watch-title = Watch of { $net }
watch-confirm = Shall we write to { $email } whenever { $net } is blocked or a block is lifted?
watch-begin = Yes, tell me
watch-confirm-not = If you did not ask for this, close this page. Nothing is sent unless the button is pressed.
watch-running = We write to { $email } whenever { $net } is blocked or a block is lifted.
watch-check = How it stands now
watch-feeds = Feeds
watch-feeds-text = The same for a feed reader or a program. Whoever knows the address can read it, but not end the watch.
watch-news = What happened
watch-no-news = Nothing since the watch began.
watch-end = End it
watch-end-text = No mail comes after that, and the feeds are gone.
watch-end-button = End the watch
watch-ended = The watch was ended { $at }.
watch-ended-text = No more mails come. With a proof it can be begun again on the page of a request.
watch-feed-title = { $net } in the block list of { $provider }
watch-news-blocked = { $net } is blocked: { $cause }
watch-news-lifted = The block of { $net } is lifted: { $cause }
watch-news-ended = The block of { $net } has ended: { $cause }

# Ranges: their operator files requests for many addresses at once.
range-offer = For a range, one record in its reverse zone is enough. After that you can file requests for many of its addresses at once.
range-how = Set this record in the reverse zone of { $net }; at one of these names is enough:
range-parts = Or set it at all of these:
range-delegated = If your provider has delegated the range by CNAMEs (RFC 2317), it may also stand below the label _postern in the zone that they lead into.
range-open = File requests for many addresses
range-title = Requests for { $net }
range-lead = You have shown control over this range. List its addresses here that should be unblocked: each becomes a request of its own, about which the policy decides by itself.
range-until = Until { $until } you can file more without another proof.
range-over = The proof is older than 90 days. Please give it again with a new request for the range.
range-list = Addresses
range-list-hint = One address a line; behind a comma, if you like, what was done about it.
range-file = Or a file (CSV)
range-send = File requests
range-bounds = At most { $count } addresses and { $size } at once.
range-line = Line { $line }: { $what }
range-elsewhere = { $addr } does not lie in { $net }.
range-again = { $addr } stands in line { $before } already.
range-unreadable = This cannot be read as a list.
range-many = A list may have { $count } addresses. Please send the rest as another one.
range-nothing = There is no address in the list.
range-refused = Something is wrong with the list, so nothing of it was filed.
range-answers = What came of your list
range-filed = All that was filed
range-filed-none = Nothing yet.
range-address = Address
range-answer = Answer
range-now = Now
range-cause = Cause
range-ticket = Request
range-policy = What the policy says
range-blocked = blocked
range-free = not blocked
range-pending = is being checked
range-answer-filed = filed
range-answer-open = filed before, still open
range-answer-not-blocked = not blocked, nothing to do
range-answer-later = not filed: too many today, please send it again tomorrow
range-api = For programs
range-api-text = The same by HTTP, with CSV or a JSON array of objects with "address" and "message". A GET at the same address tells how all stand. Whoever has the token can file requests for the range; keep it to yourself.
range-back = Back to the request
range-message = Filed with others by the operator of the range, who showed control over it in { $code }.

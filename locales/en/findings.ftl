# What the evidence reader understood.

findings-heading = What we understood
findings-more = What to do
findings-unread = Not all of it was read; everything is kept as it came.
findings-refusals = Refusals found
findings-line = Line
findings-time = Time
findings-address = Address
findings-code = Code
findings-category = Kind
findings-who = By
findings-text = Reply
findings-we = we
findings-back = Back to what was understood of line { $line }
findings-more-replies = { $count ->
    [one] One more refusal was counted, but is not shown.
   *[other] { $count } more refusals were counted, but are not shown.
 }
findings-ours-cause = This refusal is ours: { $code }, { $title }.
findings-ours = This refusal is ours.
findings-blocklist = The receiver refuses because the address is on the list { $list }. We do not run that list; ask its operator for removal.
findings-provider = This refusal comes from { $provider }, not from us. We cannot end it; ask there.
findings-provider-unknown = This refusal comes from another mail server, not from ours. We cannot end it; ask the receiver's postmaster.
findings-own-server = Your own mail server refused or gave up by itself; no other server said no. Its administrator can tell why.
findings-log-server = The server that wrote this log refused the mail by its own rules. Its administrator can tell why.
findings-header-fault = There is a fault in the header at line { $line }: { $what } This leads to refusals that look like a block of the address, but are none.
findings-way = The way of the mail
findings-border = It came in from { $ip } { $name }.
findings-hops = Hops, oldest first
findings-hops-picture = The hops of the mail, oldest at the top; the longer a bar, the longer the mail waited there. The same stands in the table below.
findings-hop-by = Received by
findings-hop-from = From
findings-hop-with = With
findings-delay = Delay
findings-total = { $total } in all.
findings-seconds = { $count } s
findings-skew = clocks differ
findings-checks = Checks of the receiver:
findings-faults = Faults of the header
findings-at-line = line { $line }
severity-error = Error
severity-warning = Warning
severity-note = Note
category-ip-block = address blocked
category-rbl = on a blocklist
category-rdns = reverse DNS
category-helo = HELO
category-rate-limit = too much or too fast
category-greylist = greylisting
category-auth-dmarc = SPF, DKIM, DMARC
category-content-spam = content judged as spam
category-mailbox-unknown = no such mailbox
category-policy = policy
category-tls = TLS
category-other = other

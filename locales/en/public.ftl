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

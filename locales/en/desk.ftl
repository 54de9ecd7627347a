# Why an act did not happen; said on pages, by the API and at the command line.

refusal-not-found = There is nothing of that name.
refusal-not-allowed = Your role does not allow this.
refusal-stale = It was changed meanwhile. Look at it again.
unknown-word = “{ $given }” is not one of: { $known }

password-wrong = The present password is not right.
password-tries = The present password was wrong too often. Try again in an hour.
password-size = A password has { $least } to { $most } characters.
staff-taken = { $email } is a member of the staff already.
staff-unchanged = This cannot be done: the last admin must stay, or it is so already.
token-nameless = Give the token a name.
token-taken = There is a token “{ $name }” already.

lift-outside = { $net } does not lie in the blocked network { $block }.
lift-reasonless = Say why it is lifted.
lift-taken-out = { $net } is taken out of the blocks that cover it already.
lift-wider-only = { $net } has no block of its own; it is covered by { $block } ({ $cause }).
lift-not-blocked = { $net } is not blocked.
exemption-reasonless = Say why it is exempt.
block-ended = { $state ->
    [lifted] This block is lifted already.
    [expired] This block is expired already.
   *[other] This block is not in force.
 }
cause-unknown = There is no cause “{ $given }”. There are: { $known }
import-nameless = Name the source of the list.
import-reserved = The source name “{ $source }” is reserved for blocks that come from no list. Give the list another name (--source partner).
import-under-way = Another import of “{ $source }” is under way. Wait for its end.

resolve-by-lift = A ticket is resolved as lifted by lifting its block.
message-empty = Write a text.
addition-empty = Write something or choose a file.
addition-many = This request has very many messages. Please send a new one.

invalid-form = It is not what the form of this page sends, or it broke off on its way.
invalid-query = What stands in the address after the question mark makes no sense: { $what }
invalid-filter = Nobody of the team has this number.
invalid-json = The body is not what is expected: { $what }
invalid-since = Only /feeds/jsonl tells what changed since a number.
invalid-for = for: This is no length of time. Write a whole number and a unit, such as 90m, 12h, 7d or 2w, or the word never.
invalid-evidence-at = evidence_at: This is no time. Write one such as 2026-11-23T12:00:00Z (RFC 3339).
block-protected = { $net } is protected { $why ->
    [loopback] because it is this machine itself ({ $other })
    [own] because it is your own network { $other } (provider.networks)
    [proxy] because the portal’s reverse proxy is there ({ $other }, http.trusted_proxies)
   *[listed] by the setting blocklist.protected ({ $other })
 }. Whoever means it types the network once more (at the command line: --override { $net }).
block-protected-wide = { $net } is wider than /8 (IPv4) or /19 (IPv6): that is most likely a slip. Whoever means it types the network once more (at the command line: --override { $net }).
lift-protected-cause = { $net } is blocked with { $cause }: the operator set this on purpose, and only leads and admins lift it.
import-share = This list would add { $added } and end { $dropped } blocks; there are { $there }, and more than { $share } percent of them at once need a confirmation (--yes-change-share). Nothing was changed.
import-meets-bulk = A bulk lift of blocks of “{ $source }” is being taken back. Try again when that is done.
bulk-all = Say which blocks are meant: a network, a source or a cause.
bulk-none = No block in force fits.
bulk-more = Meanwhile { $count } blocks fit, more than the { $most } that were shown. Look again.
bulk-share = This would lift { $count } of { $there } blocks; more than { $share } percent of them at once need a confirmation (--yes-change-share). Nothing was changed.
bulk-not-standing = This bulk lift was taken back already.
bulk-list-comes = A list of one of its sources is coming in. Take the bulk lift back when that is done.
import-not-last = A later import of the same source stands; take that one back first.
import-not-standing = This import is not in force, was taken back already, or took another back itself.

## Proofs of control, and live checks

proof-elsewhere = This request is not about that address.
proof-many = This request has very many proofs already.
proof-nameless = The address has no name of its own that leads back to it.
proof-mailed = { $to } had such a mail within the last day. Please look there.
checks-are-off = The live checks are off.
checks-often = This was checked very often today. Try again tomorrow.
watch-unproven = Only a record in the DNS or a mailed link of the last 90 days lets you watch a network.
watch-many = This mail address watches very many networks already.
watch-mailed = Several mails that ask for a confirmation went to this address within a day. Please look there.
proof-range = A proof can be given for an IPv4 range from /16 to /31 or an IPv6 range from /32 to /127.
range-unproven = The proof of this range is missing or older than 90 days. Please give it again on the page of a request for the range.

# Mails. A subject is one line; a body is paragraphs with empty lines between.

# The name before the address that mails come from.
mail-from-name = Postmaster { $provider }

mail-subject-received = [{ $code }] We have your request
mail-subject-joined = [{ $code }] Something was added to your request
mail-subject-part-lifted = [{ $code }] A block is lifted
mail-subject-answered = [{ $code }] An answer to your request
mail-subject-resolved = [{ $code }] { $resolution ->
    [lifted] The block is lifted
    [not-blocked] There is no block
    [not-ours] The refusal is not from us
    [answered] Your question is answered
    [declined] Your request is declined
    [withdrawn] Your request is withdrawn
   *[no-reply] Closed without a reply from you
 }

mail-subject-link = [{ $code }] The link to your request
mail-subject-again = [{ $code }] Blocked again
mail-subject-proof = Is { $net } yours?
mail-subject-watch-asked = Shall we tell you about { $net }?
mail-subject-watch-blocked = { $net } is blocked
mail-subject-watch-lifted = The block of { $net } is lifted
mail-subject-watch-ended = The block of { $net } has ended
mail-subject-watch-many = { $count } changes to blocks of { $net }
mail-subject-confirm = Please confirm your request to { $provider }

mail-greeting = Hello,
mail-signature = Postmaster of { $provider }
mail-status-link = Your request with its history, and a field for anything you want to add:
mail-reply-web = Please answer on that page; mail to this address is not read by a person.
mail-reply-mail = You may answer this mail, or use that page.

mail-received-intro = Thank you, your request has arrived under the code { $code }.
mail-received-networks = It is about: { $networks }
mail-received-next = Somebody looks at it and answers by mail. The page below shows where it stands, also in case our mails do not reach you. Keep the link to yourself: whoever has it can read and answer.
mail-received-not-you = If you did not send this request, you need not do anything.

mail-link-intro = Somebody asked us to mail the link to your request { $code } again. If it was not you, you need not do anything.

mail-again-same = The address was lifted on probation, and is blocked again for the same cause: { $net } ({ $cause }). What was seen is new, so the source seems not to be stopped yet.
mail-again-new = The address was lifted on probation, and is blocked again for a new cause: { $net } ({ $cause }).
mail-again-case = What is known, and the steps out of it:
mail-again-next = Your request is open again. It counts as a repeat, so a lift takes longer this time.

mail-proof-intro = Somebody asked { $provider } to unblock { $net }, and says that the machine is theirs. Its name belongs to your domain, so we ask you.
mail-proof-link = If the machine is yours, or runs with your consent, please say so here:
mail-proof-not-you = If you do not know it, you need not do anything. The link works for seven days.

mail-confirm-intro = Somebody sent a request to the postmasters of { $provider } and gave this mail address. Many requests come in at this time, so we ask before we take it.
mail-confirm-link = If it was you, please confirm it here within six hours:
mail-confirm-not-you = If it was not you, you need not do anything: without a confirmation we forget it. There is one such mail an hour at most.

mail-joined-intro = Your open request { $code } was added to through our form: somebody gave this mail address and the same address of a mail server. We do not know whether that was you; what was written is marked as unconfirmed. If it was not you, say so on the page below.

mail-part-lifted = A block that your request is about is lifted. The request stays open, because it is about more.

mail-resolved-lifted = The block is lifted.
mail-resolved-not-blocked = We looked at it: at this moment we do not block the address.
mail-resolved-not-ours = The refusal that you sent us is not from our servers, so that we cannot end it.
mail-resolved-answered = Your question is answered.
mail-resolved-declined = We have looked at your request and do not lift the block now.
mail-resolved-withdrawn = You have withdrawn your request, and it is closed.
mail-resolved-no-reply = We asked you something and have heard nothing since, so the request is closed.

mail-lifted-entry = Lifted: { $net } ({ $cause })
mail-lifted-only = Taken out of the block of { $wider }: { $net } ({ $cause })
mail-lifted-probation = Until { $until } the address is on probation: only new evidence leads to a new block.
mail-effect-requested = Our mail servers are being told. The page of your request says when all of them obey.
mail-effect-confirmed = { $total ->
    [one] Our mail server obeys since { $at }: this was tested.
   *[other] All { $total } places that decide about mail here obey since { $at }: each was tested.
 }
mail-effect-late = { $done } of { $total } places that decide about mail here obey by now; the others follow by themselves. Should mail be refused once more within the next minutes, just send it again. The page of your request says when all of them obey.
mail-effect-failed = Not every place that decides about mail here obeys: another entry may refuse the address, or a server of ours has a fault. Should mail still be refused, answer with the whole text of the refusal.
mail-lifted-again = Mails that were refused for good have to be sent again by their senders; those that were put off arrive by themselves.
mail-lifted-still = Mind: { $net } is still blocked by another entry ({ $cause }); see { $link }

mail-reason = { $text }
mail-reopen = If this does not settle it, write on the page below; that opens the request again.

mail-watch-asked = On the page of a request to { $provider } somebody asked that this address be told when { $net } is blocked or a block is lifted.
mail-watch-asked-link = If you want that, please confirm it here:
mail-watch-not-you = If not, you need not do anything, and no other mail of this kind comes.
mail-watch-intro = You watch { $net }. This happened to it in the block list of { $provider }:
mail-watch-more = { $count ->
    [one] One more change stands in the feed of the watch.
   *[other] { $count } more changes stand in the feed of the watch.
 }
mail-watch-quiet = What happens until { $until } comes in one mail after that. The feed tells it at once.
mail-watch-end = The feed, and the button that ends these mails:

# What all pages share.

site-name = Postmaster
skip-to-content = Skip to the content
demo-banner = Demonstration with invented data and known passwords. Nothing here is real.
nav-label = Main
nav-faq = Questions and answers
nav-check = Check an address
nav-request = Write to us
footer = The postmaster pages of { $provider }.
footer-privacy = What is stored
footer-staff = Staff

span-moments = a moment
span-minutes = { $count ->
    [one] one minute
   *[other] { $count } minutes
 }
span-hours = { $count ->
    [one] one hour
   *[other] { $count } hours
 }
span-days = { $count ->
    [one] one day
   *[other] { $count } days
 }

error-heading = { $word ->
    [not-found] There is nothing here
    [not-allowed] You may not do this
    [stale] This was changed meanwhile
    [invalid] This could not be understood
    [too-many] That was too much at once
    [too-large] This is too large
    [too-slow] This took too long
    [cross-site] This came from another site
    [unavailable] We cannot do this at the moment
   *[internal] Something went wrong on our side
 }
error-text = { $word ->
    [not-found] The address leads nowhere, or to something that only its owner may see. Links in our mails end with a long key; take care that it was not cut off.
    [not-allowed] Your role does not allow this. A lead or an admin can do it or change your role.
    [stale] Somebody else was faster, or you sent the same form twice. Go back, load the page again and look at how it stands now.
    [invalid] Something in what was sent makes no sense to us.
    [too-many] More came from your network than we take in so short a time. Nothing is lost on your side: go back, wait some minutes, and send it again.
    [too-large] A request may have 64 MB in all, a file 25 MB. Please shorten the log to the lines around the refusal, or compress the file with gzip or zip, go back and send it again.
    [too-slow] The data came in too slowly. Please go back and try again, perhaps with a smaller or compressed file.
    [cross-site] Your browser says that the form was not sent from these pages. If a proxy stands before the portal, it has to pass on the Host header unchanged.
    [unavailable] The portal is starting, has too much to do, or does not reach its database. What you typed was not stored.
   *[internal] The fault is recorded, and we will look at it.
 }
error-next = { $word ->
    [not-found] Start again from the
    [unavailable] Go back, keep what you typed, and try again in a minute. A file has to be chosen again. Or go to the
   *[other] Go back in your browser, or go to the
 }
error-home = start page
error-id = If you write to us about it, quote { $id }
error-not-found = Not found
error-not-allowed = Not allowed
error-stale = Changed meanwhile
error-invalid = Not understood
error-too-many = Too much
error-too-large = Too large
error-too-slow = Too slow
error-cross-site = Another site
error-unavailable = Unavailable
error-internal = Our fault
error-sign-in = Sign in
error-no-token = Send a good token: Authorization: Bearer …
error-gone = The log does not hold the changes after this number: it is of another epoch, or too long ago. Fetch the whole list, without since.

cause-action-reject = refused
cause-action-defer = put off
kind-unblock = Unblock an address
kind-connections-refused = Connections are refused
kind-marked-as-spam = Mail is marked as spam
kind-delayed = Mail arrives late
kind-mail-is-missing = Mail is missing
kind-abuse-from-your-network = Abuse from your network
kind-other = Another question
state-new = new
state-open = in work
state-waiting = waiting for the sender
state-resolved = closed
resolution-lifted = block lifted
resolution-not-blocked = not blocked
resolution-not-ours = not our refusal
resolution-answered = answered
resolution-declined = declined
resolution-withdrawn = withdrawn
resolution-no-reply = no reply
block-state-staged = not yet in force
block-state-live = in force
block-state-lifted = lifted
block-state-expired = expired
block-state-dropped = ended by its source
role-reader = reader
role-agent = agent
role-lead = lead
role-admin = admin

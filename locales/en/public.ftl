# Pages for senders.

form-errors = { $count ->
    [one] Please look at one thing
   *[other] Please look at { $count } things
 }

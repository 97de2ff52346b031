"""The load proof: real clients in five languages call all the time, through rotations, leaks, kills and an outage.

One command serves the emulated Azure, runs the shipped app in a process of its own, and starts consumers in Python
(sync and async), Node, Go and Java: one process for each account and kind, with several callers that share one key.
Each process has an identity of its own, so the emulator's journal tells who read the vault.

**Time.** Azure and the app go by a moved clock (`lab.prove.sunset.app_by_moved_clock`); consumers live in real time.
The settings declare a lag of 24 hours and an overlap that is no longer than that. The arithmetic that joins the two:

- A consumer that caches for MAX_AGE real seconds notices a new key after MAX_AGE and one read of the vault. GRACE real
  seconds are the time for that read, on a machine that has much else to do.
- After a publication the clock is first moved by 23 hours and 45 minutes at once. The app checks then, while caches
  hold the old key, and must not end it.
- It is moved past the 24 hours, and not before, when each consumer process has read the vault since the publication
  and the last requests to the account, two for each caller, carried the new key; or when MAX_AGE + GRACE real seconds
  have passed.
  So 24 hours of the declared lag are at most MAX_AGE + GRACE real seconds, and a consumer that needs longer than that
  is a consumer that breaks its word: its refusal is found.
  Where a kill came before the end was announced, the end is later: by the notice, 12 hours, after the announcement.
- The next rotation is due three days after the publication. Nobody waits for it: the clock is moved there.

**Judged from outside**, by the journal, the vault and the account, never by what the app says: no consumer reports a
failed request; each 401 is for a key that a leak ended, and each caller showed such a key three times at most; the
figures of consumers agree with those of the account; rotations, leaks and kills are counted in the vault, at the
account and in the journal.

Not played, because no consumer can survive it: a leaked key ends, and the vault is out before a consumer has read the
key that takes its place.

What it does not show: how fast Azure is. Latencies are those of the emulator and of this machine, with an answer time
of a model that is set by hand.
"""

"""The sunset drill: six accounts move from keys to none while their consumers call all the time.

The shipped app runs in the local host and in a process of its own; consumers are real `openai` clients. Days pass by
the emulated Azure's clock, which the app reads as well, with one check a day. The six are `cast.PARTS`: one that is
called by identity alone, two that move in time and late, one that nobody calls, one with a forgotten consumer that has
copied a key, and one that cannot take an identity. Somebody switches keys on again at one whose keys have ended.

No request of a consumer may fail at any time. Who still uses a key must be named before the date; keys must end on the
date where nobody does, must go on working where somebody does, and must stay off (`judge`).

It cannot see how long the real Azure takes, nor calls that its logs lose. A day has one check here, not 144.
"""

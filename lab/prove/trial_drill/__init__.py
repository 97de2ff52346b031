"""The trial drill: keys are off for some hours and on again while consumers call under load, in real processes.

Two accounts. At the first, one consumer calls by identity and another with a key that somebody copied. Keys go through
two trials: one that nothing disturbs, and one in the middle of which every process of the app is killed; the app is
started again only after its end. The second account waits for a deployment, after which the copied key ends with the
soak time, while another consumer reads its key from the vault.

The app is the shipped one in the local host, by a clock that the drill moves on; consumers are `openai` clients. The
judge knows nothing of the app: it looks at what the accounts answered to whom, and at the events that were accepted.
"""

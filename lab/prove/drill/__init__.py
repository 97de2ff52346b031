"""The leak drill: a key has leaked while consumers work, and a person reports it over HTTP.

There are four scenarios: nothing else happens; the overlap of the last rotation runs, which delays every scheduled
rotation; a scheduled turn holds the target and waits for an answer that does not come; a scheduled turn holds it and is
proving its key. In each of them the leaked key must be refused in the end, and no consumer that reads the vault may
have a failed request. The time of the turn is compared with the sum of Azure's own response times.

It measures with response times that are set by hand, not with those of the real Azure. It takes a few minutes.
"""

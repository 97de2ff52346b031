"""The leak drill: a key is out while consumers work, and somebody reports it over HTTP.

Four situations: nothing else is going on; the overlap of the last rotation runs, which holds everything else back; a
scheduled turn holds the target and waits for an answer that does not come; one holds it and is proving its key. In
each the leaked key must be refused in the end, no consumer of the vault may have a failed request, and the time is set
against the sum of Azure's own answers.
"""

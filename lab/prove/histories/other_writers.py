"""Another writer of the secret: somebody who takes our tags away, puts tags or values back, or disables a version.

Key Vault keeps earlier versions with their tags, and the app keeps a copy of marks that were taken away once. A life
with another writer remembers both: the last three versions in `State.earlier`, the copy in `State.copy`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from lab.prove.histories import values
from lab.prove.histories.disturbed import Ending
from lab.prove.histories.state import KEY1, NOW, Copy, State, Version
from shared.domain.model import Target
from shared.domain.publication import Marks
from shared.domain.requests import Requester
from shared.domain.told import Told, ToldDeadline
from shared.turns.secret_notes import SecretNote, read_note

DAY = timedelta(days=1)


def acts(state: State) -> Iterator[Ending]:
    """Yield what another writer can do to the secret now. Each act counts as one fault."""
    version, earlier = state.version, state.earlier
    if earlier is None or version is None or not version.enabled:
        return
    if version.marks is not None:
        yield _ending("a template takes our tags away", _stripped(state, version))
        yield _ending("somebody writes our tags back in capitals", state._replace(version=version._replace(upper=True)))
        if earlier and earlier[0].marks is not None:
            older = version._replace(slot=earlier[0].slot, marks=earlier[0].marks, touched=True)
            yield _ending("a template puts the tags of the version before on it", _forgetting(state, older))
        yield from _forgeries(state, version, version.marks)
    yield _ending("somebody disables the version", state._replace(version=version._replace(enabled=False)))
    yield _ending("somebody writes the same value again", written(state, Version(version.value)))
    for one in _older(version, earlier):
        yield _ending("somebody puts an older value back", written(state, Version(one.value)))
        copied = one._replace(upper=False, enabled=True)
        yield _ending("somebody puts an older value back with its tags", written(state, copied))


def _forgeries(state: State, version: Version, marks: Marks) -> Iterator[Ending]:
    """Yield what somebody forges who may write tags, and what somebody forges who may set secrets and knows no key.

    What the marks remembered of requests is lost with them.
    """
    marks = replace(marks, requester=Requester(), seal=None)
    spare = state.keys[1 - state.live] if state.live is not None else state.keys[0]
    long_ago = NOW - 100 * DAY
    ended = replace(marks, previous=values.mark(spare), until=long_ago, leaked=True, spare=None)
    told = Told(origin=True, retirement=ToldDeadline(long_ago), sunset=ToldDeadline(long_ago))
    for words, forged in (
        ("somebody forges that the previous key has leaked", ended),
        ("somebody forges that the end of the previous key was announced", replace(ended, leaked=False, told=told)),
        ("somebody forges that this is an old key", replace(marks, since=long_ago, told=told)),
    ):
        yield _ending(words, _forgetting(state, version._replace(marks=forged, touched=True)))
    own, slot = state.fresh, version.slot or KEY1
    forged = replace(ended, live=values.mark(own), seal=values.seal(own, own))
    theirs = Version(own, slot, ours=True, marks=forged, foreign=True)
    words = "somebody sets a value of their own, with marks sealed by it"
    yield _ending(words, written(state, theirs)._replace(fresh=own + 1))


def _ending(words: str, state: State) -> Ending:
    return Ending(words, state, 0)


def _older(version: Version, earlier: tuple[Version, ...]) -> Iterator[Version]:
    """Yield the two youngest versions that hold other values."""
    seen = {version.value}
    for one in earlier:
        if one.value not in seen and len(seen) < 3:
            seen.add(one.value)
            yield one


def written(state: State, version: Version) -> State:
    """Return the state after somebody else wrote a version."""
    before = state.version
    serial = before.serial + 1 if before else 1
    version = version._replace(touched=True, created=NOW, serial=serial)
    excused = state.key_auth and version.value not in state.keys
    return state._replace(version=version, earlier=remembered(state), excused=excused)


def remembered(state: State) -> tuple[Version, ...] | None:
    """Return the earlier versions once another one is written. None in a life without another writer."""
    if state.earlier is None or state.version is None:
        return state.earlier
    return (state.version, *state.earlier)[:3]


def _stripped(state: State, version: Version) -> State:
    bare = version._replace(slot=None, ours=False, marks=None, upper=False, touched=True)
    kept = state.copy is not None and state.copy.serial == version.serial
    return state._replace(version=bare) if kept else _forgetting(state, bare)


def _forgetting(state: State, version: Version) -> State:
    """Return the state with this version. What was still to be announced was only in the tags that were replaced."""
    return state._replace(version=version, outstanding=frozenset(), announced_off=None, earlier_off=None)


def ours(state: State) -> Version | None:
    """Return our version, if somebody else's lies over it that holds a key that works. None otherwise."""
    version = state.version
    if version is None or not version.enabled or version.value not in state.keys:
        return None
    return covered(state)


def covered(state: State) -> Version | None:
    """Return our youngest version whose key works, if somebody else's lies over it. None otherwise."""
    if state.version is None or not state.version.touched:
        return None
    return next((one for one in state.earlier or () if not one.touched and one.value in state.keys), None)


def text_of(state: State, target: Target) -> str | None:
    """Return the app's note about the secret. None without one.

    A life that does not remember earlier versions has no other writer. There the secret is the app's, as its first note
    says, and only what was noted while keys were off is kept.
    """
    if state.earlier is None and state.copy is None:
        return SecretNote(target.secret_url, account=str(target.account)).text(target)
    if state.copy is None:
        return None
    serial, slot, marks, overwritten, least = state.copy
    return SecretNote(
        target.secret_url,
        version="" if serial is None else str(serial),
        slot=slot,
        marks=marks,
        overwritten=(overwritten,) if overwritten else (),
        account=str(target.account),
        least=least,
    ).text(target)


def copy_in(text: str) -> Copy | None:
    """Return what a note about the secret says. None for any other text."""
    note = read_note(text)
    if note is None:
        return None
    serial, over = int(note.version) if note.version else None, max(note.overwritten, default=None)
    return Copy(serial, note.slot, note.marks and replace(note.marks, seal=None), over, note.least)


def noted_on(state: State, noted: Version) -> State:
    """Return the state after the tags of an earlier version were changed."""
    earlier = tuple(noted if one.serial == noted.serial else one for one in state.earlier or ())
    return state if state.earlier is None else state._replace(earlier=earlier)

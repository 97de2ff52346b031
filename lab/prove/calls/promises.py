"""Judges a scene that has been played: every promise that can be checked from outside, when the app is at rest."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from lab.emulator.topics import Accepted
from lab.prove.calls.place import Place
from lab.prove.calls.scenes import NOTICE, Scene
from lab.prove.calls.watcher import Witness
from shared.domain.keys import Fingerprint

PART = 12
EXTRA_VERSIONS = 1
_NAMED = ("TurnFailed", "the worker process ended")


def broken(place: Place, scene: Scene, witness: Witness, before: int) -> tuple[str, ...]:
    """Every promise that does not hold, in words; `before` is how many events the topic had taken beforehand."""
    fresh = witness.accepted[before:]
    found = [*witness.broken, *_came_to_its_end(scene, witness), *_unannounced_ends(scene, witness)]
    found += [*_untold(scene, fresh), *_unstable_ids(witness.accepted), *_unnamed(place)]
    return (*found, *_shown(witness.keys, _texts(place, witness)))


def _came_to_its_end(scene: Scene, witness: Witness) -> Iterator[str]:
    """P5: the work of the scene is done."""
    account, latest = witness.account, witness.latest
    if len(witness.versions) > scene.versions + EXTRA_VERSIONS:
        yield f"P5: {len(witness.versions)} versions where {scene.versions} and one more are allowed"
    if scene.live is None:
        if not account.disable_local_auth or latest is None or latest.enabled:
            yield "P5: keys are not over, or their publication was not withdrawn"
        return
    if latest is None or latest.value != account.keys[scene.live].value:
        yield f"P5: what is published at rest is not {scene.live}"
    if account.disable_local_auth:
        yield "P5: keys were switched off"
    if any(key.value in witness.facts.must_end for key in account.keys.values()):
        yield "P5: a key that was to end still works at rest"


def _unannounced_ends(scene: Scene, witness: Witness) -> Iterator[str]:
    """P3: a key in use, or all keys, ended on schedule without a word accepted the notice before."""
    for value, at in witness.ended.items():
        if value in witness.in_use - witness.facts.leaked:
            mark = Fingerprint.of(value)
            if not _was_announced(witness, "RetirementAnnounced", at, mark):
                yield f"P3: the end of {mark} was not announced in time"
    if witness.account.disable_local_auth:
        at = witness.account.local_auth_seen[0]
        if scene.live is not None or not _was_announced(witness, "SunsetAnnounced", at, None):
            yield "P3: keys were switched off without an announcement in time"


def _was_announced(witness: Witness, kind: str, at: float, mark: str | None) -> bool:
    for accepted in witness.accepted:
        data = accepted.event["data"]
        if _kind(accepted) != kind or data.get("fingerprint") != mark:
            continue
        deadline = datetime.fromisoformat(data["deadline"]).timestamp()
        if accepted.time + NOTICE.total_seconds() <= deadline <= at:
            return True
    return False


def _untold(scene: Scene, fresh: Iterable[Accepted]) -> Iterator[str]:
    """P9: everything that happened was said, and nothing that did not."""
    said = {_kind(accepted) for accepted in fresh}
    for kind in sorted(scene.tells - said):
        yield f"P9: {kind} was never accepted"
    for kind in sorted(said - scene.tells - scene.allows):
        yield f"P9: {kind} was announced and did not happen"


def _unstable_ids(accepted: Iterable[Accepted]) -> Iterator[str]:
    """P9: what says the same has the same id, and what has the same id says the same."""
    ids: dict[str, set[str]] = defaultdict(set)
    words: dict[str, set[str]] = defaultdict(set)
    for one in accepted:
        data = one.event["data"]
        if _kind(one) == "RotationFailed":
            continue
        says = json.dumps([_kind(one), *(data.get(name) for name in ("slot", "fingerprint", "deadline", "leadTime"))])
        ids[says].add(one.event["id"])
        words[one.event["id"]].add(says)
    for says, found in ids.items():
        if len(found) > 1:
            yield f"P9: {len(found)} ids for {says}"
    for name, found in words.items():
        if len(found) > 1:
            yield f"P9: id {name} stands for {len(found)} announcements"


def _unnamed(place: Place) -> Iterator[str]:
    """P10: what fails is named, with the reason."""
    for run in place.host.activity.finished[place.runs_from :]:
        if not run.succeeded and not any(word in (run.error or "") for word in _NAMED):
            yield f"P10: {run.function} failed without a name: {run.error}"


def _texts(place: Place, witness: Witness) -> str:
    """Everything that anybody may read: logs, results, events and tags."""
    runs = [repr(run) for run in place.host.activity.finished[place.runs_from :]]
    logs = [repr(record) for record in place.host.logs[place.logs_from :]]
    tags = [json.dumps(version.tags) for version in witness.versions]
    return "\n".join([*runs, *logs, *tags, *(json.dumps(one.event) for one in witness.accepted)])


def _shown(keys: Iterable[str], text: str) -> Iterator[str]:
    """P7: no part of a key, nor of its base64 form, is in the text."""
    for value in keys:
        for form in _forms(value):
            if any(form[start : start + PART] in text for start in range(len(form) - PART + 1)):
                yield f"P7: a part of key {Fingerprint.of(value)} can be read"
                break


def _forms(value: str) -> Iterator[str]:
    yield value
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + value.encode()).decode()
        yield whole[4 : 4 * (len(whole) // 4 - 1)]


def _kind(accepted: Accepted) -> str:
    kind: Any = accepted.event["type"]
    return str(kind).removeprefix("KeyRotation.")

"""The checks of a scene that has been played: every promise that can be judged from outside, with the app at rest."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from lab.emulator.topics import Accepted
from lab.prove.calls.scenes import NOTICE, Scene
from lab.prove.calls.testbed import AppTestbed
from lab.prove.calls.watcher import Watcher
from shared.domain.keys import Fingerprint

PART = 12
EXTRA_VERSIONS = 1
_NAMED = ("TurnFailed", "the worker process ended")


def broken(testbed: AppTestbed, scene: Scene, watcher: Watcher, before: int) -> tuple[str, ...]:
    """Return every promise that does not hold, in words. `before` is how many events were accepted before the scene."""
    fresh = watcher.accepted[before:]
    found = [*watcher.broken, *_came_to_its_end(scene, watcher), *_unannounced_ends(scene, watcher)]
    found += [*_not_announced(scene, fresh), *_unstable_ids(watcher.accepted), *_unnamed_failures(testbed)]
    return (*found, *_keys_in(watcher.keys, _texts(testbed, watcher)))


def _came_to_its_end(scene: Scene, watcher: Watcher) -> Iterator[str]:
    """Check P5: the work of the scene is done."""
    account, latest = watcher.account, watcher.latest
    if len(watcher.versions) > scene.versions + EXTRA_VERSIONS:
        yield f"P5: {len(watcher.versions)} versions; {scene.versions} and one more are allowed"
    if scene.live is None:
        if not account.disable_local_auth or latest is None or latest.enabled:
            yield "P5: keys still work, or their publication was not disabled"
        return
    if latest is None or latest.value != account.keys[scene.live].value:
        yield f"P5: the published key at rest is not {scene.live}"
    if account.disable_local_auth:
        yield "P5: keys were switched off"
    if any(key.value in watcher.facts.must_end for key in account.keys.values()):
        yield "P5: a key that had to end still works at rest"


def _unannounced_ends(scene: Scene, watcher: Watcher) -> Iterator[str]:
    """Check P3: a key in use, or all keys, ended only after an event that was accepted the notice ahead."""
    for value, at in watcher.ended.items():
        if value in watcher.in_use - watcher.facts.leaked:
            mark = Fingerprint.of(value)
            if not _was_announced(watcher, "RetirementAnnounced", at, mark):
                yield f"P3: the end of {mark} was not announced in time"
    if watcher.account.disable_local_auth:
        at = watcher.account.local_auth_seen[0]
        if scene.live is not None or not _was_announced(watcher, "SunsetAnnounced", at, None):
            yield "P3: keys were switched off without an announcement in time"


def _was_announced(watcher: Watcher, kind: str, at: float, mark: str | None) -> bool:
    for accepted in watcher.accepted:
        data = accepted.event["data"]
        if _kind(accepted) != kind or data.get("fingerprint") != mark:
            continue
        deadline = datetime.fromisoformat(data["deadline"]).timestamp()
        if accepted.time + NOTICE.total_seconds() <= deadline <= at:
            return True
    return False


def _not_announced(scene: Scene, fresh: Iterable[Accepted]) -> Iterator[str]:
    """Check P9: everything that happened was announced, and nothing else."""
    announced = {_kind(accepted) for accepted in fresh}
    for kind in sorted(scene.announces - announced):
        yield f"P9: {kind} was never accepted"
    for kind in sorted(announced - scene.announces - scene.allows):
        yield f"P9: {kind} was announced and did not happen"


def _unstable_ids(accepted: Iterable[Accepted]) -> Iterator[str]:
    """Check P9: equal announcements have equal ids, and equal ids mean equal announcements."""
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


def _unnamed_failures(testbed: AppTestbed) -> Iterator[str]:
    """Check P10: every failure names its reason."""
    for run in testbed.host.activity.finished[testbed.runs_from :]:
        if not run.succeeded and not any(word in (run.error or "") for word in _NAMED):
            yield f"P10: {run.function} failed without a name: {run.error}"


def _texts(testbed: AppTestbed, watcher: Watcher) -> str:
    """Return everything public: logs, results, events and tags."""
    runs = [repr(run) for run in testbed.host.activity.finished[testbed.runs_from :]]
    logs = [repr(record) for record in testbed.host.logs[testbed.logs_from :]]
    tags = [json.dumps(version.tags) for version in watcher.versions]
    return "\n".join([*runs, *logs, *tags, *(json.dumps(one.event) for one in watcher.accepted)])


def _keys_in(keys: Iterable[str], text: str) -> Iterator[str]:
    """Check P7: the text contains no part of a key, as it is or in base64."""
    for value in keys:
        for form in _forms(value):
            if any(form[start : start + PART] in text for start in range(len(form) - PART + 1)):
                yield f"P7: a text contains a part of key {Fingerprint.of(value)}"
                break


def _forms(value: str) -> Iterator[str]:
    yield value
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + value.encode()).decode()
        yield whole[4 : 4 * (len(whole) // 4 - 1)]


def _kind(accepted: Accepted) -> str:
    kind: Any = accepted.event["type"]
    return str(kind).removeprefix("KeyRotation.")

"""Whether a drill showed what it must, and its figures as tables."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from lab.prove.sunset.cast import JOB, PARTS, Part, Way
from lab.prove.sunset.counted import GRAPH, QUERY, SETTINGS, STORAGE
from lab.prove.sunset.story import Played

OFF = "403 AuthenticationTypeDisabled"
NO_SUBDOMAIN = "400 BadRequest"
ON_THE_DATE = (Part.KEYLESS, Part.EARLY, Part.SILENT)
SHOWN = {
    "KeyRotated": "rotated",
    "SunsetAnnounced": "end announced",
    "KeyAuthDisabled": "keys ended",
    "KeyAuthEnabled": "back on",
}
MOST_OF_ONE = 1  # queries about one account in a check: for the turn that would end its keys
COLUMNS = ("what", "before the date, a day at most", "on the date", "the day after", "10 minutes later", "a look then")
KINDS = ("SunsetAnnounced", "KeyAuthDisabled", "KeyAuthEnabled")
LAPSED = 9  # days after which an announced end of all keys is announced anew, with the notice (decision 0033)


def broken(played: Played) -> list[str]:
    """Return what the drill did not show, in words."""
    ends = (_on_the_date, _held, _late_ends, _announced, _stay_off, _back_on, _cannot)
    rules = (_consumers, _named_before, *ends, _bounded)
    return [what for rule in rules for what in rule(played)]


def _consumers(played: Played) -> Iterator[str]:
    for one in played.consumers.values():
        yield from (f"{one.part}: a request failed {what}" for what in one.failed)
    moved = {Part.EARLY: Way.VAULT, Part.LATE: Way.VAULT, Part.FORGOTTEN: Way.COPY}
    for part, first in moved.items():
        made = played.consumers[part].made
        if not made[first] or not made[Way.IDENTITY]:
            yield f"{part}: its consumer did not move: {dict(made)}"


def _named_before(played: Played) -> Iterator[str]:
    seen = played.before
    if seen.get("verdict") != "used" or [one.get("name") for one in seen.get("callers", [])] != [JOB]:
        yield f"the day before the date, readiness does not name {JOB}: {seen.get('says')} {seen.get('callers')}"
    if not any(one.get("name") == JOB and Part.FORGOTTEN in one["accounts"] for one in played.fleet["callers"]):
        yield f"{JOB} is not among the callers of the fleet: {played.fleet['callers']}"


def _on_the_date(played: Played) -> Iterator[str]:
    for part in ON_THE_DATE:
        first, date = played.days_of(part, "KeyAuthDisabled")[:1], played.timetable.sunset
        if first not in ([date], [date + 1]):  # a turn goes by the survey of the day before
            yield f"{part}: its keys did not end on day {played.timetable.sunset} but on {first}"


def _held(played: Played) -> Iterator[str]:
    expected = {Part.LATE: "still-used", Part.FORGOTTEN: "still-used", Part.REGIONAL: "cannot-take-an-identity"}
    for part, reason in expected.items():
        if played.reasons.get(part) != reason:
            yield f"{part}: on the date it says {played.reasons.get(part)} and not {reason}"


def _late_ends(played: Played) -> Iterator[str]:
    timetable = played.timetable
    for part, moved in ((Part.LATE, timetable.late), (Part.FORGOTTEN, timetable.at_last)):
        days, clean = played.days_of(part, "KeyAuthDisabled"), timetable.clean_after(moved)
        latest = clean + (1 if clean - timetable.sunset < LAPSED else 4)  # what was held for long is announced anew
        if len(days) != 1 or not clean - 1 <= days[0] <= latest:
            yield f"{part}: its keys ended on {days} and not about day {clean}, when the look-back was clean"


def _announced(played: Played) -> Iterator[str]:
    """P3: each end was announced at least a day before, after keys were last on, and not so long ago that it lapsed."""
    for part in PARTS:
        for day in played.days_of(part, "KeyAuthDisabled"):
            back = max((one for one in played.days_of(part, "KeyAuthEnabled") if one < day), default=0)
            told = [one for one in played.days_of(part, "SunsetAnnounced") if back <= one < day]
            if not told:
                yield f"{part}: keys ended on day {day}, and nobody was told a day before"
            elif day - max(told[-1], played.timetable.sunset) > LAPSED:
                yield f"{part}: keys ended on day {day}, which was announced last on day {told[-1]}"


def _stay_off(played: Played) -> Iterator[str]:
    for part in PARTS:
        if part is Part.REGIONAL:
            continue
        for day, stages in played.stages.items():
            if not _changed(played, part, day) and (stages[part] == "keyless") is not _is_off(played, part, day):
                yield f"{part}: on day {day} its stage is {stages[part]}"
        for day, since in played.since[part].items():
            ended = [one for one in played.days_of(part, "KeyAuthDisabled") if one <= day]
            if not ended or (since - played.began).days != ended[-1]:
                yield f"{part}: on day {day} it says that keys ended on {since}"
        if played.refusals[part] != OFF:
            yield f"{part}: at the end a key is answered {played.refusals[part] or 'with a success'}"
        if part in played.published:
            yield f"{part}: its secret is still enabled"


def _changed(played: Played, part: Part, day: int) -> bool:
    """Return whether keys went off or on in that day's check. The survey of a check is made before its turns."""
    return any(one.part is part and one.kind in KINDS[1:] and one.day == day for one in played.told)


def _is_off(played: Played, part: Part, day: int) -> bool:
    """Return whether keys were off after the check of a day, by the events."""
    changes = [one for one in played.told if one.part is part and one.kind in KINDS[1:] and one.day <= day]
    return bool(changes) and changes[-1].kind == "KeyAuthDisabled"


def _back_on(played: Played) -> Iterator[str]:
    back = played.timetable.back
    told = [(one.day, one.kind) for one in played.told if one.part is Part.KEYLESS and one.day >= back]
    kinds = [kind for _, kind in told]
    if kinds[:1] != ["KeyAuthEnabled"] or told[0][0] != back or kinds.count("KeyAuthEnabled") != 1:
        yield f"keyless: keys were switched on again on day {back}, and this was told: {told}"
    elif "SunsetAnnounced" not in kinds[1:] or kinds[-1] != "KeyAuthDisabled":
        yield f"keyless: after keys were on again, their end was not announced and done again: {told}"
    if not played.published_anew:
        yield "keyless: after keys were on again, its secret was not published anew"


def _cannot(played: Played) -> Iterator[str]:
    told = [one.kind for one in played.told if one.part is Part.REGIONAL and one.kind in KINDS]
    if told:
        yield f"regional: its end was told: {told}"
    if played.refusals[Part.REGIONAL] or not played.token_at_region.startswith("400"):
        yield f"regional: a key is answered {played.refusals[Part.REGIONAL]}, a token {played.token_at_region}"
    if "subdomain" not in played.says.get(Part.REGIONAL, ""):
        yield f"regional: what holds it is not said: {played.says.get(Part.REGIONAL)}"


def _bounded(played: Played) -> Iterator[str]:
    """One query a day is the survey's. From its date on, a turn that would end all keys of an account asks once more,
    unless the last survey says that it is not ready. A sunset that is held asks nothing."""
    for day, asked in enumerate(played.asked, 1):
        most = 1 + (MOST_OF_ONE * len(_waiting(played, day)) if day >= played.timetable.sunset else 0)
        if not 1 <= asked[QUERY] <= most or asked[SETTINGS] > len(PARTS) or asked[GRAPH]:
            yield f"on day {day} readiness asked {dict(asked)}"
    for what, asked in (("check", played.asked_again), ("look", played.asked_by_a_look)):
        if asked[QUERY]:
            yield f"a {what} on the day after the date asked {dict(asked)} although a survey is young"


def _waiting(played: Played, day: int) -> list[Part]:
    """Return the targets whose keys were on before a day's check and that can take an identity."""
    return [part for part in PARTS if part is not Part.REGIONAL and not _is_off(played, part, day - 1)]


def table_of_accounts(played: Played) -> Table:
    """Return what happened to each account."""
    table = Table(title=f"Six accounts, {played.timetable.end} days", title_justify="left")
    for column in ("account", "consumer", "requests", "failed", "after a 401", *SHOWN.values()):
        table.add_column(column)
    for part, words in PARTS.items():
        one = played.consumers.get(part)
        made = ", ".join(f"{number} {way}" for way, number in one.made.items()) if one else "none"
        days = [", ".join(map(str, played.days_of(part, kind))) or "-" for kind in SHOWN]
        table.add_row(
            part, words, made, str(len(one.failed) if one else 0), str(one.repeated if one else 0), *_as_days(days)
        )
    return table


def _as_days(days: list[str]) -> list[str]:
    return [one if one == "-" else f"day {one}" for one in days]


def table_of_calls(played: Played) -> Table:
    """Return how many calls to Azure readiness made for these accounts."""
    table = Table(title="Calls of readiness for six accounts", title_justify="left")
    for column in COLUMNS:
        table.add_column(column)
    date = played.timetable.sunset
    for what in (QUERY, SETTINGS, GRAPH, STORAGE):
        counts = [one[what] for one in played.asked]
        at = (max(counts[: date - 1]), counts[date - 1], counts[date], played.asked_again[what])
        table.add_row(what, *map(str, at), str(played.asked_by_a_look[what]))
    return table


def words(played: Played) -> list[str]:
    """Return what readiness and the app said at the decisive moments."""
    date = played.timetable.sunset
    named = "; ".join(f"{one['says']} {one['share']:.0%}" for one in played.fleet["callers"])
    return [
        f"day {date - 1}: readiness of forgotten: {played.before.get('says')}, "
        + "; ".join(one["says"] for one in played.before.get("callers", [])),
        f"day {date - 1}: most key calls of the fleet: {named}",
        *(f"day {date}: {part}: {played.says[part]}" for part in (Part.LATE, Part.FORGOTTEN, Part.REGIONAL)),
        f"regional answers a token with {played.token_at_region}",
    ]

"""The query that tells how accounts were called, in the Kusto language of Log Analytics.

The log has no field for the kind of authentication, and these facts decide how calls are counted (docs/facts.md, Logs):

- A call has two rows, one of them nearly empty, with one CorrelationId. So rows are grouped before they are judged, and
  a row without a CorrelationId is a call of its own.
- The caller's Entra object id has one of three names in the properties. A call without one used a key, as far as the
  log can tell. If the properties are missing in all of its rows, nobody knows: it is unclear, and counted apart.
- A call that lists models is no use of a key, because this app proves keys with such calls. It shows that the account's
  calls are logged. What the log calls it is not known for certain, so any name with "models" is taken for it, but none
  that says that something else was done.
- A client may send the same id with several calls. So more than two rows with one CorrelationId in one workspace, or
  rows that are further apart than those of one call can be, are unclear: one of them names a caller for all. Such calls
  count wherever a row of them lies within the span.
- Rows come minutes late with the time of their call. So the span ends SETTLED ago. Rows are read from SETTLED before
  the span until now, so that no call at an end of the span is judged by one of its two rows.

The answer has one row for each account, however many calls it had: a triple for each day, and at most MOST_CALLERS
callers of each kind. That keeps a fleet of ten thousand accounts below Azure's limits for an answer.
"""

from __future__ import annotations

import json
from datetime import timedelta

from shared.domain.usage import MOST_CALLERS

SETTLED = timedelta(minutes=15)
LONGEST_CLIENT = 200  # characters

_QUERY = """let until = ago(15m);
let since = until - {seconds}s;
let logged = AzureDiagnostics
| where TimeGenerated > since - 15m
| where ResourceProvider =~ "MICROSOFT.COGNITIVESERVICES" and Category == "RequestResponse";
let workspaces = toscalar(logged | summarize make_set(TenantId));
let counted = materialize(logged{which}
| extend account = tolower(_ResourceId), properties = tostring(column_ifexists("properties_s", ""))
| extend p = parse_json(properties)
| extend caller = coalesce(tostring(p.callerObjectId), tostring(p.objectId), tostring(p.objectid))
| extend address = tostring(column_ifexists("CallerIPAddress", ""))
| extend client = substring(coalesce(tostring(p.userAgent), tostring(column_ifexists("userAgent_s", ""))), 0, {longest})
| extend lists = OperationName contains "models"
    and not(OperationName matches regex "(?i)chat|completion|embedding|response|image|audio|speech|video|create|delete")
| extend call = iff(isempty(CorrelationId), tostring(new_guid()), CorrelationId)
| summarize at = min(TimeGenerated), caller = take_anyif(caller, isnotempty(caller)),
    address = take_anyif(address, isnotempty(address)), client = take_anyif(client, isnotempty(client)),
    models = countif(lists), acts = countif(isnotempty(OperationName) and not(lists)),
    full = countif(properties !in ("", "{{}}")), lines = count(), places = make_set(TenantId),
    ended = max(TimeGenerated) by account, call
| extend shared = lines > 2 * array_length(places) or ended - at > 5m
| extend at = iff(shared and ended >= since, max_of(at, since), at)
| where at >= since and at < until
| extend way = case(shared, "unclear", isnotempty(caller), "identity", models > 0 and acts == 0, "models",
    full == 0, "unclear", "key")
| extend address = iff(way == "key", address, ""), client = iff(way == "key", client, "")
| summarize number = count(), last_at = max(at)
    by account, way, day = format_datetime(at, "yyyy-MM-dd"), caller, address, client);
let days = counted
| summarize keyed = sumif(number, way == "key"), named = sumif(number, way == "identity") by account, day
| sort by day asc
| summarize days = make_list(pack_array(day, keyed, named)) by account;
let callers = counted
| where way == "key"
| summarize number = sum(number), last_at = max(last_at) by account, address, client
| sort by number desc, address asc, client asc
| summarize callers = make_list(pack_array(address, client, number, last_at), {most}), different = count() by account;
let identities = counted
| where way == "identity"
| summarize number = sum(number), last_at = max(last_at) by account, caller
| sort by number desc, caller asc
| summarize identities = make_list(pack_array(caller, number, last_at), {most}) by account;
counted
| summarize last_key = maxif(last_at, way == "key"), last_identity = maxif(last_at, way == "identity"),
    unclear = sumif(number, way == "unclear") by account
| join kind=leftouter days on account
| join kind=leftouter callers on account
| join kind=leftouter identities on account
| project account, since = since, until = until, workspaces = workspaces, days, callers,
    different = coalesce(different, 0), identities, last_key, last_identity, unclear"""
_OF_ONE = "\n| where _ResourceId =~ {account}"
_OF_PART = "\n| where hash(tolower(_ResourceId), {of}) == {part}"


def usage_query(look_back: timedelta, account: str | None = None, part: tuple[int, int] | None = None) -> str:
    """Return the query for the calls of one account, by its resource id, or for those of every account that has any.

    look_back: The length of the span, in whole seconds.
    part: Which part of all accounts is asked for, from 0, and in how many they are divided. None: not divided.
    """
    which = "" if account is None else _OF_ONE.format(account=json.dumps(account))
    which += "" if part is None else _OF_PART.format(part=part[0], of=part[1])
    return _QUERY.format(
        seconds=int(look_back.total_seconds()),
        which=which,
        longest=LONGEST_CLIENT,
        most=MOST_CALLERS,
    )

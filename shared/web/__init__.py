"""The web: HTTP routes, callers, bodies and answers, and the formats that callers read (OpenAPI, iCalendar, HTML).

It turns data into text and text into data. It calls neither the fleet nor a turn; `handlers` do.
"""

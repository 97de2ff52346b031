"""The web: what HTTP callers may send and get, who they are, and the formats they read (OpenAPI, iCalendar, HTML).

It turns data into text. It calls nothing: `handlers` do.
"""

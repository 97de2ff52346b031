"""The version of the application, in one place.

`GET /api/openapi.json` and `python -m cli --version` report it. `CHANGELOG.md` says what each version changed.
"""

VERSION = "1.1.0"

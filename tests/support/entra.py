"""An `az` and an `azd` that imitate app registrations of Microsoft Entra ID and the values of an azd environment.

Both record every call. What they do not imitate ends with exit code 64. The command:
`python entra.py <folder> az ...`.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ME = "the-person-who-runs-this"


class Refused(Exception):
    """Azure refuses a call."""


class Directory:
    """The directory's content and the environment's values, kept in a file of a folder."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "directory.json"
        self._record = folder / "calls.jsonl"
        self.state: dict[str, Any] = {"apps": {}, "principals": {}, "given": [], "values": {}, "person": ME, "down": ""}
        if self._file.exists():
            self.state = json.loads(self._file.read_text())

    def keep(self) -> None:
        """Write the state into the file."""
        self._file.write_text(json.dumps(self.state))

    @property
    def calls(self) -> list[list[str]]:
        """Return every call so far, without those for values of the environment."""
        lines = self._record.read_text().splitlines() if self._record.exists() else []
        return [call for call in map(json.loads, lines) if call[:2] != ["azd", "env"]]

    def run(self, words: list[str]) -> str:
        """Record a call, carry it out, and return what it prints. Raises Refused if Azure refuses it."""
        with self._record.open("a") as record:
            record.write(json.dumps(words) + "\n")
        first = next((place for place, word in enumerate(words) if word.startswith("-")), len(words))
        name = " ".join(words[:first])
        if self.state["down"] and name.startswith(self.state["down"]):
            raise Refused(f"{name} does not answer")
        if name.startswith("azd "):
            return self._azd(words[1:])
        options = {option: value for option, value in zip(words[first:], [*words[first + 1 :], ""], strict=True)}
        return str(getattr(self, f"_{name.replace(' ', '_').replace('-', '_')}")(options))

    def _azd(self, words: list[str]) -> str:
        values = self.state["values"]
        if words[:2] == ["env", "set"]:
            values[words[2]] = words[3]
            return ""
        if words[:2] != ["env", "get-value"]:
            raise NotImplementedError(words)
        if words[2] not in values:
            raise Refused(f"key '{words[2]}' not found in the environment values")
        return str(values[words[2]])

    def _az_ad_app_list(self, options: dict[str, str]) -> str:
        name = re.search(r"displayName eq '(.*)'", options.get("--filter", ""))
        found = [
            key for key, app in self.state["apps"].items()
            if key == options.get("--app-id") or (name and app["displayName"] == name[1])
        ]  # fmt: skip
        return "\n".join(found)

    def _az_ad_app_create(self, options: dict[str, str]) -> str:
        key = f"app-{len(self.state['apps']) + 1}"
        self.state["apps"][key] = {"displayName": options["--display-name"], "api": {}, "appRoles": [], "web": {}}
        return key

    def _az_ad_app_update(self, options: dict[str, str]) -> str:
        app = self._app(options["--id"])
        if "--app-roles" in options:
            app["appRoles"] = json.loads(Path(options["--app-roles"].removeprefix("@")).read_text())
        for option, kept in (("--identifier-uris", "uri"), ("--web-redirect-uris", "redirect")):
            if option in options:
                app[kept] = options[option]
        app["idTokens"] = options.get("--enable-id-token-issuance", app.get("idTokens"))
        return ""

    def _az_ad_app_delete(self, options: dict[str, str]) -> str:
        self._app(options["--id"])
        del self.state["apps"][options["--id"]]
        self.state["principals"].pop(options["--id"], None)
        return ""

    def _az_ad_sp_create(self, options: dict[str, str]) -> str:
        if options["--id"] in self.state["principals"]:
            raise Refused("The service principal name is already in use.")
        self.state["principals"][options["--id"]] = {"assignment": "false"}
        return "{}"

    def _az_ad_sp_show(self, options: dict[str, str]) -> str:
        self._principal(options["--id"])
        role = re.search(r"value=='(.*)'", options.get("--query", ""))
        if role is None:
            return f"principal-of-{options['--id']}"
        return "\n".join(one["id"] for one in self._app(options["--id"])["appRoles"] if one["value"] == role[1])

    def _az_ad_sp_update(self, options: dict[str, str]) -> str:
        name, _, value = options["--set"].partition("=")
        self._principal(options["--id"])[{"appRoleAssignmentRequired": "assignment"}[name]] = value
        return ""

    def _az_ad_signed_in_user_show(self, _options: dict[str, str]) -> str:
        if not self.state["person"]:
            raise Refused("/me request is only valid with delegated authentication flow.")
        return str(self.state["person"])

    def _az_rest(self, options: dict[str, str]) -> str:
        method, url = options["--method"], options["--url"]
        assert url.startswith("https://graph.microsoft.com/v1.0/")
        if method == "PATCH":
            return self._patch(url, json.loads(Path(options["--body"].removeprefix("@")).read_text()))
        assert re.search(r"/servicePrincipals/principal-of-app-\d+/appRoleAssignedTo$", url)
        given: list[dict[str, str]] = self.state["given"]
        if method == "GET":
            wanted = dict(re.findall(r"(\w+)=='([^']*)'", options["--query"]))
            return "\n".join("an-assignment" for one in given if wanted.items() <= one.items())
        body = json.loads(options["--body"])
        if body in given:
            raise Refused("Permission being assigned already exists on the object")
        given.append(body)
        return ""

    def _patch(self, url: str, body: dict[str, Any]) -> str:
        key = re.search(r"applications\(appId='(.*)'\)", url)
        assert key is not None
        api = self._app(key[1])["api"]
        scopes = {one["id"] for one in api.get("oauth2PermissionScopes", [])}
        for client in body["api"].get("preAuthorizedApplications", []):
            if not set(client["delegatedPermissionIds"]) <= scopes:
                raise Refused("Property api.preAuthorizedApplications refers to a permission that does not exist.")
        api |= body["api"]
        return ""

    def _app(self, key: str) -> dict[str, Any]:
        if key not in self.state["apps"]:
            raise Refused(f"Resource '{key}' does not exist.")
        found: dict[str, Any] = self.state["apps"][key]
        return found

    def _principal(self, key: str) -> dict[str, Any]:
        if key not in self.state["principals"]:
            raise Refused(f"Resource '{key}' does not exist.")
        found: dict[str, Any] = self.state["principals"][key]
        return found


def install(folder: Path) -> None:
    """Write the commands `az` and `azd` into a folder."""
    for name in ("az", "azd"):
        (folder / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "{folder}" {name} "$@"\n')
        (folder / name).chmod(0o700)


def main() -> int:
    """Carry out one command."""
    directory = Directory(Path(sys.argv[1]))
    try:
        printed = directory.run(sys.argv[2:])
    except Refused as refused:
        stream = sys.stdout if sys.argv[2] == "azd" else sys.stderr  # azd prints this one to where the value would be
        stream.write(f"ERROR: {refused}\n")
        return 1
    except (NotImplementedError, AttributeError) as unknown:
        sys.stderr.write(f"not imitated: {unknown}\n")
        return 64
    directory.keep()
    if printed:
        sys.stdout.write(f"{printed}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

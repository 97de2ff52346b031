#!/usr/bin/env python3
"""Why does my app get no answer without a key? Copy this one file, and run it where the app runs, as the app runs.

    python doctor.py --endpoint https://my-account.openai.azure.com --deployment gpt-4o

It needs Python 3.10 and `azure-identity`, and signs in as `DefaultAzureCredential` does. It says which credential
answered and as whom, asks the model one short question (some tokens are charged), and looks for keys that are left in
the environment. For each fault it prints one sentence and one command. It shows and sends no key, and shows no token.

Exit codes: 0 nothing is wrong, 1 there is a fault, 2 the arguments are wrong. `--json` prints the same as JSON: `fine`,
`signed_in` and `findings`, each with `cause`, `sentence` and `command`.
"""

from __future__ import annotations

import argparse
import base64
import json
import logging
import os
import re
import shlex
import socket
import ssl
import sys
import time
from dataclasses import asdict, dataclass
from importlib import metadata
from urllib import error, parse, request

try:
    from azure.core.exceptions import ClientAuthenticationError
    from azure.identity import DefaultAzureCredential
except ModuleNotFoundError as missing:
    sys.exit(
        f"package: The Python that runs the doctor lacks {missing.name}, a part of the package azure-identity.\n"
        f"  {shlex.quote(sys.executable)} -m pip install azure-identity"
    )

ACCOUNTS = "https://cognitiveservices.azure.com"
PROJECTS = "https://ai.azure.com"
ROLE = "Cognitive Services OpenAI User"
# The names under which programs and libraries look for a key of an account, in capitals.
KEYS = re.compile(
    r"(VITE_|NEXT_PUBLIC_|NUXT_|TF_VAR_)?("
    r"AZURE_?OPEN_?AI_?(SERVICE_?)?(API_?)?KEY|AZURE_OPENAI_(\w+_)?(API_)?KEY|AZURE_OAI_KEY|AOAI_(API_)?KEY"
    r"|AZURE_(AI_)?API_KEY|AZURE_INFERENCE_CREDENTIAL|MICROSOFT_FOUNDRY_(API_)?KEY|(AZURE_)?COGNITIVE_SERVICES_KEY"
    r"|AZUREOPENAI(TEXT)?__(API)?KEY|OPENAI__(API)?KEY|OPENAI_API_KEY(_\d+)?)"
)
TOKENS = ("AZURE_OPENAI_AD_TOKEN", "AZURE_AD_TOKEN")
BROWSER = ("VITE_", "NEXT_PUBLIC_", "NUXT_")


@dataclass(frozen=True)
class Finding:
    """One fault.

    cause: One word for programs.
    sentence: What is wrong, for people.
    command: What to type. Angle brackets hold what the doctor cannot know.
    """

    cause: str
    sentence: str
    command: str


@dataclass(frozen=True)
class SignedIn:
    """What a token says of itself.

    credential: The class of the credential that answered.
    oid: The object id of the identity.
    appid: Its client id.
    tid: Its tenant.
    aud: The service that the token is for.
    exp: When it ends, in seconds since 1970.
    """

    credential: str
    oid: str
    appid: str
    tid: str
    aud: str
    exp: int


@dataclass(frozen=True)
class Place:
    """The endpoint that is examined.

    address: Its URL without the part that is the same for all.
    deployment: The name of the deployment. Empty: models are listed instead.
    timeout: How long to wait for an answer, in seconds.
    """

    address: str
    deployment: str
    timeout: float

    @property
    def is_project(self) -> bool:
        """Whether this is the endpoint of a project."""
        return "/api/projects/" in self.address

    @property
    def host(self) -> str:
        """The name of the host."""
        return parse.urlsplit(self.address).hostname or ""


def main(arguments: list[str] | None = None) -> int:
    """Examine and print. Return the exit code."""
    asked = _arguments(arguments)
    address = re.sub(r"/openai(/v1)?$", "", asked.endpoint.rstrip("/"))
    place = Place(address, asked.deployment, asked.timeout)
    scope = asked.scope or f"{PROJECTS if place.is_project else ACCOUNTS}/.default"
    findings = [*_stored(), *_libraries()]
    signed_in: SignedIn | None = None
    connection = _connection(place)
    try:
        signed_in, token = _sign_in(scope, asked.client_id)
    except ClientAuthenticationError as refused:  # CredentialUnavailableError is one, too
        findings += [_no_sign_in(refused, asked.client_id), *connection]
    else:
        findings += connection or _call(place, token, signed_in)
    _print(findings, signed_in, as_json=asked.json)
    return 1 if findings else 0


def _arguments(given: list[str] | None) -> argparse.Namespace:
    about = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(description=about[0], formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", required=True, help="the account's address, or that of a project")
    parser.add_argument("--deployment", default="", help="the name of the deployment; without it, models are listed")
    parser.add_argument("--scope", default="", help=f"default {ACCOUNTS}/.default, for a project {PROJECTS}/.default")
    parser.add_argument("--client-id", default=os.environ.get("AZURE_CLIENT_ID", ""), help="of the identity to use")
    parser.add_argument("--timeout", type=float, default=20.0, help="seconds to wait for an answer; default 20")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args(given)
    if not parse.urlsplit(asked.endpoint).hostname or not asked.endpoint.startswith(("https://", "http://")):
        parser.error("--endpoint must be an address such as https://my-account.openai.azure.com")
    return asked


# What is stored: keys, tokens and secrets in the environment


def _stored() -> list[Finding]:
    found = []
    for name, text in sorted(os.environ.items()):
        if not text.strip():
            continue
        if name.upper() in TOKENS or (KEYS.fullmatch(name.upper()) and text.startswith("eyJ")):
            found.append(Finding("stored-token", _stored_token(name, text), _removal(name)))
        elif KEYS.fullmatch(name.upper()):
            found.append(Finding("key", _stored_key(name, text), _removal(name)))
    if os.environ.get("AZURE_CLIENT_SECRET"):
        sentence = (
            "AZURE_CLIENT_SECRET is set: the secret of a service principal is a key again, which somebody must renew, "
            "and DefaultAzureCredential takes it before a managed identity. Use a managed identity or federation."
        )
        found.append(Finding("secret", sentence, _removal("AZURE_CLIENT_SECRET")))
    return found


def _stored_token(name: str, text: str) -> str:
    claims = _claims(text)
    if "exp" not in claims:
        return f"{name} holds no token, perhaps a key: every call with it is refused. Pass a token provider instead."
    state = "a token that has ended" if int(claims["exp"]) < time.time() else "a token, which ends within the day"
    return f"{name} holds {state}: clients use it and never renew it. Pass a token provider instead."


def _stored_key(name: str, text: str) -> str:
    if text.startswith("@Microsoft.KeyVault("):
        return f"{name} holds a Key Vault reference that was not resolved: clients send its text as the key."
    said = f"{name} holds a key: some clients use it instead of the identity or beside it, or refuse to start."
    installed = _version("openai")
    if name == "AZURE_OPENAI_API_KEY" and (2, 34, 0) <= installed < (3, 4, 0):
        said += f" AzureOpenAI of openai {'.'.join(map(str, installed))} sends it beside the token."
    if name == "OPENAI_API_KEY":
        said += " If it is for api.openai.com, give it to that client only, under another name."
    if name.upper().startswith(BROWSER):
        said += " The build puts it into the page, so that every visitor has it: let its owner end it now."
    if "WEBSITE_SITE_NAME" in os.environ:
        said += " If it comes from Key Vault, App Service keeps an old value for up to 24 hours, also over a restart."
    return said + " Once the account's keys are off, a call with it gets 403 AuthenticationTypeDisabled."


def _removal(name: str) -> str:
    """Return the command that takes a variable away from where this program runs."""
    site, container = os.environ.get("WEBSITE_SITE_NAME"), os.environ.get("CONTAINER_APP_NAME")
    if site:
        kind = "functionapp" if "FUNCTIONS_WORKER_RUNTIME" in os.environ else "webapp"
        start = f"az {kind} config appsettings delete --resource-group <group> --name {shlex.quote(site)}"
        return f"{start} --setting-names {name}"
    if container:
        return f"az containerapp update --resource-group <group> --name {container} --remove-env-vars {name}"
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        return f"kubectl set env deployment/<deployment> {name}-"
    return f"unset {name}"


def _version(package: str) -> tuple[int, ...]:
    """Return the version of an installed package, or zeros."""
    try:
        return tuple(int(part) for part in re.findall(r"\d+", metadata.version(package))[:3])
    except metadata.PackageNotFoundError:
        return (0, 0, 0)


def _libraries() -> list[Finding]:
    installed = _version("openai")
    if not (0, 0, 0) < installed < (1, 35, 12):
        return []
    shown = ".".join(map(str, installed))
    sentence = f"openai {shown} repeats a request with the token it had first, even after that has ended."
    return [Finding("library", sentence, "pip install --upgrade openai")]


# The connection


def _connection(place: Place) -> list[Finding]:
    """Look the host up and open a connection. Behind a proxy only the proxy can, so that nothing is said."""
    parts = parse.urlsplit(place.address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if parts.scheme in request.getproxies() and not request.proxy_bypass(place.host):
        return []
    try:
        socket.create_connection((place.host, port), place.timeout).close()
    except socket.gaierror:
        sentence = (
            f"{place.host} has no address in the name service: the name is misspelt, or a private zone is missing."
        )
        return [Finding("name", sentence, f"nslookup {place.host}")]
    except OSError as failed:
        sentence = f"No connection to {place.host}, port {port} ({failed}): a firewall, route or proxy is in between."
        return [Finding("network", sentence, f"curl -v {place.address}")]
    return []


# Who signs in


def _sign_in(scope: str, client_id: str) -> tuple[SignedIn, str]:
    """Return who signs in, and a token. Raises ClientAuthenticationError if nobody can."""
    heard = _Heard()
    log = logging.getLogger("azure.identity")
    level = log.level
    log.addHandler(heard)
    log.setLevel(logging.INFO)
    try:
        with DefaultAzureCredential(managed_identity_client_id=client_id or None) as credential:
            token = credential.get_token(scope).token
    finally:
        log.removeHandler(heard)
        log.setLevel(level)
    claims = _claims(token)
    oid, appid, tid, aud = (str(claims.get(name, "")) for name in ("oid", "appid", "tid", "aud"))
    name = heard.credential or "DefaultAzureCredential"
    return SignedIn(name, oid, appid, tid, aud, int(claims.get("exp", 0))), token


class _Heard(logging.Handler):
    """Hears which credential of the chain answered: azure-identity says it in its log alone."""

    credential = ""

    def emit(self, record: logging.LogRecord) -> None:
        found = re.search(r"acquired a token from (\w+)", record.getMessage())
        if found and not found[1].startswith("_"):
            self.credential = found[1]


def _no_sign_in(refused: ClientAuthenticationError, client_id: str) -> Finding:
    """Return why nobody could sign in."""
    said = str(refused)
    kind = "functionapp" if "FUNCTIONS_WORKER_RUNTIME" in os.environ else "webapp"
    app = os.environ.get("WEBSITE_SITE_NAME", "<app>")
    change = f"az {kind} config appsettings set --resource-group <group> --name {app}"
    setting = f"{change} --settings AZURE_CLIENT_ID=<client id>"
    if re.search(r"Unable to load the proper Managed Identity|Multiple user assigned|Identity not found", said):
        if client_id:
            return Finding("identity", f"The app has no identity with the client id {client_id}.", setting)
        sentence = "The app has no identity of its own, or several, and AZURE_CLIENT_ID does not name one."
        return Finding("identity", sentence, setting)
    if re.search(r"AADSTS7000(215|222)", said):
        sentence = "The secret in AZURE_CLIENT_SECRET is wrong or has ended."
        return Finding("secret", sentence, _removal("AZURE_CLIENT_SECRET"))
    if re.search(r"AADSTS70(021|0211|0212|0213)\b", said):
        sentence = "The federated credential does not fit the issuer, subject or audience of the token that was shown."
        show = "az identity federated-credential list --resource-group <group> --identity-name <identity>"
        return Finding("federation", sentence, show)
    code = re.search(r"AADSTS\d+", said)
    why = f"Entra ID answered {code[0]}" if code else "no managed identity answers, and no tool is signed in"
    return Finding("sign-in", f"Nothing here can sign in: {why}.", "az login")


def _claims(token: str) -> dict[str, int | str]:
    """Return what a token says, unchecked. Empty if it is none."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


# The call


def _call(place: Place, token: str, who: SignedIn) -> list[Finding]:
    """Call the model once, and return why it is refused, if it is."""
    body = {"model": place.deployment, "messages": [{"role": "user", "content": "Hi"}], "max_completion_tokens": 16}
    asked = request.Request(  # noqa: S310 - the scheme was checked
        f"{place.address}/openai/v1/{'chat/completions' if place.deployment else 'models'}",
        data=json.dumps(body).encode() if place.deployment else None,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        with request.build_opener(_NoRedirect).open(asked, timeout=place.timeout) as answer:
            status, said = answer.status, ""
    except error.HTTPError as refused:
        with refused:
            status, said = refused.code, refused.read(4096).decode("utf-8", "replace")
    except (error.URLError, OSError) as failed:
        return [_broken(place, getattr(failed, "reason", failed))]
    finding = _refusal(status, said, place, who)
    return [finding] if finding else []


class _NoRedirect(request.HTTPRedirectHandler):
    """Follows no redirect, so that no other host gets the token."""

    def redirect_request(self, *_: object) -> None:
        return None


def _broken(place: Place, reason: object) -> Finding:
    if isinstance(reason, ssl.SSLCertVerificationError):
        sentence = (
            f"The certificate of {place.host} is not trusted here: a proxy opens connections, or roots are missing."
        )
        return Finding("certificate", sentence, f"openssl s_client -connect {place.host}:443 -showcerts")
    return Finding("network", f"No connection to {place.host}: {reason}.", f"curl -v {place.address}")


def _refusal(status: int, said: str, place: Place, who: SignedIn) -> Finding | None:
    """Return the fault that an answer shows. None if the answer shows that the door is open."""
    account = place.host.partition(".")[0]
    if status == 400 and "resource tenant" in said:
        sentence = f"The token is from the tenant {who.tid}, and the account belongs to another tenant."
        return Finding("tenant", sentence, "az login --tenant <tenant of the account>")
    if status == 400 and re.search(r"custom subdomain|authentication key", said):
        sentence = "This address is that of a region: the account has no custom subdomain, and takes no tokens without."
        change = "az cognitiveservices account update --resource-group <group> --name <account>"
        return Finding("subdomain", sentence, f"{change} --custom-domain <subdomain>")
    if status == 401:
        return _unauthorized(said, place, who)
    if status == 403:
        sentence = "The network rules of the account do not let this place in, or it has a private endpoint only."
        rule = f"az cognitiveservices account network-rule add --resource-group <group> --name {account}"
        return Finding("firewall", sentence, f"{rule} --ip-address <address of this place>")
    if status == 404 and "eployment" in said:
        sentence = f"The account has no deployment {place.deployment}: the name of a model need not be that of one."
        listing = f"az cognitiveservices account deployment list --resource-group <group> --name {account}"
        return Finding("deployment", sentence, f"{listing} --output table")
    if status >= 500 or 300 <= status < 400 or status == 404:
        sentence = f"{place.address} answered {status}: it has trouble of its own, or is not the address of an account."
        return Finding("service", sentence, f"curl -v {place.address}/openai/v1/models")
    return None  # 200; 429; a 400 of the model itself, such as for a model that does not chat


def _unauthorized(said: str, place: Place, who: SignedIn) -> Finding:
    wanted = PROJECTS if place.is_project else ACCOUNTS
    if "audience is incorrect" in said and who.aud.rstrip("/") != wanted:
        sentence = f"The token is for {who.aud}, which this endpoint does not take. Set the scope in the app, too."
        again = f"python doctor.py --endpoint {place.address} --deployment {place.deployment}"
        return Finding("audience", sentence, f"{again} --scope {wanted}/.default")
    if re.search(r"PermissionDenied|data action|access to API", said):
        sentence = (
            f"The identity {who.oid} lacks the role {ROLE} on the account of this address, or got it less than five "
            "minutes ago. Owner and Contributor are not enough."
        )
        kind = "User" if "Cli" in who.credential or "PowerShell" in who.credential else "ServicePrincipal"
        grant = f"az role assignment create --assignee-object-id {who.oid} --assignee-principal-type {kind}"
        return Finding("role", sentence, f'{grant} --role "{ROLE}" --scope <account id>')
    sentence = "The account refuses the token for another reason; is the clock of this machine right?"
    return Finding("token", sentence, "date --utc")


def _print(findings: list[Finding], who: SignedIn | None, *, as_json: bool) -> None:
    if as_json:
        facts = {"fine": not findings, "signed_in": who and asdict(who), "findings": [asdict(one) for one in findings]}
        print(json.dumps(facts, indent=2))
        return
    if who:
        ends = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(who.exp))
        print(f"{who.credential} signed in as object {who.oid}, client {who.appid}, tenant {who.tid}.")
        print(f"The token is for {who.aud}, until {ends}.")
    for one in findings:
        print(f"\n{one.cause}: {one.sentence}\n  {one.command}")
    if not findings:
        print("The model can be called without a key, and no key is left here.")


if __name__ == "__main__":
    sys.exit(main())

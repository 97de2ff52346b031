"""How an account's own endpoint answers a key that a caller presents.

Azure checks a key in this order: network rules, whether keys are enabled, the key, the call rate. A network refusal
hides the other results (docs/facts.md, Calls; Network). Every key that gets past the network rules is recorded by its
fingerprint. Entra tokens need a custom subdomain. `surfaces.inference` calls this module for HTTP requests; a test can
call it without a network.
"""

from lab.emulator.accounts import Account, Accounts
from lab.emulator.errors import AzureError
from lab.emulator.limits import Limits


class DataPlane:
    """The checks that every account's endpoint makes before it serves a call."""

    def __init__(self, accounts: Accounts, limits: Limits) -> None:
        self._accounts = accounts
        self._limits = limits

    def present(self, account: Account, key: str, operation: str = "aoai.models", address: str = "") -> None:
        """Present a key to an account, as a caller with IP address `address` does. Return if the account accepts it.

        Raises the same errors as `check_network` and `check_key_and_rate`.
        """
        self.check_network(account, address)
        self.check_key_and_rate(account, key, operation)

    def check_network(self, account: Account, address: str) -> None:
        """Check whether the account's network rules admit a caller with IP address `address`.

        Raises AzureError 403 if public access is disabled or the rules do not list the address. The message differs for
        an account without custom subdomain, which is called by its regional host (docs/facts.md, Network).
        """
        if account.public_network_access == "Disabled":
            raise AzureError(403, "403", "Public access is disabled. Please configure private endpoint.")
        rules = account.network_acls or {}
        allowed = {str(rule.get("value", "")).removesuffix("/32") for rule in rules.get("ipRules") or []}
        if rules.get("defaultAction") != "Deny" or address in allowed:
            return
        if not account.subdomain:
            message = (
                "A Virtual Network is configured for this resource. Please use the correct endpoint for making "
                "requests. Check https://aka.ms/cogsvc-vnet for more details."
            )
            raise AzureError(403, "403", message)
        headers = {"policy-id": "ThrowExceptionDueToTrafficDenied"}
        raise AzureError(403, "403", "Access denied due to Virtual Network/Firewall rules.", headers=headers)

    def check_subdomain(self, account: Account) -> None:
        """Check whether an account can be called with an Entra token.

        Raises AzureError 400 for an account without custom subdomain: the host of its region does not know which
        account a token is for (docs/facts.md, Calls).
        """
        if not account.subdomain:
            message = "Please provide a custom subdomain for token authentication, otherwise API key is required."
            raise AzureError(400, "BadRequest", message)

    def check_key_and_rate(self, account: Account, key: str, operation: str) -> None:
        """Check a key and the call rate, and record the result.

        Raises AzureError 403 if keys are disabled, 401 if the key is not one of the account's, and 429 if the rate
        limit is exceeded (docs/facts.md, Calls).
        """
        status = 200
        try:
            self._check_key(account, key)
            self.check_rate(account)
        except AzureError as error:
            status = error.status
            raise
        finally:
            self._accounts.note_use(account, key, operation, status)

    def check_rate(self, account: Account) -> None:
        """Count one call against the account's rate limit.

        Raises AzureError 429 with the seconds to wait in Retry-After if the limit is exceeded (docs/facts.md, Calls).
        """
        wait = self._limits.inference(account.id)
        if wait:
            message = (
                "Requests have exceeded call rate limit of your current OpenAI S0 pricing tier. "
                f"Please retry after {wait} seconds."
            )
            headers = {"Retry-After": str(wait), "retry-after-ms": str(wait * 1000)}
            raise AzureError(429, "429", message, headers={**headers, "x-ratelimit-remaining-requests": "0"})

    def _check_key(self, account: Account, key: str) -> None:
        if self._accounts.keys_disabled(account):
            message = "Key based authentication is disabled for this resource."
            raise AzureError(403, "AuthenticationTypeDisabled", message)
        if not self._accounts.key_accepted(account, key):
            raise wrong_key()


def wrong_key() -> AzureError:
    """Return Azure OpenAI's 401 for a wrong, old or missing key (docs/facts.md, Calls)."""
    message = (
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for "
        "an active subscription and use a correct regional API endpoint for your resource."
    )
    return AzureError(401, "401", message)


def wrong_token() -> AzureError:
    """Return Azure OpenAI's 401 for a bearer token that is invalid or for another audience (docs/facts.md, Calls)."""
    message = (
        "Unauthorized. Access token is missing, invalid, audience is incorrect "
        "(https://cognitiveservices.azure.com/ or https://ai.azure.com/), or have expired."
    )
    return AzureError(401, "401", message)


def no_deployment() -> AzureError:
    """Return Azure OpenAI's 404 for a deployment that the account does not have (docs/facts.md, Calls)."""
    message = (
        "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, "
        "please wait a moment and try again."
    )
    return AzureError(404, "DeploymentNotFound", message)

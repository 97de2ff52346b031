"""How an account's own endpoint judges a key that is shown to it.

Network rules come first and hide everything else; then whether keys are allowed at all, then the key, then the
call rate. Whatever key is judged is noted by its fingerprint. The inference surface asks here, and so can a test
that wants to prove a key without a network.
"""

from lab.emulator.accounts import Account, Accounts
from lab.emulator.errors import AzureError
from lab.emulator.limits import Limits


class DataPlane:
    """The door to every account."""

    def __init__(self, accounts: Accounts, limits: Limits) -> None:
        self._accounts = accounts
        self._limits = limits

    def present(self, account: Account, key: str, operation: str = "aoai.models", address: str = "") -> None:
        """Show a key as a caller from `address` would; it is taken, or an AzureError says why not."""
        self.check_network(account, address)
        self.judge(account, key, operation)

    def check_network(self, account: Account, address: str) -> None:
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

    def judge(self, account: Account, key: str, operation: str) -> None:
        """Say no to a key, or nothing; either way it is noted."""
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
    message = (
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for "
        "an active subscription and use a correct regional API endpoint for your resource."
    )
    return AzureError(401, "401", message)

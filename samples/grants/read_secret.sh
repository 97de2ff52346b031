#!/usr/bin/env bash
# Lets one identity read one secret of a vault, in all its versions. It lists nothing and reads no other secret.
#
#   read_secret.sh <vault> <secret> <object id of the identity>
#
# You need the right to assign roles on the vault, which must go by roles. A second run changes nothing.
set -euo pipefail
[ $# -eq 3 ] || { echo "usage: $0 <vault> <secret> <object id of the identity>" >&2; exit 2; }

vault=$(az keyvault show --name "$1" --query id --output tsv)
az role assignment create --assignee-object-id "$3" --assignee-principal-type ServicePrincipal \
  --role "Key Vault Secrets User" --scope "$vault/secrets/$2" --output none
echo "$3 may read the secret $2. Wait up to five minutes before the first read."

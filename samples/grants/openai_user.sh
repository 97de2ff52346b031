#!/usr/bin/env bash
# Lets one identity call the models of one account. It reads no key and deploys no model.
#
#   openai_user.sh <resource group> <account> <object id of the identity>
#
# You need the right to assign roles on the account. A second run changes nothing.
set -euo pipefail
[ $# -eq 3 ] || { echo "usage: $0 <resource group> <account> <object id of the identity>" >&2; exit 2; }

account=$(az cognitiveservices account show --resource-group "$1" --name "$2" --query id --output tsv)
az role assignment create --assignee-object-id "$3" --assignee-principal-type ServicePrincipal \
  --role "Cognitive Services OpenAI User" --scope "$account" --output none
echo "$3 may call the models of $2. Wait up to five minutes before the first call."

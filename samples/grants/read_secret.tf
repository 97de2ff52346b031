# Lets one identity read one secret of a vault, in all its versions. It lists nothing and reads no other secret.

terraform {
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.0"
    }
  }
}

variable "vault_id" {
  type        = string
  description = "Resource id of the vault. It must go by roles."
}

variable "secret_name" {
  type        = string
  description = "Name of the secret."
}

variable "principal_id" {
  type        = string
  description = "Object id of the identity that reads the secret: its principal id, not its client id."
}

# The secret is named by its id and not read by a data source: reading it would put the key into the state.
resource "azurerm_role_assignment" "secrets_user" {
  scope                = "${var.vault_id}/secrets/${var.secret_name}"
  role_definition_name = "Key Vault Secrets User"
  principal_id         = var.principal_id
  principal_type       = "ServicePrincipal"
}

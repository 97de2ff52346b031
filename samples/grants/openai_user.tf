# Lets one identity call the models of one account. It reads no key and deploys no model.

terraform {
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.0"
    }
  }
}

variable "account_id" {
  type        = string
  description = "Resource id of the Azure OpenAI account."
}

variable "principal_id" {
  type        = string
  description = "Object id of the identity that calls the models: its principal id, not its client id."
}

# The account is named by its id and not read by a data source: reading it would fetch both keys into the state.
resource "azurerm_role_assignment" "openai_user" {
  scope                = var.account_id
  role_definition_name = "Cognitive Services OpenAI User"
  principal_id         = var.principal_id
  principal_type       = "ServicePrincipal"
}

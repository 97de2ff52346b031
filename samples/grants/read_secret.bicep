// Lets one identity read one secret of a vault, in all its versions. It lists nothing and reads no other secret.
// Deploy it to the vault's resource group. The vault must go by roles (enableRbacAuthorization).

targetScope = 'resourceGroup'

@description('Name of the vault.')
param vaultName string

@description('Name of the secret.')
param secretName string

@description('Object id of the identity that reads the secret: its principal id, not its client id.')
param principalId string

var keyVaultSecretsUser = '4633458b-17de-408a-b874-0445c86b69e6'

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' existing = {
  name: vaultName
}

resource secret 'Microsoft.KeyVault/vaults/secrets@2026-02-01' existing = {
  parent: vault
  name: secretName
}

resource reader 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(secret.id, principalId, keyVaultSecretsUser)
  scope: secret
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', keyVaultSecretsUser)
  }
}

// Without a version at its end, so that whoever follows it gets the newest one.
output secretUri string = '${vault.properties.vaultUri}secrets/${secretName}'

// Lets one identity call the models of one account. It reads no key and deploys no model.
// Deploy it to the account's resource group.

targetScope = 'resourceGroup'

@description('Name of the Azure OpenAI account.')
param accountName string

@description('Object id of the identity that calls the models: its principal id, not its client id.')
param principalId string

var cognitiveServicesOpenAIUser = '5e0bd9bd-7b93-4f28-af87-19fc36ad61bd'

resource account 'Microsoft.CognitiveServices/accounts@2025-09-01' existing = {
  name: accountName
}

resource caller 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, principalId, cognitiveServicesOpenAIUser)
  scope: account
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', cognitiveServicesOpenAIUser)
  }
}

output endpoint string = account.properties.endpoint

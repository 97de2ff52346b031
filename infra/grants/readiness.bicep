// One of the app's rights to see more, in a whole subscription: accounts, where their logs go and who could call them;
// who can read keys; or where copies of keys lie. None of them reads a key.

targetScope = 'subscription'

@description('The app.')
param principalId string

@description('Name (a GUID) of the role that sees more.')
param roleName string

resource reader 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, principalId, roleName)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleName)
  }
}

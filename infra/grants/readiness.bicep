// One of the app's optional rights in a whole subscription: to see accounts, where their logs go and who has roles on
// them, to see who can read keys, or to see where copies of them lie. None of these roles may list a key or read a secret.

targetScope = 'subscription'

@description('The app.')
param principalId string

@description('Name (a GUID) of the role.')
param roleName string

resource reader 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, principalId, roleName)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleName)
  }
}

// The app's rights on one account.

@description('The app.')
param principalId string

@description('The account.')
param accountName string

@description('Name (a GUID) of the role that rotates keys.')
param rotatorRoleName string

@description('Name (a GUID) of the role that switches keys off.')
param switchRoleName string

@description('Whether keys may be switched off.')
param allowSunset bool

resource account 'Microsoft.CognitiveServices/accounts@2024-10-01' existing = {
  name: accountName
}

resource rotator 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, principalId, rotatorRoleName)
  scope: account
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', rotatorRoleName)
  }
}

resource switchOff 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (allowSunset) {
  name: guid(account.id, principalId, switchRoleName)
  scope: account
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', switchRoleName)
  }
}

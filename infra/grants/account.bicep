// The app's rights on one account.

@description('The app.')
param principalId string

@description('The account.')
param accountName string

@description('Name (a GUID) of the role that rotates keys.')
param rotatorRoleName string

@description('Name (a GUID) of the role that switches keys off and on.')
param switchRoleName string

@description('Name (a GUID) of the role that sees what trials need.')
param trialRoleName string

@description('Whether keys may be switched off, for good or for a trial.')
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

// What a policy would deny is asked about the resource group, so this role is assigned on the group.
resource trial 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (allowSunset) {
  name: guid(resourceGroup().id, principalId, trialRoleName)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', trialRoleName)
  }
}

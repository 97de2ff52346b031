// The app's rights on every account of a subscription.

targetScope = 'subscription'

@description('The app.')
param principalId string

@description('Name (a GUID) of the role that rotates keys.')
param rotatorRoleName string

@description('Name (a GUID) of the role that switches keys off and on.')
param switchRoleName string

@description('Name (a GUID) of the role that sees what trials need.')
param trialRoleName string

@description('Whether keys may be switched off, for good or for a trial.')
param allowSunset bool

resource rotator 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, principalId, rotatorRoleName)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', rotatorRoleName)
  }
}

resource switchOff 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (allowSunset) {
  name: guid(subscription().id, principalId, switchRoleName)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', switchRoleName)
  }
}

resource trial 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (allowSunset) {
  name: guid(subscription().id, principalId, trialRoleName)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', trialRoleName)
  }
}

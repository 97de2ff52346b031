// The app's rights on every account of a subscription.

targetScope = 'subscription'

@description('The app.')
param principalId string

@description('Name (a GUID) of the role that rotates keys.')
param rotatorRoleName string

@description('Name (a GUID) of the role that switches keys off.')
param switchRoleName string

@description('Whether keys may be switched off.')
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

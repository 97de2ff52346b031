// Lets the listener refresh the Key Vault references of one app. Deploy it to the app's resource group.

targetScope = 'resourceGroup'

@description('Name of the app.')
param siteName string

@description('Object id of the listener\'s identity.')
param principalId string

var waker = loadJsonContent('wakers.json').site
var here = resourceGroup().id // where the role can be assigned

resource site 'Microsoft.Web/sites@2024-11-01' existing = {
  name: siteName
}

resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(here, waker.roleName)
  properties: {
    roleName: '${waker.roleName} ${uniqueString(here)}'
    description: waker.description
    type: 'CustomRole'
    assignableScopes: [here]
    permissions: [
      {
        actions: waker.actions
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
  }
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(site.id, principalId, role.id)
  scope: site
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: role.id
  }
}

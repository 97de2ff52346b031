// Lets the listener refresh one named value of API Management. Deploy it to the service's resource group.

targetScope = 'resourceGroup'

@description('Name of the API Management service.')
param serviceName string

@description('Name of the named value.')
param namedValueName string

@description('Object id of the listener\'s identity.')
param principalId string

var waker = loadJsonContent('wakers.json').namedValue
var here = resourceGroup().id // where the role can be assigned

resource service 'Microsoft.ApiManagement/service@2024-05-01' existing = {
  name: serviceName
}

resource value 'Microsoft.ApiManagement/service/namedValues@2024-05-01' existing = {
  parent: service
  name: namedValueName
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
  name: guid(value.id, principalId, role.id)
  scope: value
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: role.id
  }
}

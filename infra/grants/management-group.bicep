// The same rights as readiness.bicep, in every subscription of a management group, also in those that join it later. A
// deployment of its own (docs/deploy.md, Accounts that nobody enrolled): Azure lets a deployment to a subscription change
// nothing above it. The role is defined in the group, because a custom role names at most one management group.

targetScope = 'managementGroup'

@description('The deployment of the app, whose name the role carries.')
param environmentName string

@description('Object id of the app\'s identity.')
param principalId string

@allowed([
  'readinessReader'
  'readersReader'
  'copiesReader'
])
@description('The right: to see accounts, who can read keys, or where copies of keys lie.')
param role string = 'readinessReader'

var here = managementGroup().id
var definition = loadJsonContent('../roles.json').custom[role]

resource definitionHere 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(here, environmentName, role)
  properties: {
    roleName: '${definition.roleName} (${environmentName}, ${managementGroup().name})'
    description: definition.description
    type: 'CustomRole'
    assignableScopes: [
      here
    ]
    permissions: definition.permissions
  }
}

resource reader 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(here, principalId, definitionHere.name)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: definitionHere.id
  }
}

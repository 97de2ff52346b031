// The custom roles, as roles.json defines them. Their names carry the deployment's name, since a role's name must be
// unique in a tenant.

targetScope = 'subscription'

@description('The deployment.')
param environmentName string

@description('What makes names unique.')
param token string

@description('Subscriptions in which the roles can be assigned, beside this one.')
param subscriptions array

@description('Resource ids of vaults, whose subscriptions are added.')
param vaultIds array

@description('Resource ids of workspaces, whose subscriptions are added.')
param workspaceIds array

@description('The entries of targets.json, whose subscriptions are added.')
param targets array

var definitions = loadJsonContent('roles.json')
var vaultSubscriptions = [for id in vaultIds: split(id, '/')[2]]
var workspaceSubscriptions = [for id in workspaceIds: split(id, '/')[2]]
var targetSubscriptions = [for target in targets: split(target.account, '/')[2]]
var here = subscription().subscriptionId
var everywhere = union([here], subscriptions, vaultSubscriptions, workspaceSubscriptions, targetSubscriptions)
var assignableScopes = [for id in everywhere: '/subscriptions/${id}']

resource keyRotator 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, environmentName, 'keyRotator')
  properties: {
    roleName: '${definitions.custom.keyRotator.roleName} (${environmentName}, ${token})'
    description: definitions.custom.keyRotator.description
    type: 'CustomRole'
    assignableScopes: assignableScopes
    permissions: definitions.custom.keyRotator.permissions
  }
}

resource keyPublisher 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, environmentName, 'keyPublisher')
  properties: {
    roleName: '${definitions.custom.keyPublisher.roleName} (${environmentName}, ${token})'
    description: definitions.custom.keyPublisher.description
    type: 'CustomRole'
    assignableScopes: assignableScopes
    permissions: definitions.custom.keyPublisher.permissions
  }
}

resource keyAuthSwitch 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, environmentName, 'keyAuthSwitch')
  properties: {
    roleName: '${definitions.custom.keyAuthSwitch.roleName} (${environmentName}, ${token})'
    description: definitions.custom.keyAuthSwitch.description
    type: 'CustomRole'
    assignableScopes: assignableScopes
    permissions: definitions.custom.keyAuthSwitch.permissions
  }
}

resource trialReader 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, environmentName, 'trialReader')
  properties: {
    roleName: '${definitions.custom.trialReader.roleName} (${environmentName}, ${token})'
    description: definitions.custom.trialReader.description
    type: 'CustomRole'
    assignableScopes: assignableScopes
    permissions: definitions.custom.trialReader.permissions
  }
}

resource keyCallCounter 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, environmentName, 'keyCallCounter')
  properties: {
    roleName: '${definitions.custom.keyCallCounter.roleName} (${environmentName}, ${token})'
    description: definitions.custom.keyCallCounter.description
    type: 'CustomRole'
    assignableScopes: assignableScopes
    permissions: definitions.custom.keyCallCounter.permissions
  }
}

resource announcementReader 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, environmentName, 'announcementReader')
  properties: {
    roleName: '${definitions.custom.announcementReader.roleName} (${environmentName}, ${token})'
    description: definitions.custom.announcementReader.description
    type: 'CustomRole'
    assignableScopes: assignableScopes
    permissions: definitions.custom.announcementReader.permissions
  }
}

resource copiesReader 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, environmentName, 'copiesReader')
  properties: {
    roleName: '${definitions.custom.copiesReader.roleName} (${environmentName}, ${token})'
    description: definitions.custom.copiesReader.description
    type: 'CustomRole'
    assignableScopes: assignableScopes
    permissions: definitions.custom.copiesReader.permissions
  }
}

resource containerLister 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, environmentName, 'containerLister')
  properties: {
    roleName: '${definitions.custom.containerLister.roleName} (${environmentName}, ${token})'
    description: definitions.custom.containerLister.description
    type: 'CustomRole'
    assignableScopes: assignableScopes
    permissions: definitions.custom.containerLister.permissions
  }
}

resource readinessReader 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, environmentName, 'readinessReader')
  properties: {
    roleName: '${definitions.custom.readinessReader.roleName} (${environmentName}, ${token})'
    description: definitions.custom.readinessReader.description
    type: 'CustomRole'
    assignableScopes: assignableScopes
    permissions: definitions.custom.readinessReader.permissions
  }
}

resource readersReader 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, environmentName, 'readersReader')
  properties: {
    roleName: '${definitions.custom.readersReader.roleName} (${environmentName}, ${token})'
    description: definitions.custom.readersReader.description
    type: 'CustomRole'
    assignableScopes: assignableScopes
    permissions: definitions.custom.readersReader.permissions
  }
}

output keyRotator string = keyRotator.name
output keyPublisher string = keyPublisher.name
output keyAuthSwitch string = keyAuthSwitch.name
output trialReader string = trialReader.name
output keyCallCounter string = keyCallCounter.name
output announcementReader string = announcementReader.name
output copiesReader string = copiesReader.name
output containerLister string = containerLister.name
output readinessReader string = readinessReader.name
output readersReader string = readersReader.name

// The rights on what belongs to this deployment: storage by container and queue, the topic, Application Insights. On the
// storage account as a whole the app may only list the containers: the Functions host does that every 30 seconds and
// reports the storage as unhealthy where it cannot.

@description('The app.')
param appPrincipalId string

@description('The identity that writes dead letters.')
param eventsPrincipalId string

@description('The storage account.')
param storageName string

@description('The topic for announcements.')
param topicName string

@description('Application Insights.')
param insightsName string

@description('Name (a GUID) of the role that sees who listens to the topic.')
param readerRoleName string

@description('Name (a GUID) of the role that lists containers.')
param listerRoleName string

var builtIn = loadJsonContent('../roles.json').builtIn
var names = loadJsonContent('../storage.json')

resource topic 'Microsoft.EventGrid/topics@2025-02-15' existing = {
  name: topicName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource storage 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: storageName
}

resource hostContainers 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' existing = [for name in names.hostContainers: {
  name: '${storageName}/default/${name}'
}]

resource appContainers 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' existing = [for name in names.appContainers: {
  name: '${storageName}/default/${name}'
}]

resource deadLetters 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' existing = {
  name: '${storageName}/default/${names.deadLetterContainer}'
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices/queues@2024-01-01' existing = [for name in names.queues: {
  name: '${storageName}/default/${name}'
}]

resource onStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, appPrincipalId, listerRoleName)
  scope: storage
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', listerRoleName)
  }
}

// The host's locks and function keys: what Microsoft asks for the host's storage.
resource onHostContainers 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (name, place) in names.hostContainers: {
  name: guid(hostContainers[place].id, appPrincipalId, builtIn.storageBlobDataOwner.id)
  scope: hostContainers[place]
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', builtIn.storageBlobDataOwner.id)
  }
}]

// The package, which a deployment writes under the app's identity, and the leases of turns.
resource onAppContainers 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (name, place) in names.appContainers: {
  name: guid(appContainers[place].id, appPrincipalId, builtIn.storageBlobDataContributor.id)
  scope: appContainers[place]
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', builtIn.storageBlobDataContributor.id)
  }
}]

resource onQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (name, place) in names.queues: {
  name: guid(queues[place].id, appPrincipalId, builtIn.storageQueueDataContributor.id)
  scope: queues[place]
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', builtIn.storageQueueDataContributor.id)
  }
}]

resource onTopic 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(topic.id, appPrincipalId, builtIn.eventGridDataSender.id)
  scope: topic
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', builtIn.eventGridDataSender.id)
  }
}

// Optional: without it the app works, and says that it does not know who listens.
resource onListeners 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(topic.id, appPrincipalId, readerRoleName)
  scope: topic
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', readerRoleName)
  }
}

resource onInsights 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, appPrincipalId, builtIn.monitoringMetricsPublisher.id)
  scope: insights
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', builtIn.monitoringMetricsPublisher.id)
  }
}

resource onDeadLetters 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(deadLetters.id, eventsPrincipalId, builtIn.storageBlobDataContributor.id)
  scope: deadLetters
  properties: {
    principalId: eventsPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', builtIn.storageBlobDataContributor.id)
  }
}

// What Azure Resource Manager says of a subscription, filtered to regenerated keys of Cognitive Services accounts,
// delivered to the function on_account_event.
//
// The topic of a subscription is in no region, and Azure refuses an identity there (docs/facts.md, Events).
// Without an identity there are no dead letters either, since the storage account takes no keys. So an event that is
// not delivered within a day is lost, and the next full observation of the account repairs what it was about.

@description('Tags for every resource.')
param tags object

@description('Name of the system topic.')
param topicName string

@description('Resource id of the function app.')
param functionAppId string

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: topicName
  location: 'global'
  tags: tags
  properties: {
    source: subscription().id
    topicType: 'Microsoft.Resources.Subscriptions'
  }
}

resource door 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'key-rotation'
  properties: {
    destination: {
      endpointType: 'AzureFunction'
      properties: {
        resourceId: '${functionAppId}/functions/on_account_event'
        maxEventsPerBatch: 1
        preferredBatchSizeInKilobytes: 64
      }
    }
    eventDeliverySchema: 'EventGridSchema'
    filter: {
      includedEventTypes: [
        'Microsoft.Resources.ResourceActionSuccess'
      ]
      advancedFilters: [
        {
          operatorType: 'StringIn'
          key: 'data.operationName'
          values: [
            'Microsoft.CognitiveServices/accounts/regenerateKey/action'
          ]
        }
      ]
    }
    retryPolicy: {
      maxDeliveryAttempts: 30
      eventTimeToLiveInMinutes: 1440
    }
  }
}

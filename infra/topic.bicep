// The topic that announcements are sent to, as CloudEvents, with Entra identities only. Subscribers add their own
// subscriptions; its identity may put what they do not take into the dead-letter container.

@description('Region.')
param location string

@description('Tags for every resource.')
param tags object

@description('What makes names unique.')
param token string

@description('Whether the topic takes events through a private endpoint only.')
param privateNetwork bool

@description('Resource id of the identity that writes dead letters.')
param eventsIdentityId string

@description('The workspace its logs go to.')
param workspaceId string

resource topic 'Microsoft.EventGrid/topics@2025-02-15' = {
  name: 'evgt-${token}'
  location: location
  tags: tags
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${eventsIdentityId}': {}
    }
  }
  properties: {
    inputSchema: 'CloudEventSchemaV1_0'
    disableLocalAuth: true
    minimumTlsVersionAllowed: '1.2'
    publicNetworkAccess: privateNetwork ? 'Disabled' : 'Enabled'
  }
}

// Who sent events, counted by the minute, and which events were not taken or not delivered.
resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: topic
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'DataPlaneRequests'
        enabled: true
      }
      {
        category: 'PublishFailures'
        enabled: true
      }
      {
        category: 'DeliveryFailures'
        enabled: true
      }
    ]
  }
}

output id string = topic.id
output name string = topic.name
output endpoint string = topic.properties.endpoint

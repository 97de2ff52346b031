// Private endpoints for the vault, the storage account and the topic, with the names that lead to them.

@description('Region.')
param location string

@description('Tags for every resource.')
param tags object

@description('What makes names unique.')
param token string

@description('Subnet the endpoints are in.')
param subnetId string

@description('Network that must find them.')
param networkId string

@description('Resource id of the vault.')
param vaultId string

@description('Resource id of the storage account.')
param storageId string

@description('Resource id of the topic.')
param topicId string

var doors = [
  {
    name: 'vault'
    resourceId: vaultId
    group: 'vault'
    zone: 'privatelink.vaultcore.azure.net'
  }
  {
    name: 'blob'
    resourceId: storageId
    group: 'blob'
    zone: 'privatelink.blob.${environment().suffixes.storage}'
  }
  {
    name: 'queue'
    resourceId: storageId
    group: 'queue'
    zone: 'privatelink.queue.${environment().suffixes.storage}'
  }
  {
    name: 'topic'
    resourceId: topicId
    group: 'topic'
    zone: 'privatelink.eventgrid.azure.net'
  }
]

resource zones 'Microsoft.Network/privateDnsZones@2020-06-01' = [for door in doors: {
  name: door.zone
  location: 'global'
  tags: tags
}]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2020-06-01' = [for (door, place) in doors: {
  parent: zones[place]
  name: 'link-${token}'
  location: 'global'
  tags: tags
  properties: {
    registrationEnabled: false
    virtualNetwork: {
      id: networkId
    }
  }
}]

resource endpoints 'Microsoft.Network/privateEndpoints@2024-05-01' = [for door in doors: {
  name: 'pep-${door.name}-${token}'
  location: location
  tags: tags
  properties: {
    subnet: {
      id: subnetId
    }
    privateLinkServiceConnections: [
      {
        name: door.name
        properties: {
          privateLinkServiceId: door.resourceId
          groupIds: [
            door.group
          ]
        }
      }
    ]
  }
}]

resource addresses 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01' = [for (door, place) in doors: {
  parent: endpoints[place]
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      {
        name: door.name
        properties: {
          privateDnsZoneId: zones[place].id
        }
      }
    ]
  }
}]

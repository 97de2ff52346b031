// A page in the portal: ticks, turns by result, what failed and why, what is owed, who acted, who read a secret.

@description('Region.')
param location string

@description('Tags for every resource.')
param tags object

@description('What makes names unique.')
param token string

@description('The workspace that is asked.')
param workspaceId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'key-rotation', token)
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Key rotation'
    category: 'workbook'
    sourceId: workspaceId
    // Without the fallback, a workbook that is opened from the gallery asks which workspace it is about.
    serializedData: replace(loadTextContent('workbook.json'), '<workspace>', workspaceId)
  }
}

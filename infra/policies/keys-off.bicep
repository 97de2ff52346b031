// Keeps keys switched off on the accounts of a subscription, by one of Microsoft's own policies. A deployment of its own,
// after the sunsets (docs/keep-keys-off.md): main.bicep does not use it, and the app has no right on it.
// keys-off-group.bicep is the same for a management group.

targetScope = 'subscription'

@allowed([
  'Audit'
  'Deny'
  'Modify'
])
@description('Audit: mark accounts whose keys are on. Deny: refuse every change that leaves keys on. Modify: switch keys off with every change.')
param effect string = 'Audit'

@allowed([
  'Default'
  'DoNotEnforce'
])
@description('DoNotEnforce: the policy only reports what it would do.')
param enforcementMode string = 'Default'

@description('Resource ids of accounts, resource groups or subscriptions below this scope that the policy leaves alone.')
param notScopes array = []

@description('Region of the identity that Modify works with.')
param location string = deployment().location

var definitions = loadJsonContent('definitions.json')
var modifies = effect == 'Modify'
// An assignment keeps its definition for good, so each of the two definitions has an assignment of its own name.
var name = modifies ? 'keys-off-modify' : 'keys-off'

resource keysOff 'Microsoft.Authorization/policyAssignments@2025-01-01' = {
  name: name
  location: location
  identity: {
    type: modifies ? 'SystemAssigned' : 'None'
  }
  properties: {
    displayName: 'Keys of Azure AI accounts stay switched off (${effect})'
    description: 'Made by infra/policies of the key rotation app. See docs/keep-keys-off.md there.'
    policyDefinitionId: tenantResourceId('Microsoft.Authorization/policyDefinitions', definitions.keysOff[effect])
    enforcementMode: enforcementMode
    notScopes: notScopes
    // The definition for Audit and Deny is about Azure AI Search as well, which this app does not look after.
    resourceSelectors: [
      {
        name: 'accounts'
        selectors: [
          {
            kind: 'resourceType'
            in: [
              'Microsoft.CognitiveServices/accounts'
            ]
          }
        ]
      }
    ]
    parameters: {
      effect: {
        value: effect
      }
    }
    nonComplianceMessages: [
      {
        message: 'Keys must stay switched off here (disableLocalAuth). Call the account with a Microsoft Entra identity.'
      }
    ]
  }
}

// What Microsoft's definition asks for: Contributor, for the identity of the policy alone.
resource modifier 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (modifies) {
  name: guid(subscription().id, name, definitions.roles.contributor)
  properties: {
    principalId: keysOff.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: tenantResourceId('Microsoft.Authorization/roleDefinitions', definitions.roles.contributor)
  }
}

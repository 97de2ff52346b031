// The app's rights on each account that targets.json names, wherever it is.

targetScope = 'subscription'

@description('What makes names unique.')
param token string

@description('The entries of targets.json.')
param targets array

@description('The app.')
param principalId string

@description('Name (a GUID) of the role that rotates keys.')
param rotatorRoleName string

@description('Name (a GUID) of the role that switches keys off and on.')
param switchRoleName string

@description('Name (a GUID) of the role that sees what trials need.')
param trialRoleName string

@description('Whether keys may be switched off, for good or for a trial.')
param allowSunset bool

module accounts 'account.bicep' = [for target in targets: {
  name: 'grant-${token}-${uniqueString(target.account)}'
  scope: resourceGroup(split(target.account, '/')[2], split(target.account, '/')[4])
  params: {
    principalId: principalId
    accountName: last(split(target.account, '/'))
    rotatorRoleName: rotatorRoleName
    switchRoleName: switchRoleName
    trialRoleName: trialRoleName
    allowSunset: allowSunset
  }
}]

// A consumer that does not notice rotations: it reads the account's key from the vault.
//
// Copy this folder. The app's managed identity needs the role Key Vault Secrets User on the secret.
//
//     dotnet run https://my-vault.vault.azure.net my-account-key https://my-account.openai.azure.com gpt-4o
//
// AZURE_CLIENT_ID is the client id of the user-assigned managed identity; it is not set on your own machine.
//
// It is a step in between. Better is no key at all: see samples/no_key/csharp.

using Azure.Core;
using Azure.Identity;
using Azure.Security.KeyVault.Secrets;
using OpenAI;
using OpenAI.Chat;

if (args.Length != 4)
{
    Console.Error.WriteLine("Four arguments are needed: vault, name of the secret, endpoint, name of a deployment.");
    return 2;
}

// The client of the vault gives up soon: the key that is held serves meanwhile.
SecretClientOptions patience = new() { Retry = { MaxRetries = 1, NetworkTimeout = TimeSpan.FromSeconds(5) } };
string? clientId = Environment.GetEnvironmentVariable("AZURE_CLIENT_ID");
SecretClient secrets = new(new Uri(args[0]), Identity(clientId), patience);

// One for the whole program. Its age must be shorter than the overlap, in which the key before still works.
VaultKey key = await VaultKey.OpenAsync(secrets, args[1], TimeSpan.FromHours(1));

// An AzureOpenAIClient takes key.Credential as well.
OpenAIClientOptions options = new() { Endpoint = new Uri($"{args[2].TrimEnd('/')}/openai/v1/") };
ChatClient client = new(args[3], key.Credential, options);
ChatCompletion answer = await key.CallAsync(
    async () => (await client.CompleteChatAsync(new UserChatMessage("Which model are you?"))).Value);
Console.WriteLine(answer.Content[0].Text);
return 0;

// Returns who this program is: in production the managed identity that is named, and nobody else; on your own machine
// whoever is signed in. On AKS with workload identity return a WorkloadIdentityCredential.
static TokenCredential Identity(string? clientId) => string.IsNullOrEmpty(clientId)
    ? new DefaultAzureCredential()
    : new ManagedIdentityCredential(ManagedIdentityId.FromUserAssignedClientId(clientId));

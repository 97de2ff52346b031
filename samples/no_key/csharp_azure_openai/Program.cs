// A consumer without a key, with the package Azure.AI.OpenAI. If your program has an AzureOpenAIClient with a key, the
// shortest way out is here: pass a TokenCredential where the AzureKeyCredential or ApiKeyCredential is.
//
//     dotnet run https://my-account.openai.azure.com gpt-4o
//
// The identity needs the role Cognitive Services OpenAI User on the account. This client uses the older paths with an
// api-version. A new program starts better from the folder csharp, which uses /openai/v1/.
//
// Settings, all by environment variable: AZURE_CLIENT_ID is the client id of the user-assigned managed identity; it is
// not set on your own machine. AZURE_OPENAI_SCOPE says for whom the token is, by default
// https://cognitiveservices.azure.com/.default.

using Azure.AI.OpenAI;
using Azure.Core;
using Azure.Identity;
using OpenAI.Chat;

if (args.Length != 2)
{
    Console.Error.WriteLine("Two arguments are needed: the endpoint of the account and the name of a deployment.");
    return 2;
}

AzureOpenAIClientOptions options = new()
{
    Audience = new AzureOpenAIAudience(Setting("AZURE_OPENAI_SCOPE") ?? "https://cognitiveservices.azure.com/.default"),
};
AzureOpenAIClient account = new(new Uri(args[0]), Identity(Setting("AZURE_CLIENT_ID")), options);
ChatClient client = account.GetChatClient(args[1]);
ChatCompletion answer = await client.CompleteChatAsync(new UserChatMessage("Which model are you?"));
Console.WriteLine(answer.Content[0].Text);
return 0;

// Returns who this program is: in production the managed identity that is named, and nobody else; on your own machine
// whoever is signed in. The folder csharp says why.
static TokenCredential Identity(string? clientId) => clientId is null
    ? new DefaultAzureCredential()
    : new ManagedIdentityCredential(ManagedIdentityId.FromUserAssignedClientId(clientId));

static string? Setting(string name) =>
    Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

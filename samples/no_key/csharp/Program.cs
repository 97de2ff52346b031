// A consumer without a key: it signs in with its own identity. Every consumer should work like this in the end.
//
// Copy this folder. The app's managed identity needs the role Cognitive Services OpenAI User on the account; so do you
// if you run it on your own machine after `az login`:
//
//     dotnet run https://my-account.openai.azure.com gpt-4o
//
// Settings, all by environment variable: AZURE_CLIENT_ID is the client id of the user-assigned managed identity; it is
// not set on your own machine. AZURE_OPENAI_SCOPE says for whom the token is, by default
// https://cognitiveservices.azure.com/.default.
//
// The program asks for no key variable, and its client gets the token alone. Delete a key variable that is left over.

using System.ClientModel.Primitives;
using Azure.Core;
using Azure.Identity;
using OpenAI;
using OpenAI.Chat;

if (args.Length != 2)
{
    Console.Error.WriteLine("Two arguments are needed: the endpoint of the account and the name of a deployment.");
    return 2;
}

string scope = Setting("AZURE_OPENAI_SCOPE") ?? "https://cognitiveservices.azure.com/.default";
ChatClient client = ClientFor(args[0], args[1], Identity(Setting("AZURE_CLIENT_ID")), scope);
ChatCompletion answer = await client.CompleteChatAsync(new UserChatMessage("Which model are you?"));
Console.WriteLine(answer.Content[0].Text);
return 0;

// Returns a client for a deployment, on the path /openai/v1/. Make it once and keep it: its policy holds the token and
// renews it in time. The constructor is still marked as experimental, hence the pragma.
static ChatClient ClientFor(string endpoint, string deployment, TokenCredential credential, string scope)
{
    OpenAIClientOptions options = new() { Endpoint = new Uri($"{endpoint.TrimEnd('/')}/openai/v1/") };
#pragma warning disable OPENAI001
    return new ChatClient(deployment, new BearerTokenPolicy(credential, scope), options);
#pragma warning restore OPENAI001
}

// Returns who this program is.
//
// In production name the identity. An app may have several, and without the client id the platform refuses to choose or
// takes the wrong one; and DefaultAzureCredential tries one source after the other, so a variable that somebody sets for
// another purpose could make it a different caller. On your own machine that search is what you want: it finds
// `az login`. On AKS with workload identity return a WorkloadIdentityCredential: it reads the variables that the cluster
// sets, AZURE_CLIENT_ID among them.
static TokenCredential Identity(string? clientId) => clientId is null
    ? new DefaultAzureCredential()
    : new ManagedIdentityCredential(ManagedIdentityId.FromUserAssignedClientId(clientId));

static string? Setting(string name) =>
    Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

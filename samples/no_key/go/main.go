// A consumer without a key: it signs in with its own identity. Every consumer should work like this in the end.
//
// Copy this folder. The app's managed identity needs the role Cognitive Services OpenAI User on the account; so do you
// if you run it on your own machine after `az login`.
//
//	go run . https://my-account.openai.azure.com gpt-4o
//
// Settings, all by environment variable:
//
//	AZURE_CLIENT_ID      the client id of the user-assigned managed identity; not set on your own machine
//	AZURE_OPENAI_SCOPE   for whom the token is; by default https://cognitiveservices.azure.com/.default
//
// A key variable that is left over (OPENAI_API_KEY, AZURE_OPENAI_API_KEY, AZURE_OPENAI_KEY) changes nothing: the client
// reads only the first, and the token replaces what it would send. Delete them all the same.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

const defaultScope = "https://cognitiveservices.azure.com/.default"

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "Usage: go run . <endpoint of the account> <name of a deployment>")
		os.Exit(2)
	}
	if err := ask(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// ask puts one question to a model and prints the answer.
func ask(ctx context.Context, endpoint, model string) error {
	credential, err := identity(os.Getenv("AZURE_CLIENT_ID"))
	if err != nil {
		return err
	}
	client := newClient(endpoint, credential, setting("AZURE_OPENAI_SCOPE", defaultScope))
	answer, err := client.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{
		Model:    model,
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Which model are you?")},
	})
	if err != nil {
		return explained(err)
	}
	fmt.Println(answer.Choices[0].Message.Content)
	return nil
}

// explained adds what the account says: the text of the client's error is only the status.
func explained(err error) error {
	if refusal := (*openai.Error)(nil); errors.As(err, &refusal) {
		return fmt.Errorf("%w: %s", err, refusal.Message)
	}
	return err
}

// newClient returns a client for an account, on the path /openai/v1/. Make it once and keep it: it holds the token.
//
// azure.WithTokenCredential does not work here: it demands azure.WithEndpoint, which uses the older paths with an
// api-version. The middleware does the same for the v1 path.
func newClient(endpoint string, credential azcore.TokenCredential, scope string) openai.Client {
	tokens := &bearer{credential: credential, scope: scope}
	return openai.NewClient(
		option.WithBaseURL(strings.TrimRight(endpoint, "/")+"/openai/v1/"),
		option.WithMiddleware(tokens.authorize),
	)
}

// identity returns who this program is.
//
// In production name the identity. An app may have several, and without the client id the platform refuses to choose
// or takes the wrong one; and DefaultAzureCredential tries one source after the other, so a variable that somebody sets
// for another purpose could make it a different caller. On your own machine that search is what you want: it finds
// `az login`. On AKS with workload identity return azidentity.NewWorkloadIdentityCredential(nil): it reads the variables
// that the cluster sets, AZURE_CLIENT_ID among them.
func identity(clientID string) (azcore.TokenCredential, error) {
	if clientID == "" {
		return azidentity.NewDefaultAzureCredential(nil)
	}
	return azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
		ID: azidentity.ClientID(clientID),
	})
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

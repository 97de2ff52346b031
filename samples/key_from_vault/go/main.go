// A consumer that does not notice rotations: it reads the account's key from the vault.
//
// Copy this folder. The app's managed identity needs the role Key Vault Secrets User on the secret.
//
//	go run . https://my-vault.vault.azure.net my-account-key https://my-account.openai.azure.com gpt-4o
//
// Settings, by environment variable:
//
//	AZURE_CLIENT_ID         the client id of the user-assigned managed identity; not set on your own machine
//	KEY_VAULT_IS_EMULATED   1 for an emulator: the client then takes a vault whose address is not in Azure's domain
//
// It is a step in between. Better is no key at all: see samples/no_key/go.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"example.com/key_from_vault/vaultkey"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

// maxAge must be shorter than the overlap, in which the key before still works, and than ROTATION_CONSUMER_LAG.
const maxAge = time.Hour

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "Usage: go run . <vault> <name of the secret> <endpoint of the account> <deployment>")
		os.Exit(2)
	}
	if err := ask(context.Background(), os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// ask puts one question to a model and prints the answer.
func ask(ctx context.Context, vault, secret, endpoint, model string) error {
	secrets, err := newSecrets(vault)
	if err != nil {
		return err
	}
	key := vaultkey.New(secrets, secret, maxAge) // one for the whole program
	client := openai.NewClient(
		option.WithBaseURL(strings.TrimRight(endpoint, "/")+"/openai/v1/"),
		option.WithMiddleware(key.Middleware),
	)
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

// newSecrets returns a client for the vault that gives up soon: the key that is held serves meanwhile.
func newSecrets(vault string) (*azsecrets.Client, error) {
	credential, err := identity(os.Getenv("AZURE_CLIENT_ID"))
	if err != nil {
		return nil, err
	}
	options := azsecrets.ClientOptions{
		DisableChallengeResourceVerification: os.Getenv("KEY_VAULT_IS_EMULATED") == "1",
	}
	options.Retry = policy.RetryOptions{MaxRetries: 1, TryTimeout: 5 * time.Second}
	return azsecrets.NewClient(vault, credential, &options)
}

// identity returns who this program is: in production the managed identity that is named, and nobody else; on your own
// machine whoever is signed in. On AKS with workload identity return azidentity.NewWorkloadIdentityCredential(nil).
func identity(clientID string) (azcore.TokenCredential, error) {
	if clientID == "" {
		return azidentity.NewDefaultAzureCredential(nil)
	}
	return azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
		ID: azidentity.ClientID(clientID),
	})
}

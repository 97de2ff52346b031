// The consumers in Go of the load proof: many callers in one process share the sample's key from the vault.
//
// Its settings are environment variables: OPENAI_BASE_URL, VAULT_URL, SECRET_NAME, DEPLOYMENT, CONSUMERS (callers),
// MAX_AGE_SECONDS, PAUSE_MS (between two calls of a caller), and AZURE_CLIENT_ID. It prints `ready` when each caller had
// an answer, calls until its standard input closes, and then prints what happened as one line of JSON.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"example.com/key_from_vault/vaultkey"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

func main() {
	key, err := newKey()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	seen := &tally{failed: []string{}, latency: map[string]int{}}
	// The client's own repetitions are off: each request that fails once counts as failed.
	client := openai.NewClient(
		option.WithBaseURL(os.Getenv("OPENAI_BASE_URL")),
		option.WithHTTPClient(httpClient()),
		option.WithMaxRetries(0),
		option.WithMiddleware(key.Middleware, counting),
	)
	stop := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(stop)
	}()
	call(&client, seen, stop)
	_ = json.NewEncoder(os.Stdout).Encode(seen.result())
}

// call lets all callers work until stop, and prints `ready` after the first answer of each.
func call(client *openai.Client, seen *tally, stop <-chan struct{}) {
	callers := int(number("CONSUMERS"))
	pause := time.Duration(number("PAUSE_MS") * float64(time.Millisecond))
	var answered, working sync.WaitGroup
	answered.Add(callers)
	for range callers {
		working.Go(func() { caller(client, seen, pause, answered.Done, stop) })
	}
	go func() {
		answered.Wait()
		fmt.Println("ready")
	}()
	working.Wait()
}

func caller(client *openai.Client, seen *tally, pause time.Duration, answered func(), stop <-chan struct{}) {
	first := sync.OnceFunc(answered)
	for {
		began := time.Now()
		sent, err := ask(client)
		seen.note(time.Since(began), sent, err)
		if err == nil {
			first()
		}
		select {
		case <-stop:
			return
		case <-time.After(pause):
		}
	}
}

// ask puts one question to the model. It returns how often the request went out, and what went wrong.
func ask(client *openai.Client) (int, error) {
	sent := 0
	ctx := context.WithValue(context.Background(), sends{}, &sent)
	_, err := client.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{
		Model:    os.Getenv("DEPLOYMENT"),
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Are you there?")},
	})
	if refusal := (*openai.Error)(nil); errors.As(err, &refusal) {
		err = fmt.Errorf("status %d, %s", refusal.StatusCode, refusal.Code)
	}
	return sent, err
}

// httpClient returns a client that keeps one connection for each caller. Go keeps two for a host unless it is told.
func httpClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns = int(number("CONSUMERS"))
	transport.MaxIdleConnsPerHost = transport.MaxIdleConns
	return &http.Client{Transport: transport}
}

// newKey returns the sample's key. The emulated vault is not in Azure's domain, so that check is off.
func newKey() (*vaultkey.VaultKey, error) {
	credential, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
		ID: azidentity.ClientID(os.Getenv("AZURE_CLIENT_ID")),
	})
	if err != nil {
		return nil, err
	}
	options := azsecrets.ClientOptions{DisableChallengeResourceVerification: true}
	options.Retry = policy.RetryOptions{MaxRetries: 1, TryTimeout: 5 * time.Second}
	secrets, err := azsecrets.NewClient(os.Getenv("VAULT_URL"), credential, &options)
	if err != nil {
		return nil, err
	}
	maxAge := time.Duration(number("MAX_AGE_SECONDS") * float64(time.Second))
	return vaultkey.New(secrets, os.Getenv("SECRET_NAME"), maxAge), nil
}

func number(name string) float64 {
	value, err := strconv.ParseFloat(os.Getenv(name), 64)
	if err != nil {
		fmt.Fprintf(os.Stderr, "The setting %s must be a number.\n", name)
		os.Exit(2)
	}
	return value
}

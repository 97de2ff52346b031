// Package vaultkey keeps the key of an Azure OpenAI account for an openai client, so that nobody notices a rotation.
//
//	key := vaultkey.New(secrets, "my-account-key", time.Hour)
//	client := openai.NewClient(
//		option.WithBaseURL("https://my-account.openai.azure.com/openai/v1/"),
//		option.WithMiddleware(key.Middleware),
//	)
//
// The newest version of the secret is read, and read again when the value is older than the age that New gets. Keep
// that age below the overlap and below ROTATION_CONSUMER_LAG; then no call is refused because of a scheduled rotation.
// If a call is refused with a 401, the secret is read at once, and the call is repeated with the new key. While the vault
// does not answer, the key that is held goes on being used: it works until its announced end.
package vaultkey

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
)

const (
	readTimeout = 10 * time.Second // for one read with its repetitions
	askAgain    = 30 * time.Second // after which a vault that did not answer is asked again
	refusedPace = time.Second      // between two reads for refused calls, if the first one brought no other key
)

// Secrets is what is used of *azsecrets.Client.
type Secrets interface {
	GetSecret(context.Context, string, string, *azsecrets.GetSecretOptions) (azsecrets.GetSecretResponse, error)
}

// VaultKey is the key that a secret holds. One is enough for all clients of an account; goroutines may share it.
type VaultKey struct {
	secrets Secrets
	name    string
	maxAge  time.Duration

	mutex   sync.Mutex // guards what follows; nobody holds it while the vault is asked
	value   string
	renew   time.Time // when the secret is read again
	refused time.Time // until when refused calls cause no further read
	reading *read     // the read that is under way, or nil
}

// read is one question to the vault. All who need its answer wait for done; then err is set.
type read struct {
	done chan struct{}
	err  error
}

// New returns the key in the secret with this name. maxAge says how long a value is used before it is read again.
func New(secrets Secrets, name string, maxAge time.Duration) *VaultKey {
	return &VaultKey{secrets: secrets, name: name, maxAge: maxAge}
}

// Current returns the key. It waits for the vault only the first time. Later a value that is too old is still returned
// while one read, shared by all callers, brings the next. It returns an error only if no value is held.
func (k *VaultKey) Current(ctx context.Context) (string, error) {
	k.mutex.Lock()
	value := k.value
	var question *read
	if !time.Now().Before(k.renew) {
		question = k.ask()
	}
	k.mutex.Unlock()
	if value != "" {
		return value, nil
	}
	if err := question.wait(ctx); err != nil {
		return "", fmt.Errorf("the secret %s could not be read: %w", k.name, err)
	}
	return k.held(), nil
}

// Another returns another key than the one that was refused, read again if necessary; false if there is none now.
func (k *VaultKey) Another(ctx context.Context, refused string) (string, bool) {
	for {
		k.mutex.Lock()
		if k.value != refused || time.Now().Before(k.refused) {
			defer k.mutex.Unlock()
			return k.value, k.value != refused
		}
		underWay := k.reading != nil // this one may have begun before the new key was published
		question := k.ask()
		k.mutex.Unlock()
		_ = question.wait(ctx)
		if value, found := k.brought(refused, underWay); found || !underWay || ctx.Err() != nil {
			return value, found
		}
	}
}

// brought tells what a read for a refused call led to. If that is nothing new, the next such read waits a little.
func (k *VaultKey) brought(refused string, underWay bool) (string, bool) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if k.value == refused && !underWay {
		k.refused = time.Now().Add(refusedPace)
	}
	return k.value, k.value != refused
}

// ask returns the read that is under way, or starts one. The mutex is held.
func (k *VaultKey) ask() *read {
	if k.reading == nil {
		k.reading = &read{done: make(chan struct{})}
		go k.finish(k.reading)
	}
	return k.reading
}

// finish reads the secret. It has a time of its own, because a caller who gives up must not stop the others.
func (k *VaultKey) finish(question *read) {
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	answer, err := k.secrets.GetSecret(ctx, k.name, "", nil)
	if err == nil && (answer.Value == nil || *answer.Value == "") {
		err = errors.New("it is empty")
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.reading, question.err = nil, err
	if err == nil {
		k.value, k.renew = *answer.Value, time.Now().Add(k.maxAge)
	} else if k.value != "" {
		k.keep(err)
	}
	close(question.done)
}

func (k *VaultKey) keep(err error) {
	now := time.Now()
	k.refused, k.renew = now.Add(refusedPace), now.Add(min(askAgain, k.maxAge))
	log.Printf("The secret %s could not be read (%s). The key that was read before is used.", k.name, kind(err))
}

func (k *VaultKey) held() string {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	return k.value
}

func (r *read) wait(ctx context.Context) error {
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// kind says what went wrong without the text of an answer: logs must hold nothing that the vault said.
func kind(err error) string {
	if refusal := (*azcore.ResponseError)(nil); errors.As(err, &refusal) {
		return fmt.Sprintf("status %d", refusal.StatusCode)
	}
	return fmt.Sprintf("%T", err)
}

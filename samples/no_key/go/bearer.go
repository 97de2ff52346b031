package main

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/openai/openai-go/v3/option"
)

// renewBefore is how long before its end a token is replaced, so that none ends on its way.
const renewBefore = 5 * time.Minute

// askAgain is how long a token that could not be replaced is used before the next attempt.
const askAgain = 30 * time.Second

// bearer holds one token for all requests. Not every credential keeps tokens itself: the one of the Azure CLI starts a
// process each time it is asked.
type bearer struct {
	credential azcore.TokenCredential
	scope      string

	mutex sync.Mutex
	token azcore.AccessToken
	renew time.Time
}

// authorize is the middleware: it sends the token with each attempt, in place of any key the client found.
func (b *bearer) authorize(request *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	token, err := b.current(request.Context())
	if err != nil {
		return nil, err
	}
	request.Header.Del("Api-Key")
	request.Header.Set("Authorization", "Bearer "+token)
	return next(request)
}

// current returns a token that is valid. Callers at the same time share one request for it. It returns an error only
// if no valid token is held and none can be had.
func (b *bearer) current(ctx context.Context) (string, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	now := time.Now()
	if now.Before(b.renew) {
		return b.token.Token, nil
	}
	token, err := b.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{b.scope}})
	switch {
	case err == nil:
		b.token, b.renew = token, token.ExpiresOn.Add(-renewBefore)
	case now.Before(b.token.ExpiresOn):
		b.renew = now.Add(askAgain)
	default:
		return "", err
	}
	return b.token.Token, nil
}

package vaultkey

import (
	"net/http"

	"github.com/openai/openai-go/v3/option"
)

// mostRepeats is how often a request is repeated. Two keys can end together: a leak in an overlap ends both of them.
const mostRepeats = 2

// Middleware sends the key with every request of an openai client. After a 401 it repeats the request, if the vault has
// another key. A key from OPENAI_API_KEY, which the client reads by itself, is not sent.
func (k *VaultKey) Middleware(request *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	key, err := k.Current(request.Context())
	if err != nil {
		return nil, err
	}
	answer, err := next(signed(request, key))
	for repeats := 0; repeats < mostRepeats && refuses(answer, err) && repeatable(request); repeats++ {
		another, found := k.Another(request.Context(), key)
		if !found {
			break
		}
		again := signed(request, another)
		if request.GetBody != nil {
			if again.Body, err = request.GetBody(); err != nil {
				return answer, nil // the refusal is the answer
			}
		}
		_ = answer.Body.Close()
		key = another
		answer, err = next(again)
	}
	return answer, err
}

func refuses(answer *http.Response, err error) bool {
	return err == nil && answer.StatusCode == http.StatusUnauthorized
}

// signed returns a copy of the request that carries this key and no other authentication.
func signed(request *http.Request, key string) *http.Request {
	made := request.Clone(request.Context())
	made.Header.Del("Authorization")
	made.Header.Set("Api-Key", key)
	return made
}

// repeatable says whether the body can be sent a second time. An upload from a stream cannot.
func repeatable(request *http.Request) bool {
	return request.Body == nil || request.Body == http.NoBody || request.GetBody != nil
}

package main

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// platform gives out numbered tokens with a lifetime. It counts how often it was asked, and can be out.
type platform struct {
	mutex    sync.Mutex
	lifetime time.Duration
	out      bool
	asked    int
}

func (p *platform) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.asked++
	if p.out {
		return azcore.AccessToken{}, errors.New("the platform is out")
	}
	return azcore.AccessToken{Token: string(rune('a' + p.asked - 1)), ExpiresOn: time.Now().Add(p.lifetime)}, nil
}

func current(t *testing.T, tokens *bearer, want string) {
	t.Helper()
	if token, err := tokens.current(t.Context()); err != nil || token != want {
		t.Errorf("got the token %q and the error %v, not %q", token, err, want)
	}
}

func TestManyCallersShareOneToken(t *testing.T) {
	source := &platform{lifetime: time.Hour}
	tokens := &bearer{credential: source}
	var callers sync.WaitGroup
	for range 100 {
		callers.Go(func() { current(t, tokens, "a") })
	}
	callers.Wait()
	if source.asked != 1 {
		t.Errorf("the platform was asked %d times", source.asked)
	}
}

func TestATokenThatEndsSoonIsReplaced(t *testing.T) {
	tokens := &bearer{credential: &platform{lifetime: time.Minute}}
	current(t, tokens, "a")
	current(t, tokens, "b")
}

func TestAValidTokenServesWhileThePlatformIsOut(t *testing.T) {
	source := &platform{lifetime: time.Minute}
	tokens := &bearer{credential: source}
	current(t, tokens, "a")
	source.out = true
	for range 10 {
		current(t, tokens, "a")
	}
	if source.asked != 2 {
		t.Errorf("the platform was asked %d times", source.asked)
	}
}

func TestWithoutAValidTokenTheErrorIsSaid(t *testing.T) {
	source := &platform{lifetime: -time.Minute}
	tokens := &bearer{credential: source}
	current(t, tokens, "a")
	source.out = true
	if token, err := tokens.current(t.Context()); err == nil {
		t.Errorf("got the token %q", token)
	}
}

import com.azure.core.credential.AccessToken;
import com.azure.core.credential.TokenCredential;
import com.azure.core.credential.TokenRequestContext;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import reactor.core.publisher.Mono;

/** Checks the token that the sample keeps. Prints a line for each check that held; an exception ends it. */
public final class CachedTokenCheck {
    /** Gives out numbered tokens with a lifetime. It counts how often it was asked, and can be out. */
    private static final class Platform implements TokenCredential {
        private final Duration lifetime;
        private final AtomicInteger asked = new AtomicInteger();
        private volatile boolean out;

        Platform(Duration lifetime) {
            this.lifetime = lifetime;
        }

        @Override
        public Mono<AccessToken> getToken(TokenRequestContext request) {
            int number = asked.incrementAndGet();
            return out
                ? Mono.error(new IllegalStateException("the platform is out"))
                : Mono.just(new AccessToken("token " + number, OffsetDateTime.now().plus(lifetime)));
        }
    }

    public static void main(String[] arguments) {
        manyCallersShareOneToken();
        aTokenThatEndsSoonIsReplaced();
        aValidTokenServesWhileThePlatformIsOut();
        withoutAValidTokenTheErrorIsSaid();
    }

    private static void manyCallersShareOneToken() {
        Platform platform = new Platform(Duration.ofHours(1));
        CachedToken token = new CachedToken(platform, "scope");
        IntStream.range(0, 100).parallel().forEach(one -> same(token.get(), "token 1"));
        same(platform.asked.get(), 1);
        System.out.println("shared");
    }

    private static void aTokenThatEndsSoonIsReplaced() {
        CachedToken token = new CachedToken(new Platform(Duration.ofMinutes(1)), "scope");
        same(token.get(), "token 1");
        same(token.get(), "token 2");
        System.out.println("replaced");
    }

    private static void aValidTokenServesWhileThePlatformIsOut() {
        Platform platform = new Platform(Duration.ofMinutes(1));
        CachedToken token = new CachedToken(platform, "scope");
        same(token.get(), "token 1");
        platform.out = true;
        IntStream.range(0, 10).forEach(one -> same(token.get(), "token 1"));
        same(platform.asked.get(), 2);
        System.out.println("kept");
    }

    private static void withoutAValidTokenTheErrorIsSaid() {
        Platform platform = new Platform(Duration.ofMinutes(-1));
        CachedToken token = new CachedToken(platform, "scope");
        same(token.get(), "token 1");
        platform.out = true;
        try {
            token.get();
        } catch (IllegalStateException error) {
            System.out.println("said");
            return;
        }
        throw new AssertionError("a token that is over was given out");
    }

    private static void same(Object found, Object wanted) {
        if (!found.equals(wanted)) {
            throw new AssertionError(found + " is not " + wanted);
        }
    }

    private CachedTokenCheck() {}
}

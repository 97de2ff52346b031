import com.azure.core.credential.AccessToken;
import com.azure.core.credential.TokenCredential;
import com.azure.core.credential.TokenRequestContext;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.function.Supplier;

/**
 * One token for all requests: the client asks for it each time. Threads may share it.
 *
 * <p>{@code AuthenticationUtil.getBearerTokenSupplier} of azure-identity is not used: it sends a request through a
 * pipeline of its own each time it is asked, only to see which token that would carry.
 */
final class CachedToken implements Supplier<String> {
    /** How long before its end a token is replaced, so that none ends on its way. */
    private static final Duration RENEW_BEFORE = Duration.ofMinutes(5);

    /** How long a token that could not be replaced is used before the next attempt. */
    private static final Duration ASK_AGAIN = Duration.ofSeconds(30);

    private final TokenCredential credential;
    private final TokenRequestContext request;
    private AccessToken token;
    private OffsetDateTime renew = OffsetDateTime.MIN;

    CachedToken(TokenCredential credential, String scope) {
        this.credential = credential;
        this.request = new TokenRequestContext().addScopes(scope);
    }

    /** Returns a token that is valid. Throws the credential's exception only if none is held and none can be had. */
    @Override
    public synchronized String get() {
        if (!OffsetDateTime.now().isBefore(renew)) {
            replace();
        }
        return token.getToken();
    }

    private void replace() {
        try {
            token = credential.getTokenSync(request);
            renew = token.getExpiresAt().minus(RENEW_BEFORE);
        } catch (RuntimeException error) {
            if (token == null || token.isExpired()) {
                throw error;
            }
            renew = OffsetDateTime.now().plus(ASK_AGAIN);
        }
    }
}

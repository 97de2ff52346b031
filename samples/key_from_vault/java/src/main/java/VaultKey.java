import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;

/**
 * The key of an Azure OpenAI account, kept for an openai client so that nobody notices a rotation.
 *
 * <pre>
 * VaultKey key = new VaultKey(() -&gt; secrets.getSecret("my-account-key").getValue(), Duration.ofHours(1));
 * OpenAIClient client = OpenAIOkHttpClient.builder()
 *     .baseUrl("https://my-account.openai.azure.com/openai/v1/")
 *     .credential(BearerTokenCredential.create(key))
 *     .addInterceptor(key)
 *     .build();
 * </pre>
 *
 * <p>The newest version of the secret is read, and read again when the value is older than {@code maxAge}. Keep that
 * below the overlap and below ROTATION_CONSUMER_LAG; then no call is refused because of a scheduled rotation. If a call
 * is refused with a 401, the secret is read at once, and the call is repeated with the new key. While the vault
 * does not answer, the key that is held goes on being used: it works until its announced end.
 *
 * <p>One is enough for all clients of an account; threads may share it.
 */
public final class VaultKey implements Supplier<String>, Interceptor {
    /** The longest time that a caller waits for a read. The client of the vault should give up sooner. */
    private static final Duration READ_TIMEOUT = Duration.ofSeconds(30);

    /** After this time a vault that did not answer is asked again. */
    private static final Duration ASK_AGAIN = Duration.ofSeconds(30);

    /** The time between two reads for refused calls, if the first one brought no other key. */
    private static final Duration REFUSED_PACE = Duration.ofSeconds(1);

    /** How often a request is repeated. Two keys can end together: a leak in an overlap ends both of them. */
    private static final int MOST_REPEATS = 2;

    private static final System.Logger LOG = System.getLogger(VaultKey.class.getName());

    private final Supplier<String> vault;
    private final Duration maxAge;

    // `this` guards what follows; nobody holds it while the vault is asked.
    private String value = "";
    private long renew = System.nanoTime(); // when the secret is read again
    private long refusedUntil = System.nanoTime(); // until when refused calls cause no further read
    private CompletableFuture<Void> reading; // the read that is under way, or null

    /**
     * @param vault reads the secret; it must give up by itself after some seconds
     * @param maxAge how long a value is used before it is read again
     */
    public VaultKey(Supplier<String> vault, Duration maxAge) {
        this.vault = vault;
        this.maxAge = maxAge;
    }

    /**
     * Returns the key. It waits for the vault only the first time. Later a value that is too old is still returned while
     * one read, shared by all callers, brings the next. Throws an exception only if no value is held.
     */
    @Override
    public String get() {
        String held;
        CompletableFuture<Void> question = null;
        synchronized (this) {
            held = value;
            if (isOver(renew)) {
                question = ask();
            }
        }
        if (!held.isEmpty()) {
            return held;
        }
        Throwable problem = problemOf(question);
        if (problem != null) {
            throw new IllegalStateException("The secret could not be read from the vault.", problem);
        }
        return held();
    }

    /** Sends a request of the client. After a 401 it repeats the request, if the vault has another key. */
    @Override
    public Response intercept(Chain chain) throws IOException {
        Request request = chain.request();
        Response answer = chain.proceed(request);
        if (request.body() != null && request.body().isOneShot()) {
            return answer;
        }
        String refused = String.valueOf(request.header("Authorization")).replaceFirst("^Bearer ", "");
        for (int repeats = 0; repeats < MOST_REPEATS && answer.code() == 401; repeats++) {
            String another = another(refused);
            if (another.equals(refused)) {
                break;
            }
            answer.close();
            answer = chain.proceed(request.newBuilder().header("Authorization", "Bearer " + another).build());
            refused = another;
        }
        return answer;
    }

    /** Returns the key that follows the one that was refused, read again if necessary, or the same if there is none. */
    private String another(String refused) {
        while (true) {
            CompletableFuture<Void> question;
            boolean underWay;
            synchronized (this) {
                if (!value.equals(refused) || !isOver(refusedUntil)) {
                    return value;
                }
                underWay = reading != null; // this one may have begun before the new key was published
                question = ask();
            }
            Throwable problem = problemOf(question);
            synchronized (this) {
                if (!value.equals(refused) || !underWay || problem != null) {
                    refusedUntil = value.equals(refused) ? after(REFUSED_PACE) : refusedUntil;
                    return value;
                }
            }
        }
    }

    /** Returns the read that is under way, or starts one. */
    private synchronized CompletableFuture<Void> ask() {
        if (reading == null) {
            CompletableFuture<Void> made = new CompletableFuture<>();
            reading = made;
            CompletableFuture.supplyAsync(vault).whenComplete((found, problem) -> finish(made, found, problem));
        }
        return reading;
    }

    private void finish(CompletableFuture<Void> question, String found, Throwable problem) {
        Throwable failed = problem == null && (found == null || found.isEmpty())
            ? new IllegalStateException("The secret is empty.")
            : problem;
        synchronized (this) {
            reading = null;
            if (failed == null) {
                value = found;
                renew = after(maxAge);
            } else if (!value.isEmpty()) {
                keep(failed);
            }
        }
        if (failed == null) {
            question.complete(null);
        } else {
            question.completeExceptionally(failed);
        }
    }

    /** Goes on with the value that is held. Of the problem only its kind is logged, nothing that the vault said. */
    private void keep(Throwable problem) {
        Throwable cause = problem.getCause() == null ? problem : problem.getCause();
        renew = after(maxAge.compareTo(ASK_AGAIN) < 0 ? maxAge : ASK_AGAIN);
        LOG.log(System.Logger.Level.WARNING, "The secret could not be read ("
            + cause.getClass().getSimpleName() + "). The key that was read before is used.");
    }

    private synchronized String held() {
        return value;
    }

    /** Waits for a read and returns what went wrong, or null. */
    private static Throwable problemOf(CompletableFuture<Void> question) {
        try {
            question.get(READ_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
            return null;
        } catch (ExecutionException error) {
            return error.getCause();
        } catch (TimeoutException error) {
            return error;
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            return error;
        }
    }

    private static long after(Duration time) {
        return System.nanoTime() + time.toNanos();
    }

    private static boolean isOver(long time) {
        return System.nanoTime() - time >= 0;
    }
}

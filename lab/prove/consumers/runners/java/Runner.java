import com.azure.identity.ManagedIdentityCredentialBuilder;
import com.azure.security.keyvault.secrets.SecretClient;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.credential.BearerTokenCredential;
import com.openai.errors.OpenAIServiceException;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * The consumers in Java of the load proof: many callers in one process share the sample's key from the vault.
 *
 * <p>Its settings are environment variables: OPENAI_BASE_URL, VAULT_URL, SECRET_NAME, DEPLOYMENT, CONSUMERS (callers),
 * MAX_AGE_SECONDS, PAUSE_MS (between two calls of a caller), and AZURE_CLIENT_ID. It prints {@code ready} when each
 * caller had an answer, calls until its standard input closes, and then prints what happened as one line of JSON.
 */
public final class Runner {
    private final OpenAIClient client;
    private final Tally tally;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final ChatCompletionCreateParams question = ChatCompletionCreateParams.builder()
        .model(System.getenv("DEPLOYMENT"))
        .addUserMessage("Are you there?")
        .build();

    public static void main(String[] arguments) throws Exception {
        Tally tally = new Tally();
        VaultKey key = key();
        int callers = (int) number("CONSUMERS");
        // The client's own repetitions are off: each request that fails once counts as failed. It keeps one connection
        // for each caller; by default it keeps five.
        OpenAIClient client = OpenAIOkHttpClient.builder()
            .baseUrl(System.getenv("OPENAI_BASE_URL"))
            .credential(BearerTokenCredential.create(key))
            .addInterceptor(tally::count)
            .addInterceptor(key)
            .addInterceptor(tally::countRepeated)
            .maxRetries(0)
            .maxIdleConnections(callers)
            .keepAliveDuration(Duration.ofMinutes(5))
            .build();
        new Runner(client, tally).run(callers, (long) number("PAUSE_MS"));
        System.out.println(tally.json());
        client.close();
        System.exit(0);
    }

    private Runner(OpenAIClient client, Tally tally) {
        this.client = client;
        this.tally = tally;
    }

    /** Lets all callers work until the input closes. */
    private void run(int callers, long pause) throws Exception {
        CountDownLatch answered = new CountDownLatch(callers);
        ExecutorService pool = Executors.newCachedThreadPool();
        IntStream.range(0, callers).forEach(one -> pool.submit(() -> call(pause, answered)));
        inBackground(() -> sayReady(answered));
        inBackground(this::waitForTheEnd);
        stopped.await();
        pool.shutdown();
        pool.awaitTermination(10, TimeUnit.MINUTES);
    }

    private Void call(long pause, CountDownLatch answered) throws InterruptedException {
        boolean first = true;
        do {
            boolean good = ask();
            if (first && good) {
                answered.countDown();
                first = false;
            }
        } while (!stopped.await(pause, TimeUnit.MILLISECONDS));
        return null;
    }

    private boolean ask() {
        long began = System.nanoTime();
        String failure = null;
        try {
            client.chat().completions().create(question);
        } catch (OpenAIServiceException error) {
            failure = "status " + error.statusCode() + ", " + error.code().orElse("");
        } catch (RuntimeException error) {
            failure = error.toString();
        }
        tally.note((System.nanoTime() - began) / 1_000_000, failure);
        return failure == null;
    }

    private static void inBackground(Runnable work) {
        Thread thread = new Thread(work);
        thread.setDaemon(true);
        thread.start();
    }

    private static void sayReady(CountDownLatch answered) {
        try {
            answered.await();
            System.out.println("ready");
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
    }

    private void waitForTheEnd() {
        try (InputStream input = System.in) {
            input.transferTo(OutputStream.nullOutputStream());
        } catch (IOException error) {
            System.err.println("The input could not be read: " + error.getMessage());
        } finally {
            stopped.countDown();
        }
    }

    /** Returns the sample's key. The emulated vault is not in Azure's domain, so the client does not insist on that. */
    private static VaultKey key() {
        String identity = System.getenv("AZURE_CLIENT_ID");
        SecretClient secrets = Chat.secretsOf(
            System.getenv("VAULT_URL"), new ManagedIdentityCredentialBuilder().clientId(identity).build(), true);
        String name = System.getenv("SECRET_NAME");
        Duration maxAge = Duration.ofMillis((long) (number("MAX_AGE_SECONDS") * 1000));
        return new VaultKey(() -> secrets.getSecret(name).getValue(), maxAge);
    }

    private static double number(String name) {
        return Double.parseDouble(System.getenv(name));
    }
}

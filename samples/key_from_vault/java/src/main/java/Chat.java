import com.azure.core.credential.TokenCredential;
import com.azure.core.http.policy.FixedDelayOptions;
import com.azure.core.http.policy.RetryOptions;
import com.azure.core.util.HttpClientOptions;
import com.azure.identity.DefaultAzureCredentialBuilder;
import com.azure.identity.ManagedIdentityCredentialBuilder;
import com.azure.security.keyvault.secrets.SecretClient;
import com.azure.security.keyvault.secrets.SecretClientBuilder;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.credential.BearerTokenCredential;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import java.time.Duration;

/**
 * A consumer that does not notice rotations: it reads the account's key from the vault.
 *
 * <p>Copy this folder. The app's managed identity needs the role Key Vault Secrets User on the secret.
 *
 * <pre>mvn -q compile exec:java \
 *     -Dexec.args="https://my-vault.vault.azure.net my-account-key https://my-account.openai.azure.com gpt-4o"</pre>
 *
 * <p>Settings, by environment variable: AZURE_CLIENT_ID is the client id of the user-assigned managed identity; it is
 * not set on your own machine. KEY_VAULT_IS_EMULATED is 1 for an emulator: the client then takes a vault whose address
 * is not in Azure's domain.
 *
 * <p>It is a step in between. Better is no key at all: see samples/no_key/java.
 */
public final class Chat {
    /** Shorter than the overlap, in which the key before still works, and than ROTATION_CONSUMER_LAG. */
    private static final Duration MAX_AGE = Duration.ofHours(1);

    public static void main(String[] arguments) {
        if (arguments.length != 4) {
            System.err.println("Four arguments are needed: vault, name of the secret, endpoint, name of a deployment.");
            System.exit(2);
        }
        boolean emulated = "1".equals(System.getenv("KEY_VAULT_IS_EMULATED"));
        SecretClient secrets = secretsOf(arguments[0], identity(System.getenv("AZURE_CLIENT_ID")), emulated);
        VaultKey key = new VaultKey(() -> secrets.getSecret(arguments[1]).getValue(), MAX_AGE); // one for the program
        OpenAIClient client = OpenAIOkHttpClient.builder()
            .baseUrl(arguments[2].replaceAll("/+$", "") + "/openai/v1/")
            .credential(BearerTokenCredential.create(key))
            .addInterceptor(key)
            .build();
        try {
            System.out.println(ask(client, arguments[3]));
        } finally {
            client.close();
        }
    }

    /** Returns a client for the vault that gives up soon: the key that is held serves meanwhile. */
    static SecretClient secretsOf(String vault, TokenCredential credential, boolean emulated) {
        SecretClientBuilder builder = new SecretClientBuilder()
            .vaultUrl(vault)
            .credential(credential)
            .retryOptions(new RetryOptions(new FixedDelayOptions(1, Duration.ofMillis(500))))
            .clientOptions(new HttpClientOptions()
                .setConnectTimeout(Duration.ofSeconds(3))
                .setResponseTimeout(Duration.ofSeconds(4)));
        return (emulated ? builder.disableChallengeResourceVerification() : builder).buildClient();
    }

    /**
     * Returns who this program is: in production the managed identity that is named, and nobody else; on your own
     * machine whoever is signed in. On AKS with workload identity return a WorkloadIdentityCredential.
     */
    static TokenCredential identity(String clientId) {
        if (clientId == null || clientId.isEmpty()) {
            return new DefaultAzureCredentialBuilder().build();
        }
        return new ManagedIdentityCredentialBuilder().clientId(clientId).build();
    }

    private static String ask(OpenAIClient client, String model) {
        ChatCompletionCreateParams question = ChatCompletionCreateParams.builder()
            .model(model)
            .addUserMessage("Which model are you?")
            .build();
        return client.chat().completions().create(question).choices().get(0).message().content().orElse("");
    }

    private Chat() {}
}

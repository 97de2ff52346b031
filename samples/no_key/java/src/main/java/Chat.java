import com.azure.core.credential.TokenCredential;
import com.azure.identity.DefaultAzureCredentialBuilder;
import com.azure.identity.ManagedIdentityCredentialBuilder;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.credential.BearerTokenCredential;
import com.openai.models.chat.completions.ChatCompletionCreateParams;

/**
 * A consumer without a key: it signs in with its own identity. Every consumer should work like this in the end.
 *
 * <p>Copy this folder. The app's managed identity needs the role Cognitive Services OpenAI User on the account; so do
 * you if you run it on your own machine after {@code az login}:
 *
 * <pre>mvn -q compile exec:java -Dexec.args="https://my-account.openai.azure.com gpt-4o"</pre>
 *
 * <p>Settings, all by environment variable: AZURE_CLIENT_ID is the client id of the user-assigned managed identity; it
 * is not set on your own machine. AZURE_OPENAI_SCOPE says for whom the token is, by default
 * {@value #DEFAULT_SCOPE}.
 *
 * <p>A key variable that is left over (OPENAI_API_KEY, AZURE_OPENAI_KEY, AZURE_OPENAI_API_KEY) changes nothing, because
 * the client is made with {@code builder()}. Do not use {@code fromEnv()}: it takes such a key, and fails if two are
 * set.
 */
public final class Chat {
    static final String DEFAULT_SCOPE = "https://cognitiveservices.azure.com/.default";

    public static void main(String[] arguments) {
        if (arguments.length != 2) {
            System.err.println("Two arguments are needed: the endpoint of the account and the name of a deployment.");
            System.exit(2);
        }
        String scope = setting("AZURE_OPENAI_SCOPE", DEFAULT_SCOPE);
        CachedToken token = new CachedToken(identity(System.getenv("AZURE_CLIENT_ID")), scope);
        OpenAIClient client = clientFor(arguments[0], token);
        try {
            System.out.println(ask(client, arguments[1]));
        } finally {
            client.close();
        }
    }

    /** Returns a client for an account, on the path /openai/v1/. Make it once and keep it: it holds the token. */
    static OpenAIClient clientFor(String endpoint, CachedToken token) {
        return OpenAIOkHttpClient.builder()
            .baseUrl(endpoint.replaceAll("/+$", "") + "/openai/v1/")
            .credential(BearerTokenCredential.create(token))
            .build();
    }

    /**
     * Returns who this program is.
     *
     * <p>In production name the identity. An app may have several, and without the client id the platform refuses to
     * choose or takes the wrong one; and DefaultAzureCredential tries one source after the other, so a variable that
     * somebody sets for another purpose could make it a different caller. On your own machine that search is what you
     * want: it finds {@code az login}. On AKS with workload identity return a WorkloadIdentityCredential: it reads the
     * variables that the cluster sets, AZURE_CLIENT_ID among them.
     */
    static TokenCredential identity(String clientId) {
        if (clientId == null || clientId.isEmpty()) {
            return new DefaultAzureCredentialBuilder().build();
        }
        return new ManagedIdentityCredentialBuilder().clientId(clientId).build();
    }

    static String ask(OpenAIClient client, String model) {
        ChatCompletionCreateParams question = ChatCompletionCreateParams.builder()
            .model(model)
            .addUserMessage("Which model are you?")
            .build();
        return client.chat().completions().create(question).choices().get(0).message().content().orElse("");
    }

    private static String setting(String name, String otherwise) {
        String value = System.getenv(name);
        return value == null || value.isEmpty() ? otherwise : value;
    }

    private Chat() {}
}

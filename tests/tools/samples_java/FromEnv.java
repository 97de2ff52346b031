import com.openai.client.okhttp.OpenAIOkHttpClient;

/** Makes a client as samples must not do it: from the environment. */
public final class FromEnv {
    public static void main(String[] arguments) {
        OpenAIOkHttpClient.fromEnv().close();
        System.out.println("made");
    }
}

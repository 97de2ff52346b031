import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import okhttp3.Interceptor;
import okhttp3.Response;

/** Counts what happened. Threads share it. */
final class Tally {
    private final ThreadLocal<Integer> sends = ThreadLocal.withInitial(() -> 0);
    private final List<String> failed = new ArrayList<>();
    private final Map<Long, Integer> latency = new TreeMap<>();
    private int made;
    private int repeated;

    /** The interceptor before the one of the key: a new request begins. */
    Response count(Interceptor.Chain chain) throws IOException {
        sends.set(0);
        return chain.proceed(chain.request());
    }

    /** The interceptor behind the one of the key: the request goes out, for the first or for the second time. */
    Response countRepeated(Interceptor.Chain chain) throws IOException {
        sends.set(sends.get() + 1);
        if (sends.get() > 1) {
            noteRepeated();
        }
        return chain.proceed(chain.request());
    }

    /** Counts a request of a caller: how long it took, and what failed, or null. */
    synchronized void note(long milliseconds, String failure) {
        made++;
        latency.merge(milliseconds, 1, Integer::sum);
        if (failure != null) {
            failed.add(failure);
        }
    }

    private synchronized void noteRepeated() {
        repeated++;
    }

    /** Returns the line that the load proof reads. */
    synchronized String json() throws JsonProcessingException {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("made", made);
        result.put("repeated", repeated);
        result.put("failed", failed);
        result.put("latency_ms", latency);
        return new ObjectMapper().writeValueAsString(result);
    }
}

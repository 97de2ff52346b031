using System.ClientModel;
using Azure.Security.KeyVault.Secrets;

/// <summary>
/// The key of an Azure OpenAI account, kept for the clients of that account so that nobody notices a rotation.
/// <para>
/// The newest version of the secret is read, and read again when the value is older than the age that OpenAsync gets.
/// Keep that age below the overlap and below ROTATION_CONSUMER_LAG; then no call is refused because of a scheduled
/// rotation. If a call is refused with a 401, the secret is read at once, and the call is repeated with the new key.
/// While the vault does not answer, the key that is held goes on being used: it works until its announced end.
/// </para>
/// One is enough for all clients of an account; threads may share it.
/// </summary>
public sealed class VaultKey
{
    /// <summary>After this time a vault that did not answer is asked again.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(30);

    /// <summary>How often a call is repeated. Two keys can end together: a leak in an overlap ends both.</summary>
    private const int MostRepeats = 2;

    /// <summary>The time between two reads for refused calls, if the first one brought no other key.</summary>
    private static readonly TimeSpan RefusedPace = TimeSpan.FromSeconds(1);

    private readonly SecretClient secrets;
    private readonly string name;
    private readonly TimeSpan maxAge;

    private readonly object gate = new(); // guards what follows; nobody holds it while the vault is asked
    private string value;
    private long renew; // when the secret is read again, in milliseconds of Environment.TickCount64
    private long refusedUntil; // until when refused calls cause no further read
    private Task? reading; // the read that is under way, or null

    private VaultKey(SecretClient secrets, string name, TimeSpan maxAge, string value)
    {
        (this.secrets, this.name, this.maxAge, this.value) = (secrets, name, maxAge, value);
        Credential = new ApiKeyCredential(value);
        renew = After(maxAge);
    }

    /// <summary>What the clients of the account get. Its key is replaced while they use it.</summary>
    public ApiKeyCredential Credential { get; }

    /// <summary>Reads the secret for the first time. Throws what the Key Vault client throws.</summary>
    public static async Task<VaultKey> OpenAsync(SecretClient secrets, string name, TimeSpan maxAge)
    {
        KeyVaultSecret found = await secrets.GetSecretAsync(name);
        return new VaultKey(secrets, name, maxAge, found.Value);
    }

    /// <summary>Makes a call of a client. After a 401 it repeats the call, if the vault has another key.</summary>
    public async Task<T> CallAsync<T>(Func<Task<T>> call)
    {
        for (int repeats = 0; ; repeats++)
        {
            string sent = Current();
            try
            {
                return await call();
            }
            catch (ClientResultException refusal) when (refusal.Status == 401 && repeats < MostRepeats)
            {
                if (!await HasAnotherAsync(sent))
                {
                    throw;
                }
            }
        }
    }

    /// <summary>Returns the key that is held. If it is too old, a read begins, for which nobody waits.</summary>
    private string Current()
    {
        lock (gate)
        {
            if (IsOver(renew))
            {
                _ = Ask();
            }
            return value;
        }
    }

    /// <summary>Says whether there is another key than the one that was refused; reads the secret if necessary.</summary>
    private async Task<bool> HasAnotherAsync(string refused)
    {
        while (true)
        {
            Task question;
            bool underWay;
            lock (gate)
            {
                if (value != refused || !IsOver(refusedUntil))
                {
                    return value != refused;
                }
                underWay = reading is not null; // this one may have begun before the new key was published
                question = Ask();
            }
            await question;
            lock (gate)
            {
                if (value != refused)
                {
                    return true;
                }
                if (!underWay)
                {
                    refusedUntil = After(RefusedPace);
                    return false;
                }
            }
        }
    }

    /// <summary>Returns the read that is under way, or starts one. The gate is held.</summary>
    private Task Ask() => reading ??= Task.Run(ReadAsync);

    private async Task ReadAsync()
    {
        try
        {
            KeyVaultSecret found = await secrets.GetSecretAsync(name);
            lock (gate)
            {
                Credential.Update(found.Value);
                (value, renew) = (found.Value, After(maxAge));
            }
        }
        catch (Exception error) // whatever keeps the vault from answering, the key that is held is the best there is
        {
            lock (gate)
            {
                renew = After(maxAge < AskAgain ? maxAge : AskAgain);
            }
            Console.Error.WriteLine($"{name} could not be read ({error.GetType().Name}); the key read before is used.");
        }
        finally
        {
            lock (gate)
            {
                reading = null;
            }
        }
    }

    private static long After(TimeSpan time) => Environment.TickCount64 + (long)time.TotalMilliseconds;

    private static bool IsOver(long time) => Environment.TickCount64 >= time;
}

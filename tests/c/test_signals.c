/*
 * A process that signals interrupt all the time, with handlers that do not ask for system calls to be restarted: answers
 * are right, and no wait ends early or late.
 */
#include "calls.h"

#include <signal.h>
#include <sys/time.h>

#define INTERVAL_US 200
#define LATE_MS 250

static volatile sig_atomic_t signals_caught;

static void count_signal(int signal)
{
    (void)signal;
    signals_caught++;
}

/* To the process, so that any of its threads may get them: the system's choice. */
static void start_signals(void)
{
    struct sigaction action = {.sa_handler = count_signal};
    struct itimerval timer = {{0, INTERVAL_US}, {0, INTERVAL_US}};
    signals_caught = 0;
    CHECK_EQ(sigaction(SIGALRM, &action, NULL), 0);
    CHECK_EQ(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static void stop_signals(void)
{
    struct itimerval none = {{0, 0}, {0, 0}};
    CHECK_EQ(setitimer(ITIMER_REAL, &none, NULL), 0);
    CHECK(signals_caught > 10);
}

static httpc_client *client_over_both(void)
{
    httpc_config *config = new_config();
    httpc_config_set_ca_file(config, address("CA"));
    httpc_config_set_retry(config, NULL);
    return new_client(config);
}

/* ---- Answers ---- */

static void check_pattern(const struct outcome *o, size_t wanted)
{
    size_t length = 0;
    const unsigned char *bytes = httpc_response_body(o->response, &length);
    CHECK_EQ(length, wanted);
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != i % 251) {
            check_fail(__FILE__, __LINE__, "byte %zu is %u", i, bytes[i]);
            return;
        }
    }
}

static char *new_upload(size_t length)
{
    char *upload = malloc(length + 1);
    for (size_t i = 0; i < length; i++) {
        upload[i] = (char)('a' + i % 26);
    }
    upload[length] = 0;
    return upload;
}

/* Each client is new, so that connects and handshakes are interrupted too. */
TEST(bodies_arrive_whole_both_ways)
{
    const char *bases[] = {address("URL"), address("TLS")};
    const size_t length = 300000;
    char *upload = new_upload(length);
    start_signals();
    for (int i = 0; i < 10; i++) {
        httpc_client *client = client_over_both();
        struct outcome o = get(client, text("%s/bytes/%zu", bases[i % 2], length));
        CHECK_CODE(o.code, HTTPC_OK);
        check_pattern(&o, length);
        done(&o);
        o = post(client, text("%s/echo", bases[i % 2]), upload);
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK(strcmp(httpc_response_json_string(o.response, "/body", NULL), upload) == 0);
        done(&o);
        o = get(client, text("%s/trickle?bytes=20&interval=1", bases[i % 2]));
        CHECK_CODE(o.code, HTTPC_OK);
        done(&o);
        httpc_client_free(client);
    }
    stop_signals();
    free(upload);
}

/* ---- Waits ---- */

TEST(timeouts_are_kept)
{
    const struct {
        const char *url;
        int32_t which;
        httpc_code code;
    } table[] = {
        {text("%s/", address("BLACKHOLE")), HTTPC_TIMEOUT_CONNECT, HTTPC_E_TIMEOUT_CONNECT},
        {"/delay/30000", HTTPC_TIMEOUT_READ, HTTPC_E_TIMEOUT_READ},
        {"/delay/30000", HTTPC_TIMEOUT_ATTEMPT, HTTPC_E_TIMEOUT_ATTEMPT},
        {text("%s/delay/30000", address("TLS")), HTTPC_TIMEOUT_TOTAL, HTTPC_E_TIMEOUT_TOTAL},
    };
    httpc_client *client = client_over_both();
    start_signals();
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        httpc_request *request = new_request("GET", table[i].url);
        httpc_request_set_timeout(request, table[i].which, 300);
        struct outcome o = send_request(client, request);
        CHECK_CODE(o.code, table[i].code);
        CHECK_MS(o.ms, 300, 300 + LATE_MS);
        done(&o);
        httpc_request_free(request);
    }
    stop_signals();
    httpc_client_free(client);
}

TEST(the_pause_before_a_retry_is_kept)
{
    httpc_client *client = new_client(NULL);
    start_signals();
    struct outcome o = get(client, text("/sequence/503@1,200?key=%s", new_key()));
    stop_signals();
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_MS(o.ms, 1000, 1500 + LATE_MS);
    done(&o);
    httpc_client_free(client);
}

TEST(waits_for_the_pool_and_for_a_limiter_are_kept)
{
    httpc_config *config = new_config();
    httpc_rate_limiter *limiter = NULL;
    httpc_config_set_max_connections(config, 1);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_POOL, 300);
    httpc_client *client = new_client(config);
    CHECK_CODE(httpc_rate_limiter_new(1, 300, 1, NULL, &limiter, NULL), HTTPC_OK);
    const char *key = new_key();
    struct call held;
    start_get(&held, client, text("/gate?key=%s", key));
    CHECK_COMES_TRUE(server_count(key) == 1);
    start_signals();
    struct outcome o = get(client, "/echo");
    CHECK_CODE(o.code, HTTPC_E_TIMEOUT_POOL);
    CHECK_MS(o.ms, 300, 300 + LATE_MS);
    done(&o);
    double start = now_ms();
    for (int i = 0; i < 2; i++) {
        CHECK_CODE(httpc_rate_limiter_acquire(limiter, 1, HTTPC_FOREVER, NULL, NULL), HTTPC_OK);
    }
    CHECK_MS(now_ms() - start, 300, 300 + LATE_MS);
    stop_signals();
    open_gate(key, 0);
    end_call(&held, HTTPC_OK);
    httpc_rate_limiter_free(limiter);
    httpc_client_free(client);
}

/* ---- What ends waits ---- */

TEST(a_token_ends_a_call_at_once)
{
    httpc_client *client = new_client(NULL);
    const char *key = new_key();
    httpc_cancel_token *token = NULL;
    CHECK_CODE(httpc_cancel_token_new(&token, NULL), HTTPC_OK);
    httpc_request *request = new_request("GET", text("/gate?key=%s", key));
    httpc_request_set_cancel_token(request, token);
    struct call held;
    start_signals();
    start_call(&held, client, request);
    CHECK_COMES_TRUE(server_count(key) == 1 && signals_caught > 10);
    double start = now_ms();
    httpc_cancel_token_cancel(token);
    end_call(&held, HTTPC_E_CANCELLED);
    CHECK_MS(now_ms() - start, 0, LATE_MS);
    stop_signals();
    httpc_cancel_token_free(token);
    httpc_client_free(client);
}

TEST(closing_waits_for_the_calls_and_not_for_signals)
{
    httpc_client *client = new_client(NULL);
    const char *key = new_key();
    struct call held;
    start_get(&held, client, text("/gate?key=%s", key));
    CHECK_COMES_TRUE(server_count(key) == 1);
    start_signals();
    CHECK_COMES_TRUE(signals_caught > 10);
    double start = now_ms();
    CHECK_CODE(httpc_client_close(client, HTTPC_FOREVER, NULL), HTTPC_OK);
    CHECK_MS(now_ms() - start, 0, LATE_MS);
    stop_signals();
    end_call(&held, HTTPC_E_CLOSED);
    httpc_client_free(client);
}

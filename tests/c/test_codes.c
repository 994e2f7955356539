/* Every code that a blocking call can end with, from a real fault, and what the call did about it. (Elsewhere: DNS, PROXY,
   REDIRECT and DECODE in the files of these names, FORKED, AGAIN and WOULD_DEADLOCK in test_client.c.) */
#include "server.h"

#include <pthread.h>
#include <sys/resource.h>

TEST(faults_of_one_address)
{
    static const struct {
        httpc_code code;
        const char *url; /* or the name of an address */
        unsigned attempts;
        httpc_stop stop;
        httpc_sent sent;
    } table[] = {
        {HTTPC_E_INVALID_ARG, "http://a\x01/", 0, HTTPC_STOP_NOT_RETRYABLE, HTTPC_SENT_NEVER_SENT},
        {HTTPC_E_URL, "ftp://example.com/", 0, HTTPC_STOP_NOT_RETRYABLE, HTTPC_SENT_NEVER_SENT},
        {HTTPC_E_CONNECT, "REFUSED", 3, HTTPC_STOP_MAX_ATTEMPTS, HTTPC_SENT_NEVER_SENT},
        {HTTPC_E_CERTIFICATE, "TLS_EXPIRED", 1, HTTPC_STOP_NOT_RETRYABLE, HTTPC_SENT_NEVER_SENT},
        {HTTPC_E_IO, "/reset/before-head", 3, HTTPC_STOP_MAX_ATTEMPTS, HTTPC_SENT_MAYBE_SENT},
        {HTTPC_E_PROTOCOL, "/raw?hex=6e6f7065", 1, HTTPC_STOP_NOT_RETRYABLE, HTTPC_SENT_MAYBE_SENT},
        {HTTPC_E_BODY_TOO_LARGE, "/endless", 1, HTTPC_STOP_NOT_RETRYABLE, HTTPC_SENT_ANSWERED},
        {HTTPC_E_HEADERS_TOO_LARGE, "/endless-headers", 1, HTTPC_STOP_NOT_RETRYABLE, HTTPC_SENT_MAYBE_SENT},
        {HTTPC_E_TRUNCATED, "/truncate", 3, HTTPC_STOP_MAX_ATTEMPTS, HTTPC_SENT_ANSWERED},
        {HTTPC_E_TRUNCATED, "/truncate-chunked", 3, HTTPC_STOP_MAX_ATTEMPTS, HTTPC_SENT_ANSWERED},
        {HTTPC_E_TIMEOUT_CONNECT, "BLACKHOLE", 3, HTTPC_STOP_MAX_ATTEMPTS, HTTPC_SENT_NEVER_SENT},
        {HTTPC_E_TIMEOUT_READ, "SILENT", 3, HTTPC_STOP_MAX_ATTEMPTS, HTTPC_SENT_MAYBE_SENT},
        {HTTPC_E_STATUS, "/status/500", 3, HTTPC_STOP_MAX_ATTEMPTS, HTTPC_SENT_ANSWERED},
        {HTTPC_E_STATUS, "/status/403", 1, HTTPC_STOP_NOT_RETRYABLE, HTTPC_SENT_ANSWERED},
    };
    httpc_config *config = new_config();
    httpc_config_set_ca_file(config, address("CA"));
    httpc_config_set_max_body(config, 100000);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_CONNECT, 200);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_READ, 200);
    httpc_client *client = new_client(config);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        bool is_name = table[i].url[0] >= 'A' && table[i].url[0] <= 'Z';
        struct outcome o = get(client, is_name ? address(table[i].url) : table[i].url);
        bool good = CHECK_CODE(o.code, table[i].code) & CHECK_EQ(attempts(&o), table[i].attempts);
        good &= CHECK_EQ(httpc_error_stop_reason(o.error), table[i].stop);
        good &= CHECK_EQ(httpc_error_send_state(o.error), table[i].sent);
        good &= clean_error(o.error);
        if (!good) {
            fprintf(stderr, "  for %s: %s\n", table[i].url, httpc_error_detail(o.error));
        }
        done(&o);
    }
    httpc_client_free(client);
}

TEST(tls)
{
    httpc_client *client = new_client(NULL);
    struct outcome o = get(client, address("TLS_GARBAGE"));
    CHECK_CODE(o.code, HTTPC_E_TLS);
    CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_NEVER_SENT);
    done(&o);
    httpc_client_free(client);
}

static httpc_code get_with_timeout(httpc_client *client, const char *url, int32_t which)
{
    httpc_request *request = new_request("GET", url);
    httpc_request_set_timeout(request, which, 150);
    struct outcome o = send_request(client, request);
    httpc_request_free(request);
    clean_error(o.error);
    return code_of(o);
}

TEST(timeouts)
{
    static char big[8 << 20];
    httpc_client *client = new_client(NULL);
    CHECK_CODE(get_with_timeout(client, "/delay/30000", HTTPC_TIMEOUT_ATTEMPT), HTTPC_E_TIMEOUT_ATTEMPT);
    CHECK_CODE(get_with_timeout(client, "/delay/30000", HTTPC_TIMEOUT_TOTAL), HTTPC_E_TIMEOUT_TOTAL);

    httpc_request *request = new_request("POST", "/stall-upload");
    httpc_request_set_body(request, NULL, big, sizeof big);
    httpc_request_set_timeout(request, HTTPC_TIMEOUT_WRITE, 150);
    CHECK_CODE(code_of(send_request(client, request)), HTTPC_E_TIMEOUT_WRITE);
    httpc_request_free(request);
    httpc_client_free(client);
}

struct occupant {
    httpc_client *client;
    const char *url;
    httpc_code code;
};

static void *occupy(void *argument)
{
    struct occupant *o = argument;
    o->code = code_of(get(o->client, o->url));
    return NULL;
}

TEST(the_pool_the_running_call_and_the_end)
{
    httpc_config *config = new_config();
    httpc_config_set_max_connections(config, 1);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_POOL, 100);
    httpc_client *client = new_client(config);
    const char *key = new_key();
    struct occupant occupant = {client, text("/delay/30000?key=%s", key), HTTPC_OK};
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, occupy, &occupant), 0);
    double limit = now_ms() + 10000;
    while (server_count(key) < 1 && CHECK(now_ms() < limit)) {
        wait_until_ms(now_ms() + 1);
    }
    struct outcome o = get(client, "/echo");
    CHECK_CODE(o.code, HTTPC_E_TIMEOUT_POOL);
    CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_NEVER_SENT);
    CHECK_MS(o.ms, 100, 350);
    clean_error(o.error);
    done(&o);

    CHECK_CODE(httpc_client_close(client, HTTPC_FOREVER, NULL), HTTPC_OK);
    pthread_join(thread, NULL);
    CHECK_CODE(occupant.code, HTTPC_E_CLOSED);
    CHECK_CODE(code_of(get(client, "/echo")), HTTPC_E_CLOSED);
    httpc_client_free(client);
}

TEST(cancelled)
{
    httpc_client *client = new_client(NULL);
    httpc_cancel_token *token = NULL;
    CHECK_CODE(httpc_cancel_token_new(&token, NULL), HTTPC_OK);
    httpc_request *request = new_request("GET", "/echo");
    httpc_request_set_cancel_token(request, token);
    httpc_cancel_token_cancel(token);
    CHECK_CODE(code_of(send_request(client, request)), HTTPC_E_CANCELLED);
    httpc_request_free(request);
    httpc_cancel_token_free(token);
    httpc_client_free(client);
}

TEST(no_descriptor_left)
{
    struct rlimit old, none;
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
    /* The limit is for new descriptors; those that are open, to stdout for example, stay. */
    none = old;
    none.rlim_cur = 3;
    httpc_client *client = new_client(NULL);
    httpc_cancel_token *token = NULL;
    httpc_error *error = NULL;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    httpc_code token_code = httpc_cancel_token_new(&token, &error);
    struct outcome o = get(client, "/echo");
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
    CHECK_CODE(token_code, HTTPC_E_RESOURCE);
    clean_error(error);
    httpc_error_free(error);
    httpc_cancel_token_free(token);
    CHECK_CODE(o.code, HTTPC_E_RESOURCE);
    CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_NEVER_SENT);
    clean_error(o.error);
    done(&o);
    CHECK_CODE(code_of(get(client, "/echo")), HTTPC_OK);
    httpc_client_free(client);
}

TEST(files_and_json)
{
    httpc_config *config = new_config();
    httpc_client *client = NULL;
    httpc_config_set_ca_file(config, "no/such/file");
    CHECK_CODE(httpc_client_new(config, &client, NULL), HTTPC_E_FILE);
    httpc_config_free(config);

    client = new_client(NULL);
    struct outcome o = get(client, "/status/200?body=text");
    int64_t number = 0;
    CHECK_CODE(httpc_response_json_int64(o.response, "/id", &number, NULL), HTTPC_E_JSON);
    done(&o);
    httpc_client_free(client);
}

/*
 * Thousands of descriptors: as many connections at once, in use and idle, and calls in a process that has taken the low
 * numbers already, where select() could not go.
 */
#include "calls.h"

/* AddressSanitizer's threads take ten times as long. */
#define CONNECTIONS (UNDER_ASAN ? 300 : 2000)
#define TAKEN 1100

static struct call calls[2000];

/* False, and the test is skipped, when this process may not have `count` descriptors. */
static bool allow_descriptors(rlim_t count)
{
    struct rlimit limit;
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < count) {
        skip_all(text("only %ju descriptors are allowed here", (uintmax_t)limit.rlim_max));
        return false;
    }
    limit.rlim_cur = limit.rlim_max;
    return CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static httpc_client *client_of_many(void)
{
    httpc_config *config = new_config();
    httpc_config_set_max_connections(config, CONNECTIONS);
    httpc_config_set_max_connections_per_host(config, CONNECTIONS);
    httpc_config_set_max_idle(config, CONNECTIONS);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_CONNECT, 20000);
    return new_client(config);
}

/* Starts them all and waits until the server holds them. */
static void hold_all(httpc_client *client, const char *key)
{
    double start = now_ms();
    for (int i = 0; i < CONNECTIONS; i++) {
        start_get(&calls[i], client, text("/gate?key=%s&number=%d", key, i));
    }
    while (server_count(key) < CONNECTIONS && CHECK_MS(now_ms() - start, 0, 20000)) {
        wait_until_ms(now_ms() + 10);
    }
}

static void let_all_go(const char *key)
{
    open_gate(key, 0);
    for (int i = 0; i < CONNECTIONS; i++) {
        end_call(&calls[i], HTTPC_OK);
    }
}

TEST(thousands_of_connections_in_use_and_then_idle_and_used_again)
{
    if (!allow_descriptors(3 * CONNECTIONS + 100)) {
        return;
    }
    unsigned before = open_descriptors();
    httpc_client *client = client_of_many();
    const char *first = new_key(), *second = new_key();
    hold_all(client, first);
    CHECK_POOL(client, CONNECTIONS, 0, 0, CONNECTIONS, 0);
    CHECK_EQ(connections_at_server(), CONNECTIONS);
    let_all_go(first);
    CHECK_POOL(client, 0, CONNECTIONS, 0, CONNECTIONS, 0);
    hold_all(client, second);
    CHECK_POOL(client, CONNECTIONS, 0, 0, CONNECTIONS, CONNECTIONS);
    CHECK_EQ(connections_at_server(), CONNECTIONS);
    let_all_go(second);
    httpc_client_free(client);
    CHECK_COMES_TRUE(connections_at_server() == 0);
    free_observer();
    CHECK_EQ(open_descriptors(), before);
}

/* ---- With the low numbers taken ---- */

static int taken[TAKEN];

static bool take_descriptors(void)
{
    if (!allow_descriptors(TAKEN + 100)) {
        return false;
    }
    for (int i = 0; i < TAKEN; i++) {
        taken[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    return CHECK(taken[TAKEN - 1] >= TAKEN);
}

static void give_descriptors_back(void)
{
    for (int i = 0; i < TAKEN; i++) {
        close(taken[i]);
    }
}

static httpc_client *client_over_both(void)
{
    httpc_config *config = new_config();
    httpc_config_set_ca_file(config, address("CA"));
    httpc_config_set_retry(config, NULL);
    return new_client(config);
}

TEST(high_descriptors_serve_get_and_post_with_and_without_tls)
{
    if (!take_descriptors()) {
        return;
    }
    httpc_client *client = client_over_both();
    const char *bases[] = {address("URL"), address("TLS")};
    for (int i = 0; i < 4; i++) {
        CHECK_CODE(code_of(get(client, text("%s/delay/5", bases[i % 2]))), HTTPC_OK);
        struct outcome o = post(client, text("%s/echo", bases[i % 2]), "high");
        CHECK_STR(httpc_response_json_string(o.response, "/body", NULL), "high");
        done(&o);
    }
    httpc_client_free(client);
    give_descriptors_back();
}

/* What connects, what reads, what writes, and what does so encrypted. */
TEST(high_descriptors_keep_timeouts)
{
    if (!take_descriptors()) {
        return;
    }
    static char large[8 << 20];
    const struct {
        const char *url;
        int32_t which;
        httpc_code code;
    } table[] = {
        {text("%s/", address("BLACKHOLE")), HTTPC_TIMEOUT_CONNECT, HTTPC_E_TIMEOUT_CONNECT},
        {"/delay/30000", HTTPC_TIMEOUT_READ, HTTPC_E_TIMEOUT_READ},
        {"/stall-upload", HTTPC_TIMEOUT_WRITE, HTTPC_E_TIMEOUT_WRITE},
        {text("%s/delay/30000", address("TLS")), HTTPC_TIMEOUT_TOTAL, HTTPC_E_TIMEOUT_TOTAL},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        httpc_client *client = client_over_both();
        httpc_request *request = new_request("POST", table[i].url);
        httpc_request_set_body(request, "text/plain", large, table[i].which == HTTPC_TIMEOUT_WRITE ? sizeof large : 1);
        httpc_request_set_timeout(request, table[i].which, 100);
        struct outcome o = send_request(client, request);
        CHECK_CODE(o.code, table[i].code);
        CHECK_MS(o.ms, 100, 350);
        done(&o);
        httpc_request_free(request);
        httpc_client_free(client);
    }
    give_descriptors_back();
}

TEST(high_descriptors_are_cancelled)
{
    if (!take_descriptors()) {
        return;
    }
    httpc_client *client = client_over_both();
    const char *bases[] = {address("URL"), address("TLS")};
    for (int i = 0; i < 2; i++) {
        httpc_cancel_token *token = NULL;
        const char *key = new_key();
        CHECK_CODE(httpc_cancel_token_new(&token, NULL), HTTPC_OK);
        httpc_request *request = new_request("GET", text("%s/gate?key=%s", bases[i], key));
        httpc_request_set_cancel_token(request, token);
        start_call(&calls[0], client, request);
        CHECK_COMES_TRUE(server_count(key) == 1);
        httpc_cancel_token_cancel(token);
        end_call(&calls[0], HTTPC_E_CANCELLED);
        httpc_cancel_token_free(token);
    }
    httpc_client_free(client);
    give_descriptors_back();
}

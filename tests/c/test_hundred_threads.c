/* A hundred threads on one client, good calls among faults of every kind: each call ends as it would alone. */
#include "server.h"
#include <pthread.h>

#define THREADS 100
#define ROUNDS 4

static const struct {
    const char *url;
    httpc_code code;
    /* Where the moment decides. */
    httpc_code or_code;
} routes[] = {
    {"/echo?thread=%u", HTTPC_OK, HTTPC_OK},
    {"/bytes/10000?thread=%u", HTTPC_OK, HTTPC_OK},
    {"/status/404?body=none&thread=%u", HTTPC_E_STATUS, HTTPC_E_STATUS},
    {"/status/503?thread=%u", HTTPC_E_STATUS, HTTPC_E_STATUS},
    {"/reset/before-head?thread=%u", HTTPC_E_IO, HTTPC_E_IO},
    {"/close/in-body?thread=%u", HTTPC_E_TRUNCATED, HTTPC_E_TRUNCATED},
    {"/close/in-head?thread=%u", HTTPC_E_IO, HTTPC_E_IO},
    {"/redirect/302?to=/echo&thread=%u", HTTPC_OK, HTTPC_OK},
    {"/redirect-loop?thread=%u", HTTPC_E_REDIRECT, HTTPC_E_REDIRECT},
    {"/stall-body?thread=%u", HTTPC_E_TIMEOUT_READ, HTTPC_E_TIMEOUT_READ},
    {"/raw?hex=68656c6c6f&thread=%u", HTTPC_E_PROTOCOL, HTTPC_E_PROTOCOL},
    /* The connection may be gone before its answer is read. */
    {"/once?thread=%u", HTTPC_OK, HTTPC_OK},
    {"/delay/30000?thread=%u", HTTPC_E_TIMEOUT_READ, HTTPC_E_TIMEOUT_READ},
};
#define ROUTES (sizeof routes / sizeof routes[0])

struct worker {
    httpc_client *client;
    unsigned number;
    unsigned ended;
    pthread_t thread;
};

static void *mixed_calls(void *argument)
{
    struct worker *worker = argument;
    for (unsigned round = 0; round < ROUNDS; round++) {
        /* Each thread meets the routes at another moment. */
        size_t at = (worker->number * 7 + round * 5) % ROUTES;
        char url[128];
        snprintf(url, sizeof url, routes[at].url, worker->number);
        struct outcome o = get(worker->client, url);
        if (o.code != routes[at].or_code && !CHECK_CODE(o.code, routes[at].code)) {
            fprintf(stderr, "  for %s: %s\n", url, httpc_error_detail(o.error));
        }
        CHECK((o.code == HTTPC_OK) == (o.response != NULL) && (o.code == HTTPC_OK) == (o.error == NULL));
        if (o.code != HTTPC_OK) {
            clean_error(o.error);
        } else if (at == 0) {
            CHECK_STR(httpc_response_json_string(o.response, "/query", NULL), text("thread=%u", worker->number));
        }
        worker->ended++;
        done(&o);
    }
    return NULL;
}

TEST(a_hundred_threads_share_one_client_among_faults)
{
    httpc_config *config = new_config();
    /* Waiting for a connection is not what is tested here, and sanitizers are slow. */
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_POOL, 0);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_READ, 700);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_TOTAL, 50000);
    httpc_config_set_max_connections_per_host(config, 100);
    httpc_retry_policy *policy = new_policy();
    httpc_retry_policy_set_max_attempts(policy, 2);
    httpc_retry_policy_set_backoff(policy, 1, 1.0, 1);
    httpc_retry_policy_set_budget(policy, 0, 0, 0);
    httpc_config_set_retry(config, policy);
    httpc_retry_policy_free(policy);
    httpc_client *client = new_client(config);
    static struct worker workers[THREADS];
    unsigned ended = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].client = client;
        workers[i].number = i;
        CHECK_EQ(pthread_create(&workers[i].thread, NULL, mixed_calls, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        ended += workers[i].ended;
    }
    CHECK_EQ(ended, THREADS * ROUNDS);
    httpc_stats *stats = NULL;
    CHECK_CODE(httpc_client_stats(client, &stats, NULL), HTTPC_OK);
    CHECK_EQ(httpc_stats_in_use(stats), 0);
    CHECK_EQ(httpc_stats_waiting(stats), 0);
    CHECK_BETWEEN(httpc_stats_idle(stats), 0, 20);
    httpc_stats_free(stats);
    CHECK_CODE(code_of(get(client, "/echo")), HTTPC_OK);
    httpc_client_free(client);
}

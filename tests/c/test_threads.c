/* Many threads on one client: each gets its own answer, limits hold, and cancelling and closing meet calls in any state. */
#include "server.h"

#include <pthread.h>

#define THREADS 8
#define CALLS 60

struct worker {
    pthread_t thread;
    unsigned number;
    httpc_client *client;
    const char *key;
    httpc_cancel_token *token;
    uint64_t random;
    unsigned by_code[HTTPC_E_NOT_MOCKED + 1];
};

static uint64_t next_random(uint64_t *state)
{
    /* xorshift64*: good enough to choose moments. */
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

/* Starts THREADS workers, waits for all, and adds up how their calls ended. */
static void run_workers(httpc_client *client, const char *key, httpc_cancel_token *token, void *(*work)(void *),
                        void (*meanwhile)(httpc_client *), unsigned *by_code)
{
    struct worker workers[THREADS];
    memset(workers, 0, sizeof workers);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].number = i;
        workers[i].client = client;
        workers[i].key = key;
        workers[i].token = token;
        workers[i].random = 88172645463325252u + i;
        CHECK_EQ(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    if (meanwhile != NULL) {
        meanwhile(client);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        for (int code = 0; code <= HTTPC_E_NOT_MOCKED; code++) {
            by_code[code] += workers[i].by_code[code];
        }
    }
}

static void count(struct worker *worker, struct outcome *o)
{
    CHECK((o->code == HTTPC_OK) == (o->response != NULL));
    CHECK((o->code == HTTPC_OK) == (o->error == NULL));
    if (o->error != NULL) {
        clean_error(o->error);
    }
    if (CHECK(o->code >= 0 && o->code <= HTTPC_E_NOT_MOCKED)) {
        worker->by_code[o->code]++;
    }
    done(o);
}

static void *get_own_answers(void *argument)
{
    struct worker *worker = argument;
    for (unsigned i = 0; i < CALLS; i++) {
        const char *mine = text("worker-%u-call-%u", worker->number, i);
        struct outcome o = post(worker->client, text("/echo?key=%s", worker->key), mine);
        CHECK_STR(httpc_response_json_string(o.response, "/body", NULL), mine);
        count(worker, &o);
    }
    return NULL;
}

/* How many different connections the requests of a key came over. */
static unsigned connections_used(const char *key, unsigned requests)
{
    httpc_response *log = server_log(key);
    int64_t seen[THREADS * CALLS];
    unsigned different = 0;
    for (unsigned i = 0; i < requests; i++) {
        int64_t connection = -1;
        unsigned j = 0;
        CHECK_CODE(httpc_response_json_int64(log, text("/%u/connection", i), &connection, NULL), HTTPC_OK);
        while (j < different && seen[j] != connection) {
            j++;
        }
        if (j == different) {
            seen[different++] = connection;
        }
    }
    httpc_response_free(log);
    return different;
}

TEST(each_thread_gets_its_own_answers)
{
    unsigned by_code[HTTPC_E_NOT_MOCKED + 1] = {0};
    httpc_client *client = new_client(NULL);
    const char *key = new_key();
    run_workers(client, key, NULL, get_own_answers, NULL, by_code);
    CHECK_EQ(by_code[HTTPC_OK], THREADS * CALLS);
    CHECK_EQ(server_count(key), THREADS * CALLS);
    CHECK_BETWEEN(connections_used(key, THREADS * CALLS), 1, THREADS);
    httpc_client_free(client);
}

TEST(limits_on_connections_hold_and_all_are_served)
{
    for (int per_host = 0; per_host < 2; per_host++) {
        unsigned by_code[HTTPC_E_NOT_MOCKED + 1] = {0};
        httpc_config *config = new_config();
        if (per_host) {
            httpc_config_set_max_connections_per_host(config, 2);
        } else {
            httpc_config_set_max_connections(config, 2);
        }
        httpc_config_set_timeout(config, HTTPC_TIMEOUT_POOL, 0);
        httpc_client *client = new_client(config);
        const char *key = new_key();
        run_workers(client, key, NULL, get_own_answers, NULL, by_code);
        CHECK_EQ(by_code[HTTPC_OK], THREADS * CALLS);
        CHECK_BETWEEN(connections_used(key, THREADS * CALLS), 1, 2);
        httpc_client_free(client);
    }
}

struct random_canceller {
    pthread_t thread;
    httpc_cancel_token *token;
    double when;
};

static void *cancel_at(void *argument)
{
    struct random_canceller *c = argument;
    wait_until_ms(c->when);
    httpc_cancel_token_cancel(c->token);
    return NULL;
}

/* Each call has a token that is triggered at a random moment around its end, and may come before its start. */
static void *get_cancelled_at_random(void *argument)
{
    struct worker *worker = argument;
    static const char *const paths[] = {"/echo", "/delay/3", "/chunked?sizes=10,20,30", "/sequence/503,200"};
    for (unsigned i = 0; i < CALLS; i++) {
        struct random_canceller c = {.token = NULL, .when = now_ms() + (double)(next_random(&worker->random) % 6000) / 1000};
        const char *path = paths[next_random(&worker->random) % 4];
        CHECK_CODE(httpc_cancel_token_new(&c.token, NULL), HTTPC_OK);
        httpc_request *request = new_request("GET", text("%s%ckey=%s-%u-%u", path, strchr(path, '?') != NULL ? '&' : '?',
                                                         worker->key, worker->number, i));
        httpc_request_set_cancel_token(request, c.token);
        CHECK_EQ(pthread_create(&c.thread, NULL, cancel_at, &c), 0);
        struct outcome o = send_request(worker->client, request);
        if (o.code != HTTPC_OK && !CHECK_CODE(o.code, HTTPC_E_CANCELLED)) {
            fprintf(stderr, "  %s\n", httpc_error_detail(o.error));
        }
        CHECK_MS(o.ms, 0, 2000);
        httpc_request_free(request);
        count(worker, &o);
        pthread_join(c.thread, NULL);
        httpc_cancel_token_free(c.token);
    }
    return NULL;
}

TEST(tokens_may_be_triggered_at_any_moment)
{
    unsigned by_code[HTTPC_E_NOT_MOCKED + 1] = {0};
    /* Retries of cancelled calls are not paid back, and there are many here. */
    httpc_config *config = new_config();
    httpc_retry_policy *policy = new_policy();
    httpc_retry_policy_set_backoff(policy, 1, 1.0, 1);
    httpc_retry_policy_set_budget(policy, 0, 0, 0);
    httpc_config_set_retry(config, policy);
    httpc_retry_policy_free(policy);
    httpc_client *client = new_client(config);
    const char *key = new_key();
    run_workers(client, key, NULL, get_cancelled_at_random, NULL, by_code);
    CHECK_EQ(by_code[HTTPC_OK] + by_code[HTTPC_E_CANCELLED], THREADS * CALLS);
    CHECK(by_code[HTTPC_OK] > 0);
    CHECK(by_code[HTTPC_E_CANCELLED] > 0);
    CHECK_CODE(code_of(get(client, "/echo")), HTTPC_OK);
    httpc_client_free(client);
}

static void *call_until_closed(void *argument)
{
    struct worker *worker = argument;
    static const char *const paths[] = {"/echo", "/delay/20", "/bytes/300000"};
    httpc_code code = HTTPC_OK;
    double limit = now_ms() + 20000;
    while (code == HTTPC_OK && CHECK(now_ms() < limit)) {
        struct outcome o = get(worker->client, text("%s?key=%s", paths[next_random(&worker->random) % 3], worker->key));
        code = o.code;
        count(worker, &o);
    }
    CHECK_CODE(code, HTTPC_E_CLOSED);
    return NULL;
}

static void close_after_a_while(httpc_client *client)
{
    wait_until_ms(now_ms() + 100);
    double start = now_ms();
    CHECK_CODE(httpc_client_close(client, HTTPC_FOREVER, NULL), HTTPC_OK);
    CHECK_MS(now_ms() - start, 0, 1000);
}

TEST(a_client_may_be_closed_during_calls)
{
    for (int i = 0; i < 5; i++) {
        unsigned by_code[HTTPC_E_NOT_MOCKED + 1] = {0};
        httpc_client *client = new_client(NULL);
        run_workers(client, new_key(), NULL, call_until_closed, close_after_a_while, by_code);
        CHECK_EQ(by_code[HTTPC_E_CLOSED], THREADS);
        CHECK(by_code[HTTPC_OK] > 0);
        httpc_client_free(client);
    }
}

static void *share_request_and_response(void *argument)
{
    struct worker *worker = argument;
    for (unsigned i = 0; i < CALLS; i++) {
        /* A client with a life of its own beside the shared one. */
        httpc_client *own = new_client(NULL);
        struct outcome o = get(i % 2 == 0 ? own : worker->client, "/status/404?body=shared");
        httpc_response *kept = httpc_response_ref(httpc_error_response(o.error));
        count(worker, &o);
        httpc_client_free(own);
        CHECK_STR((const char *)httpc_response_body(kept, NULL), "shared");
        httpc_response_free(kept);
    }
    return NULL;
}

TEST(clients_come_and_go_in_every_thread)
{
    unsigned by_code[HTTPC_E_NOT_MOCKED + 1] = {0};
    httpc_client *client = new_client(NULL);
    run_workers(client, new_key(), NULL, share_request_and_response, NULL, by_code);
    CHECK_EQ(by_code[HTTPC_E_STATUS], THREADS * CALLS);
    httpc_client_free(client);
}

static void *cancelled_together(void *argument)
{
    struct worker *worker = argument;
    httpc_request *request = new_request("GET", text("/delay/30000?key=%s", worker->key));
    httpc_request_set_cancel_token(request, worker->token);
    struct outcome o = send_request(worker->client, request);
    count(worker, &o);
    httpc_request_free(request);
    return NULL;
}

static httpc_cancel_token *shared_token;

static void cancel_shared(httpc_client *client)
{
    (void)client;
    wait_until_ms(now_ms() + 50);
    httpc_cancel_token_cancel(shared_token);
}

TEST(one_token_may_be_held_by_calls_of_many_threads)
{
    unsigned by_code[HTTPC_E_NOT_MOCKED + 1] = {0};
    httpc_client *client = new_client(NULL);
    CHECK_CODE(httpc_cancel_token_new(&shared_token, NULL), HTTPC_OK);
    double start = now_ms();
    run_workers(client, new_key(), shared_token, cancelled_together, cancel_shared, by_code);
    CHECK_EQ(by_code[HTTPC_E_CANCELLED], THREADS);
    CHECK_MS(now_ms() - start, 50, 2000);
    httpc_cancel_token_free(shared_token);
    httpc_client_free(client);
}

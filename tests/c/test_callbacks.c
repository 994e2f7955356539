/*
 * Callbacks may do whatever a program may: make calls on the client that called them, look at it, close it, free it, and
 * let go of what they hold themselves. Nothing hangs, nothing runs twice, and every drop function runs exactly once.
 */
#include "process.h"

/* What a callback does, the first time that it is called; the calls that it makes call it again. */
struct inside {
    httpc_client *client;
    void (*act)(struct inside *);
    unsigned acted, dropped;
    httpc_code code;
};

static void act_once(struct inside *inside)
{
    if (inside->client != NULL && inside->acted++ == 0) {
        inside->act(inside);
    }
}

static void log_acts(void *userdata, httpc_log_level level, const char *line)
{
    (void)level;
    CHECK_PRINTABLE(line);
    act_once(userdata);
}

static int32_t decider_acts(void *userdata, const httpc_attempt *failed)
{
    CHECK_EQ(httpc_attempt_status(failed), 503);
    act_once(userdata);
    return HTTPC_DECISION_DEFAULT;
}

static void count_drop(void *userdata)
{
    ((struct inside *)userdata)->dropped++;
}

/* A client whose callbacks, of one kind at a time, get `inside`. */
static httpc_client *client_with_callback(struct inside *inside, bool logs, uint32_t connections)
{
    httpc_config *config = new_config();
    httpc_config_set_max_connections(config, connections);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_POOL, 100);
    if (logs) {
        httpc_config_set_log(config, HTTPC_LOG_TRACE, log_acts, inside, count_drop);
    } else {
        httpc_retry_policy *policy = new_policy();
        httpc_retry_policy_set_backoff(policy, 1, 1.0, 1);
        httpc_retry_policy_set_decider(policy, decider_acts, inside, count_drop);
        httpc_config_set_retry(config, policy);
        httpc_retry_policy_free(policy);
    }
    inside->client = new_client(config);
    return inside->client;
}

static struct outcome get_with_a_retry(httpc_client *client, const char *key)
{
    return get(client, text("/sequence/503,200?key=%s", key));
}

/* Every act from each kind of callback: how the call around it ends, and how the act. */
static void act_inside_callbacks(void (*act)(struct inside *), uint32_t connections, httpc_code outer, httpc_code inner)
{
    for (int logs = 0; logs < 2; logs++) {
        struct inside inside = {.act = act};
        const char *key = new_key();
        httpc_client *client = client_with_callback(&inside, logs, connections);
        double start = now_ms();
        struct outcome o = get_with_a_retry(client, key);
        CHECK_CODE(o.code, outer);
        CHECK_CODE(inside.code, inner);
        CHECK(inside.acted > 0);
        CHECK_MS(now_ms() - start, 0, 2000);
        CHECK_BETWEEN(server_count(key), outer == HTTPC_OK ? 2 : 0, 2);
        done(&o);
        httpc_client_free(inside.client);
        CHECK_EQ(inside.dropped, 1);
    }
}

/* ---- Calls and looks ---- */

static void call_same_client(struct inside *inside)
{
    struct outcome o = get(inside->client, "/echo");
    inside->code = o.code;
    done(&o);
}

TEST(a_callback_may_call_its_client)
{
    act_inside_callbacks(call_same_client, 10, HTTPC_OK, HTTPC_OK);
}

/* At the only connection: the log runs while the call has it, the decider too. */
TEST(a_callback_that_calls_when_no_connection_is_left_times_out)
{
    act_inside_callbacks(call_same_client, 1, HTTPC_OK, HTTPC_E_TIMEOUT_POOL);
}

static void look_at_client(struct inside *inside)
{
    httpc_stats *stats = NULL;
    inside->code = httpc_client_stats(inside->client, &stats, NULL);
    CHECK_BETWEEN(httpc_stats_in_use(stats), 0, 1);
    httpc_stats_free(stats);
}

TEST(a_callback_may_look_at_its_client)
{
    act_inside_callbacks(look_at_client, 10, HTTPC_OK, HTTPC_OK);
}

static void nest_deeply(struct inside *inside)
{
    inside->acted = 0;
    static unsigned depth;
    if (++depth < 20) {
        call_same_client(inside);
    }
    depth--;
    inside->acted = 1;
}

TEST(callbacks_may_nest_deeply)
{
    act_inside_callbacks(nest_deeply, 100, HTTPC_OK, HTTPC_OK);
}

/* ---- The end of the client ---- */

static void close_and_wait(struct inside *inside)
{
    inside->code = httpc_client_close(inside->client, HTTPC_FOREVER, NULL);
}

TEST(a_callback_that_would_wait_for_its_own_call_is_refused_and_the_client_is_closed)
{
    act_inside_callbacks(close_and_wait, 10, HTTPC_E_CLOSED, HTTPC_E_WOULD_DEADLOCK);
}

static void close_without_waiting(struct inside *inside)
{
    inside->code = httpc_client_close(inside->client, 0, NULL);
}

TEST(a_callback_may_close_without_waiting)
{
    act_inside_callbacks(close_without_waiting, 10, HTTPC_E_CLOSED, HTTPC_E_AGAIN);
}

static void free_client(struct inside *inside)
{
    httpc_client *client = inside->client;
    inside->client = NULL;
    httpc_client_free(client);
    CHECK_EQ(inside->dropped, 0);
}

TEST(a_callback_may_free_its_client)
{
    act_inside_callbacks(free_client, 10, HTTPC_E_CLOSED, HTTPC_OK);
}

/* Two clients, each called from a callback of the other: the outer one is still inside its own call. */
static httpc_client *outer_client;

static void close_outer_client(struct inside *inside)
{
    inside->code = httpc_client_close(outer_client, HTTPC_FOREVER, NULL);
}

static void call_other_client(struct inside *inside)
{
    struct inside other = {.act = close_outer_client};
    httpc_client *client = client_with_callback(&other, true, 10);
    struct outcome o = get(client, "/echo");
    CHECK_CODE(o.code, HTTPC_OK);
    done(&o);
    inside->code = other.code;
    other.client = NULL;
    httpc_client_free(client);
    CHECK_EQ(other.dropped, 1);
}

TEST(the_client_of_an_outer_callback_is_not_waited_for_either)
{
    struct inside inside = {.act = call_other_client};
    outer_client = client_with_callback(&inside, true, 10);
    CHECK_CODE(code_of(get(outer_client, "/echo")), HTTPC_E_CLOSED);
    CHECK_CODE(inside.code, HTTPC_E_WOULD_DEADLOCK);
    httpc_client_free(outer_client);
    CHECK_EQ(inside.dropped, 1);
}

/* ---- Functions that are retried ---- */

struct retried {
    httpc_client *client;
    httpc_retry_policy *policy;
    httpc_rate_limiter *limiter;
    unsigned runs, inner_runs;
};

static int32_t count_inner(void *userdata, uint32_t number, uint64_t left_ms, uint64_t *retry_after_ms)
{
    (void)left_ms;
    (void)retry_after_ms;
    ((struct retried *)userdata)->inner_runs++;
    return number < 2 ? HTTPC_OUTCOME_NEVER_SENT : HTTPC_OUTCOME_SUCCESS;
}

static int32_t use_everything(void *userdata, uint32_t number, uint64_t left_ms, uint64_t *retry_after_ms)
{
    (void)left_ms;
    (void)retry_after_ms;
    struct retried *retried = userdata;
    retried->runs++;
    CHECK_CODE(code_of(get(retried->client, "/echo")), HTTPC_OK);
    CHECK_CODE(httpc_rate_limiter_acquire(retried->limiter, 1, HTTPC_FOREVER, NULL, NULL), HTTPC_OK);
    CHECK_CODE(httpc_retry_run(retried->policy, 0, NULL, NULL, count_inner, retried, NULL), HTTPC_OK);
    if (number < 2) {
        return HTTPC_OUTCOME_NEVER_SENT;
    }
    /* What is its own it may let go before it returns. */
    httpc_client_free(retried->client);
    httpc_retry_policy_free(retried->policy);
    httpc_rate_limiter_free(retried->limiter);
    return HTTPC_OUTCOME_SUCCESS;
}

TEST(a_retried_function_may_call_run_others_and_free_what_it_used)
{
    struct retried retried = {.client = new_client(NULL), .policy = new_policy()};
    CHECK_CODE(httpc_rate_limiter_new(1000, 1000, 1, NULL, &retried.limiter, NULL), HTTPC_OK);
    httpc_retry_policy_set_backoff(retried.policy, 1, 1.0, 1);
    CHECK_CODE(httpc_retry_run(retried.policy, 0, NULL, NULL, use_everything, &retried, NULL), HTTPC_OK);
    CHECK_EQ(retried.runs, 2);
    CHECK_EQ(retried.inner_runs, 4);
}

/* ---- Drop functions ---- */

/* Userdata that owns library objects, as a wrapper's would. */
struct owner {
    httpc_client *client;
    httpc_config *config;
    httpc_retry_policy *policy;
    httpc_rate_limiter *limiter;
    httpc_cancel_token *token;
    httpc_request *request;
    unsigned dropped;
};

static struct owner new_owner(void)
{
    struct owner owner = {.client = new_client(NULL), .config = new_config(), .policy = new_policy()};
    CHECK_CODE(httpc_rate_limiter_new(1, 1000, 1, NULL, &owner.limiter, NULL), HTTPC_OK);
    CHECK_CODE(httpc_cancel_token_new(&owner.token, NULL), HTTPC_OK);
    owner.request = new_request("GET", "/echo");
    httpc_request_set_cancel_token(owner.request, owner.token);
    return owner;
}

static void drop_all_that_is_owned(void *userdata)
{
    struct owner *owner = userdata;
    owner->dropped++;
    CHECK_CODE(code_of(send_request(owner->client, owner->request)), HTTPC_OK);
    httpc_client_free(owner->client);
    httpc_config_free(owner->config);
    httpc_retry_policy_free(owner->policy);
    httpc_rate_limiter_free(owner->limiter);
    httpc_cancel_token_free(owner->token);
    httpc_request_free(owner->request);
}

static void log_nothing(void *userdata, httpc_log_level level, const char *line)
{
    (void)userdata;
    (void)level;
    (void)line;
}

static int32_t decide_nothing(void *userdata, const httpc_attempt *failed)
{
    (void)userdata;
    (void)failed;
    return HTTPC_DECISION_DEFAULT;
}

/* The last to go drops: the config, the policy, a client, or the client's last call. */
TEST(a_logs_drop_function_may_call_and_free)
{
    struct owner by_config = new_owner(), by_client = new_owner(), replaced = new_owner();
    httpc_config *config = new_config();
    httpc_config_set_log(config, HTTPC_LOG_TRACE, log_nothing, &replaced, drop_all_that_is_owned);
    httpc_config_set_log(config, HTTPC_LOG_TRACE, log_nothing, &by_config, drop_all_that_is_owned);
    CHECK_EQ(replaced.dropped, 1);
    CHECK_EQ(by_config.dropped, 0);
    httpc_config_free(config);
    CHECK_EQ(by_config.dropped, 1);

    config = new_config();
    httpc_config_set_log(config, HTTPC_LOG_TRACE, log_nothing, &by_client, drop_all_that_is_owned);
    httpc_client *client = new_client(config);
    CHECK_CODE(code_of(get(client, "/echo")), HTTPC_OK);
    CHECK_EQ(by_client.dropped, 0);
    httpc_client_free(client);
    CHECK_EQ(by_client.dropped, 1);
}

TEST(a_deciders_drop_function_may_call_and_free)
{
    struct owner by_policy = new_owner(), by_request = new_owner();
    httpc_retry_policy *policy = new_policy();
    httpc_retry_policy_set_decider(policy, decide_nothing, &by_policy, drop_all_that_is_owned);
    httpc_retry_policy_free(policy);
    CHECK_EQ(by_policy.dropped, 1);

    policy = new_policy();
    httpc_request *request = new_request("GET", "/echo");
    httpc_retry_policy_set_decider(policy, decide_nothing, &by_request, drop_all_that_is_owned);
    httpc_request_set_retry(request, policy);
    httpc_retry_policy_free(policy);
    CHECK_EQ(by_request.dropped, 0);
    httpc_request_free(request);
    CHECK_EQ(by_request.dropped, 1);
}

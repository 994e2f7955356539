/*
 * What runs on an engine thread (completion functions, logs, deciders) may do whatever a program may: submit, cancel,
 * call, close and free. What would wait for the own thread is refused, nothing hangs, and every call has one outcome.
 */
#include "inside.h"

/* ---- Calls ---- */

struct chain {
    httpc_client *client;
    unsigned left;
    bool submits;
    struct completion last;
};

static void submit_the_next(void *userdata, httpc_code code, httpc_response *response, httpc_error *error)
{
    struct chain *chain = userdata;
    CHECK_CODE(code, HTTPC_OK);
    CHECK(!chain->submits);
    if (--chain->left == 0) {
        completed(&chain->last, code, response, error);
        return;
    }
    httpc_response_free(response);
    chain->submits = true;
    httpc_call_free(submit(chain->client, new_request("GET", "/echo"), submit_the_next, chain));
    chain->submits = false;
}

TEST(a_completion_function_may_submit_which_runs_none)
{
    struct chain chain = {new_client(NULL), 100, false, COMPLETION};
    httpc_call_free(submit(chain.client, new_request("GET", "/echo"), submit_the_next, &chain));
    await_completion(&chain.last);
    CHECK_POOL(chain.client, 0, 1, 0, 1, 99);
    httpc_client_free(chain.client);
    done(&chain.last.outcome);
}

static void cancel_other(struct inside *inside)
{
    httpc_call_cancel(inside->other);
    inside->code = httpc_call_wait(inside->other, 0, NULL);
}

TEST(a_completion_function_may_cancel_another_call_which_ends_later)
{
    struct inside inside = INSIDE;
    act_while_others_run(&inside, cancel_other, 1);
    CHECK_CODE(inside.code, HTTPC_E_AGAIN);
    end(&inside, HTTPC_E_CANCELLED);
}

static void call_and_block(struct inside *inside)
{
    inside->code = code_of(send_request(inside->client, inside->blocking));
}

TEST(a_completion_function_may_make_a_blocking_call)
{
    struct inside inside = INSIDE;
    inside.blocking = new_request("GET", "/echo");
    act_while_others_run(&inside, call_and_block, 1);
    CHECK_CODE(inside.code, HTTPC_OK);
    httpc_request_free(inside.blocking);
    end(&inside, HTTPC_E_CANCELLED);
}

/* The only connection is the other call's, which waits for this function to return. */
TEST(a_blocking_call_in_a_completion_function_may_find_no_connection)
{
    struct inside inside = INSIDE;
    const char *key = new_key();
    httpc_config *config = new_config();
    httpc_config_set_max_connections(config, 1);
    inside.act = call_and_block;
    inside.client = new_client(config);
    httpc_request *request = new_request("GET", text("/gate?key=%s", key));
    httpc_request_set_timeout(request, HTTPC_TIMEOUT_POOL, 0);
    inside.other = submit(inside.client, request, completed, &inside.of_other);
    CHECK_COMES_TRUE(server_count(key) == 1);
    request = new_request("GET", "/echo");
    httpc_request_set_timeout(request, HTTPC_TIMEOUT_POOL, 50);
    inside.blocking = new_request("GET", "/echo");
    httpc_request_set_timeout(inside.blocking, HTTPC_TIMEOUT_POOL, 100);
    httpc_call_free(submit(inside.client, request, act_inside, &inside));
    await_completion(&inside.own);
    CHECK_CODE(inside.own.outcome.code, HTTPC_E_TIMEOUT_POOL);
    CHECK_CODE(inside.code, HTTPC_E_TIMEOUT_POOL);
    open_gate(key, 0);
    await_completion(&inside.of_other);
    CHECK_CODE(inside.of_other.outcome.code, HTTPC_OK);
    httpc_call_free(inside.other);
    httpc_request_free(inside.blocking);
    httpc_client_free(inside.client);
    done(&inside.own.outcome);
    done(&inside.of_other.outcome);
}

/* ---- Waits ---- */

static void wait_for_other(struct inside *inside)
{
    httpc_error *error = NULL;
    inside->code = httpc_call_wait(inside->other, HTTPC_FOREVER, &error);
    CHECK_HAS(httpc_error_detail(error), "engine thread");
    httpc_error_free(error);
    inside->second = httpc_call_wait(inside->other, 0, NULL);
}

/* Whichever engine thread drives the other call: its own callbacks may wait for one of ours. */
TEST(a_completion_function_that_waits_for_a_call_of_its_client_is_refused)
{
    for (uint32_t threads = 1; threads <= 3; threads++) {
        struct inside inside = INSIDE;
        act_while_others_run(&inside, wait_for_other, threads);
        CHECK_CODE(inside.code, HTTPC_E_WOULD_DEADLOCK);
        CHECK_CODE(inside.second, HTTPC_E_AGAIN);
        httpc_client_close(inside.client, HTTPC_FOREVER, NULL);
        end(&inside, HTTPC_E_CLOSED);
    }
}

static httpc_client *other_client;

static void wait_for_a_call_of_another_client(struct inside *inside)
{
    httpc_call *call = submit(other_client, new_request("GET", "/echo"), NULL, NULL);
    inside->code = code_of(result_of(call));
}

TEST(a_completion_function_may_wait_for_another_client)
{
    struct inside inside = INSIDE;
    other_client = new_client(NULL);
    act_while_others_run(&inside, wait_for_a_call_of_another_client, 1);
    CHECK_CODE(inside.code, HTTPC_OK);
    end(&inside, HTTPC_E_CANCELLED);
    httpc_client_free(other_client);
}

static __thread bool makes_blocking_calls;

static void wait_at_first_line(void *userdata, httpc_log_level level, const char *line)
{
    struct inside *inside = userdata;
    (void)level;
    (void)line;
    if (makes_blocking_calls) {
        makes_blocking_calls = false;
        inside->code = httpc_call_wait(inside->other, HTTPC_FOREVER, NULL);
    }
}

/* The engine does not need this thread. */
TEST(a_callback_of_a_blocking_call_may_wait_for_a_submitted_one)
{
    struct inside inside = INSIDE;
    httpc_config *config = new_config();
    httpc_config_set_log(config, HTTPC_LOG_TRACE, wait_at_first_line, &inside, NULL);
    httpc_client *client = new_client(config);
    const char *key = new_key();
    inside.code = HTTPC_E_INTERNAL;
    inside.other = submit(client, new_request("GET", text("/gate?key=%s", key)), completed, &inside.of_other);
    CHECK_COMES_TRUE(server_count(key) == 1);
    open_gate(key, 0);
    makes_blocking_calls = true;
    CHECK_CODE(code_of(get(client, "/echo")), HTTPC_OK);
    CHECK_CODE(inside.code, HTTPC_OK);
    httpc_call_free(inside.other);
    httpc_client_free(client);
    CHECK_EQ(inside.of_other.count, 1);
    done(&inside.of_other.outcome);
}

/* ---- Logs, deciders, drop functions ---- */

struct policy_acts {
    httpc_client *client;
    pthread_t thread;
    unsigned acted, dropped;
};

static void free_in(struct policy_acts *acts)
{
    acts->thread = pthread_self();
    httpc_client *client = acts->client;
    acts->client = NULL;
    if (client != NULL) {
        acts->acted++;
        httpc_client_free(client);
    }
}

static int32_t free_in_decider(void *userdata, const httpc_attempt *failed)
{
    CHECK_EQ(httpc_attempt_status(failed), 503);
    free_in(userdata);
    return HTTPC_DECISION_DEFAULT;
}

static void free_in_log(void *userdata, httpc_log_level level, const char *line)
{
    (void)level;
    (void)line;
    free_in(userdata);
}

static void count_drop(void *userdata)
{
    __atomic_add_fetch(&((struct policy_acts *)userdata)->dropped, 1, __ATOMIC_RELAXED);
}

TEST(deciders_and_logs_run_on_the_engine_thread_and_may_free_the_client)
{
    for (int logs = 0; logs < 2; logs++) {
        struct policy_acts acts = {0};
        struct completion c = COMPLETION;
        httpc_config *config = new_config();
        httpc_retry_policy *policy = new_policy();
        httpc_retry_policy_set_backoff(policy, 1, 1.0, 1);
        if (logs) {
            httpc_config_set_log(config, HTTPC_LOG_TRACE, free_in_log, &acts, count_drop);
        } else {
            httpc_retry_policy_set_decider(policy, free_in_decider, &acts, count_drop);
        }
        httpc_config_set_retry(config, policy);
        httpc_retry_policy_free(policy);
        httpc_client *client = acts.client = new_client(config);
        httpc_call_free(submit(client, new_request("GET", "/status/503"), completed, &c));
        await_completion(&c);
        CHECK_CODE(c.outcome.code, HTTPC_E_CLOSED);
        CHECK(pthread_equal(acts.thread, c.thread));
        CHECK_COMES_TRUE(__atomic_load_n(&acts.dropped, __ATOMIC_RELAXED) == 1);
        CHECK_EQ(acts.acted, 1);
        CHECK_EQ(c.count, 1);
        done(&c.outcome);
    }
}

static int32_t decide_nothing(void *userdata, const httpc_attempt *failed)
{
    (void)userdata;
    (void)failed;
    return HTTPC_DECISION_DEFAULT;
}

static void look_whether_dropped(struct inside *inside)
{
    CHECK_EQ(*inside->dropped, 1);
}

/* So that the function may free all that the call has used. */
TEST(what_a_request_holds_is_dropped_before_its_completion_function_runs)
{
    struct policy_acts acts = {0};
    struct inside inside = INSIDE;
    inside.act = look_whether_dropped;
    inside.dropped = &acts.dropped;
    httpc_client *client = new_client(NULL);
    const char *key = new_key();
    httpc_request *request = new_request("GET", text("/gate?key=%s", key));
    httpc_retry_policy *policy = new_policy();
    httpc_retry_policy_set_decider(policy, decide_nothing, &acts, count_drop);
    httpc_request_set_retry(request, policy);
    httpc_retry_policy_free(policy);
    httpc_call_free(submit(client, request, act_inside, &inside));
    CHECK_EQ(acts.dropped, 0);
    open_gate(key, 0);
    await_completion(&inside.own);
    httpc_client_free(client);
    done(&inside.own.outcome);
}

/* ---- Queues ---- */

static void free_queue(struct inside *inside)
{
    httpc_queue_free(inside->queue);
}

TEST(a_completion_function_may_free_a_queue_that_calls_were_submitted_to)
{
    struct inside inside = INSIDE;
    CHECK_CODE(httpc_queue_new(&inside.queue, NULL), HTTPC_OK);
    httpc_client *client = new_client(NULL);
    httpc_request *request = new_request("GET", "/delay/30000");
    httpc_call *queued = NULL;
    CHECK_CODE(httpc_submit_to(client, request, inside.queue, NULL, &queued, NULL), HTTPC_OK);
    httpc_request_free(request);
    act_while_others_run(&inside, free_queue, 1);
    httpc_call_cancel(queued);
    CHECK_CODE(httpc_call_wait(queued, HTTPC_FOREVER, NULL), HTTPC_OK);
    httpc_call_free(queued);
    httpc_client_free(client);
    end(&inside, HTTPC_E_CANCELLED);
}

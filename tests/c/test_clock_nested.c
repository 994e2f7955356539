/*
 * Callbacks, retry loops and ends from outside by a virtual clock that moves by itself, on several threads: whatever a thread
 * is inside of, it is one that runs or waits.
 */
#include "on_clock.h"
#include "sink.h"

/* ---- Retries without HTTP, and calls inside callbacks ---- */

static int32_t fail_thrice(void *worker, uint32_t attempt, uint64_t left_ms, uint64_t *retry_after_ms)
{
    const struct worker *w = worker;
    (void)left_ms;
    CHECK_EQ(now(w), (attempt - 1) * (uint64_t)w->number);
    *retry_after_ms = (uint64_t)w->number;
    return attempt < 4 ? HTTPC_OUTCOME_NEVER_SENT : HTTPC_OUTCOME_SUCCESS;
}

static int32_t call_and_fail_once(void *worker, uint32_t attempt, uint64_t left_ms, uint64_t *retry_after_ms)
{
    struct worker *w = worker;
    (void)left_ms;
    call_once(w);
    CHECK_CODE(w->code, HTTPC_OK);
    *retry_after_ms = 1000;
    return attempt < 2 ? HTTPC_OUTCOME_NEVER_SENT : HTTPC_OUTCOME_SUCCESS;
}

static void retry(struct worker *w, httpc_attempt_fn function)
{
    httpc_retry_policy *policy = new_policy();
    httpc_retry_policy_set_max_attempts(policy, 4);
    httpc_retry_policy_set_jitter(policy, HTTPC_JITTER_NONE);
    httpc_retry_policy_set_backoff(policy, 1, 1.0, 1);
    CHECK_CODE(httpc_retry_run(policy, 0, NULL, w->m->clock, function, w, NULL), HTTPC_OK);
    httpc_retry_policy_free(policy);
}

static void retry_thrice(struct worker *w)
{
    retry(w, fail_thrice);
}

static void retry_calls(struct worker *w)
{
    retry(w, call_and_fail_once);
}

TEST(retry_loops_on_several_threads_each_keep_their_own_pauses)
{
    EACH_RUN {
        struct mocked m = new_mocked();
        struct worker w[2] = {{.m = &m, .work = retry_thrice, .number = 7000}, {.m = &m, .work = retry_thrice, .number = 11000}};
        run_workers(w, 2);
        CHECK_EQ(w[0].ended_ms, 21000);
        CHECK_EQ(w[1].ended_ms, 33000);
        free_mocked(&m);
    }
}

TEST_BOTH(a_thread_is_counted_once_however_deep_its_calls_are_nested)
{
    EACH_RUN {
        struct mocked m = new_mocked();
        struct worker w[2] = {{.m = &m, .work = retry_calls, .send = send},
                              {.m = &m, .work = call_thrice, .number = 10, .send = send}};
        answer_after(&m, "/x", 7000);
        answer_after(&m, "/10", 10000);
        run_workers(w, 2);
        CHECK_EQ(w[0].ended_ms, 7000 + 1000 + 7000);
        CHECK_EQ(w[1].ended_ms, 30000);
        free_mocked(&m);
    }
}

static struct call beside;

static int32_t be_busy(void *worker, uint32_t attempt, uint64_t left_ms, uint64_t *retry_after_ms)
{
    const struct worker *w = worker;
    (void)attempt, (void)left_ms, (void)retry_after_ms;
    start_get(&beside, w->m->client, "/x");
    await_calls(w->m, 1);
    wait_until_ms(now_ms() + 10);
    CHECK_EQ(now(w), 0);
    return HTTPC_OUTCOME_SUCCESS;
}

TEST(time_stands_still_while_a_callback_runs)
{
    struct mocked m = new_mocked();
    struct worker w = {.m = &m};
    answer_after(&m, "/x", 1000);
    CHECK_CODE(httpc_retry_run(NULL, 0, NULL, m.clock, be_busy, &w, NULL), HTTPC_OK);
    end_call(&beside, HTTPC_OK);
    CHECK_EQ(httpc_clock_now_ms(m.clock), 1000);
    free_mocked(&m);
}

/* On the clock of the one it calls the other. */
static int32_t call_the_other(void *worker, uint32_t attempt, uint64_t left_ms, uint64_t *retry_after_ms)
{
    const struct worker *w = worker;
    (void)attempt, (void)left_ms, (void)retry_after_ms;
    CHECK_CODE(code_of(send_get(w->other->m, w->send, "/x")), HTTPC_OK);
    return HTTPC_OUTCOME_SUCCESS;
}

static void run_the_other(struct worker *w)
{
    CHECK_CODE(httpc_retry_run(NULL, 0, NULL, w->m->clock, call_the_other, w, NULL), HTTPC_OK);
}

TEST_BOTH(threads_that_wait_crosswise_by_two_clocks_both_come_through)
{
    EACH_RUN {
        struct mocked one = new_mocked(), two = new_mocked();
        struct worker w[2] = {{.m = &one, .work = run_the_other, .send = send, .other = &w[1]},
                              {.m = &two, .work = run_the_other, .send = send, .other = &w[0]}};
        answer_after(&one, "/x", 1000);
        answer_after(&two, "/x", 2000);
        run_workers(w, 2);
        CHECK_EQ(httpc_clock_now_ms(one.clock), 1000);
        CHECK_EQ(httpc_clock_now_ms(two.clock), 2000);
        free_mocked(&one);
        free_mocked(&two);
    }
}

/* ---- Ends from outside ---- */

static void call_cancellably(struct worker *w)
{
    httpc_request *request = cancellable_get("/x", w->token);
    w->code = code_of(w->send(w->client, request));
    httpc_request_free(request);
}

/* The second of two answers is the faster one, and ends the other call. */
static void overtake(struct worker *w)
{
    httpc_request *request = new_request("GET", "/fast");
    w->code = code_of(w->send(w->client, request));
    httpc_request_free(request);
    httpc_cancel_token_cancel(w->other->token);
}

TEST_BOTH(the_faster_of_two_clients_ends_the_call_of_the_other)
{
    EACH_RUN {
        struct mocked m = new_mocked();
        httpc_client *second = new_client(mock_config(&m));
        struct worker w[2] = {{.m = &m, .work = call_cancellably, .send = send, .client = m.client, .token = new_token()},
                              {.m = &m, .work = overtake, .send = send, .client = second, .other = &w[0]}};
        answer_after(&m, "/x", 9000);
        answer_after(&m, "/fast", 2000);
        run_workers(w, 2);
        CHECK_CODE(w[0].code, HTTPC_E_CANCELLED);
        CHECK_CODE(w[1].code, HTTPC_OK);
        CHECK_EQ(w[0].ended_ms, 2000);
        CHECK_EQ(httpc_clock_now_ms(m.clock), 2000);
        httpc_cancel_token_free(w[0].token);
        httpc_client_free(second);
        free_mocked(&m);
    }
}

/* Cancels, and waits for something else right after. */
static void cancel_and_call(struct worker *w)
{
    await_calls(w->m, 1);
    httpc_cancel_token_cancel(w->other->token);
    call_thrice(w);
}

TEST_BOTH(a_cancelled_call_ends_before_time_moves)
{
    EACH_RUN {
        struct mocked m = new_mocked();
        struct worker w[2] = {{.m = &m, .work = call_cancellably, .send = send, .client = m.client, .token = new_token()},
                              {.m = &m, .work = cancel_and_call, .send = send, .number = 10, .other = &w[0]}};
        answer_after(&m, "/x", 5000);
        answer_after(&m, "/10", 10000);
        run_workers(w, 2);
        CHECK_CODE(w[0].code, HTTPC_E_CANCELLED);
        CHECK_EQ(w[0].ended_ms, 0);
        CHECK_EQ(w[1].ended_ms, 30000);
        httpc_cancel_token_free(w[0].token);
        free_mocked(&m);
    }
}

TEST_BOTH(a_client_that_is_freed_ends_its_calls_before_time_moves)
{
    EACH_RUN {
        struct mocked m = new_mocked();
        struct worker w = {.m = &m, .work = call_once, .send = send};
        answer_after(&m, "/x", 5000);
        httpc_clock_add_threads(m.clock, 1);
        start_workers(&w, 1);
        await_calls(&m, 1);
        CHECK_CODE(httpc_client_close(m.client, HTTPC_FOREVER, NULL), HTTPC_OK);
        end_workers(&w, 1);
        CHECK_CODE(w.code, HTTPC_E_CLOSED);
        CHECK_EQ(w.ended_ms, 0);
        free_mocked(&m);
    }
}

/* A call of one client whose sink makes a call of another, and a callback that waits for the first one's end. */
struct nested {
    struct mocked *m;
    httpc_client *outer;
};

static void call_inside(struct sink *s)
{
    CHECK_CODE(code_of(get(s->client, "/inner")), HTTPC_OK);
}

static int32_t close_outer(void *nested, uint32_t attempt, uint64_t left_ms, uint64_t *retry_after_ms)
{
    const struct nested *n = nested;
    (void)attempt, (void)left_ms, (void)retry_after_ms;
    await_calls(n->m, 2);
    CHECK_CODE(httpc_client_close(n->outer, HTTPC_FOREVER, NULL), HTTPC_OK);
    CHECK_EQ(httpc_clock_now_ms(n->m->clock), 1000);
    return HTTPC_OUTCOME_SUCCESS;
}

TEST(who_closes_a_client_inside_a_callback_waits_as_others_do)
{
    EACH_RUN {
        struct mocked m = new_mocked();
        struct call call;
        struct sink s = SINK;
        struct nested n = {.m = &m, .outer = new_client(mock_config(&m))};
        s.act = call_inside;
        s.client = m.client;
        answer_after(&m, "/inner", 1000);
        reply(on(&m, "GET", API "/outer"), 200, "body");
        CHECK_CODE(httpc_clock_add_threads(m.clock, 1), HTTPC_OK);
        start_call(&call, n.outer, request_into(&s, "/outer"));
        CHECK_CODE(httpc_retry_run(NULL, 0, NULL, m.clock, close_outer, &n, NULL), HTTPC_OK);
        pthread_join(call.thread, NULL);
        call.started = false;
        end_call(&call, HTTPC_OK);
        httpc_client_free(n.outer);
        free_mocked(&m);
    }
}

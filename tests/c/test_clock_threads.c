/*
 * Several threads by one virtual clock that moves by itself: only when all of them wait, so that each sees its own time, to
 * the millisecond and in every run.
 */
#include "on_clock.h"

static uint64_t now(const struct worker *w)
{
    return httpc_clock_now_ms(w->m->clock);
}

/* ---- Calls ---- */

/* /N is answered in N seconds. */
static void call_thrice(struct worker *w)
{
    for (uint64_t turn = 1; turn <= 3; turn++) {
        CHECK_CODE(code_of(send_get(w->m, w->send, text("/%d", w->number))), HTTPC_OK);
        CHECK_EQ(now(w), turn * (uint64_t)w->number * 1000);
    }
}

TEST_BOTH(threads_with_different_delays_each_see_their_own_time)
{
    EACH_RUN {
        struct mocked m = new_mocked();
        struct worker w[8];
        for (int i = 0; i < 8; i++) {
            answer_after(&m, text("/%d", i + 1), (uint64_t)(i + 1) * 1000);
            w[i] = (struct worker){.m = &m, .work = call_thrice, .number = i + 1, .send = send};
        }
        run_workers(w, 8);
        CHECK_EQ(httpc_clock_now_ms(m.clock), 24000);
        free_mocked(&m);
    }
}

TEST(many_threads_and_several_engine_threads_agree_on_the_time)
{
    EACH_RUN {
        struct mocked m = new_mock();
        httpc_config *config = mock_config(&m);
        CHECK_CODE(httpc_config_set_engine_threads(config, 3), HTTPC_OK);
        m.client = new_client(config);
        struct worker w[8];
        for (int i = 0; i < 8; i++) {
            answer_after(&m, text("/%d", i + 1), (uint64_t)(i + 1) * 1000);
            send_fn *send = i % 2 ? send_request : send_submitted;
            w[i] = (struct worker){.m = &m, .work = call_thrice, .number = i + 1, .send = send};
        }
        run_workers(w, 8);
        CHECK_EQ(httpc_clock_now_ms(m.clock), 24000);
        free_mocked(&m);
    }
}

static void call_once(struct worker *w)
{
    w->code = code_of(send_get(w->m, w->send, "/x"));
}

TEST_BOTH(pool_timeouts_are_kept_to_the_millisecond)
{
    EACH_RUN {
        struct mocked m = new_mock();
        httpc_config *config = mock_config(&m);
        httpc_config_set_retry(config, NULL);
        CHECK_CODE(httpc_config_set_max_connections(config, 1), HTTPC_OK);
        CHECK_CODE(httpc_config_set_timeout(config, HTTPC_TIMEOUT_POOL, 25000), HTTPC_OK);
        m.client = new_client(config);
        answer_after(&m, "/x", 10000);
        struct worker w[5];
        for (int i = 0; i < 5; i++) {
            w[i] = (struct worker){.m = &m, .work = call_once, .send = send};
        }
        run_workers(w, 5);
        uint64_t answered_ms = 0, refused = 0;
        for (int i = 0; i < 5; i++) {
            if (w[i].code == HTTPC_E_TIMEOUT_POOL) {
                CHECK_EQ(w[i].ended_ms, 25000);
                refused++;
            } else if (CHECK_CODE(w[i].code, HTTPC_OK)) {
                answered_ms += w[i].ended_ms;
            }
        }
        CHECK_EQ(refused, 2);
        CHECK_EQ(answered_ms, 10000 + 20000 + 30000);
        free_mocked(&m);
    }
}

TEST_BOTH(total_timeouts_are_kept_while_others_go_on)
{
    EACH_RUN {
        struct mocked m = new_mocked();
        struct worker w[2] = {{.m = &m, .work = call_once, .send = send},
                              {.m = &m, .work = call_thrice, .number = 10, .send = send}};
        CHECK_CODE(httpc_mock_rule_reply_delay(reply(on(&m, "GET", API "/x"), 503, ""), 25000), HTTPC_OK);
        answer_after(&m, "/10", 10000);
        run_workers(w, 2);
        CHECK_CODE(w[0].code, HTTPC_E_TIMEOUT_TOTAL);
        CHECK_EQ(w[0].ended_ms, 60000);
        CHECK_EQ(w[1].ended_ms, 30000);
        free_mocked(&m);
    }
}

/* ---- Rate limits ---- */

/* The times at which tokens were taken, in thousands. */
static unsigned taken[64];

static void take_five(struct worker *w)
{
    for (int i = 0; i < 5; i++) {
        CHECK_CODE(httpc_rate_limiter_acquire(w->limiter, 1, HTTPC_FOREVER, NULL, NULL), HTTPC_OK);
        CHECK_EQ(now(w) % 1000, 0);
        __atomic_add_fetch(&taken[now(w) / 1000], 1, __ATOMIC_RELAXED);
    }
}

static void call_five_times(struct worker *w)
{
    for (int i = 0; i < 5; i++) {
        call_once(w);
        CHECK_CODE(w->code, HTTPC_OK);
    }
}

TEST(tokens_are_taken_exactly_as_far_apart_as_the_rate_says)
{
    EACH_RUN {
        struct mocked m = new_mocked();
        struct worker w[8];
        httpc_rate_limiter *limiter = new_limiter(&m, 1, 1000);
        memset(taken, 0, sizeof taken);
        for (int i = 0; i < 8; i++) {
            w[i] = (struct worker){.m = &m, .work = take_five, .limiter = limiter};
        }
        run_workers(w, 8);
        for (int second = 0; second < 40; second++) {
            CHECK_EQ(taken[second], 1);
        }
        CHECK_EQ(httpc_clock_now_ms(m.clock), 39000);
        httpc_rate_limiter_free(limiter);
        free_mocked(&m);
    }
}

TEST_BOTH(a_clients_attempts_are_exactly_as_far_apart_as_its_rate_says)
{
    EACH_RUN {
        struct mocked m = new_mock();
        struct worker w[4];
        httpc_config *config = mock_config(&m);
        httpc_rate_limiter *limiter = new_limiter(&m, 1, 1000);
        CHECK_CODE(httpc_config_add_rate_limiter(config, limiter), HTTPC_OK);
        m.client = new_client(config);
        on(&m, "GET", API "/x");
        for (int i = 0; i < 4; i++) {
            w[i] = (struct worker){.m = &m, .work = call_five_times, .send = send};
        }
        run_workers(w, 4);
        CHECK_EQ(httpc_clock_now_ms(m.clock), 19000);
        httpc_rate_limiter_free(limiter);
        free_mocked(&m);
    }
}

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

static void retry(struct worker *w, httpc_attempt_fn attempt)
{
    httpc_retry_policy *policy = new_policy();
    httpc_retry_policy_set_max_attempts(policy, 4);
    httpc_retry_policy_set_jitter(policy, HTTPC_JITTER_NONE);
    httpc_retry_policy_set_backoff(policy, 1, 1.0, 1);
    CHECK_CODE(httpc_retry_run(policy, 0, NULL, w->m->clock, attempt, w, NULL), HTTPC_OK);
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

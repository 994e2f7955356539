/*
 * Several threads by one virtual clock that moves by itself: only when all of them wait, so that each sees its own time, to
 * the millisecond and in every run.
 */
#include "on_clock.h"

/* ---- Calls ---- */

/* Eight threads whose answers take 1 to 8 s, three times each. */
static void check_eight_threads(struct mocked *m, send_fn *odd, send_fn *even)
{
    struct worker w[8];
    for (int i = 0; i < 8; i++) {
        answer_after(m, text("/%d", i + 1), (uint64_t)(i + 1) * 1000);
        w[i] = (struct worker){.m = m, .work = call_thrice, .number = i + 1, .send = i % 2 ? even : odd};
    }
    run_workers(w, 8);
    CHECK_EQ(httpc_clock_now_ms(m->clock), 24000);
    free_mocked(m);
}

TEST_BOTH(threads_with_different_delays_each_see_their_own_time)
{
    EACH_RUN {
        struct mocked m = new_mocked();
        check_eight_threads(&m, send, send);
    }
}

TEST(many_threads_and_several_engine_threads_agree_on_the_time)
{
    EACH_RUN {
        struct mocked m = new_mock();
        httpc_config *config = mock_config(&m);
        CHECK_CODE(httpc_config_set_engine_threads(config, 3), HTTPC_OK);
        m.client = new_client(config);
        check_eight_threads(&m, send_submitted, send_request);
    }
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

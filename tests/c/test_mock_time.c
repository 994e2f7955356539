/* Clients by virtual time: pauses, deadlines and rate limits to the millisecond, in no time. */
#include "mock.h"

/* No jitter: 1 s, 2 s, 4 s, … up to an hour, as often as it takes. */
static httpc_config *doubling_config(struct mocked *m, uint32_t max_attempts)
{
    httpc_config *config = mock_config(m);
    httpc_retry_policy *policy = new_policy();
    CHECK_CODE(httpc_retry_policy_set_max_attempts(policy, max_attempts), HTTPC_OK);
    CHECK_CODE(httpc_retry_policy_set_backoff(policy, 1000, 2.0, 3600000), HTTPC_OK);
    CHECK_CODE(httpc_retry_policy_set_jitter(policy, HTTPC_JITTER_NONE), HTTPC_OK);
    CHECK_CODE(httpc_config_set_retry(config, policy), HTTPC_OK);
    CHECK_CODE(httpc_config_set_timeout(config, HTTPC_TIMEOUT_TOTAL, 0), HTTPC_OK);
    httpc_retry_policy_free(policy);
    return config;
}

TEST_BOTH(hours_of_backoff_pass_in_no_time_and_to_the_millisecond)
{
    struct mocked m = new_mock();
    m.client = new_client(doubling_config(&m, 14));
    reply(on(&m, "GET", API "/x"), 503, "");
    double start = now_ms();
    struct outcome o = send_get(&m, send, "/x");
    CHECK_CODE(o.code, HTTPC_E_STATUS);
    CHECK_EQ(attempts(&o), 14);
    for (uint32_t i = 1; i < attempts(&o); i++) {
        uint64_t wanted = UINT64_C(1000) << (i - 1);
        CHECK_EQ(httpc_attempt_delay_ms(attempt(&o, i)), wanted < 3600000 ? wanted : 3600000);
    }
    /* 1 + 2 + … + 2048 s, and an hour. */
    CHECK_EQ(httpc_clock_now_ms(m.clock), 4095000 + 3600000);
    CHECK_MS(now_ms() - start, 0, 5000);
    done(&o);
    free_mocked(&m);
}

static uint64_t jittered_ms(send_fn *send, uint64_t seed)
{
    struct mocked m = new_mock();
    httpc_config *config = mock_config(&m);
    CHECK_CODE(httpc_config_set_seed(config, seed), HTTPC_OK);
    m.client = new_client(config);
    reply(on(&m, "GET", API "/x"), 503, "");
    CHECK_CODE(code_of(send_get(&m, send, "/x")), HTTPC_E_STATUS);
    uint64_t ms = httpc_clock_now_ms(m.clock);
    free_mocked(&m);
    return ms;
}

TEST_BOTH(a_seed_gives_the_same_delays_each_time)
{
    CHECK_EQ(jittered_ms(send, 7), jittered_ms(send, 7));
    CHECK(jittered_ms(send, 7) != jittered_ms(send, 8));
}

TEST_BOTH(retry_after_is_waited_for_by_the_clock)
{
    struct mocked m = new_mocked();
    httpc_mock_rule *rule = reply(on(&m, "GET", API "/x"), 503, "");
    CHECK_CODE(httpc_mock_rule_reply_header(rule, "Retry-After", "30"), HTTPC_OK);
    reply(rule, 200, "");
    CHECK_CODE(code_of(send_get(&m, send, "/x")), HTTPC_OK);
    CHECK_BETWEEN(httpc_clock_now_ms(m.clock), 30000, 40000);
    free_mocked(&m);
}

TEST_BOTH(dates_count_from_the_year_2000)
{
    struct mocked m = new_mocked();
    httpc_mock_rule *rule = reply(on(&m, "GET", API "/x"), 503, "");
    CHECK_CODE(httpc_mock_rule_reply_header(rule, "Retry-After", "Sat, 01 Jan 2000 00:00:20 GMT"), HTTPC_OK);
    reply(rule, 200, "");
    CHECK_CODE(code_of(send_get(&m, send, "/x")), HTTPC_OK);
    CHECK_BETWEEN(httpc_clock_now_ms(m.clock), 20000, 30000);
    free_mocked(&m);
}

TEST_BOTH(the_total_timeout_is_of_virtual_time)
{
    struct mocked m = new_mocked();
    CHECK_CODE(httpc_mock_rule_reply_delay(reply(on(&m, "GET", API "/x"), 503, ""), 25000), HTTPC_OK);
    struct outcome o = send_get(&m, send, "/x");
    CHECK_CODE(o.code, HTTPC_E_TIMEOUT_TOTAL);
    CHECK_EQ(httpc_clock_now_ms(m.clock), 60000);
    done(&o);
    free_mocked(&m);
}

TEST_BOTH(a_rate_limit_spaces_attempts_by_virtual_time)
{
    struct mocked m = new_mock();
    httpc_rate_limiter *limiter = NULL;
    httpc_config *config = mock_config(&m);
    CHECK_CODE(httpc_rate_limiter_new(1, 10000, 1, m.clock, &limiter, NULL), HTTPC_OK);
    CHECK_CODE(httpc_config_add_rate_limiter(config, limiter), HTTPC_OK);
    m.client = new_client(config);
    on(&m, "GET", API "/x");
    for (int i = 0; i < 100; i++) {
        CHECK_CODE(code_of(send_get(&m, send, "/x")), HTTPC_OK);
        CHECK_EQ(httpc_clock_now_ms(m.clock), i * 10000);
    }
    httpc_rate_limiter_free(limiter);
    free_mocked(&m);
}

TEST(rate_limiters_must_go_by_the_clients_clock)
{
    struct mocked m = new_mock();
    httpc_rate_limiter *limiter = NULL;
    httpc_client *client = NULL;
    httpc_error *error = NULL;
    httpc_config *config = mock_config(&m);
    CHECK_CODE(httpc_rate_limiter_new(1, 10000, 1, NULL, &limiter, NULL), HTTPC_OK);
    CHECK_CODE(httpc_config_add_rate_limiter(config, limiter), HTTPC_OK);
    CHECK_CODE(httpc_client_new(config, &client, &error), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(error), "must go by that clock");
    httpc_error_free(error);
    httpc_config_free(config);
    httpc_rate_limiter_free(limiter);
    free_mocked(&m);
}

/* 20 of a server at once, as the pool allows; the others in their turn, the next one where one has ended. */
static uint64_t length_ms(int calls)
{
    uint64_t free_at[20] = {0}, end = 0;
    for (int i = 0; i < calls; i++) {
        size_t first = 0;
        for (size_t slot = 1; slot < 20; slot++) {
            first = free_at[slot] < free_at[first] ? slot : first;
        }
        free_at[first] += (uint64_t)(calls - i) * 10;
        end = free_at[first] > end ? free_at[first] : end;
    }
    return end;
}

TEST(many_submitted_calls_wait_together)
{
    enum { CALLS = 100 };
    struct mocked m = new_mocked();
    httpc_call *calls[CALLS];
    /* This thread is busy until it waits. */
    CHECK_CODE(httpc_clock_add_threads(m.clock, 1), HTTPC_OK);
    for (int i = 0; i < CALLS; i++) {
        const char *path = text("/%d", i);
        httpc_mock_rule *rule = reply(on(&m, "GET", text(API "%s", path)), 200, path);
        CHECK_CODE(httpc_mock_rule_reply_delay(rule, (uint64_t)(CALLS - i) * 10), HTTPC_OK);
    }
    for (int i = 0; i < CALLS; i++) {
        calls[i] = submit(m.client, new_request("GET", text("/%d", i)), NULL, NULL);
    }
    for (int i = 0; i < CALLS; i++) {
        struct outcome o = result_of(calls[i]);
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_STR(body(&o), text("/%d", i));
        done(&o);
    }
    CHECK_EQ(httpc_clock_now_ms(m.clock), length_ms(CALLS));
    free_mocked(&m);
}

TEST(by_hand_a_call_waits_until_the_clock_is_advanced)
{
    struct mocked m = new_mocked();
    CHECK_CODE(httpc_mock_rule_reply_delay(reply(on(&m, "GET", API "/x"), 200, ""), 1000), HTTPC_OK);
    CHECK_CODE(httpc_clock_set_manual(m.clock, 1), HTTPC_OK);
    httpc_call *submitted = submit(m.client, new_request("GET", "/x"), NULL, NULL);
    while (httpc_mock_calls(m.mock) == 0) {
        wait_until_ms(now_ms() + 1);
    }
    CHECK_CODE(httpc_clock_advance(m.clock, 999), HTTPC_OK);
    CHECK_CODE(httpc_call_wait(submitted, 20, NULL), HTTPC_E_AGAIN);
    CHECK_CODE(httpc_clock_advance(m.clock, 1), HTTPC_OK);
    CHECK_CODE(code_of(result_of(submitted)), HTTPC_OK);
    free_mocked(&m);
}

/* Rate limiters under asynchronous calls: tokens before permits, turns in order, under real and virtual time. */
#include "pool.h"

static httpc_clock *new_clock(void)
{
    httpc_clock *clock = NULL;
    CHECK_CODE(httpc_clock_new(&clock, NULL), HTTPC_OK);
    return clock;
}

static httpc_rate_limiter *new_limiter(uint64_t tokens, uint64_t period_ms, uint64_t burst, httpc_clock *clock)
{
    httpc_rate_limiter *limiter = NULL;
    CHECK_CODE(httpc_rate_limiter_new(tokens, period_ms, burst, clock, &limiter, NULL), HTTPC_OK);
    return limiter;
}

/* Takes the config. */
static httpc_client *limited_client(httpc_config *config, httpc_rate_limiter *limiter)
{
    CHECK_CODE(httpc_config_add_rate_limiter(config, limiter), HTTPC_OK);
    return new_client(config);
}

/* ---- Virtual time ---- */

static void check_three_a_second(uint32_t threads)
{
    httpc_clock *clock = new_clock();
    httpc_rate_limiter *limiter = new_limiter(3, 1000, 1, clock);
    httpc_config *config = new_config();
    httpc_config_set_engine_threads(config, threads);
    httpc_client *client = limited_client(config, limiter);
    uint64_t start = httpc_clock_now_ms(clock);
    httpc_call *calls[7];
    submit_gets(calls, 7, client, "/status/200");
    end_calls(calls, 7, HTTPC_OK);
    /* Seven requests are six intervals of a third of a second. */
    CHECK_EQ(httpc_clock_now_ms(clock) - start, 2000);
    httpc_client_free(client);
    httpc_rate_limiter_free(limiter);
    httpc_clock_free(clock);
}

TEST(three_a_second_under_virtual_time)
{
    check_three_a_second(1);
}

TEST(three_a_second_over_several_engine_threads)
{
    check_three_a_second(3);
}

TEST(retries_take_tokens_too)
{
    httpc_clock *clock = new_clock();
    httpc_rate_limiter *limiter = new_limiter(1, 5000, 1, clock);
    httpc_client *client = limited_client(new_config(), limiter);
    uint64_t start = httpc_clock_now_ms(clock);
    struct outcome o = submit_and_wait(client, new_request("GET", text("/sequence/503,503,200?key=%s", new_key())));
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(attempts(&o), 3);
    CHECK_EQ(httpc_clock_now_ms(clock) - start, 10000);
    done(&o);
    httpc_client_free(client);
    httpc_rate_limiter_free(limiter);
    httpc_clock_free(clock);
}

TEST(a_clock_that_is_advanced_by_hand_lets_one_go_for_each_token)
{
    enum { CALLS = 4 };
    httpc_clock *clock = new_clock();
    CHECK_CODE(httpc_clock_set_manual(clock, 1), HTTPC_OK);
    httpc_rate_limiter *limiter = new_limiter(1, 1000, 1, clock);
    httpc_client *client = limited_client(new_config(), limiter);
    const char *key = new_key();
    httpc_call *calls[CALLS];
    submit_gets(calls, CALLS, client, text("/status/200?key=%s", key));
    for (int gone = 1; gone <= CALLS; gone++) {
        CHECK_COMES_TRUE(server_count(key) == gone);
        CHECK_CODE(httpc_clock_advance(clock, 999), HTTPC_OK);
        bool is_last = gone == CALLS;
        httpc_code code = httpc_call_wait(calls[CALLS - 1], is_last ? HTTPC_FOREVER : 10, NULL);
        CHECK_CODE(code, is_last ? HTTPC_OK : HTTPC_E_AGAIN);
        CHECK_EQ(server_count(key), gone);
        CHECK_CODE(httpc_clock_advance(clock, 1), HTTPC_OK);
    }
    end_calls(calls, CALLS, HTTPC_OK);
    CHECK_EQ(server_count(key), CALLS);
    httpc_client_free(client);
    httpc_rate_limiter_free(limiter);
    httpc_clock_free(clock);
}

/* ---- Real time ---- */

TEST(tokens_come_no_faster_than_the_rate)
{
    httpc_rate_limiter *limiter = new_limiter(1, 40, 2, NULL);
    httpc_client *client = limited_client(new_config(), limiter);
    double start = now_ms();
    httpc_call *calls[QUEUE];
    submit_gets(calls, QUEUE, client, "/status/200");
    end_calls(calls, QUEUE, HTTPC_OK);
    CHECK_MS(now_ms() - start, (QUEUE - 2) * 40, 2000);
    httpc_client_free(client);
    httpc_rate_limiter_free(limiter);
}

TEST(first_come_first_served)
{
    httpc_rate_limiter *limiter = new_limiter(1, 10, 1, NULL);
    httpc_client *client = limited_client(config_with_limits(1, 1), limiter);
    const char *key = new_key();
    httpc_call *calls[QUEUE];
    for (unsigned i = 0; i < QUEUE; i++) {
        submit_gets(&calls[i], 1, client, text("/status/200?key=%s&turn=%u", key, i));
    }
    end_calls(calls, QUEUE, HTTPC_OK);
    httpc_response *log = server_log(key);
    for (unsigned i = 0; i < QUEUE; i++) {
        CHECK_STR(logged(log, i, "query"), text("key=%s&turn=%u", key, i));
    }
    httpc_response_free(log);
    httpc_client_free(client);
    httpc_rate_limiter_free(limiter);
}

TEST(who_leaves_the_queue_leaves_no_hole)
{
    httpc_rate_limiter *limiter = new_limiter(1, 50, 1, NULL);
    httpc_client *client = limited_client(new_config(), limiter);
    double start = now_ms();
    httpc_call *calls[QUEUE];
    submit_gets(calls, QUEUE, client, "/status/200");
    for (int i = 1; i < QUEUE - 1; i++) {
        httpc_call_cancel(calls[i]);
    }
    end_calls(&calls[QUEUE - 1], 1, HTTPC_OK);
    CHECK_MS(now_ms() - start, 50, 50 + 1000);
    for (int i = 0; i < QUEUE - 1; i++) {
        httpc_code code = code_of(result_of(calls[i]));
        CHECK(code == (i == 0 ? HTTPC_OK : HTTPC_E_CANCELLED) || (i == 1 && code == HTTPC_OK));
    }
    httpc_client_free(client);
    httpc_rate_limiter_free(limiter);
}

TEST(a_token_beyond_the_deadline_is_not_waited_for)
{
    httpc_rate_limiter *limiter = new_limiter(1, 3600 * 1000, 1, NULL);
    httpc_client *client = limited_client(new_config(), limiter);
    submit_well(client, "/status/200");
    struct outcome o = submit_and_wait(client, new_request("GET", "/status/200"));
    CHECK_CODE(o.code, HTTPC_E_RATE_LIMITED);
    CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_RATE_LIMITED);
    CHECK_EQ(attempts(&o), 0);
    CHECK_MS(o.ms, 0, 250);
    clean_error(o.error);
    done(&o);
    httpc_client_free(client);
    httpc_rate_limiter_free(limiter);
}

TEST(who_waits_for_a_token_holds_no_connection)
{
    httpc_rate_limiter *limiter = new_limiter(1, 3600 * 1000, 1, NULL);
    httpc_config *config = config_with_limits(1, 1);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_TOTAL, 0);
    httpc_client *client = limited_client(config, limiter);
    submit_well(client, "/status/200");
    httpc_call *waiting;
    submit_gets(&waiting, 1, client, "/status/200");
    CHECK_CODE(httpc_call_wait(waiting, 20, NULL), HTTPC_E_AGAIN);
    CHECK_POOL(client, 0, 1, 0, 1, 0);
    CHECK_CODE(httpc_client_close(client, HTTPC_FOREVER, NULL), HTTPC_OK);
    end_calls(&waiting, 1, HTTPC_E_CLOSED);
    httpc_client_free(client);
    httpc_rate_limiter_free(limiter);
}

/* Calls of both kinds stand in one queue. */
TEST(blocking_and_asynchronous_calls_share_a_limiter)
{
    httpc_clock *clock = new_clock();
    httpc_rate_limiter *limiter = new_limiter(2, 1000, 1, clock);
    httpc_client *one = limited_client(new_config(), limiter), *other = limited_client(new_config(), limiter);
    uint64_t start = httpc_clock_now_ms(clock);
    for (int i = 0; i < 3; i++) {
        submit_well(one, "/status/200");
        get_well(other, "/status/200");
    }
    CHECK_EQ(httpc_clock_now_ms(clock) - start, 2500);
    httpc_client_free(one);
    httpc_client_free(other);
    httpc_rate_limiter_free(limiter);
    httpc_clock_free(clock);
}

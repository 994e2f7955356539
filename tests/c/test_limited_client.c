/* Rate limiters in clients: every attempt takes a token first, from all limiters or from none. */
#include "server.h"

static httpc_rate_limiter *limiter_of(uint64_t tokens, uint64_t period_ms, uint64_t burst, httpc_clock *clock)
{
    httpc_rate_limiter *limiter = NULL;
    CHECK_CODE(httpc_rate_limiter_new(tokens, period_ms, burst, clock, &limiter, NULL), HTTPC_OK);
    return limiter;
}

static httpc_client *client_with(httpc_rate_limiter *first, httpc_rate_limiter *second)
{
    httpc_config *config = new_config();
    CHECK_CODE(httpc_config_add_rate_limiter(config, first), HTTPC_OK);
    if (second != NULL) {
        CHECK_CODE(httpc_config_add_rate_limiter(config, second), HTTPC_OK);
    }
    httpc_rate_limiter_free(first);
    httpc_rate_limiter_free(second);
    return new_client(config);
}

TEST(three_a_second_under_virtual_time)
{
    httpc_clock *clock = NULL;
    CHECK_CODE(httpc_clock_new(&clock, NULL), HTTPC_OK);
    httpc_client *client = client_with(limiter_of(3, 1000, 1, clock), NULL);
    uint64_t start = httpc_clock_now_ms(clock);
    for (int i = 0; i < 7; i++) {
        struct outcome o = get(client, "/status/200");
        CHECK_CODE(o.code, HTTPC_OK);
        done(&o);
    }
    /* Seven requests are six intervals of a third of a second, rounded up to the microsecond. */
    CHECK_EQ(httpc_clock_now_ms(clock) - start, 2000);
    httpc_client_free(client);
    httpc_clock_free(clock);
}

TEST(retries_take_tokens_too)
{
    httpc_clock *clock = NULL;
    CHECK_CODE(httpc_clock_new(&clock, NULL), HTTPC_OK);
    httpc_client *client = client_with(limiter_of(1, 5000, 1, clock), NULL);
    uint64_t start = httpc_clock_now_ms(clock);
    struct outcome o = get(client, text("/sequence/503,503,200?key=%s", new_key()));
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(attempts(&o), 3);
    CHECK_EQ(httpc_clock_now_ms(clock) - start, 10000);
    done(&o);
    httpc_client_free(client);
    httpc_clock_free(clock);
}

TEST(the_slower_of_two_limiters_sets_the_pace)
{
    httpc_clock *clock = NULL;
    CHECK_CODE(httpc_clock_new(&clock, NULL), HTTPC_OK);
    httpc_client *client = client_with(limiter_of(10, 1000, 1, clock), limiter_of(2, 1000, 1, clock));
    uint64_t start = httpc_clock_now_ms(clock);
    for (int i = 0; i < 3; i++) {
        struct outcome o = get(client, "/status/200");
        CHECK_CODE(o.code, HTTPC_OK);
        done(&o);
    }
    CHECK_EQ(httpc_clock_now_ms(clock) - start, 1000);
    httpc_client_free(client);
    httpc_clock_free(clock);
}

TEST(a_token_beyond_the_deadline_is_not_waited_for)
{
    httpc_client *client = client_with(limiter_of(1, 3600 * 1000, 1, NULL), NULL);
    struct outcome o = get(client, "/status/200");
    CHECK_CODE(o.code, HTTPC_OK);
    done(&o);
    const char *key = new_key();
    o = get(client, text("/status/200?key=%s", key));
    CHECK_CODE(o.code, HTTPC_E_RATE_LIMITED);
    CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_RATE_LIMITED);
    CHECK_BETWEEN((long)httpc_error_retry_after_ms(o.error), 3590L * 1000, 3600L * 1000);
    CHECK_MS(o.ms, 0, 250);
    clean_error(o.error);
    done(&o);
    CHECK_EQ(attempts(&o), 0);
    httpc_client_free(client);
}

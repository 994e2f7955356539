/* Retry loops that the program drives, and Retry-After values. */
#include "check.h"

static httpc_retry *new_loop(int32_t idempotent, uint64_t total_ms, uint64_t now)
{
    httpc_retry_policy *policy = NULL;
    httpc_retry *retry = NULL;
    CHECK_CODE(httpc_retry_policy_new(&policy, NULL), HTTPC_OK);
    httpc_retry_policy_set_backoff(policy, 100, 2.0, 10000);
    httpc_retry_policy_set_jitter(policy, HTTPC_JITTER_NONE);
    CHECK_CODE(httpc_retry_new(policy, idempotent, total_ms, now, &retry, NULL), HTTPC_OK);
    httpc_retry_policy_free(policy);
    return retry;
}

static void expect_next(int line, httpc_retry *retry, int32_t outcome, int32_t status, uint64_t now, httpc_stop stop,
                        uint64_t delay_ms)
{
    uint64_t delay = 7;
    int32_t reason = 7;
    bool good = CHECK_CODE(httpc_retry_next(retry, outcome, status, HTTPC_UNSET, now, &delay, &reason, NULL), HTTPC_OK) &
                CHECK_EQ(reason, stop) & CHECK_EQ(delay, delay_ms);
    if (!good) {
        fprintf(stderr, "  called from line %d\n", line);
    }
}

#define NEXT(retry, outcome, status, now, stop, delay_ms) expect_next(__LINE__, retry, outcome, status, now, stop, delay_ms)

TEST(each_attempt_is_answered_with_a_pause_or_a_reason)
{
    httpc_retry *retry = new_loop(1, 0, 0);
    NEXT(retry, HTTPC_OUTCOME_MAYBE_SENT, 0, 0, HTTPC_STOP_NONE, 100);
    NEXT(retry, HTTPC_OUTCOME_STATUS, 503, 0, HTTPC_STOP_NONE, 200);
    CHECK_EQ(httpc_retry_attempts(retry), 2);
    NEXT(retry, HTTPC_OUTCOME_SUCCESS, 0, 0, HTTPC_STOP_SUCCESS, 0);
    httpc_retry_free(retry);

    retry = new_loop(1, 0, 0);
    NEXT(retry, HTTPC_OUTCOME_NEVER_SENT, 0, 0, HTTPC_STOP_NONE, 100);
    NEXT(retry, HTTPC_OUTCOME_NEVER_SENT, 0, 0, HTTPC_STOP_NONE, 200);
    NEXT(retry, HTTPC_OUTCOME_NEVER_SENT, 0, 0, HTTPC_STOP_MAX_ATTEMPTS, 0);
    httpc_retry_free(retry);
}

TEST(statuses_mean_what_they_mean_to_requests)
{
    static const struct {
        int32_t idempotent, status;
        httpc_stop stop;
    } cases[] = {
        {1, 200, HTTPC_STOP_SUCCESS},        {1, 302, HTTPC_STOP_SUCCESS}, {1, 404, HTTPC_STOP_NOT_RETRYABLE},
        {1, 503, HTTPC_STOP_NONE},           {1, 408, HTTPC_STOP_NONE},    {0, 503, HTTPC_STOP_NOT_IDEMPOTENT},
        {0, 429, HTTPC_STOP_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        httpc_retry *retry = new_loop(cases[i].idempotent, 0, 0);
        NEXT(retry, HTTPC_OUTCOME_STATUS, cases[i].status, 0, cases[i].stop, cases[i].stop == HTTPC_STOP_NONE ? 100 : 0);
        httpc_retry_free(retry);
    }
}

TEST(the_total_time_counts_from_the_beginning_on_any_clock)
{
    httpc_retry *retry = new_loop(1, 1000, 5000000);
    CHECK_EQ(httpc_retry_left_ms(retry, 5000000), 1000);
    NEXT(retry, HTTPC_OUTCOME_NEVER_SENT, 0, 5000500, HTTPC_STOP_NONE, 100);
    CHECK_EQ(httpc_retry_left_ms(retry, 5000600), 400);
    NEXT(retry, HTTPC_OUTCOME_NEVER_SENT, 0, 5000900, HTTPC_STOP_DEADLINE, 0);
    CHECK_EQ(httpc_retry_left_ms(retry, 5001000), 0);
    httpc_retry_free(retry);

    retry = new_loop(1, 0, UINT64_MAX);
    NEXT(retry, HTTPC_OUTCOME_NEVER_SENT, 0, UINT64_MAX, HTTPC_STOP_NONE, 100);
    CHECK(httpc_retry_left_ms(retry, UINT64_MAX) == HTTPC_UNSET);
    httpc_retry_free(retry);
}

TEST(a_pause_that_is_asked_for)
{
    uint64_t delay_ms = 0;
    int32_t stop = 7;
    httpc_retry *retry = new_loop(1, 10000, 0);
    CHECK_CODE(httpc_retry_next(retry, HTTPC_OUTCOME_THROTTLED, 0, 5000, 0, &delay_ms, &stop, NULL), HTTPC_OK);
    CHECK(stop == HTTPC_STOP_NONE && delay_ms == 5000);
    CHECK_CODE(httpc_retry_next(retry, HTTPC_OUTCOME_THROTTLED, 0, 5000, 6000, &delay_ms, &stop, NULL), HTTPC_OK);
    CHECK(stop == HTTPC_STOP_RETRY_AFTER_TOO_LONG && delay_ms == 0);
    httpc_retry_free(retry);
}

static void expect_refused(httpc_code code, httpc_error **error, const char *argument)
{
    CHECK_CODE(code, HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(*error), argument);
    httpc_error_free(*error);
    *error = NULL;
}

TEST(wrong_arguments_of_a_loop_are_named_and_count_for_nothing)
{
    static const int32_t no_statuses[] = {0, -1, 99, 600, 65736, INT32_MAX, INT32_MIN};
    httpc_error *error = NULL;
    httpc_retry *retry = NULL;
    uint64_t delay = 7;
    int32_t stop = HTTPC_STOP_NONE;
    expect_refused(httpc_retry_new(NULL, 2, 0, 0, &retry, &error), &error, "`idempotent`");
    CHECK(retry == NULL);
    expect_refused(httpc_retry_new(NULL, 0, UINT64_MAX, 0, &retry, &error), &error, "`total_ms`");
    expect_refused(httpc_retry_new(NULL, 0, 0, 0, NULL, &error), &error, "`out`");
    CHECK_CODE(httpc_retry_new(NULL, 0, 0, 0, &retry, NULL), HTTPC_OK);
    expect_refused(httpc_retry_next(retry, 7, 0, HTTPC_UNSET, 0, &delay, &stop, &error), &error, "`outcome`");
    CHECK(delay == 0 && stop != HTTPC_STOP_NONE);
    for (size_t i = 0; i < sizeof no_statuses / sizeof no_statuses[0]; i++) {
        httpc_code code = httpc_retry_next(retry, HTTPC_OUTCOME_STATUS, no_statuses[i], HTTPC_UNSET, 0, &delay, &stop, &error);
        expect_refused(code, &error, "`status`");
    }
    expect_refused(httpc_retry_next(retry, 0, 0, HTTPC_UNSET, 0, NULL, &stop, &error), &error, "`delay_ms`");
    expect_refused(httpc_retry_next(retry, 0, 0, HTTPC_UNSET, 0, &delay, NULL, &error), &error, "`stop`");
    expect_refused(httpc_retry_next(NULL, 0, 0, HTTPC_UNSET, 0, &delay, &stop, &error), &error, "`retry`");
    CHECK_EQ(httpc_retry_attempts(retry), 0);
    NEXT(retry, HTTPC_OUTCOME_FATAL, 0, 0, HTTPC_STOP_NOT_RETRYABLE, 0);
    expect_refused(httpc_retry_next(retry, 0, 0, HTTPC_UNSET, 0, &delay, &stop, &error), &error, "over");
    httpc_retry_free(retry);
    httpc_retry_free(NULL);
    CHECK_EQ(httpc_retry_attempts(NULL), 0);
    CHECK(httpc_retry_left_ms(NULL, 0) == HTTPC_UNSET);
}

/* Sun, 06 Nov 1994 08:49:37 GMT */
#define NOW INT64_C(784111777000)

static void expect_pause(int line, const char *value, const char *date, httpc_code code, uint64_t wanted)
{
    uint64_t ms = 7;
    httpc_error *error = NULL;
    bool good = CHECK_CODE(httpc_retry_after_parse(value, date, NOW, &ms, &error), code) & CHECK(ms == wanted) &
                CHECK_EQ(error == NULL, code == HTTPC_OK);
    if (!good) {
        fprintf(stderr, "  called from line %d: \"%s\" is %" PRIu64 "\n", line, value != NULL ? value : "(NULL)", ms);
    }
    httpc_error_free(error);
}

#define PAUSE(value, date, ms) expect_pause(__LINE__, value, date, HTTPC_OK, ms)
#define NO_PAUSE(value) expect_pause(__LINE__, value, NULL, HTTPC_E_PROTOCOL, HTTPC_UNSET)

TEST(retry_after_in_seconds)
{
    PAUSE("0", NULL, 0);
    PAUSE(" \t120 ", NULL, 120000);
    PAUSE("00007", NULL, 7000);
    PAUSE("99999999999999999999999999999999", NULL, UINT64_MAX - 1);
    NO_PAUSE("");
    NO_PAUSE(" ");
    NO_PAUSE("-1");
    NO_PAUSE("+1");
    NO_PAUSE("1.5");
    NO_PAUSE("1s");
    NO_PAUSE("\xff\x01");
}

TEST(retry_after_as_a_date)
{
    PAUSE("Sun, 06 Nov 1994 08:50:37 GMT", NULL, 60000);
    PAUSE("Sunday, 06-Nov-94 08:50:37 GMT", NULL, 60000);
    PAUSE("Sun Nov  6 08:50:37 1994", NULL, 60000);
    PAUSE("Sun, 06 Nov 1994 08:49:36 GMT", NULL, 0);
    /* Against the server's own clock, which is ten minutes slow here. */
    PAUSE("Sun, 06 Nov 1994 08:40:37 GMT", "Sun, 06 Nov 1994 08:39:37 GMT", 60000);
    /* Unless that is off by more than a day, or no date. */
    PAUSE("Sun, 06 Nov 1994 08:50:37 GMT", "Fri, 04 Nov 1994 08:39:37 GMT", 60000);
    PAUSE("Sun, 06 Nov 1994 08:50:37 GMT", "yesterday", 60000);
    NO_PAUSE("Sun, 06 Nov 1994 08:50:37");
    NO_PAUSE("tomorrow");
}

TEST(wrong_arguments_of_retry_after)
{
    httpc_error *error = NULL;
    expect_pause(__LINE__, NULL, NULL, HTTPC_E_INVALID_ARG, HTTPC_UNSET);
    expect_refused(httpc_retry_after_parse("1", NULL, 0, NULL, &error), &error, "`out_ms`");
}

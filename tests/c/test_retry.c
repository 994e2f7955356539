/* Retry without HTTP: functions that the library runs, under virtual time, and loops that the program drives. */
#include "check.h"

#include <pthread.h>

#define SOON_MS 250

static httpc_retry_policy *policy;
static httpc_clock *test_clock;

/* 100, 200, 400 ... ms, five attempts. */
static void begin(void)
{
    CHECK_CODE(httpc_retry_policy_new(&policy, NULL), HTTPC_OK);
    httpc_retry_policy_set_max_attempts(policy, 5);
    httpc_retry_policy_set_backoff(policy, 100, 2.0, 10000);
    CHECK_CODE(httpc_retry_policy_set_jitter(policy, HTTPC_JITTER_NONE), HTTPC_OK);
    CHECK_CODE(httpc_clock_new(&test_clock, NULL), HTTPC_OK);
}

static void end(void)
{
    httpc_retry_policy_free(policy);
    httpc_clock_free(test_clock);
}

/* A function whose outcomes are written down beforehand; the last one is repeated. */
struct script {
    int32_t outcomes[8];
    size_t count;
    uint64_t retry_after_ms, lasts_ms;
    httpc_cancel_token *cancels;
    /* What was seen. */
    uint32_t calls;
    uint64_t called_at_ms[8], left_ms[8];
};

static int32_t play(void *userdata, uint32_t attempt, uint64_t left_ms, uint64_t *retry_after_ms)
{
    struct script *s = userdata;
    size_t last = s->calls < s->count ? s->calls : s->count - 1;
    CHECK_EQ(attempt, s->calls + 1);
    CHECK(*retry_after_ms == HTTPC_UNSET);
    if (s->calls < 8) {
        s->called_at_ms[s->calls] = httpc_clock_now_ms(test_clock);
        s->left_ms[s->calls] = left_ms;
    }
    s->calls++;
    if (s->retry_after_ms != 0) {
        *retry_after_ms = s->retry_after_ms;
    }
    if (s->cancels != NULL) {
        httpc_cancel_token_cancel(s->cancels);
    }
    httpc_clock_advance(test_clock, s->lasts_ms);
    return s->outcomes[last];
}

static httpc_code run(struct script *s, uint64_t total_ms, httpc_error **error)
{
    return httpc_retry_run(policy, total_ms, s->cancels, test_clock, play, s, error);
}

static void expect_failure(int line, struct script *s, uint64_t total_ms, httpc_code code, httpc_stop stop, uint32_t calls)
{
    httpc_error *error = NULL;
    bool good = CHECK_CODE(run(s, total_ms, &error), code) & CHECK_CODE(httpc_error_code(error), code) &
                CHECK_EQ(httpc_error_stop_reason(error), stop) & CHECK_EQ(s->calls, calls) &
                CHECK_EQ(httpc_error_attempts(error), calls) & CHECK_PRINTABLE(httpc_error_detail(error));
    if (calls > 0) {
        good &= CHECK_EQ(httpc_attempt_stop_reason(httpc_error_attempt(error, calls - 1)), stop);
    }
    if (!good) {
        fprintf(stderr, "  called from line %d: %s\n", line, httpc_error_detail(error));
    }
    httpc_error_free(error);
}

#define FAILS(s, total_ms, code, stop, calls) expect_failure(__LINE__, s, total_ms, code, stop, calls)

TEST(success_at_once)
{
    begin();
    struct script s = {.outcomes = {HTTPC_OUTCOME_SUCCESS}, .count = 1};
    httpc_error *error = NULL;
    CHECK_CODE(run(&s, 0, &error), HTTPC_OK);
    CHECK(error == NULL);
    CHECK_EQ(s.calls, 1);
    CHECK(s.left_ms[0] == HTTPC_UNSET);
    end();
}

TEST(it_is_tried_again_after_the_policys_pauses)
{
    static const uint64_t when[] = {0, 100, 300, 700};
    begin();
    struct script s = {.outcomes = {HTTPC_OUTCOME_NEVER_SENT, HTTPC_OUTCOME_UNPROCESSED, HTTPC_OUTCOME_THROTTLED,
                                    HTTPC_OUTCOME_SUCCESS},
                       .count = 4};
    CHECK_CODE(run(&s, 0, NULL), HTTPC_OK);
    CHECK_EQ(s.calls, 4);
    for (size_t i = 0; i < 4; i++) {
        CHECK_EQ(s.called_at_ms[i], when[i]);
    }
    end();
}

TEST(outcomes_that_end_it)
{
    begin();
    FAILS(&((struct script){.outcomes = {HTTPC_OUTCOME_FATAL}, .count = 1}), 0, HTTPC_E_ABORTED,
          HTTPC_STOP_NOT_RETRYABLE, 1);
    FAILS(&((struct script){.outcomes = {HTTPC_OUTCOME_NEVER_SENT}, .count = 1}), 0, HTTPC_E_ABORTED,
          HTTPC_STOP_MAX_ATTEMPTS, 5);
    FAILS(&((struct script){.outcomes = {HTTPC_OUTCOME_NEVER_SENT, HTTPC_OUTCOME_MAYBE_SENT}, .count = 2}), 0,
          HTTPC_E_ABORTED, HTTPC_STOP_NOT_IDEMPOTENT, 2);
    FAILS(&((struct script){.outcomes = {HTTPC_OUTCOME_STATUS}, .count = 1}), 0, HTTPC_E_ABORTED,
          HTTPC_STOP_NOT_IDEMPOTENT, 1);
    end();
}

TEST(what_is_idempotent_is_tried_again_whatever_happened)
{
    begin();
    CHECK_CODE(httpc_retry_policy_set_idempotent(policy, 1), HTTPC_OK);
    struct script s = {.outcomes = {HTTPC_OUTCOME_MAYBE_SENT, HTTPC_OUTCOME_STATUS, HTTPC_OUTCOME_SUCCESS}, .count = 3};
    CHECK_CODE(run(&s, 0, NULL), HTTPC_OK);
    CHECK_EQ(s.calls, 3);
    FAILS(&((struct script){.outcomes = {HTTPC_OUTCOME_MAYBE_SENT}, .count = 1}), 0, HTTPC_E_ABORTED,
          HTTPC_STOP_MAX_ATTEMPTS, 5);
    end();
}

TEST(a_pause_that_is_asked_for_is_made)
{
    begin();
    httpc_retry_policy_set_retry_after(policy, 1, 60000);
    struct script s = {.outcomes = {HTTPC_OUTCOME_THROTTLED, HTTPC_OUTCOME_SUCCESS}, .count = 2, .retry_after_ms = 5000};
    CHECK_CODE(run(&s, 0, NULL), HTTPC_OK);
    CHECK_EQ(s.called_at_ms[1], 5000);

    struct script later = {.outcomes = {HTTPC_OUTCOME_THROTTLED}, .count = 1, .retry_after_ms = 60001};
    httpc_error *error = NULL;
    CHECK_CODE(run(&later, 0, &error), HTTPC_E_ABORTED);
    CHECK_EQ(later.calls, 1);
    CHECK_EQ(httpc_error_stop_reason(error), HTTPC_STOP_RETRY_AFTER_TOO_LONG);
    CHECK_EQ(httpc_error_retry_after_ms(error), 60001);
    CHECK_STR(httpc_error_detail(error),
              "refused for load after 1 attempt in 0 ms; not tried again, since it asks to wait 60.0 s");
    httpc_error_free(error);
    end();
}

TEST(the_total_time_bounds_it_all)
{
    begin();
    struct script s = {.outcomes = {HTTPC_OUTCOME_NEVER_SENT}, .count = 1, .lasts_ms = 50};
    FAILS(&s, 600, HTTPC_E_TIMEOUT_TOTAL, HTTPC_STOP_DEADLINE, 3);
    CHECK_EQ(s.left_ms[0], 600);
    CHECK_EQ(s.left_ms[1], 450);
    CHECK_EQ(s.left_ms[2], 200);
    CHECK_EQ(httpc_clock_now_ms(test_clock), 450);

    /* A function that overruns has its say all the same. */
    struct script slow = {.outcomes = {HTTPC_OUTCOME_SUCCESS}, .count = 1, .lasts_ms = 5000};
    CHECK_CODE(run(&slow, 10, NULL), HTTPC_OK);
    slow = (struct script){.outcomes = {HTTPC_OUTCOME_NEVER_SENT}, .count = 1, .lasts_ms = 5000};
    FAILS(&slow, 10, HTTPC_E_TIMEOUT_TOTAL, HTTPC_STOP_DEADLINE, 1);
    end();
}

TEST(the_error_holds_the_record_of_all_attempts)
{
    begin();
    struct script s = {.outcomes = {HTTPC_OUTCOME_NEVER_SENT, HTTPC_OUTCOME_THROTTLED, HTTPC_OUTCOME_MAYBE_SENT},
                       .count = 3,
                       .lasts_ms = 7};
    httpc_error *error = NULL;
    CHECK_CODE(run(&s, 0, &error), HTTPC_E_ABORTED);
    CHECK_STR(httpc_error_detail(error),
              "no answer came after 3 attempts in 0.3 s; not tried again, since that could repeat its effect");
    CHECK_EQ(httpc_error_send_state(error), HTTPC_SENT_MAYBE_SENT);
    const httpc_attempt *a = httpc_error_attempt(error, 1);
    CHECK_STR(httpc_attempt_method(a), "");
    CHECK_STR(httpc_attempt_url(a), "");
    CHECK_CODE(httpc_attempt_code(a), HTTPC_E_ABORTED);
    CHECK_EQ(httpc_attempt_start_ms(a), 107);
    CHECK_EQ(httpc_attempt_duration_ms(a), 7);
    CHECK_EQ(httpc_attempt_delay_ms(a), 100);
    CHECK_EQ(httpc_attempt_delay_source(a), HTTPC_DELAY_BACKOFF);
    CHECK_EQ(httpc_attempt_send_state(a), HTTPC_SENT_ANSWERED);
    CHECK_EQ(httpc_attempt_stop_reason(a), HTTPC_STOP_NONE);
    CHECK(httpc_error_attempt(error, 3) == NULL);
    httpc_error_free(error);
    end();
}

TEST(all_runs_under_one_policy_share_its_budget)
{
    begin();
    httpc_retry_policy_set_idempotent(policy, 1);
    httpc_retry_policy_set_budget(policy, 30, 10, 5);
    struct script s = {.outcomes = {HTTPC_OUTCOME_MAYBE_SENT, HTTPC_OUTCOME_MAYBE_SENT, HTTPC_OUTCOME_FATAL}, .count = 3};
    FAILS(&s, 0, HTTPC_E_ABORTED, HTTPC_STOP_NOT_RETRYABLE, 3);
    CHECK_EQ(httpc_retry_policy_budget_left(policy), 10);
    s.calls = 0;
    FAILS(&s, 0, HTTPC_E_ABORTED, HTTPC_STOP_BUDGET, 2);
    CHECK_EQ(httpc_retry_policy_budget_left(policy), 0);
    CHECK_CODE(run(&(struct script){.outcomes = {HTTPC_OUTCOME_SUCCESS}, .count = 1}, 0, NULL), HTTPC_OK);
    CHECK_EQ(httpc_retry_policy_budget_left(policy), 1);
    httpc_retry_policy_set_budget(policy, 30, 10, 5);
    CHECK_EQ(httpc_retry_policy_budget_left(policy), 30);
    CHECK_EQ(httpc_retry_policy_budget_left(NULL), 0);
    end();
}

TEST(a_token_cancelled_before_runs_nothing)
{
    begin();
    struct script s = {.outcomes = {HTTPC_OUTCOME_SUCCESS}, .count = 1};
    CHECK_CODE(httpc_cancel_token_new(&s.cancels, NULL), HTTPC_OK);
    httpc_cancel_token_cancel(s.cancels);
    FAILS(&s, 0, HTTPC_E_CANCELLED, HTTPC_STOP_CANCELLED, 0);
    httpc_cancel_token_free(s.cancels);
    end();
}

TEST(cancelling_within_the_function_ends_it_unless_it_succeeds)
{
    begin();
    struct script s = {.outcomes = {HTTPC_OUTCOME_NEVER_SENT}, .count = 1};
    CHECK_CODE(httpc_cancel_token_new(&s.cancels, NULL), HTTPC_OK);
    FAILS(&s, 0, HTTPC_E_CANCELLED, HTTPC_STOP_CANCELLED, 1);
    httpc_cancel_token_free(s.cancels);
    s = (struct script){.outcomes = {HTTPC_OUTCOME_SUCCESS}, .count = 1};
    CHECK_CODE(httpc_cancel_token_new(&s.cancels, NULL), HTTPC_OK);
    CHECK_CODE(run(&s, 0, NULL), HTTPC_OK);
    httpc_cancel_token_free(s.cancels);
    end();
}

static double cancelled_at;

static void *cancel_soon(void *token)
{
    wait_until_ms(now_ms() + 50);
    cancelled_at = now_ms();
    httpc_cancel_token_cancel(token);
    return NULL;
}

TEST(cancelling_ends_a_pause)
{
    pthread_t thread;
    httpc_error *error = NULL;
    httpc_cancel_token *token = NULL;
    begin();
    struct script s = {.outcomes = {HTTPC_OUTCOME_NEVER_SENT}, .count = 1, .retry_after_ms = 60000};
    httpc_cancel_token_new(&token, NULL);
    CHECK_EQ(pthread_create(&thread, NULL, cancel_soon, token), 0);
    CHECK_CODE(httpc_retry_run(policy, 0, token, NULL, play, &s, &error), HTTPC_E_CANCELLED);
    double ended = now_ms();
    pthread_join(thread, NULL);
    CHECK_BETWEEN(ended - cancelled_at, 0, SOON_MS);
    CHECK_EQ(s.calls, 1);
    CHECK_HAS(httpc_error_detail(error), "cancelled after 1 attempt");
    httpc_error_free(error);
    httpc_cancel_token_free(token);
    end();
}

TEST(in_real_time_the_pauses_are_real)
{
    begin();
    struct script s = {.outcomes = {HTTPC_OUTCOME_NEVER_SENT, HTTPC_OUTCOME_SUCCESS}, .count = 2};
    double start = now_ms();
    CHECK_CODE(httpc_retry_run(policy, 5000, NULL, NULL, play, &s, NULL), HTTPC_OK);
    CHECK_MS(now_ms() - start, 100, 100 + SOON_MS);
    CHECK_BETWEEN(s.left_ms[1], 4000, 4900);
    end();
}

static int32_t run_another(void *userdata, uint32_t attempt, uint64_t left_ms, uint64_t *retry_after_ms)
{
    (void)left_ms, (void)retry_after_ms;
    struct script inner = {.outcomes = {HTTPC_OUTCOME_NEVER_SENT, HTTPC_OUTCOME_SUCCESS}, .count = 2};
    CHECK_CODE(run(&inner, 0, NULL), HTTPC_OK);
    *(uint32_t *)userdata = attempt;
    return attempt < 2 ? HTTPC_OUTCOME_NEVER_SENT : HTTPC_OUTCOME_SUCCESS;
}

TEST(a_function_may_run_another)
{
    uint32_t attempts = 0;
    begin();
    CHECK_CODE(httpc_retry_run(policy, 0, NULL, test_clock, run_another, &attempts, NULL), HTTPC_OK);
    CHECK_EQ(attempts, 2);
    end();
}

static void expect_refused(httpc_code code, httpc_error **error, const char *argument)
{
    CHECK_CODE(code, HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(*error), argument);
    httpc_error_free(*error);
    *error = NULL;
}

TEST(wrong_arguments_of_a_run)
{
    httpc_error *error = NULL;
    begin();
    struct script s = {.outcomes = {7}, .count = 1};
    expect_refused(run(&s, 0, &error), &error, "returned 7");
    CHECK_EQ(s.calls, 1);
    s.outcomes[0] = -1;
    s.calls = 0;
    expect_refused(run(&s, 0, &error), &error, "returned -1");
    s.calls = 0;
    expect_refused(httpc_retry_run(policy, 0, NULL, NULL, NULL, NULL, &error), &error, "`attempt`");
    expect_refused(run(&s, UINT64_MAX, &error), &error, "`total_ms`");
    CHECK_CODE(httpc_retry_policy_set_idempotent(policy, 2), HTTPC_E_INVALID_ARG);
    expect_refused(run(&s, 0, &error), &error, "`on`");
    CHECK_EQ(s.calls, 0);
    end();
}

TEST(no_policy_is_the_defaults)
{
    begin();
    struct script s = {.outcomes = {HTTPC_OUTCOME_NEVER_SENT}, .count = 1};
    CHECK_CODE(httpc_retry_run(NULL, 0, NULL, test_clock, play, &s, NULL), HTTPC_E_ABORTED);
    CHECK_EQ(s.calls, 3);
    end();
}

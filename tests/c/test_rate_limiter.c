/* Rate limiters alone: how many, when, in what order, and what becomes of those who give up. */
#include "check.h"

#include <pthread.h>

/* Generous for a loaded machine, and far below every wait that is cut short here. */
#define SOON_MS 250

static httpc_clock *new_clock(void)
{
    httpc_clock *clock = NULL;
    CHECK_CODE(httpc_clock_new(&clock, NULL), HTTPC_OK);
    return clock;
}

static httpc_rate_limiter *new_limiter(uint64_t tokens, uint64_t period_ms, uint64_t burst, httpc_clock *clock)
{
    httpc_rate_limiter *limiter = NULL;
    httpc_error *error = NULL;
    CHECK_CODE(httpc_rate_limiter_new(tokens, period_ms, burst, clock, &limiter, &error), HTTPC_OK);
    CHECK(limiter != NULL && error == NULL);
    return limiter;
}

static httpc_cancel_token *new_token(void)
{
    httpc_cancel_token *token = NULL;
    CHECK_CODE(httpc_cancel_token_new(&token, NULL), HTTPC_OK);
    return token;
}

static httpc_code acquire(httpc_rate_limiter *limiter)
{
    return httpc_rate_limiter_acquire(limiter, 1, HTTPC_FOREVER, NULL, NULL);
}

TEST(three_a_second_are_333_334_ms_apart)
{
    static const uint64_t wanted[] = {0, 333, 666, 1000, 1333, 1666, 2000};
    httpc_clock *clock = new_clock();
    httpc_rate_limiter *limiter = new_limiter(3, 1000, 1, clock);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        CHECK_CODE(acquire(limiter), HTTPC_OK);
        CHECK_EQ(httpc_clock_now_ms(clock), wanted[i]);
    }
    httpc_rate_limiter_free(limiter);
    httpc_clock_free(clock);
}

TEST(a_burst_comes_at_once_and_comes_back_in_time)
{
    httpc_clock *clock = new_clock();
    httpc_rate_limiter *limiter = new_limiter(10, 1000, 5, clock);
    for (int i = 0; i < 5; i++) {
        CHECK_CODE(acquire(limiter), HTTPC_OK);
    }
    CHECK_EQ(httpc_clock_now_ms(clock), 0);
    CHECK_CODE(acquire(limiter), HTTPC_OK);
    CHECK_EQ(httpc_clock_now_ms(clock), 100);
    httpc_clock_advance(clock, 3600000);
    CHECK_CODE(httpc_rate_limiter_acquire(limiter, 5, 0, NULL, NULL), HTTPC_OK);
    CHECK_CODE(httpc_rate_limiter_acquire(limiter, 1, 0, NULL, NULL), HTTPC_E_RATE_LIMITED);
    httpc_rate_limiter_free(limiter);
    httpc_clock_free(clock);
}

TEST(in_real_time_it_waits_and_never_too_short)
{
    httpc_rate_limiter *limiter = new_limiter(1, 20, 1, NULL);
    double start = now_ms();
    for (int i = 0; i < 6; i++) {
        CHECK_CODE(acquire(limiter), HTTPC_OK);
    }
    CHECK_MS(now_ms() - start, 100, 100 + SOON_MS);
    httpc_rate_limiter_free(limiter);
}

TEST(too_long_a_wait_fails_at_once_and_says_when)
{
    httpc_clock *clock = new_clock();
    httpc_rate_limiter *limiter = new_limiter(3, 1000, 1, clock);
    acquire(limiter);
    for (uint64_t wait_ms = 0; wait_ms < 334; wait_ms += 111) {
        httpc_error *error = NULL;
        CHECK_CODE(httpc_rate_limiter_acquire(limiter, 1, wait_ms, NULL, &error), HTTPC_E_RATE_LIMITED);
        CHECK_CODE(httpc_error_code(error), HTTPC_E_RATE_LIMITED);
        CHECK_EQ(httpc_error_retry_after_ms(error), 334);
        CHECK_EQ(httpc_error_stop_reason(error), HTTPC_STOP_RATE_LIMITED);
        CHECK_EQ(httpc_error_attempts(error), 0);
        CHECK_HAS(httpc_error_detail(error), "334 ms");
        CHECK_PRINTABLE(httpc_error_detail(error));
        httpc_error_free(error);
    }
    CHECK_EQ(httpc_clock_now_ms(clock), 0);
    CHECK_CODE(httpc_rate_limiter_acquire(limiter, 1, 334, NULL, NULL), HTTPC_OK);
    httpc_rate_limiter_free(limiter);
    httpc_clock_free(clock);
}

TEST(the_limiters_own_longest_wait_holds_for_all)
{
    httpc_clock *clock = new_clock();
    httpc_rate_limiter *limiter = new_limiter(1, 1000, 1, clock);
    acquire(limiter);
    CHECK_CODE(httpc_rate_limiter_set_max_wait(limiter, 999), HTTPC_OK);
    CHECK_CODE(acquire(limiter), HTTPC_E_RATE_LIMITED);
    CHECK_EQ(httpc_clock_now_ms(clock), 0);
    CHECK_CODE(httpc_rate_limiter_set_max_wait(limiter, UINT64_MAX), HTTPC_E_INVALID_ARG);
    CHECK_CODE(acquire(limiter), HTTPC_E_RATE_LIMITED);
    CHECK_CODE(httpc_rate_limiter_set_max_wait(limiter, 0), HTTPC_OK);
    CHECK_CODE(acquire(limiter), HTTPC_OK);
    CHECK_EQ(httpc_clock_now_ms(clock), 1000);
    httpc_rate_limiter_free(limiter);
    httpc_clock_free(clock);
}

TEST(trying_never_waits)
{
    uint64_t wait_ms = 7;
    httpc_error *error = NULL;
    httpc_clock *clock = new_clock();
    httpc_rate_limiter *limiter = new_limiter(3, 1000, 2, clock);
    CHECK_CODE(httpc_rate_limiter_try(limiter, 2, &wait_ms, &error), HTTPC_OK);
    CHECK(wait_ms == 0 && error == NULL);
    CHECK_CODE(httpc_rate_limiter_try(limiter, 1, &wait_ms, &error), HTTPC_E_AGAIN);
    CHECK_EQ(wait_ms, 334);
    CHECK_EQ(httpc_error_retry_after_ms(error), 334);
    httpc_error_free(error);
    httpc_clock_advance(clock, 333);
    CHECK_CODE(httpc_rate_limiter_try(limiter, 1, &wait_ms, NULL), HTTPC_E_AGAIN);
    CHECK_EQ(wait_ms, 1);
    httpc_clock_advance(clock, 1);
    CHECK_CODE(httpc_rate_limiter_try(limiter, 1, &wait_ms, NULL), HTTPC_OK);
    CHECK_EQ(wait_ms, 0);
    httpc_rate_limiter_free(limiter);
    httpc_clock_free(clock);
}

struct waiter {
    pthread_t thread;
    httpc_rate_limiter *limiter;
    httpc_cancel_token *token;
    httpc_clock *clock;
    httpc_code code;
    double ended_at;
    uint64_t served_at_ms;
};

static void *wait_for_a_token(void *argument)
{
    struct waiter *w = argument;
    w->code = httpc_rate_limiter_acquire(w->limiter, 1, HTTPC_FOREVER, w->token, NULL);
    w->ended_at = now_ms();
    w->served_at_ms = httpc_clock_now_ms(w->clock);
    CHECK_CODE(httpc_clock_add_threads(w->clock, -1), HTTPC_OK);
    return NULL;
}

/* How long the next one would have to wait tells how many wait already. */
static void start_waiter(struct waiter *w, uint64_t next_ms)
{
    uint64_t wait_ms = 0;
    double limit = now_ms() + 10000;
    CHECK_EQ(pthread_create(&w->thread, NULL, wait_for_a_token, w), 0);
    while (httpc_rate_limiter_try(w->limiter, 1, &wait_ms, NULL) == HTTPC_E_AGAIN && wait_ms < next_ms &&
           CHECK(now_ms() < limit)) {
        wait_until_ms(now_ms() + 1);
    }
}

TEST(a_cancelled_waiter_is_out_at_once_and_leaves_no_hole)
{
    httpc_clock *clock = new_clock();
    httpc_rate_limiter *limiter = new_limiter(1, 1000, 1, clock);
    /* This thread is busy until it has cancelled one. */
    CHECK_CODE(httpc_clock_add_threads(clock, 1 + 3), HTTPC_OK);
    struct waiter w[3] = {{.limiter = limiter, .clock = clock, .token = new_token()},
                          {.limiter = limiter, .clock = clock},
                          {.limiter = limiter, .clock = clock}};
    acquire(limiter);
    for (size_t i = 0; i < 3; i++) {
        start_waiter(&w[i], 1000 * (i + 2));
    }
    double start = now_ms();
    httpc_cancel_token_cancel(w[0].token);
    pthread_join(w[0].thread, NULL);
    CHECK_CODE(w[0].code, HTTPC_E_CANCELLED);
    CHECK_BETWEEN(w[0].ended_at - start, 0, SOON_MS);
    CHECK_EQ(w[0].served_at_ms, 0);
    CHECK_CODE(httpc_clock_add_threads(clock, -1), HTTPC_OK);
    for (size_t i = 1; i < 3; i++) {
        pthread_join(w[i].thread, NULL);
        CHECK_CODE(w[i].code, HTTPC_OK);
        CHECK_EQ(w[i].served_at_ms, 1000 * i);
    }
    httpc_cancel_token_free(w[0].token);
    httpc_rate_limiter_free(limiter);
    httpc_clock_free(clock);
}

TEST(a_token_cancelled_before_takes_nothing)
{
    httpc_error *error = NULL;
    httpc_rate_limiter *limiter = new_limiter(1, 60000, 1, NULL);
    httpc_cancel_token *token = new_token();
    httpc_cancel_token_cancel(token);
    CHECK_CODE(httpc_rate_limiter_acquire(limiter, 1, HTTPC_FOREVER, token, &error), HTTPC_E_CANCELLED);
    CHECK_EQ(httpc_error_stop_reason(error), HTTPC_STOP_CANCELLED);
    CHECK_CODE(httpc_rate_limiter_acquire(limiter, 1, 0, NULL, NULL), HTTPC_OK);
    httpc_error_free(error);
    httpc_cancel_token_free(token);
    httpc_rate_limiter_free(limiter);
}

enum { THREADS = 8, EACH = 25 };

static void *take_many(void *limiter)
{
    for (int i = 0; i < EACH; i++) {
        CHECK_CODE(acquire(limiter), HTTPC_OK);
    }
    return NULL;
}

TEST(eight_threads_share_the_rate)
{
    pthread_t threads[THREADS];
    httpc_rate_limiter *limiter = new_limiter(1000, 1000, 4, NULL);
    double start = now_ms();
    for (int i = 0; i < THREADS; i++) {
        CHECK_EQ(pthread_create(&threads[i], NULL, take_many, limiter), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK_MS(now_ms() - start, THREADS * EACH - 4, 5000);
    httpc_rate_limiter_free(limiter);
}

static void expect_refused(httpc_code code, httpc_error **error, const char *argument)
{
    CHECK_CODE(code, HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(*error), argument);
    httpc_error_free(*error);
    *error = NULL;
}

TEST(wrong_arguments_are_named)
{
    static const struct {
        uint64_t tokens, period_ms, burst;
        const char *argument;
    } cases[] = {
        {0, 1000, 1, "`tokens`"},        {1, 0, 1, "`period_ms`"},        {1, 1000, 0, "`burst`"},
        {1, UINT64_MAX, 1, "`period_ms`"}, {1001, 1, 1, "`tokens`"},      {UINT64_MAX, 1000, 1, "`tokens`"},
        {1, 1000, UINT64_MAX, "`burst`"},
    };
    httpc_rate_limiter *limiter = NULL;
    httpc_error *error = NULL;
    uint64_t wait_ms;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        httpc_code code =
            httpc_rate_limiter_new(cases[i].tokens, cases[i].period_ms, cases[i].burst, NULL, &limiter, &error);
        CHECK(limiter == NULL);
        expect_refused(code, &error, cases[i].argument);
    }
    expect_refused(httpc_rate_limiter_new(1, 1, 1, NULL, NULL, &error), &error, "`out`");
    limiter = new_limiter(1, 1000, 3, NULL);
    expect_refused(httpc_rate_limiter_acquire(limiter, 0, 0, NULL, &error), &error, "`weight`");
    expect_refused(httpc_rate_limiter_acquire(limiter, 4, 0, NULL, &error), &error, "`weight`");
    expect_refused(httpc_rate_limiter_acquire(NULL, 1, 0, NULL, &error), &error, "`limiter`");
    expect_refused(httpc_rate_limiter_try(limiter, UINT32_MAX, &wait_ms, &error), &error, "`weight`");
    expect_refused(httpc_rate_limiter_try(limiter, 1, NULL, &error), &error, "`wait_ms`");
    expect_refused(httpc_rate_limiter_try(NULL, 1, &wait_ms, &error), &error, "`limiter`");
    CHECK_CODE(httpc_rate_limiter_set_max_wait(NULL, 1), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_rate_limiter_acquire(limiter, 3, 0, NULL, NULL), HTTPC_OK);
    httpc_rate_limiter_free(limiter);
    httpc_rate_limiter_free(NULL);
}

TEST(a_config_and_its_clients_keep_a_limiter)
{
    httpc_config *config = NULL;
    httpc_client *client = NULL;
    httpc_clock *clock = new_clock();
    httpc_rate_limiter *real = new_limiter(1, 1000, 1, NULL), *virtual = new_limiter(1, 1000, 1, clock);
    CHECK_CODE(httpc_config_new(&config, NULL), HTTPC_OK);
    CHECK_CODE(httpc_config_add_rate_limiter(config, real), HTTPC_OK);
    CHECK_CODE(httpc_config_add_rate_limiter(config, real), HTTPC_OK);
    httpc_rate_limiter_free(real);
    CHECK_CODE(httpc_client_new(config, &client, NULL), HTTPC_OK);
    CHECK_CODE(httpc_config_add_rate_limiter(config, virtual), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(httpc_config_error(config)), "clock");
    CHECK_CODE(httpc_config_add_rate_limiter(config, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_config_add_rate_limiter(NULL, virtual), HTTPC_E_INVALID_ARG);
    httpc_rate_limiter_free(virtual);
    httpc_clock_free(clock);
    httpc_config_free(config);
    httpc_client_free(client);
}

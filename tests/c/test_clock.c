/* Virtual clocks: time that moves on when the library waits, or by hand. */
#include "check.h"

#include <pthread.h>

static httpc_clock *new_clock(void)
{
    httpc_clock *clock = NULL;
    CHECK_CODE(httpc_clock_new(&clock, NULL), HTTPC_OK);
    return clock;
}

/* One token an hour. */
static httpc_rate_limiter *hourly(httpc_clock *clock)
{
    httpc_rate_limiter *limiter = NULL;
    CHECK_CODE(httpc_rate_limiter_new(1, 3600000, 1, clock, &limiter, NULL), HTTPC_OK);
    return limiter;
}

static void *take(void *limiter)
{
    CHECK_CODE(httpc_rate_limiter_acquire(limiter, 1, HTTPC_FOREVER, NULL, NULL), HTTPC_OK);
    return NULL;
}

TEST(hours_pass_in_no_time)
{
    httpc_clock *clock = new_clock();
    httpc_rate_limiter *limiter = hourly(clock);
    double start = now_ms();
    CHECK_EQ(httpc_clock_now_ms(clock), 0);
    for (int i = 0; i < 1000; i++) {
        take(limiter);
    }
    CHECK_EQ(httpc_clock_now_ms(clock), UINT64_C(999) * 3600000);
    CHECK_MS(now_ms() - start, 0, 5000);
    httpc_rate_limiter_free(limiter);
    httpc_clock_free(clock);
}

TEST(by_hand_nothing_moves_until_it_is_advanced)
{
    pthread_t thread;
    httpc_clock *clock = new_clock();
    httpc_rate_limiter *limiter = hourly(clock);
    CHECK_CODE(httpc_clock_set_manual(clock, 1), HTTPC_OK);
    take(limiter);
    CHECK_EQ(pthread_create(&thread, NULL, take, limiter), 0);
    wait_until_ms(now_ms() + 20);
    CHECK_CODE(httpc_clock_advance(clock, 3599999), HTTPC_OK);
    CHECK_EQ(httpc_clock_now_ms(clock), 3599999);
    CHECK_CODE(httpc_rate_limiter_acquire(limiter, 1, 0, NULL, NULL), HTTPC_E_RATE_LIMITED);
    CHECK_CODE(httpc_clock_advance(clock, 1), HTTPC_OK);
    pthread_join(thread, NULL);
    CHECK_EQ(httpc_clock_now_ms(clock), 3600000);
    httpc_rate_limiter_free(limiter);
    httpc_clock_free(clock);
}

TEST(who_waits_goes_on_when_the_clock_moves_by_itself_again)
{
    pthread_t thread;
    httpc_clock *clock = new_clock();
    httpc_rate_limiter *limiter = hourly(clock);
    httpc_clock_set_manual(clock, 1);
    take(limiter);
    CHECK_EQ(pthread_create(&thread, NULL, take, limiter), 0);
    wait_until_ms(now_ms() + 20);
    CHECK_CODE(httpc_clock_set_manual(clock, 0), HTTPC_OK);
    pthread_join(thread, NULL);
    CHECK_EQ(httpc_clock_now_ms(clock), 3600000);
    httpc_rate_limiter_free(limiter);
    httpc_clock_free(clock);
}

TEST(a_limiter_keeps_its_clock)
{
    httpc_clock *clock = new_clock();
    httpc_rate_limiter *limiter = hourly(clock);
    httpc_clock_free(clock);
    take(limiter);
    take(limiter);
    httpc_rate_limiter_free(limiter);
}

TEST(wrong_arguments)
{
    httpc_error *error = NULL;
    httpc_clock *clock = new_clock();
    CHECK_CODE(httpc_clock_new(NULL, &error), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(error), "`out`");
    httpc_error_free(error);
    CHECK_CODE(httpc_clock_set_manual(clock, 2), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_clock_set_manual(NULL, 1), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_clock_advance(NULL, 1), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_clock_advance(clock, UINT64_MAX), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_clock_add_threads(NULL, 1), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_clock_add_threads(clock, -1), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_clock_add_threads(clock, INT32_MAX), HTTPC_E_INVALID_ARG);
    CHECK_EQ(httpc_clock_now_ms(clock), 0);
    CHECK(httpc_clock_now_ms(NULL) == HTTPC_FOREVER);
    httpc_clock_free(clock);
    httpc_clock_free(NULL);
}

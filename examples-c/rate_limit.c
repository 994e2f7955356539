/*
 * A rate limiter around whatever a program does: here jobs for a device that takes four a second and two at once. The same
 * limiter may serve any number of threads, and clients too: httpc_config_add_rate_limiter().
 *
 * Usage: rate_limit
 */
#include <httpclient.h>

#include <stdio.h>
#include <stdlib.h>

static httpc_rate_limiter *new_limiter(void)
{
    httpc_rate_limiter *limiter = NULL;
    httpc_error *error = NULL;
    /* 4 tokens in 1000 ms, of which 2 are kept when nobody wants them; NULL is the real clock. */
    if (httpc_rate_limiter_new(4, 1000, 2, NULL, &limiter, &error) != HTTPC_OK) {
        fprintf(stderr, "%s\n", httpc_error_detail(error));
        httpc_error_free(error);
        exit(EXIT_FAILURE);
    }
    return limiter;
}

/* Waits for its turn, for as long as `wait_ms`. */
static void work(httpc_rate_limiter *limiter, const char *job, uint64_t wait_ms)
{
    httpc_error *error = NULL;
    switch (httpc_rate_limiter_acquire(limiter, 1, wait_ms, NULL, &error)) {
    case HTTPC_OK:
        printf("%s: done\n", job);
        break;
    case HTTPC_E_RATE_LIMITED:
        /* Known at once, without waiting in vain. */
        printf("%s: not now, come back in %llu ms\n", job, (unsigned long long)httpc_error_retry_after_ms(error));
        break;
    default:
        printf("%s: %s\n", job, httpc_error_detail(error));
        break;
    }
    httpc_error_free(error);
}

int main(void)
{
    uint64_t wait_ms = 0;
    httpc_rate_limiter *limiter = new_limiter();

    work(limiter, "first", HTTPC_FOREVER);
    work(limiter, "second, in the same burst", HTTPC_FOREVER);
    work(limiter, "third, in a hurry", 5);
    work(limiter, "third, with patience", HTTPC_FOREVER);

    /* For a program with an event loop of its own: never waits. */
    if (httpc_rate_limiter_try(limiter, 1, &wait_ms, NULL) == HTTPC_E_AGAIN) {
        printf("fourth: set a timer of %llu ms\n", (unsigned long long)wait_ms);
    }

    /* A large job counts more, and can never count more than the burst. */
    httpc_error *error = NULL;
    if (httpc_rate_limiter_acquire(limiter, 3, HTTPC_FOREVER, NULL, &error) == HTTPC_E_INVALID_ARG) {
        printf("%s\n", httpc_error_detail(error));
    }
    httpc_error_free(error);
    httpc_rate_limiter_free(limiter);
    return EXIT_SUCCESS;
}

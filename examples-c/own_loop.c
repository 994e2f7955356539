/*
 * Retry rules for a loop of one's own: a program that has its own way to send and to wait (an event loop, another HTTP
 * library) reports how each attempt ended, and is told whether and when to try again. Nothing here waits or reads a clock.
 *
 * Usage: own_loop
 */
#define _POSIX_C_SOURCE 200809L
#include <httpclient.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* What the program's own HTTP library brought back. */
struct answer {
    int32_t status;
    const char *retry_after, *date;
};

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void wait_ms(uint64_t ms)
{
    struct timespec pause = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

static const char *stop_in_words(int32_t stop)
{
    switch (stop) {
    case HTTPC_STOP_SUCCESS:
        return "success";
    case HTTPC_STOP_MAX_ATTEMPTS:
        return "no attempts left";
    case HTTPC_STOP_NOT_RETRYABLE:
        return "no use in trying again";
    case HTTPC_STOP_RETRY_AFTER_TOO_LONG:
        return "the server asks for more time than there is";
    default:
        return "another reason";
    }
}

static void loop(const httpc_retry_policy *policy, const struct answer *answers)
{
    httpc_retry *retry = NULL;
    httpc_error *error = NULL;
    /* Harmless to repeat; 2000 ms in all. */
    httpc_code code = httpc_retry_new(policy, 1, 2000, now_ms(), &retry, &error);
    int32_t stop = HTTPC_STOP_NONE;
    while (code == HTTPC_OK && stop == HTTPC_STOP_NONE) {
        uint64_t pause_ms = 0, asked_ms = HTTPC_UNSET;
        const struct answer *answer = answers++;
        if (answer->retry_after != NULL) {
            /* Seconds or a date, measured against the server's own Date; HTTPC_UNSET when it is neither. */
            httpc_retry_after_parse(answer->retry_after, answer->date, (int64_t)time(NULL) * 1000, &asked_ms, NULL);
        }
        code = httpc_retry_next(retry, HTTPC_OUTCOME_STATUS, answer->status, asked_ms, now_ms(), &pause_ms, &stop, &error);
        if (code == HTTPC_OK && stop == HTTPC_STOP_NONE) {
            printf("%d: again after %llu ms\n", (int)answer->status, (unsigned long long)pause_ms);
            wait_ms(pause_ms);
        } else if (code == HTTPC_OK) {
            printf("%d: over after %u, %s\n\n", (int)answer->status, (unsigned)httpc_retry_attempts(retry),
                   stop_in_words(stop));
        }
    }
    if (code != HTTPC_OK) {
        fprintf(stderr, "%s\n", httpc_error_detail(error));
    }
    httpc_error_free(error);
    httpc_retry_free(retry);
}

int main(void)
{
    httpc_retry_policy *policy = NULL;
    if (httpc_retry_policy_new(&policy, NULL) != HTTPC_OK) {
        return EXIT_FAILURE;
    }
    httpc_retry_policy_set_backoff(policy, 10, 2.0, 1000);

    loop(policy, (struct answer[]){{503, NULL, NULL}, {429, "0", NULL}, {200, NULL, NULL}});
    loop(policy, (struct answer[]){{500, "garbage", NULL}, {500, NULL, NULL}, {500, NULL, NULL}});
    loop(policy, (struct answer[]){{404, NULL, NULL}});
    loop(policy, (struct answer[]){{503, "3600", NULL}});

    httpc_retry_policy_free(policy);
    return EXIT_SUCCESS;
}

/*
 * Retry around any function, without HTTP: the library runs it, makes the pauses and knows when to stop; the function says
 * how it ended. Here it hands a parcel to a depot that is out of reach at first, and then busy.
 *
 * Usage: retry_own_function
 */
#include <httpclient.h>

#include <stdio.h>
#include <stdlib.h>

enum answer { OUT_OF_REACH, BUSY, TAKEN, NO_ANSWER };

struct parcel {
    const char *name;
    /* What the depot does each time it is tried. */
    enum answer answers[4];
};

static int32_t hand_over(void *userdata, uint32_t attempt, uint64_t left_ms, uint64_t *retry_after_ms)
{
    const struct parcel *parcel = userdata;
    /* A real function would use left_ms as its own timeout. */
    printf("%s, attempt %u: ", parcel->name, (unsigned)attempt);
    switch (left_ms > 0 ? parcel->answers[attempt - 1] : NO_ANSWER) {
    case OUT_OF_REACH:
        printf("out of reach\n");
        return HTTPC_OUTCOME_NEVER_SENT;
    case BUSY:
        printf("busy, asks for a pause\n");
        *retry_after_ms = 40;
        return HTTPC_OUTCOME_THROTTLED;
    case TAKEN:
        printf("taken\n");
        return HTTPC_OUTCOME_SUCCESS;
    default:
        printf("no answer\n");
        return HTTPC_OUTCOME_MAYBE_SENT;
    }
}

static void deliver(const httpc_retry_policy *policy, struct parcel *parcel)
{
    httpc_error *error = NULL;
    /* At most five seconds in all; no cancel token; the real clock. */
    httpc_code code = httpc_retry_run(policy, 5000, NULL, NULL, hand_over, parcel, &error);
    if (code == HTTPC_OK) {
        printf("%s: delivered\n\n", parcel->name);
    } else {
        printf("%s: %s\n\n", parcel->name, httpc_error_detail(error));
    }
    httpc_error_free(error);
}

int main(void)
{
    httpc_retry_policy *policy = NULL;
    httpc_error *error = NULL;
    if (httpc_retry_policy_new(&policy, &error) != HTTPC_OK) {
        fprintf(stderr, "%s\n", httpc_error_detail(error));
        httpc_error_free(error);
        return EXIT_FAILURE;
    }
    httpc_retry_policy_set_backoff(policy, 20, 2.0, 1000);

    deliver(policy, &(struct parcel){"a book", {OUT_OF_REACH, BUSY, TAKEN}});
    deliver(policy, &(struct parcel){"a lamp", {OUT_OF_REACH, OUT_OF_REACH, OUT_OF_REACH}});

    /* Perhaps the depot has it: a second one must not be sent... */
    deliver(policy, &(struct parcel){"a cheque", {NO_ANSWER, TAKEN}});
    /* ...unless two are as good as one. */
    httpc_retry_policy_set_idempotent(policy, 1);
    deliver(policy, &(struct parcel){"a leaflet", {NO_ANSWER, TAKEN}});

    httpc_retry_policy_free(policy);
    return EXIT_SUCCESS;
}

/* An engine thread that a completion function holds until it is let go. */
#ifndef HOLD_H
#define HOLD_H

#include "async.h"

struct hold {
    struct completion entered, let_go;
};

#define HOLD {COMPLETION, COMPLETION}

static inline void hold(void *userdata, httpc_code code, httpc_response *response, httpc_error *error)
{
    struct hold *hold = userdata;
    completed(&hold->entered, code, response, error);
    await_completion(&hold->let_go);
}

static inline void let_go(struct hold *hold)
{
    completed(&hold->let_go, HTTPC_OK, NULL, NULL);
}

/* Holds the client's only engine thread. */
static inline void hold_engine(struct hold *held, httpc_client *client)
{
    httpc_call_free(submit(client, new_request("GET", "/echo"), hold, held));
    await_completion(&held->entered);
    CHECK_CODE(held->entered.outcome.code, HTTPC_OK);
    done(&held->entered.outcome);
}

#endif

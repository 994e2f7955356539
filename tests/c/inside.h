/* Completion functions that do something to their client while other calls of it run. */
#ifndef INSIDE_H
#define INSIDE_H

#include "async.h"

/* What a completion function does, and what came of it. */
struct inside {
    httpc_client *client;
    httpc_call *other;
    httpc_queue *queue;
    httpc_request *blocking;
    const unsigned *dropped;
    void (*act)(struct inside *);
    httpc_code code, second;
    unsigned running; /* others */
    struct completion own, of_other, of_rest;
};

#define INSIDE {.own = COMPLETION, .of_other = COMPLETION, .of_rest = COMPLETION}

static inline void act_inside(void *userdata, httpc_code code, httpc_response *response, httpc_error *error)
{
    struct inside *inside = userdata;
    inside->act(inside);
    completed(&inside->own, code, response, error);
}

/* Runs `act` in the completion function of a call, while others of the client wait for answers that do not come. */
static inline void act_while_others_run(struct inside *inside, void (*act)(struct inside *), uint32_t engine_threads)
{
    httpc_config *config = new_config();
    httpc_config_set_engine_threads(config, engine_threads);
    inside->act = act;
    inside->client = new_client(config);
    inside->other = submit(inside->client, new_request("GET", "/delay/30000"), completed, &inside->of_other);
    for (inside->running = 1; inside->running < 2 * engine_threads; inside->running++) {
        httpc_call_free(submit(inside->client, new_request("GET", "/delay/30000"), completed, &inside->of_rest));
    }
    httpc_call_free(submit(inside->client, new_request("GET", "/echo"), act_inside, inside));
    await_completion(&inside->own);
    CHECK_CODE(inside->own.outcome.code, HTTPC_OK);
}

/* Frees what `act` has left. `code`: how the other call ended, or ends now. */
static inline void end(struct inside *inside, httpc_code code)
{
    httpc_call_cancel(inside->other);
    CHECK_CODE(httpc_call_wait(inside->other, HTTPC_FOREVER, NULL), HTTPC_OK);
    httpc_call_free(inside->other);
    httpc_client_free(inside->client);
    await_completions(&inside->of_rest, inside->running - 1);
    CHECK_EQ(inside->of_rest.count, inside->running - 1);
    CHECK_EQ(inside->own.count, 1);
    CHECK_EQ(inside->of_other.count, 1);
    CHECK_CODE(inside->of_other.outcome.code, code);
    CHECK_CODE(inside->of_rest.outcome.code, HTTPC_E_CLOSED);
    done(&inside->own.outcome);
    done(&inside->of_other.outcome);
    done(&inside->of_rest.outcome);
}

#endif

/* Calls in threads of their own, held by the server at a gate for as long as a test looks at them. */
#ifndef CALLS_H
#define CALLS_H

#include "process.h"

struct call {
    pthread_t thread;
    httpc_client *client;
    httpc_request *request;
    struct outcome outcome;
    bool started;
};

static void *run_call(void *argument)
{
    struct call *call = argument;
    call->outcome = send_request(call->client, call->request);
    return NULL;
}

/* With a small stack, so that there may be thousands. Takes the request. */
static inline void start_call(struct call *call, httpc_client *client, httpc_request *request)
{
    pthread_attr_t attributes;
    *call = (struct call){.client = client, .request = request};
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 * 1024);
    call->started = CHECK_EQ(pthread_create(&call->thread, &attributes, run_call, call), 0);
    pthread_attr_destroy(&attributes);
}

static inline void start_get(struct call *call, httpc_client *client, const char *url)
{
    start_call(call, client, new_request("GET", url));
}

/* Waits for its end and checks how it was. */
static inline void end_call(struct call *call, httpc_code code)
{
    if (call->started) {
        pthread_join(call->thread, NULL);
        CHECK_CODE(call->outcome.code, code);
    }
    done(&call->outcome);
    httpc_request_free(call->request);
}

/* Lets `count` requests through the gate of a key; 0 opens it for good. */
static inline void open_gate(const char *key, unsigned count)
{
    struct outcome o = ask_server(count == 0 ? text("/_open?key=%s", key) : text("/_open?key=%s&n=%u", key, count));
    done(&o);
}

/* A copy of what httpc_client_stats() says. */
struct pool {
    uint32_t in_use, idle, waiting;
    uint64_t opened, reused;
};

static inline struct pool pool_of(httpc_client *client)
{
    httpc_stats *stats = NULL;
    CHECK_CODE(httpc_client_stats(client, &stats, NULL), HTTPC_OK);
    struct pool pool = {httpc_stats_in_use(stats), httpc_stats_idle(stats), httpc_stats_waiting(stats),
                        httpc_stats_opened(stats), httpc_stats_reused(stats)};
    httpc_stats_free(stats);
    return pool;
}

#define CHECK_POOL(client, in_use, idle, waiting, opened, reused)                                                      \
    check_pool(__FILE__, __LINE__, pool_of(client), (struct pool){in_use, idle, waiting, opened, reused})
static inline bool check_pool(const char *file, int line, struct pool is, struct pool wanted)
{
    return (is.in_use == wanted.in_use && is.idle == wanted.idle && is.waiting == wanted.waiting &&
            is.opened == wanted.opened && is.reused == wanted.reused) ||
           check_fail(file, line,
                      "in use %u, idle %u, waiting %u, opened %" PRIu64 ", reused %" PRIu64 "; wanted: %u, %u, %u, %" PRIu64
                      ", %" PRIu64,
                      is.in_use, is.idle, is.waiting, is.opened, is.reused, wanted.in_use, wanted.idle, wanted.waiting,
                      wanted.opened, wanted.reused);
}

/* The server's own count, over all clients of this test but the one that asks. */
static inline int64_t connections_at_server(void)
{
    int64_t open = -1;
    struct outcome o = ask_server("/_connections");
    CHECK_CODE(httpc_response_json_int64(o.response, "/open", &open, NULL), HTTPC_OK);
    done(&o);
    return open - 1;
}

#endif

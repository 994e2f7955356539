/* Threads that share a virtual clock: each counted by it from before it starts until it has done what it does. */
#ifndef ON_CLOCK_H
#define ON_CLOCK_H

#include "mock.h"

/* What a scheduler makes of it must not matter. */
#define RUNS 50
#define EACH_RUN for (int run = 0, before = check_failures; run < RUNS && check_failures == before; run++)

struct worker {
    struct mocked *m;
    void (*work)(struct worker *);
    /* What it does is the test's business. */
    int number;
    send_fn *send;
    httpc_client *client;
    httpc_cancel_token *token;
    httpc_rate_limiter *limiter;
    httpc_queue *queue;
    struct worker *other;
    httpc_code code;
    uint64_t ended_ms;
    pthread_t thread;
};

static void *run_worker(void *argument)
{
    struct worker *w = argument;
    w->work(w);
    w->ended_ms = httpc_clock_now_ms(w->m->clock);
    CHECK_CODE(httpc_clock_add_threads(w->m->clock, -1), HTTPC_OK);
    return NULL;
}

/* All are counted before the first one runs. */
static inline void start_workers(struct worker *workers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CHECK_CODE(httpc_clock_add_threads(workers[i].m->clock, 1), HTTPC_OK);
    }
    for (size_t i = 0; i < count; i++) {
        CHECK_EQ(pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]), 0);
    }
}

static inline void end_workers(struct worker *workers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        pthread_join(workers[i].thread, NULL);
    }
}

static inline void run_workers(struct worker *workers, size_t count)
{
    start_workers(workers, count);
    end_workers(workers, count);
}

/* Answers GETs of `path` after so long. */
static inline void answer_after(struct mocked *m, const char *path, uint64_t ms)
{
    CHECK_CODE(httpc_mock_rule_reply_delay(reply(on(m, "GET", text(API "%s", path)), 200, path), ms), HTTPC_OK);
}

static inline httpc_rate_limiter *new_limiter(struct mocked *m, uint64_t tokens, uint64_t period_ms)
{
    httpc_rate_limiter *limiter = NULL;
    CHECK_CODE(httpc_rate_limiter_new(tokens, period_ms, 1, m->clock, &limiter, NULL), HTTPC_OK);
    return limiter;
}

static inline httpc_cancel_token *new_token(void)
{
    httpc_cancel_token *token = NULL;
    CHECK_CODE(httpc_cancel_token_new(&token, NULL), HTTPC_OK);
    return token;
}

static inline httpc_request *cancellable_get(const char *path, httpc_cancel_token *token)
{
    httpc_request *request = new_request("GET", path);
    CHECK_CODE(httpc_request_set_cancel_token(request, token), HTTPC_OK);
    return request;
}

static inline uint64_t now(const struct worker *w)
{
    return httpc_clock_now_ms(w->m->clock);
}

/* /N is answered in N seconds. */
static inline void call_thrice(struct worker *w)
{
    for (uint64_t turn = 1; turn <= 3; turn++) {
        CHECK_CODE(code_of(send_get(w->m, w->send, text("/%d", w->number))), HTTPC_OK);
        CHECK_EQ(now(w), turn * (uint64_t)w->number * 1000);
    }
}

static inline void call_once(struct worker *w)
{
    w->code = code_of(send_get(w->m, w->send, "/x"));
}

/* Until so many have reached the mock, and so wait for its answers. */
static inline void await_calls(struct mocked *m, size_t count)
{
    CHECK_COMES_TRUE(httpc_mock_calls(m->mock) >= count);
}

#endif

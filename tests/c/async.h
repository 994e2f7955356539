/* Asynchronous calls in tests: completions that are counted and waited for, and queues. */
#ifndef ASYNC_H
#define ASYNC_H

#include "calls.h"

#include <pthread.h>

/* What a completion function was given: how often, and on which thread. */
struct completion {
    pthread_mutex_t lock;
    pthread_cond_t came;
    unsigned count;
    pthread_t thread;
    struct outcome outcome;
};

#define COMPLETION {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, {HTTPC_OK, NULL, NULL, 0}}

static inline void completed(void *userdata, httpc_code code, httpc_response *response, httpc_error *error)
{
    struct completion *c = userdata;
    pthread_mutex_lock(&c->lock);
    done(&c->outcome);
    c->outcome = (struct outcome){code, response, error, now_ms()};
    c->count++;
    c->thread = pthread_self();
    pthread_cond_broadcast(&c->came);
    pthread_mutex_unlock(&c->lock);
}

static inline void await_completions(struct completion *c, unsigned count)
{
    pthread_mutex_lock(&c->lock);
    while (c->count < count) {
        pthread_cond_wait(&c->came, &c->lock);
    }
    pthread_mutex_unlock(&c->lock);
}

static inline void await_completion(struct completion *c)
{
    await_completions(c, 1);
}

/* Takes the request. */
static inline httpc_call *submit(httpc_client *client, httpc_request *request, httpc_done_fn function, void *userdata)
{
    httpc_call *call = NULL;
    httpc_error *error = NULL;
    if (!CHECK_CODE(httpc_submit(client, request, function, userdata, &call, &error), HTTPC_OK)) {
        fprintf(stderr, "  %s\n", httpc_error_detail(error));
    }
    httpc_error_free(error);
    httpc_request_free(request);
    return call;
}

/* Of a call without a function: waits for its outcome, takes that, and frees the call. */
static inline struct outcome result_of(httpc_call *call)
{
    struct outcome o = {HTTPC_OK, NULL, NULL, now_ms()};
    CHECK_CODE(httpc_call_wait(call, HTTPC_FOREVER, NULL), HTTPC_OK);
    o.code = httpc_call_take_result(call, &o.response, &o.error);
    o.ms = now_ms() - o.ms;
    httpc_call_free(call);
    return o;
}

static inline struct outcome submit_and_wait(httpc_client *client, httpc_request *request)
{
    double start = now_ms();
    struct outcome o = result_of(submit(client, request, NULL, NULL));
    o.ms = now_ms() - start;
    return o;
}

/* ---- Queues ---- */

static inline httpc_queue *new_queue(void)
{
    httpc_queue *queue = NULL;
    CHECK_CODE(httpc_queue_new(&queue, NULL), HTTPC_OK);
    return queue;
}

static inline void submit_get(httpc_client *client, const char *url, httpc_queue *queue, const void *tag)
{
    httpc_request *request = new_request("GET", url);
    CHECK_CODE(httpc_submit_to(client, request, queue, (void *)(uintptr_t)tag, NULL, NULL), HTTPC_OK);
    httpc_request_free(request);
}

/* The same with a call to look at. Takes the request. */
static inline httpc_call *submit_to(httpc_client *client, httpc_request *request, httpc_queue *queue)
{
    httpc_call *call = NULL;
    CHECK_CODE(httpc_submit_to(client, request, queue, NULL, &call, NULL), HTTPC_OK);
    httpc_request_free(request);
    return call;
}

static inline httpc_event *next_event(httpc_queue *queue)
{
    httpc_event *event = NULL;
    CHECK_CODE(httpc_queue_next(queue, HTTPC_FOREVER, &event, NULL), HTTPC_OK);
    return event;
}

/* Until the events of all of them wait. */
static inline void submit_and_wait_for_all(httpc_client *client, const char *url, httpc_queue *queue, size_t count)
{
    size_t before = httpc_queue_length(queue);
    for (size_t i = 0; i < count; i++) {
        submit_get(client, url, queue, NULL);
    }
    CHECK_COMES_TRUE(httpc_queue_length(queue) == before + count);
}

#endif

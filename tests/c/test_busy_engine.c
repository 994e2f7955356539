/*
 * A submission wakes the engine thread with a system call only when that sleeps. busy_engine.preload.c counts the only call
 * that could do it.
 */
#define CHECK_SETUP count_writes
#include "async.h"

extern unsigned writes_of_this_thread(void) __attribute__((weak));

static void count_writes(void)
{
    start_with_preload("busy_engine");
}

/* Holds the engine thread until it is let go. */
struct hold {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool held, let_go;
};

static void hold_engine(void *userdata, httpc_code code, httpc_response *response, httpc_error *error)
{
    struct hold *hold = userdata;
    CHECK_CODE(code, HTTPC_OK);
    httpc_response_free(response);
    httpc_error_free(error);
    pthread_mutex_lock(&hold->lock);
    hold->held = true;
    pthread_cond_broadcast(&hold->changed);
    while (!hold->let_go) {
        pthread_cond_wait(&hold->changed, &hold->lock);
    }
    pthread_mutex_unlock(&hold->lock);
}

TEST(submitting_to_a_busy_engine_makes_no_system_call)
{
    enum { CALLS = 500 };
    struct hold hold = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false};
    httpc_client *client = new_client(NULL);
    httpc_call_free(submit(client, new_request("GET", "/echo"), hold_engine, &hold));
    pthread_mutex_lock(&hold.lock);
    while (!hold.held) {
        pthread_cond_wait(&hold.changed, &hold.lock);
    }
    pthread_mutex_unlock(&hold.lock);

    httpc_call *calls[CALLS];
    unsigned before = writes_of_this_thread();
    for (int i = 0; i < CALLS; i++) {
        calls[i] = submit(client, new_request("GET", "/echo"), NULL, NULL);
    }
    CHECK_EQ(writes_of_this_thread() - before, 0);

    pthread_mutex_lock(&hold.lock);
    hold.let_go = true;
    pthread_cond_broadcast(&hold.changed);
    pthread_mutex_unlock(&hold.lock);
    for (int i = 0; i < CALLS; i++) {
        CHECK_CODE(code_of(result_of(calls[i])), HTTPC_OK);
    }
    httpc_client_free(client);
}

TEST(submitting_to_a_sleeping_engine_wakes_it)
{
    httpc_client *client = new_client(NULL);
    CHECK_CODE(code_of(submit_and_wait(client, new_request("GET", "/echo"))), HTTPC_OK);
    wait_until_ms(now_ms() + 100);
    unsigned before = writes_of_this_thread();
    CHECK_CODE(code_of(submit_and_wait(client, new_request("GET", "/echo"))), HTTPC_OK);
    CHECK_EQ(writes_of_this_thread() - before, 1);
    httpc_client_free(client);
}

/*
 * A submission wakes the engine thread with a system call only when that sleeps. busy_engine.preload.c counts the only call
 * that could do it.
 */
#define CHECK_SETUP count_writes
#include "hold.h"

extern unsigned writes_of_this_thread(void) __attribute__((weak));

static void count_writes(void)
{
    start_with_preload("busy_engine");
}

TEST(submitting_to_a_busy_engine_makes_no_system_call)
{
    enum { CALLS = 500 };
    struct hold held = HOLD;
    httpc_client *client = new_client(NULL);
    hold_engine(&held, client);
    httpc_call *calls[CALLS];
    unsigned before = writes_of_this_thread();
    for (int i = 0; i < CALLS; i++) {
        calls[i] = submit(client, new_request("GET", "/echo"), NULL, NULL);
    }
    CHECK_EQ(writes_of_this_thread() - before, 0);

    let_go(&held);
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

/*
 * Before calls take idle connections the engine asks the poller of those, and what it was told serves many calls, however long
 * that took: with ten thousand connections the answers would come too late for any other use. slow_poller.preload.c counts.
 */
#define CHECK_SETUP slow_poller_down
#include "hold.h"
#include "pool.h"

extern unsigned looks_at_poller(void) __attribute__((weak));

static void slow_poller_down(void)
{
    start_with_preload("slow_poller");
}

static unsigned looks_for_calls_started_at_once(httpc_client *client)
{
    enum { CALLS = 400 };
    struct hold held = HOLD;
    httpc_call *calls[CALLS];
    hold_engine(&held, client);
    for (int i = 0; i < CALLS; i++) {
        calls[i] = submit(client, new_request("GET", at("a", "/echo")), NULL, NULL);
    }
    unsigned before = looks_at_poller();
    let_go(&held);
    for (int i = 0; i < CALLS; i++) {
        CHECK_CODE(code_of(result_of(calls[i])), HTTPC_OK);
    }
    return looks_at_poller() - before;
}

TEST(calls_that_open_connections_ask_nothing)
{
    httpc_client *client = client_of_hosts(config_with_limits(400, 400));
    CHECK_BETWEEN(looks_for_calls_started_at_once(client), 1, 200);
    httpc_client_free(client);
}

TEST(one_look_at_idle_connections_serves_many_calls)
{
    httpc_client *client = client_of_hosts(config_with_limits(400, 400));
    open_connections_in_engine(client, 4, "a");
    CHECK_BETWEEN(looks_for_calls_started_at_once(client), 1, 200);
    httpc_client_free(client);
}

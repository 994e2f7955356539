/* The pool under asynchronous calls: the limits, turns and idle connections of blocking ones, which count with them. */
#include "pool.h"

/* ---- What is to be seen ---- */

TEST(every_state_is_counted)
{
    httpc_client *client = new_client(config_with_limits(2, 2));
    const char *key = new_key();
    httpc_call *calls[3];
    CHECK_POOL(client, 0, 0, 0, 0, 0);
    submit_gets(calls, 2, client, text("/gate?key=%s", key));
    CHECK_COMES_TRUE(server_count(key) == 2);
    CHECK_POOL(client, 2, 0, 0, 2, 0);
    submit_gets(calls + 2, 1, client, text("/gate?key=%s", key));
    CHECK_COMES_TRUE(pool_of(client).waiting == 1);
    CHECK_POOL(client, 2, 0, 1, 2, 0);
    open_gate(key, 1);
    CHECK_COMES_TRUE(server_count(key) == 3);
    CHECK_POOL(client, 2, 0, 0, 2, 1);
    open_gate(key, 0);
    end_calls(calls, 3, HTTPC_OK);
    CHECK_POOL(client, 0, 2, 0, 2, 1);
    CHECK_EQ(connections_at_server(), 2);
    CHECK_CODE(httpc_client_close(client, HTTPC_FOREVER, NULL), HTTPC_OK);
    CHECK_COMES_TRUE(pool_of(client).idle == 0 && connections_at_server() == 0);
    CHECK_POOL(client, 0, 0, 0, 2, 1);
    httpc_client_free(client);
}

TEST(a_connection_that_breaks_is_not_kept)
{
    httpc_client *client = new_client(NULL);
    CHECK_CODE(code_of(submit_and_wait(client, new_request("POST", "/reset/in-body"))), HTTPC_E_IO);
    CHECK_POOL(client, 0, 0, 0, 1, 0);
    submit_well(client, "/once");
    CHECK_COMES_TRUE(connections_at_server() == 0);
    submit_well(client, "/echo");
    CHECK_POOL(client, 0, 1, 0, 3, 0);
    httpc_client_free(client);
}

/* ---- Limits ---- */

static void check_limits(uint32_t threads)
{
    static const uint32_t limits[][3] = {{5, 20, 5}, {20, 4, 4}, {1, 1, 1}};
    for (int i = 0; i < 3; i++) {
        httpc_config *config = config_with_limits(limits[i][0], limits[i][1]);
        httpc_config_set_engine_threads(config, threads);
        httpc_client *client = new_client(config);
        const char *key = new_key();
        uint32_t most = limits[i][2];
        httpc_call *calls[CROWD];
        submit_gets(calls, CROWD, client, text("/gate?key=%s", key));
        CHECK_COMES_TRUE(pool_of(client).waiting == CROWD - most);
        for (uint32_t served = 0; served < CROWD - most; served++) {
            CHECK_COMES_TRUE(server_count(key) == served + most);
            struct pool pool = pool_of(client);
            CHECK_EQ(pool.in_use, most);
            CHECK_EQ(pool.waiting, CROWD - most - served);
            CHECK_EQ(pool.opened + pool.reused, served + most);
            /* One that makes room is seen a little later. */
            CHECK_COMES_TRUE(connections_at_server() == most);
            open_gate(key, 1);
        }
        open_gate(key, 0);
        end_calls(calls, CROWD, HTTPC_OK);
        httpc_client_free(client);
        CHECK_COMES_TRUE(connections_at_server() == 0);
    }
}

TEST(the_limits_hold_to_the_connection)
{
    check_limits(1);
}

TEST(the_limits_hold_over_several_engine_threads)
{
    check_limits(3);
}

TEST(every_engine_thread_gets_calls)
{
    enum { THREADS = 3 };
    httpc_config *config = new_config();
    httpc_config_set_engine_threads(config, THREADS);
    httpc_client *client = new_client(config);
    struct completion completions[2 * THREADS];
    for (int i = 0; i < 2 * THREADS; i++) {
        completions[i] = (struct completion)COMPLETION;
        httpc_call_free(submit(client, new_request("GET", "/echo"), completed, &completions[i]));
    }
    for (int i = 0; i < 2 * THREADS; i++) {
        await_completion(&completions[i]);
        CHECK_CODE(completions[i].outcome.code, HTTPC_OK);
        for (int other = 0; other < i; other++) {
            bool is_same = pthread_equal(completions[i].thread, completions[other].thread);
            CHECK_EQ(is_same, i % THREADS == other % THREADS);
        }
    }
    httpc_client_free(client);
    for (int i = 0; i < 2 * THREADS; i++) {
        CHECK_EQ(completions[i].count, 1);
        done(&completions[i].outcome);
    }
}

TEST(a_full_host_holds_no_other_up)
{
    httpc_client *client = client_of_hosts(config_with_limits(3, 2));
    const char *key = new_key();
    httpc_call *calls[3];
    submit_gets(calls, 3, client, at("a", text("/gate?key=%s", key)));
    CHECK_COMES_TRUE(pool_of(client).waiting == 1);
    submit_well(client, at("b", "/echo"));
    open_gate(key, 0);
    end_calls(calls, 3, HTTPC_OK);
    httpc_client_free(client);
}

TEST(a_pause_between_attempts_holds_no_connection)
{
    httpc_client *client = new_client(config_with_limits(1, 1));
    const char *key = new_key();
    httpc_call *paused;
    submit_gets(&paused, 1, client, text("/retry-after/seconds-1?key=%s", key));
    CHECK_COMES_TRUE(server_count(key) == 1);
    struct outcome o = submit_and_wait(client, new_request("GET", "/echo"));
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_MS(o.ms, 0, 800);
    done(&o);
    end_calls(&paused, 1, HTTPC_OK);
    httpc_client_free(client);
}

/* ---- Turns ---- */

static httpc_request *turn_of(const char *key, unsigned turn)
{
    return new_request("GET", text("/gate?key=%s&turn=%u", key, turn));
}

static void check_turns(const char *key, unsigned count)
{
    httpc_response *log = server_log(key);
    for (unsigned i = 0; i < count; i++) {
        CHECK_STR(logged(log, i, "query"), text("key=%s&turn=%u", key, i));
    }
    httpc_response_free(log);
}

TEST(first_come_first_served)
{
    httpc_client *client = new_client(config_with_limits(1, 1));
    const char *key = new_key();
    httpc_call *calls[QUEUE];
    for (unsigned i = 0; i < QUEUE; i++) {
        calls[i] = submit(client, turn_of(key, i), NULL, NULL);
    }
    open_gate(key, 0);
    end_calls(calls, QUEUE, HTTPC_OK);
    check_turns(key, QUEUE);
    CHECK_POOL(client, 0, 1, 0, 1, QUEUE - 1);
    httpc_client_free(client);
}

/* Both kinds stand in one queue, and the connection that one kind leaves makes room for the other's. */
TEST(blocking_and_asynchronous_calls_take_turns)
{
    httpc_client *client = new_client(config_with_limits(1, 1));
    const char *key = new_key();
    httpc_call *submitted[QUEUE];
    struct call blocking[QUEUE];
    for (unsigned i = 0; i < QUEUE; i++) {
        if (i % 2 == 0) {
            submitted[i] = submit(client, turn_of(key, i), NULL, NULL);
        } else {
            start_call(&blocking[i], client, turn_of(key, i));
        }
        CHECK_COMES_TRUE(i == 0 ? server_count(key) == 1 : pool_of(client).waiting == i);
    }
    for (unsigned i = 0; i < QUEUE; i++) {
        CHECK_COMES_TRUE(server_count(key) == i + 1);
        CHECK_COMES_TRUE(connections_at_server() == 1);
        open_gate(key, 1);
        if (i % 2 == 0) {
            end_calls(&submitted[i], 1, HTTPC_OK);
        } else {
            end_call(&blocking[i], HTTPC_OK);
        }
    }
    check_turns(key, QUEUE);
    httpc_client_free(client);
}

/* Every second of the queue is cancelled or comes too late; the others get their turns, and no permit is lost. */
TEST(who_leaves_the_queue_leaves_no_hole)
{
    httpc_client *client = new_client(config_with_limits(1, 1));
    const char *key = new_key();
    httpc_call *calls[QUEUE];
    for (unsigned i = 0; i < QUEUE; i++) {
        httpc_request *request = turn_of(key, i);
        if (i % 4 == 3) {
            httpc_request_set_timeout(request, HTTPC_TIMEOUT_POOL, 300);
        }
        calls[i] = submit(client, request, NULL, NULL);
    }
    CHECK_COMES_TRUE(server_count(key) == 1 && pool_of(client).waiting == QUEUE - 1);
    for (int i = 1; i < QUEUE; i += 2) {
        if (i % 4 == 1) {
            httpc_call_cancel(calls[i]);
        }
        end_calls(&calls[i], 1, i % 4 == 1 ? HTTPC_E_CANCELLED : HTTPC_E_TIMEOUT_POOL);
    }
    CHECK_POOL(client, 1, 0, QUEUE / 2 - 1, 1, 0);
    open_gate(key, 0);
    for (int i = 0; i < QUEUE; i += 2) {
        end_calls(&calls[i], 1, HTTPC_OK);
    }
    CHECK_EQ(server_count(key), QUEUE / 2);
    CHECK_POOL(client, 0, 1, 0, 1, QUEUE / 2 - 1);
    httpc_client_free(client);
}

TEST(the_pool_timeout_is_final_and_sends_nothing)
{
    httpc_config *config = config_with_limits(1, 1);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_POOL, 100);
    httpc_client *client = new_client(config);
    const char *key = new_key();
    httpc_call *held;
    submit_gets(&held, 1, client, text("/gate?key=%s", key));
    CHECK_COMES_TRUE(server_count(key) == 1);
    struct outcome o = submit_and_wait(client, new_request("GET", text("/echo?key=%s", key)));
    CHECK_CODE(o.code, HTTPC_E_TIMEOUT_POOL);
    CHECK_MS(o.ms, 100, 350);
    CHECK_EQ(attempts(&o), 0);
    CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_NEVER_SENT);
    clean_error(o.error);
    done(&o);
    CHECK_POOL(client, 1, 0, 0, 1, 0);
    CHECK_EQ(server_count(key), 1);
    open_gate(key, 0);
    end_calls(&held, 1, HTTPC_OK);
    httpc_client_free(client);
}

TEST(closing_ends_the_queue)
{
    httpc_client *client = new_client(config_with_limits(1, 1));
    const char *key = new_key();
    httpc_call *calls[QUEUE];
    submit_gets(calls, QUEUE, client, text("/gate?key=%s", key));
    CHECK_COMES_TRUE(server_count(key) == 1 && pool_of(client).waiting == QUEUE - 1);
    double start = now_ms();
    CHECK_CODE(httpc_client_close(client, HTTPC_FOREVER, NULL), HTTPC_OK);
    CHECK_MS(now_ms() - start, 0, 1000);
    end_calls(calls, QUEUE, HTTPC_E_CLOSED);
    CHECK_EQ(server_count(key), 1);
    CHECK_POOL(client, 0, 0, 0, 1, 0);
    httpc_client_free(client);
}

/* Many events at once, and functions of the program's in between: what an engine thread must not overlook then. */
#include "hold.h"
#include "pool.h"
#include "sink.h"

#include <stdatomic.h>

static httpc_request *new_post(void)
{
    httpc_request *request = new_request("POST", "/echo");
    httpc_request_set_body(request, "text/plain", "once", 4);
    return request;
}

/* ---- Another call's news in the same batch ---- */

#define CHAINS 16

struct crowd {
    httpc_client *client;
    atomic_bool is_over;
    atomic_int running;
};

struct chain {
    struct crowd *crowd;
    unsigned delay_ms;
};

static void go_on(struct chain *chain);

/* Holds the engine up: whenever it looks, answers to others have come before. */
static void hold_up(void *userdata, httpc_code code, httpc_response *response, httpc_error *error)
{
    struct chain *chain = userdata;
    CHECK_CODE(code, HTTPC_OK);
    httpc_response_free(response);
    httpc_error_free(error);
    wait_until_ms(now_ms() + 10);
    if (atomic_load(&chain->crowd->is_over)) {
        atomic_fetch_sub(&chain->crowd->running, 1);
    } else {
        go_on(chain);
    }
}

static void go_on(struct chain *chain)
{
    httpc_request *request = new_request("GET", at("a", text("/delay/%u", chain->delay_ms)));
    httpc_call_free(submit(chain->crowd->client, request, hold_up, chain));
}

TEST(a_line_that_comes_byte_by_byte_is_no_silence_beside_other_calls)
{
    httpc_config *config = config_with_limits(2 * CHAINS, 2 * CHAINS);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_READ, 600);
    struct crowd crowd = {.client = client_of_hosts(config), .running = CHAINS};
    struct chain chains[CHAINS];
    /* Their descriptors are the lower ones, of which poll() tells first. */
    open_connections_in_engine(crowd.client, CHAINS, "a");
    for (unsigned i = 0; i < CHAINS; i++) {
        chains[i] = (struct chain){&crowd, 10 * (i + 1)};
        go_on(&chains[i]);
    }
    /* "HTTP/1.1 200 OK\r\nX: ", and an x every 20 ms. */
    httpc_request *slow =
        new_request("GET", "/raw?hex=485454502f312e3120323030204f4b0d0a583a20&then=repeat&part=78&interval=20");
    httpc_request_set_timeout(slow, HTTPC_TIMEOUT_TOTAL, 3000);
    CHECK_CODE(code_of(submit_and_wait(crowd.client, slow)), HTTPC_E_TIMEOUT_TOTAL);
    atomic_store(&crowd.is_over, true);
    CHECK_COMES_TRUE(atomic_load(&crowd.running) == 0);
    httpc_client_free(crowd.client);
}

/* ---- Answers that come while a function holds the engine up ---- */

/* Let go only after the other call's deadline, long before which its answer has come. */
static void check_that_answer_is_heard(httpc_timeout which)
{
    struct hold held = HOLD;
    httpc_client *client = new_client(NULL);
    const char *key = new_key();
    httpc_request *request = new_request("GET", text("/gate?key=%s", key));
    httpc_request_set_timeout(request, which, 400);
    double begun = now_ms();
    httpc_call *call = submit(client, request, NULL, NULL);
    CHECK_COMES_TRUE(server_count(key) == 1);
    hold_engine(&held, client);
    open_gate(key, 0);
    wait_until_ms(begun + 700);
    let_go(&held);
    struct outcome o = result_of(call);
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(attempts(&o), 1);
    done(&o);
    httpc_client_free(client);
}

TEST(an_answer_that_came_during_a_function_is_heard_before_its_read_timeout_is_looked_at)
{
    check_that_answer_is_heard(HTTPC_TIMEOUT_READ);
}

TEST(an_answer_that_came_during_a_function_is_heard_before_its_total_timeout_is_looked_at)
{
    check_that_answer_is_heard(HTTPC_TIMEOUT_TOTAL);
}

#define STORM 2000

struct storm {
    httpc_client *client;
    struct pool pool_then;
    struct completion end;
};

static void look_at_pool(void *userdata, httpc_code code, httpc_response *response, httpc_error *error)
{
    struct storm *storm = userdata;
    storm->pool_then = pool_of(storm->client);
    completed(&storm->end, code, response, error);
}

TEST(an_answer_is_heard_before_thousands_of_submitted_calls_have_begun)
{
    struct hold held = HOLD;
    httpc_config *config = config_with_limits(STORM + 2, STORM + 2);
    httpc_config_set_retry(config, NULL);
    struct storm storm = {.client = new_client(config), .end = COMPLETION};
    const char *key = new_key();
    httpc_request *request = new_request("GET", text("/gate?key=%s", key));
    httpc_call_free(submit(storm.client, request, look_at_pool, &storm));
    CHECK_COMES_TRUE(server_count(key) == 1);
    hold_engine(&held, storm.client);
    open_gate(key, 0);
    httpc_call *calls[STORM];
    submit_gets(calls, STORM, storm.client, address("REFUSED"));
    let_go(&held);
    await_completion(&storm.end);
    CHECK_CODE(storm.end.outcome.code, HTTPC_OK);
    CHECK(storm.pool_then.in_use < STORM / 2);
    end_calls(calls, STORM, HTTPC_E_CONNECT);
    done(&storm.end.outcome);
    httpc_client_free(storm.client);
}

TEST(a_permit_that_came_free_is_taken_though_thousands_of_submitted_calls_have_not_begun)
{
    struct hold held = HOLD;
    httpc_config *config = config_with_limits(3 * STORM, 1);
    httpc_config_set_retry(config, NULL);
    httpc_client *client = client_of_hosts(config);
    const char *key = new_key();
    httpc_call *first = submit(client, new_request("GET", at("a", text("/gate?key=%s", key))), NULL, NULL);
    CHECK_COMES_TRUE(server_count(key) == 1);
    httpc_request *request = new_request("GET", at("a", "/echo"));
    httpc_request_set_timeout(request, HTTPC_TIMEOUT_POOL, 400);
    double begun = now_ms();
    httpc_call *next = submit(client, request, NULL, NULL);
    hold_engine(&held, client);
    open_gate(key, 0);
    httpc_call *calls[STORM];
    submit_gets(calls, STORM, client, address("REFUSED"));
    wait_until_ms(begun + 700);
    let_go(&held);
    CHECK_CODE(code_of(result_of(next)), HTTPC_OK);
    CHECK_CODE(code_of(result_of(first)), HTTPC_OK);
    end_calls(calls, STORM, HTTPC_E_CONNECT);
    httpc_client_free(client);
}

/* ---- Connections that close meanwhile ---- */

struct sequel {
    httpc_client *client;
    struct completion end;
};

static void post_when_closed(void *userdata, httpc_code code, httpc_response *response, httpc_error *error)
{
    struct sequel *sequel = userdata;
    CHECK_CODE(code, HTTPC_OK);
    httpc_response_free(response);
    httpc_error_free(error);
    CHECK_COMES_TRUE(connections_at_server() == 0);
    httpc_call_free(submit(sequel->client, new_post(), completed, &sequel->end));
}

TEST(a_connection_that_closed_during_a_function_is_not_used)
{
    struct sequel sequel = {new_client(NULL), COMPLETION};
    httpc_call_free(submit(sequel.client, new_request("GET", "/stale/20"), post_when_closed, &sequel));
    await_completion(&sequel.end);
    CHECK_CODE(sequel.end.outcome.code, HTTPC_OK);
    CHECK_EQ(attempts(&sequel.end.outcome), 1);
    done(&sequel.end.outcome);
    httpc_client_free(sequel.client);
}

TEST(a_connection_that_closed_while_its_call_was_paused_is_not_used)
{
    httpc_client *client = new_client(NULL);
    struct sink s = SINK;
    s.head_says = HTTPC_SINK_PAUSE;
    httpc_call *call = submit(client, request_into(&s, "/stale/20"), NULL, NULL);
    AWAIT(&s, s.heads == 1);
    CHECK_COMES_TRUE(connections_at_server() == 0);
    httpc_call_resume(call);
    CHECK_CODE(code_of(result_of(call)), HTTPC_OK);
    struct outcome o = submit_and_wait(client, new_post());
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(attempts(&o), 1);
    done(&o);
    httpc_client_free(client);
}

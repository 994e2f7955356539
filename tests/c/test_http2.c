/* HTTP/2: found by ALPN, one connection for all calls to an origin, and what the server refuses is asked again. */
#define CHECK_SETUP need_new_libcurl
#include "async.h"

static void need_new_libcurl(void)
{
    if (has_old_libcurl()) {
        skip_all("with an older libcurl there is no HTTP/2");
    }
}

static httpc_client *new_h2_client(const char *base, int32_t protocol)
{
    httpc_config *config = new_config();
    httpc_config_set_ca_file(config, address("CA"));
    httpc_config_set_base_url(config, address(base));
    CHECK_CODE(httpc_config_set_protocol(config, protocol), HTTPC_OK);
    return new_client(config);
}

static httpc_http_version version_of(struct outcome o)
{
    httpc_http_version version = httpc_response_http_version(o.response);
    CHECK_CODE(o.code, HTTPC_OK);
    if (o.code != HTTPC_OK) {
        fprintf(stderr, "  %s\n", httpc_error_detail(o.error));
    }
    done(&o);
    return version;
}

/* Submits `count` calls at once, and checks that each ends well over HTTP/2. */
static void check_together(httpc_client *client, const char *url, int count)
{
    httpc_call *calls[200];
    for (int i = 0; i < count; i++) {
        calls[i] = submit(client, new_request("GET", url), NULL, NULL);
    }
    for (int i = 0; i < count; i++) {
        CHECK_EQ(version_of(result_of(calls[i])), HTTPC_HTTP_2);
    }
}

TEST(first_calls_at_once_share_one_connection)
{
    httpc_client *client = new_h2_client("TLS_H2", HTTPC_PROTOCOL_AUTO);
    check_together(client, "/echo", 50);
    CHECK_POOL(client, 0, 1, 0, 1, 49);
    check_together(client, "/echo", 50);
    CHECK_POOL(client, 0, 1, 0, 1, 99);
    httpc_client_free(client);
}

TEST(others_do_not_wait_for_a_slow_answer_to_the_first)
{
    httpc_client *client = new_h2_client("TLS_H2", HTTPC_PROTOCOL_AUTO);
    const char *key = new_key();
    httpc_call *slow = submit(client, new_request("GET", text("/gate?key=%s", key)), NULL, NULL);
    check_together(client, "/echo", 10);
    CHECK(!httpc_call_is_over(slow));
    CHECK_POOL(client, 1, 0, 0, 1, 10);
    struct outcome o = get(client, text("/_open?key=%s", key));
    CHECK_CODE(o.code, HTTPC_OK);
    done(&o);
    CHECK_EQ(version_of(result_of(slow)), HTTPC_HTTP_2);
    httpc_client_free(client);
}

/* As on the first contact, when nobody knows yet that it will be shared. */
TEST(a_connection_that_was_idle_counts_against_the_limits_again)
{
    httpc_client *client = new_h2_client("TLS_H2", HTTPC_PROTOCOL_AUTO);
    check_together(client, "/echo", 1);
    CHECK_POOL(client, 0, 1, 0, 1, 0);
    const char *key = new_key();
    httpc_call *slow = submit(client, new_request("GET", text("/gate?key=%s", key)), NULL, NULL);
    CHECK_COMES_TRUE(pool_of(client).reused == 1);
    CHECK(!httpc_call_is_over(slow));
    CHECK_POOL(client, 1, 0, 0, 1, 1);
    open_gate(key, 0);
    CHECK_EQ(version_of(result_of(slow)), HTTPC_HTTP_2);
    CHECK_POOL(client, 0, 1, 0, 1, 1);
    httpc_client_free(client);
}

/* The one that all share is done first, while one that was opened apart for a 421 is still in use. */
TEST(no_permit_is_left_behind_by_connections_that_end_in_any_order)
{
    httpc_client *client = new_h2_client("TLS_H2", HTTPC_PROTOCOL_AUTO);
    check_together(client, "/echo", 1);
    const char *gate = new_key();
    httpc_call *shared = submit(client, new_request("GET", text("/gate?key=%s", gate)), NULL, NULL);
    CHECK_COMES_TRUE(pool_of(client).in_use == 1);
    httpc_call *apart = submit(client, new_request("GET", text("/sequence/421,stall?key=%s", new_key())), NULL, NULL);
    CHECK_COMES_TRUE(pool_of(client).in_use == 2);
    open_gate(gate, 0);
    CHECK_EQ(version_of(result_of(shared)), HTTPC_HTTP_2);
    httpc_call_cancel(apart);
    struct outcome o = result_of(apart);
    CHECK_CODE(o.code, HTTPC_E_CANCELLED);
    done(&o);
    CHECK_EQ(pool_of(client).in_use, 0);
    httpc_client_free(client);
}

TEST(calls_above_the_connection_limits_run_at_once_as_streams)
{
    enum { CALLS = 60 };
    httpc_config *config = new_config();
    httpc_config_set_ca_file(config, address("CA"));
    httpc_config_set_base_url(config, address("TLS_H2"));
    httpc_config_set_max_connections(config, 1);
    httpc_client *client = new_client(config);
    const char *key = new_key();
    httpc_call *calls[CALLS];
    for (int i = 0; i < CALLS; i++) {
        calls[i] = submit(client, new_request("GET", text("/gate?key=%s", key)), NULL, NULL);
    }
    while (server_count(key) < CALLS) {
        wait_until_ms(now_ms() + 5);
    }
    CHECK_POOL(client, 1, 0, 0, 1, CALLS - 1);
    open_gate(key, 0);
    for (int i = 0; i < CALLS; i++) {
        CHECK_EQ(version_of(result_of(calls[i])), HTTPC_HTTP_2);
    }
    CHECK_POOL(client, 0, 1, 0, 1, CALLS - 1);
    httpc_client_free(client);
}

TEST(a_server_with_two_streams_serves_twenty_calls)
{
    httpc_client *client = new_h2_client("TLS_H2_2", HTTPC_PROTOCOL_AUTO);
    check_together(client, "/delay/20", 20);
    CHECK_EQ(pool_of(client).opened, 1);
    httpc_client_free(client);
}

TEST(a_server_without_http2_gets_http1)
{
    httpc_client *client = new_h2_client("TLS", HTTPC_PROTOCOL_AUTO);
    httpc_call *calls[5];
    for (int i = 0; i < 5; i++) {
        calls[i] = submit(client, new_request("GET", "/echo"), NULL, NULL);
    }
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(version_of(result_of(calls[i])), HTTPC_HTTP_1_1);
    }
    httpc_client_free(client);
}

TEST(http1_can_be_asked_for)
{
    httpc_client *client = new_h2_client("TLS_H2", HTTPC_PROTOCOL_HTTP_1_1);
    CHECK_EQ(version_of(submit_and_wait(client, new_request("GET", "/echo"))), HTTPC_HTTP_1_1);
    CHECK_EQ(version_of(get(client, "/echo")), HTTPC_HTTP_1_1);
    httpc_client_free(client);
}

TEST(prior_knowledge_needs_no_tls)
{
    httpc_client *client = new_h2_client("H2C", HTTPC_PROTOCOL_HTTP_2_PRIOR_KNOWLEDGE);
    check_together(client, "/echo", 20);
    CHECK_EQ(version_of(get(client, "/echo")), HTTPC_HTTP_2);
    CHECK_EQ(pool_of(client).opened, 1);
    httpc_client_free(client);
}

TEST(blocking_calls_go_along_where_there_is_an_http2_connection)
{
    httpc_client *client = new_h2_client("TLS_H2", HTTPC_PROTOCOL_AUTO);
    CHECK_EQ(version_of(get(client, "/echo")), HTTPC_HTTP_1_1);
    check_together(client, "/echo", 1);
    CHECK_EQ(version_of(get(client, "/echo")), HTTPC_HTTP_2);
    httpc_client_free(client);

    client = new_h2_client("TLS_H2", HTTPC_PROTOCOL_HTTP_2);
    CHECK_EQ(version_of(get(client, "/echo")), HTTPC_HTTP_2);
    struct outcome o = get(client, "/status/404");
    CHECK_CODE(o.code, HTTPC_E_STATUS);
    CHECK_EQ(httpc_error_status(o.error), 404);
    done(&o);
    httpc_client_free(client);
}

TEST(bodies_go_both_ways)
{
    static char big[300000];
    memset(big, 'x', sizeof big);
    httpc_client *client = new_h2_client("TLS_H2", HTTPC_PROTOCOL_HTTP_2);
    struct outcome o = {HTTPC_OK, NULL, NULL, 0};
    o.code = httpc_post(client, "/echo", "text/plain", big, sizeof big, &o.response, &o.error);
    CHECK_CODE(o.code, HTTPC_OK);
    size_t length = 0;
    httpc_response_json_string(o.response, "/body", &length);
    CHECK_EQ(length, sizeof big);
    done(&o);
    o = get(client, "/bytes/1000000");
    CHECK_CODE(o.code, HTTPC_OK);
    httpc_response_body(o.response, &length);
    CHECK_EQ(length, 1000000);
    done(&o);
    httpc_client_free(client);
}

TEST(a_cancelled_stream_leaves_the_others_alone)
{
    httpc_client *client = new_h2_client("TLS_H2", HTTPC_PROTOCOL_AUTO);
    const char *key = new_key();
    httpc_call *held[4];
    for (int i = 0; i < 4; i++) {
        held[i] = submit(client, new_request("GET", text("/gate?key=%s", key)), NULL, NULL);
    }
    while (server_count(key) < 4) {
        wait_until_ms(now_ms() + 5);
    }
    httpc_call_cancel(held[0]);
    httpc_call_cancel(held[1]);
    CHECK_CODE(code_of(result_of(held[0])), HTTPC_E_CANCELLED);
    CHECK_CODE(code_of(result_of(held[1])), HTTPC_E_CANCELLED);
    open_gate(key, 0);
    CHECK_EQ(version_of(result_of(held[2])), HTTPC_HTTP_2);
    CHECK_EQ(version_of(result_of(held[3])), HTTPC_HTTP_2);
    CHECK_EQ(pool_of(client).opened, 1);
    httpc_client_free(client);
}

TEST(first_contact_that_fails_holds_nobody_up)
{
    httpc_client *client = new_h2_client("TLS_CLOSE", HTTPC_PROTOCOL_AUTO);
    httpc_call *calls[10];
    double start = now_ms();
    for (int i = 0; i < 10; i++) {
        calls[i] = submit(client, new_request("GET", "/echo"), NULL, NULL);
    }
    for (int i = 0; i < 10; i++) {
        struct outcome o = result_of(calls[i]);
        CHECK(o.code == HTTPC_E_TLS || o.code == HTTPC_E_IO || o.code == HTTPC_E_CONNECT);
        clean_error(o.error);
        done(&o);
    }
    CHECK_MS(now_ms() - start, 0, 3000);
    httpc_client_free(client);
}

/* Where a line of the log came from. */
struct heard {
    httpc_client *client;
    pthread_t caller;
    unsigned on_caller, elsewhere;
    httpc_code called;
};

static void note_thread(void *userdata, httpc_log_level level, const char *line)
{
    struct heard *heard = userdata;
    (void)level;
    (void)line;
    pthread_equal(pthread_self(), heard->caller) ? heard->on_caller++ : heard->elsewhere++;
    if (heard->called == HTTPC_OK) {
        heard->called = HTTPC_E_AGAIN;
        heard->called = code_of(get(heard->client, "/echo"));
    }
}

/* It is the engine's then, and so are its callbacks, which cannot wait for another one. */
TEST(a_blocking_call_over_http2_has_its_callbacks_on_an_engine_thread)
{
    struct heard heard = {.caller = pthread_self()};
    httpc_config *config = new_config();
    httpc_config_set_base_url(config, address("H2C"));
    httpc_config_set_protocol(config, HTTPC_PROTOCOL_HTTP_2_PRIOR_KNOWLEDGE);
    httpc_config_set_log(config, HTTPC_LOG_DEBUG, note_thread, &heard, NULL);
    heard.client = new_client(config);
    CHECK_EQ(version_of(get(heard.client, "/echo")), HTTPC_HTTP_2);
    CHECK_EQ(heard.on_caller, 0);
    CHECK(heard.elsewhere > 0);
    CHECK_CODE(heard.called, HTTPC_E_WOULD_DEADLOCK);
    httpc_client_free(heard.client);
}

TEST(unknown_protocols_are_refused)
{
    httpc_config *config = new_config();
    CHECK_CODE(httpc_config_set_protocol(config, 9), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_config_set_protocol(config, -1), HTTPC_E_INVALID_ARG);
    httpc_config_free(config);
}

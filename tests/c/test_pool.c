/* The pool of connections: exact limits, turns in order, idle ones that are kept, that expire and that make room. */
#include "calls.h"

static httpc_config *config_with_limits(uint32_t most, uint32_t per_host)
{
    httpc_config *config = new_config();
    httpc_config_set_max_connections(config, most);
    httpc_config_set_max_connections_per_host(config, per_host);
    return config;
}

/* The server under two names, which are two hosts to a client. */
static const char *at(const char *host, const char *path)
{
    return text("http://%s.test:%s%s", host, strrchr(address("URL"), ':') + 1, path);
}

static httpc_client *client_of_hosts(httpc_config *config)
{
    uint16_t port = (uint16_t)atoi(strrchr(address("URL"), ':') + 1);
    httpc_config_add_resolve(config, "a.test", port, "127.0.0.1");
    httpc_config_add_resolve(config, "b.test", port, "127.0.0.1");
    return new_client(config);
}

static void get_well(httpc_client *client, const char *url)
{
    CHECK_CODE(code_of(get(client, url)), HTTPC_OK);
}

/* ---- What is to be seen ---- */

TEST(every_state_is_counted)
{
    httpc_client *client = new_client(config_with_limits(2, 2));
    const char *key = new_key(), *url = text("/gate?key=%s", key);
    struct call calls[3];
    CHECK_POOL(client, 0, 0, 0, 0, 0);
    for (int i = 0; i < 2; i++) {
        start_get(&calls[i], client, url);
    }
    CHECK_COMES_TRUE(server_count(key) == 2);
    CHECK_POOL(client, 2, 0, 0, 2, 0);
    start_get(&calls[2], client, url);
    CHECK_COMES_TRUE(pool_of(client).waiting == 1);
    CHECK_POOL(client, 2, 0, 1, 2, 0);
    open_gate(key, 1);
    CHECK_COMES_TRUE(server_count(key) == 3);
    CHECK_POOL(client, 2, 0, 0, 2, 1);
    open_gate(key, 0);
    for (int i = 0; i < 3; i++) {
        end_call(&calls[i], HTTPC_OK);
    }
    CHECK_POOL(client, 0, 2, 0, 2, 1);
    CHECK_EQ(connections_at_server(), 2);
    CHECK_CODE(httpc_client_close(client, HTTPC_FOREVER, NULL), HTTPC_OK);
    CHECK_POOL(client, 0, 0, 0, 2, 1);
    CHECK_COMES_TRUE(connections_at_server() == 0);
    httpc_client_free(client);
}

TEST(a_connection_that_breaks_is_not_kept)
{
    httpc_client *client = new_client(NULL);
    CHECK_CODE(code_of(post(client, "/reset/in-body", "")), HTTPC_E_IO);
    CHECK_POOL(client, 0, 0, 0, 1, 0);
    get_well(client, "/once");
    CHECK_COMES_TRUE(connections_at_server() == 0);
    get_well(client, "/echo");
    CHECK_POOL(client, 0, 1, 0, 3, 0);
    httpc_client_free(client);
}

/* ---- Limits ---- */

#define CROWD 24

TEST(the_limits_hold_to_the_connection)
{
    static const uint32_t limits[][3] = {{5, 20, 5}, {20, 4, 4}, {1, 1, 1}};
    for (int i = 0; i < 3; i++) {
        httpc_client *client = new_client(config_with_limits(limits[i][0], limits[i][1]));
        const char *key = new_key();
        uint32_t most = limits[i][2];
        struct call calls[CROWD];
        for (int c = 0; c < CROWD; c++) {
            start_get(&calls[c], client, text("/gate?key=%s", key));
        }
        CHECK_COMES_TRUE(pool_of(client).waiting == CROWD - most);
        for (uint32_t served = 0; served < CROWD - most; served++) {
            CHECK_COMES_TRUE(server_count(key) == served + most);
            CHECK_POOL(client, most, 0, CROWD - most - served, most, served);
            CHECK_EQ(connections_at_server(), most);
            open_gate(key, 1);
        }
        open_gate(key, 0);
        for (int c = 0; c < CROWD; c++) {
            end_call(&calls[c], HTTPC_OK);
        }
        httpc_client_free(client);
        CHECK_COMES_TRUE(connections_at_server() == 0);
    }
}

TEST(a_full_host_holds_no_other_up)
{
    httpc_client *client = client_of_hosts(config_with_limits(3, 2));
    const char *key = new_key();
    struct call calls[4];
    for (int i = 0; i < 3; i++) {
        start_get(&calls[i], client, at("a", text("/gate?key=%s", key)));
    }
    CHECK_COMES_TRUE(pool_of(client).waiting == 1);
    get_well(client, at("b", "/echo"));
    open_gate(key, 0);
    for (int i = 0; i < 3; i++) {
        end_call(&calls[i], HTTPC_OK);
    }
    httpc_client_free(client);
}

TEST(a_pause_between_attempts_holds_no_connection)
{
    httpc_client *client = new_client(config_with_limits(1, 1));
    const char *key = new_key();
    struct call paused;
    start_get(&paused, client, text("/retry-after/seconds-1?key=%s", key));
    CHECK_COMES_TRUE(server_count(key) == 1);
    struct outcome o = get(client, "/echo");
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_MS(o.ms, 0, 800);
    done(&o);
    end_call(&paused, HTTPC_OK);
    httpc_client_free(client);
}

/* ---- Turns ---- */

#define QUEUE 8

/* Fills the only connection and a queue behind it, the turns to be told apart by the query. */
static void fill_queue(struct call *calls, httpc_client *client, const char *key)
{
    for (unsigned i = 0; i < QUEUE; i++) {
        start_get(&calls[i], client, text("/gate?key=%s&turn=%u", key, i));
        CHECK_COMES_TRUE(i == 0 ? server_count(key) == 1 : pool_of(client).waiting == i);
    }
}

TEST(first_come_first_served)
{
    httpc_client *client = new_client(config_with_limits(1, 1));
    const char *key = new_key();
    struct call calls[QUEUE];
    fill_queue(calls, client, key);
    open_gate(key, 0);
    for (int i = 0; i < QUEUE; i++) {
        end_call(&calls[i], HTTPC_OK);
    }
    httpc_response *log = server_log(key);
    for (unsigned i = 0; i < QUEUE; i++) {
        CHECK_STR(logged(log, i, "query"), text("key=%s&turn=%u", key, i));
    }
    httpc_response_free(log);
    httpc_client_free(client);
}

TEST(turns_go_across_hosts)
{
    httpc_client *client = client_of_hosts(config_with_limits(1, 1));
    const char *key = new_key();
    struct call calls[QUEUE];
    for (unsigned i = 0; i < QUEUE; i++) {
        start_get(&calls[i], client, at(i % 2 == 0 ? "a" : "b", text("/gate?key=%s&turn=%u", key, i)));
        CHECK_COMES_TRUE(i == 0 ? server_count(key) == 1 : pool_of(client).waiting == i);
    }
    open_gate(key, 0);
    for (int i = 0; i < QUEUE; i++) {
        end_call(&calls[i], HTTPC_OK);
    }
    httpc_response *log = server_log(key);
    for (unsigned i = 0; i < QUEUE; i++) {
        CHECK_STR(logged(log, i, "query"), text("key=%s&turn=%u", key, i));
    }
    httpc_response_free(log);
    CHECK_POOL(client, 0, 1, 0, QUEUE, 0);
    httpc_client_free(client);
}

/* Every second of the queue is cancelled or comes too late; the others get their turns, and no permit is lost. */
TEST(who_leaves_the_queue_leaves_no_hole)
{
    httpc_client *client = new_client(config_with_limits(1, 1));
    const char *key = new_key();
    struct call calls[QUEUE];
    httpc_cancel_token *token = NULL;
    CHECK_CODE(httpc_cancel_token_new(&token, NULL), HTTPC_OK);
    for (unsigned i = 0; i < QUEUE; i++) {
        httpc_request *request = new_request("GET", text("/gate?key=%s&turn=%u", key, i));
        if (i % 4 == 1) {
            httpc_request_set_cancel_token(request, token);
        } else if (i % 4 == 3) {
            httpc_request_set_timeout(request, HTTPC_TIMEOUT_POOL, 300);
        }
        start_call(&calls[i], client, request);
        CHECK_COMES_TRUE(i == 0 ? server_count(key) == 1 : pool_of(client).waiting == i);
    }
    httpc_cancel_token_cancel(token);
    for (int i = 1; i < QUEUE; i += 2) {
        end_call(&calls[i], i % 4 == 1 ? HTTPC_E_CANCELLED : HTTPC_E_TIMEOUT_POOL);
    }
    CHECK_POOL(client, 1, 0, QUEUE / 2 - 1, 1, 0);
    open_gate(key, 0);
    for (int i = 0; i < QUEUE; i += 2) {
        end_call(&calls[i], HTTPC_OK);
    }
    CHECK_EQ(server_count(key), QUEUE / 2);
    CHECK_POOL(client, 0, 1, 0, 1, QUEUE / 2 - 1);
    httpc_cancel_token_free(token);
    httpc_client_free(client);
}

TEST(the_pool_timeout_is_final_and_sends_nothing)
{
    httpc_config *config = config_with_limits(1, 1);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_POOL, 100);
    httpc_client *client = new_client(config);
    const char *key = new_key();
    struct call held;
    start_get(&held, client, text("/gate?key=%s", key));
    CHECK_COMES_TRUE(server_count(key) == 1);
    struct outcome o = get(client, text("/echo?key=%s", key));
    CHECK_CODE(o.code, HTTPC_E_TIMEOUT_POOL);
    CHECK_MS(o.ms, 100, 350);
    CHECK_EQ(attempts(&o), 0);
    CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_NEVER_SENT);
    clean_error(o.error);
    done(&o);
    CHECK_POOL(client, 1, 0, 0, 1, 0);
    CHECK_EQ(server_count(key), 1);
    open_gate(key, 0);
    end_call(&held, HTTPC_OK);
    httpc_client_free(client);
}

TEST(closing_ends_the_queue)
{
    httpc_client *client = new_client(config_with_limits(1, 1));
    const char *key = new_key();
    struct call calls[QUEUE];
    fill_queue(calls, client, key);
    double start = now_ms();
    CHECK_CODE(httpc_client_close(client, HTTPC_FOREVER, NULL), HTTPC_OK);
    CHECK_MS(now_ms() - start, 0, 1000);
    for (int i = 0; i < QUEUE; i++) {
        end_call(&calls[i], HTTPC_E_CLOSED);
    }
    CHECK_EQ(server_count(key), 1);
    CHECK_POOL(client, 0, 0, 0, 1, 0);
    httpc_client_free(client);
}

/* ---- Idle connections ---- */

/* Makes `count` connections and leaves them as they end. */
static void open_connections(httpc_client *client, unsigned count, const char *host)
{
    const char *key = new_key();
    struct call calls[CROWD];
    for (unsigned i = 0; i < count; i++) {
        start_get(&calls[i], client, at(host, text("/gate?key=%s", key)));
    }
    CHECK_COMES_TRUE(server_count(key) == count);
    open_gate(key, 0);
    for (unsigned i = 0; i < count; i++) {
        end_call(&calls[i], HTTPC_OK);
    }
}

TEST(no_more_idle_ones_are_kept_than_allowed)
{
    for (unsigned most = 0; most <= 3; most++) {
        httpc_config *config = new_config();
        httpc_config_set_max_idle(config, most);
        httpc_client *client = client_of_hosts(config);
        open_connections(client, 6, "a");
        CHECK_POOL(client, 0, most, 0, 6, 0);
        CHECK_COMES_TRUE(connections_at_server() == most);
        httpc_client_free(client);
        CHECK_COMES_TRUE(connections_at_server() == 0);
    }
}

/* No thread of the library runs in between: the next call, to whatever host, closes what has expired. */
TEST(idle_ones_expire)
{
    httpc_config *config = new_config();
    httpc_config_set_idle_expiry(config, 100);
    httpc_client *client = client_of_hosts(config);
    open_connections(client, 3, "a");
    CHECK_EQ(connections_at_server(), 3);
    wait_until_ms(now_ms() + 101);
    get_well(client, at("b", "/echo"));
    CHECK_POOL(client, 0, 1, 0, 4, 0);
    CHECK_COMES_TRUE(connections_at_server() == 1);
    httpc_client_free(client);
}

TEST(one_that_expired_is_not_used_again)
{
    httpc_config *config = new_config();
    httpc_config_set_idle_expiry(config, 50);
    httpc_client *client = new_client(config);
    get_well(client, "/echo");
    wait_until_ms(now_ms() + 51);
    get_well(client, "/echo");
    CHECK_POOL(client, 0, 1, 0, 2, 0);
    httpc_client_free(client);
}

TEST(idle_ones_count_and_the_oldest_makes_room)
{
    httpc_client *client = client_of_hosts(config_with_limits(3, 3));
    open_connections(client, 1, "a");
    open_connections(client, 2, "b");
    CHECK_POOL(client, 0, 3, 0, 3, 0);
    const char *key = new_key();
    struct call held[2];
    for (int i = 0; i < 2; i++) {
        start_get(&held[i], client, at("b", text("/gate?key=%s", key)));
    }
    CHECK_COMES_TRUE(server_count(key) == 2);
    CHECK_POOL(client, 2, 1, 0, 3, 2);
    struct call third;
    start_get(&third, client, at("b", text("/gate?key=%s", key)));
    CHECK_COMES_TRUE(server_count(key) == 3);
    CHECK_POOL(client, 3, 0, 0, 4, 2);
    CHECK_COMES_TRUE(connections_at_server() == 3);
    open_gate(key, 0);
    end_call(&third, HTTPC_OK);
    for (int i = 0; i < 2; i++) {
        end_call(&held[i], HTTPC_OK);
    }
    httpc_client_free(client);
}

TEST(the_connection_used_last_is_used_first)
{
    httpc_client *client = client_of_hosts(new_config());
    open_connections(client, 3, "a");
    const char *key = new_key();
    for (int i = 0; i < 5; i++) {
        get_well(client, at("a", text("/echo?key=%s", key)));
    }
    httpc_response *log = server_log(key);
    int64_t first = -1, other = -2;
    for (unsigned i = 0; i < 5; i++) {
        CHECK_CODE(httpc_response_json_int64(log, text("/%u/connection", i), i == 0 ? &first : &other, NULL), HTTPC_OK);
        CHECK(i == 0 || other == first);
    }
    httpc_response_free(log);
    CHECK_POOL(client, 0, 3, 0, 3, 5);
    httpc_client_free(client);
}

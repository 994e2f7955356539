/* Idle connections of asynchronous calls: how many are kept, for how long, and which make room for others. */
#include "pool.h"

/* ---- How many ---- */

TEST(no_more_idle_ones_are_kept_than_allowed)
{
    static const uint32_t limits[] = {0, 1, 3, 20};
    for (int i = 0; i < 4; i++) {
        httpc_config *config = new_config();
        httpc_config_set_max_idle(config, limits[i]);
        httpc_client *client = client_of_hosts(config);
        uint32_t count = limits[i] + 4 > 20 ? 20 : limits[i] + 4, kept = limits[i] < count ? limits[i] : count;
        open_connections_in_engine(client, count, "a");
        CHECK_POOL(client, 0, kept, 0, count, 0);
        CHECK_COMES_TRUE(connections_at_server() == kept);
        httpc_client_free(client);
        CHECK_COMES_TRUE(connections_at_server() == 0);
    }
}

TEST(the_idle_limit_is_one_for_all_hosts)
{
    httpc_config *config = new_config();
    httpc_config_set_max_idle(config, 1);
    httpc_client *client = client_of_hosts(config);
    submit_well(client, at("a", "/echo"));
    submit_well(client, at("b", "/echo"));
    CHECK_POOL(client, 0, 1, 0, 2, 0);
    CHECK_COMES_TRUE(connections_at_server() == 1);
    /* The one that was used last stayed. */
    submit_well(client, at("b", "/echo"));
    CHECK_POOL(client, 0, 1, 0, 2, 1);
    httpc_client_free(client);
}

TEST(the_idle_limit_is_one_for_blocking_and_asynchronous_calls)
{
    httpc_config *config = new_config();
    httpc_config_set_max_idle(config, 3);
    httpc_client *client = client_of_hosts(config);
    open_connections(client, 3, "a");
    open_connections_in_engine(client, 2, "a");
    CHECK_COMES_TRUE(connections_at_server() == 3);
    CHECK_EQ(pool_of(client).idle, 3);
    open_connections(client, 3, "b");
    CHECK_COMES_TRUE(connections_at_server() == 3);
    CHECK_COMES_TRUE(pool_of(client).idle == 3);
    httpc_client_free(client);
}

TEST(the_idle_limit_is_one_for_several_engine_threads)
{
    httpc_config *config = new_config();
    httpc_config_set_max_idle(config, 2);
    httpc_config_set_engine_threads(config, 3);
    httpc_client *client = client_of_hosts(config);
    open_connections_in_engine(client, 9, "a");
    CHECK_COMES_TRUE(connections_at_server() == 2);
    CHECK_EQ(pool_of(client).idle, 2);
    httpc_client_free(client);
}

/* ---- For how long ---- */

TEST(idle_ones_expire_by_themselves)
{
    httpc_config *config = new_config();
    httpc_config_set_idle_expiry(config, 100);
    httpc_client *client = client_of_hosts(config);
    double start = now_ms();
    open_connections_in_engine(client, 3, "a");
    CHECK_COMES_TRUE(connections_at_server() == 0);
    CHECK_MS(now_ms() - start, 100, 1000);
    CHECK_POOL(client, 0, 0, 0, 3, 0);
    submit_well(client, at("a", "/echo"));
    CHECK_POOL(client, 0, 1, 0, 4, 0);
    httpc_client_free(client);
}

TEST(one_that_is_used_does_not_expire)
{
    httpc_config *config = new_config();
    httpc_config_set_idle_expiry(config, 400);
    httpc_client *client = new_client(config);
    for (int i = 0; i < 10; i++) {
        submit_well(client, "/delay/60");
    }
    CHECK_POOL(client, 0, 1, 0, 1, 9);
    httpc_client_free(client);
}

TEST(one_that_the_server_closes_is_gone_at_once)
{
    httpc_client *client = new_client(NULL);
    submit_well(client, "/stale/20");
    CHECK_COMES_TRUE(pool_of(client).idle == 0);
    submit_well(client, "/echo");
    CHECK_POOL(client, 0, 1, 0, 2, 0);
    httpc_client_free(client);
}

/* ---- Room for others ---- */

TEST(idle_ones_count_and_the_oldest_makes_room)
{
    httpc_client *client = client_of_hosts(config_with_limits(3, 3));
    open_connections_in_engine(client, 1, "a");
    open_connections_in_engine(client, 2, "b");
    CHECK_POOL(client, 0, 3, 0, 3, 0);
    const char *key = new_key();
    httpc_call *held[3];
    submit_gets(held, 2, client, at("b", text("/gate?key=%s", key)));
    CHECK_COMES_TRUE(server_count(key) == 2);
    CHECK_POOL(client, 2, 1, 0, 3, 2);
    submit_gets(held + 2, 1, client, at("b", text("/gate?key=%s", key)));
    CHECK_COMES_TRUE(server_count(key) == 3);
    CHECK_POOL(client, 3, 0, 0, 4, 2);
    CHECK_COMES_TRUE(connections_at_server() == 3);
    open_gate(key, 0);
    end_calls(held, 3, HTTPC_OK);
    httpc_client_free(client);
}

TEST(one_that_a_call_is_about_to_take_makes_no_room)
{
    httpc_client *client = client_of_hosts(config_with_limits(6, 6));
    open_connections_in_engine(client, 3, "a");
    const char *key = new_key();
    httpc_call *calls[6];
    submit_gets(calls, 6, client, at("a", text("/gate?key=%s", key)));
    CHECK_COMES_TRUE(server_count(key) == 6);
    CHECK_POOL(client, 6, 0, 0, 6, 3);
    open_gate(key, 0);
    end_calls(calls, 6, HTTPC_OK);
    CHECK_POOL(client, 0, 6, 0, 6, 3);
    httpc_client_free(client);
}

TEST(asynchronous_calls_make_room_for_blocking_ones)
{
    httpc_client *client = client_of_hosts(config_with_limits(2, 2));
    open_connections_in_engine(client, 2, "a");
    CHECK_POOL(client, 0, 2, 0, 2, 0);
    get_well(client, at("b", "/echo"));
    CHECK_COMES_TRUE(connections_at_server() == 2);
    CHECK_COMES_TRUE(pool_of(client).idle == 2);
    httpc_client_free(client);
}

TEST(blocking_calls_make_room_for_asynchronous_ones)
{
    httpc_client *client = client_of_hosts(config_with_limits(2, 2));
    open_connections(client, 2, "a");
    CHECK_POOL(client, 0, 2, 0, 2, 0);
    submit_well(client, at("b", "/echo"));
    CHECK_POOL(client, 0, 2, 0, 3, 0);
    CHECK_COMES_TRUE(connections_at_server() == 2);
    httpc_client_free(client);
}

TEST(the_limit_of_a_host_is_one_for_blocking_and_asynchronous_calls)
{
    httpc_client *client = client_of_hosts(config_with_limits(20, 2));
    open_connections_in_engine(client, 2, "a");
    open_connections(client, 2, "a");
    CHECK_COMES_TRUE(connections_at_server() == 2 && pool_of(client).idle == 2);
    open_connections_in_engine(client, 2, "a");
    CHECK_COMES_TRUE(connections_at_server() == 2 && pool_of(client).idle == 2);
    CHECK_POOL(client, 0, 2, 0, 6, 0);
    httpc_client_free(client);
}

TEST(engine_threads_make_room_for_each_other)
{
    httpc_config *config = config_with_limits(3, 3);
    httpc_config_set_engine_threads(config, 3);
    httpc_client *client = client_of_hosts(config);
    for (int i = 0; i < 30; i++) {
        submit_well(client, at(i % 2 == 0 ? "a" : "b", "/echo"));
        CHECK_COMES_TRUE(connections_at_server() <= 3);
    }
    struct pool pool = pool_of(client);
    CHECK_EQ(pool.opened + pool.reused, 30);
    httpc_client_free(client);
}

/* ---- Which one ---- */

TEST(calls_one_after_the_other_stay_on_one_connection)
{
    httpc_client *client = client_of_hosts(new_config());
    open_connections_in_engine(client, 3, "a");
    for (int i = 0; i < 5; i++) {
        submit_well(client, at("a", "/echo"));
    }
    CHECK_POOL(client, 0, 3, 0, 3, 5);
    httpc_client_free(client);
}

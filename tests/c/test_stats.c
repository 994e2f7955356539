/* Statistics: what a client's pool holds. */
#include "server.h"

static httpc_stats *stats_of(httpc_client *client)
{
    httpc_stats *stats = NULL;
    CHECK_CODE(httpc_client_stats(client, &stats, NULL), HTTPC_OK);
    return stats;
}

TEST(a_new_client_holds_nothing)
{
    httpc_client *client = new_client(NULL);
    httpc_stats *stats = stats_of(client);
    CHECK_EQ(httpc_stats_in_use(stats), 0);
    CHECK_EQ(httpc_stats_idle(stats), 0);
    CHECK_EQ(httpc_stats_waiting(stats), 0);
    CHECK_EQ(httpc_stats_opened(stats), 0);
    CHECK_EQ(httpc_stats_reused(stats), 0);
    httpc_stats_free(stats);
    httpc_client_free(client);
}

TEST(a_connection_is_opened_once_and_used_again)
{
    httpc_client *client = new_client(NULL);
    for (int i = 0; i < 5; i++) {
        struct outcome o = get(client, "/status/200");
        CHECK_CODE(o.code, HTTPC_OK);
        done(&o);
    }
    httpc_stats *stats = stats_of(client);
    CHECK_EQ(httpc_stats_in_use(stats), 0);
    CHECK_EQ(httpc_stats_idle(stats), 1);
    CHECK_EQ(httpc_stats_opened(stats), 1);
    CHECK_EQ(httpc_stats_reused(stats), 4);
    httpc_stats_free(stats);
    httpc_client_free(client);
}

TEST(no_more_idle_ones_are_kept_than_allowed)
{
    httpc_config *config = new_config();
    httpc_config_set_max_idle(config, 0);
    httpc_client *client = new_client(config);
    struct outcome o = get(client, "/status/200");
    CHECK_CODE(o.code, HTTPC_OK);
    done(&o);
    httpc_stats *stats = stats_of(client);
    CHECK_EQ(httpc_stats_idle(stats), 0);
    httpc_stats_free(stats);
    httpc_client_free(client);
}

TEST(null_reads_as_zeros)
{
    CHECK_EQ(httpc_stats_in_use(NULL), 0);
    CHECK_EQ(httpc_stats_opened(NULL), 0);
    httpc_stats_free(NULL);
    httpc_stats *stats = NULL;
    CHECK_CODE(httpc_client_stats(NULL, &stats, NULL), HTTPC_E_INVALID_ARG);
    CHECK(stats == NULL);
}

/* A sink that takes nothing more for a while: the server waits, the call goes on, and nothing is lost. */
#include "sink.h"

static void check_all_comes(const struct way *way)
{
    httpc_client *client = new_client(config_of(way));
    struct sink s = SINK;
    s.pauses_every = 1;
    httpc_call *call = submit(client, request_into(&s, "/bytes/3000000"), NULL, NULL);
    for (unsigned resumed = 0; !httpc_call_is_over(call);) {
        pthread_mutex_lock(&s.lock);
        unsigned pauses = s.pauses;
        pthread_mutex_unlock(&s.lock);
        if (pauses > resumed) {
            resumed = pauses;
            httpc_call_resume(call);
        }
    }
    CHECK_CODE(code_of(result_of(call)), HTTPC_OK);
    CHECK_EQ(s.count, 3000000);
    CHECK(s.is_right);
    CHECK(s.pauses > 1);
    httpc_client_free(client);
}

TEST(a_body_comes_whole_through_any_number_of_pauses)
{
    IN_EVERY_WAY {
        if (way->is_submitted) {
            check_all_comes(way);
        }
    }
}

/* The end of the transfer is behind what the sink has not taken yet. */
static void check_end_waits(const struct way *way)
{
    httpc_client *client = new_client(config_of(way));
    struct sink s = SINK;
    s.head_says = HTTPC_SINK_PAUSE;
    httpc_call *call = submit(client, request_into(&s, "/bytes/1000"), NULL, NULL);
    AWAIT(&s, s.heads == 1);
    CHECK_CODE(httpc_call_wait(call, 100, NULL), HTTPC_E_AGAIN);
    CHECK_EQ(s.writes, 0);
    httpc_call_resume(call);
    CHECK_CODE(code_of(result_of(call)), HTTPC_OK);
    CHECK_EQ(s.count, 1000);
    httpc_client_free(client);
}

TEST(a_short_body_waits_for_the_sink)
{
    IN_EVERY_WAY {
        if (way->is_submitted) {
            check_end_waits(way);
        }
    }
}

static void check_outlasts(const struct way *way)
{
    httpc_config *config = config_of(way);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_READ, 100);
    httpc_client *client = new_client(config);
    struct sink s = SINK;
    s.pauses_every = 1000000;
    s.head_says = HTTPC_SINK_PAUSE;
    httpc_call *call = submit(client, request_into(&s, "/bytes/10000000"), NULL, NULL);
    AWAIT(&s, s.heads == 1);
    wait_until_ms(now_ms() + 400);
    httpc_call_resume(call);
    CHECK_CODE(code_of(result_of(call)), HTTPC_OK);
    CHECK_EQ(s.count, 10000000);
    httpc_client_free(client);
}

TEST(a_pause_outlasts_the_read_timeout)
{
    IN_EVERY_WAY {
        if (way->is_submitted) {
            check_outlasts(way);
        }
    }
}

TEST(after_a_pause_silence_is_the_servers_again)
{
    httpc_config *config = new_config();
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_READ, 100);
    httpc_client *client = new_client(config);
    struct sink s = SINK;
    s.pauses_every = 1;
    httpc_call *call = submit(client, request_into(&s, "/stall-body"), NULL, NULL);
    AWAIT(&s, s.pauses == 1);
    wait_until_ms(now_ms() + 200);
    CHECK(!httpc_call_is_over(call));
    httpc_call_resume(call);
    struct outcome o = result_of(call);
    CHECK_CODE(o.code, HTTPC_E_TIMEOUT_READ);
    done(&o);
    httpc_client_free(client);
}

TEST(a_pause_ends_with_the_total_timeout)
{
    IN_EVERY_WAY {
        if (!way->is_submitted) {
            continue;
        }
        httpc_client *client = new_client(config_of(way));
        struct sink s = SINK;
        s.head_says = HTTPC_SINK_PAUSE;
        httpc_request *request = request_into(&s, "/bytes/1000");
        httpc_request_set_timeout(request, HTTPC_TIMEOUT_TOTAL, 150);
        struct outcome o = submit_and_wait(client, request);
        CHECK_CODE(o.code, HTTPC_E_TIMEOUT_TOTAL);
        CHECK_MS(o.ms, 150, 1000);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(a_paused_call_can_be_cancelled)
{
    httpc_client *client = new_client(NULL);
    struct sink s = SINK;
    s.pauses_every = 1;
    httpc_call *call = submit(client, request_into(&s, "/endless"), NULL, NULL);
    AWAIT(&s, s.pauses == 1);
    httpc_call_cancel(call);
    CHECK_CODE(code_of(result_of(call)), HTTPC_E_CANCELLED);
    CHECK_EQ(s.drops, 1);
    httpc_client_free(client);
}

TEST(a_closed_client_ends_a_paused_call)
{
    httpc_client *client = new_client(NULL);
    struct sink s = SINK;
    s.pauses_every = 1;
    httpc_call *call = submit(client, request_into(&s, "/endless"), NULL, NULL);
    AWAIT(&s, s.pauses == 1);
    httpc_client_free(client);
    CHECK_CODE(code_of(result_of(call)), HTTPC_E_CLOSED);
}

/* While it does not read, the server cannot send: of an endless body only so much is on the way. */
TEST(a_paused_sink_makes_the_server_wait)
{
    httpc_client *client = new_client(NULL);
    struct sink s = SINK;
    s.pauses_every = 1;
    httpc_call *call = submit(client, request_into(&s, "/endless"), NULL, NULL);
    AWAIT(&s, s.pauses == 1);
    wait_until_ms(now_ms() + 200);
    CHECK_BETWEEN(s.count, 1, 300000);
    CHECK_EQ(s.writes, 1);
    httpc_call_cancel(call);
    CHECK_CODE(code_of(result_of(call)), HTTPC_E_CANCELLED);
    httpc_client_free(client);
}

TEST(one_paused_stream_of_http_2_does_not_stop_its_neighbours)
{
    NEEDS_NEW_LIBCURL("speak HTTP/2")
    httpc_client *client = new_client(config_of(&ways[5]));
    struct sink paused = SINK, other = SINK;
    paused.pauses_every = 1;
    httpc_call *call = submit(client, request_into(&paused, "/endless"), NULL, NULL);
    AWAIT(&paused, paused.pauses == 1);
    for (int i = 0; i < 5; i++) {
        CHECK_CODE(code_of(submit_and_wait(client, request_into(&other, "/bytes/1000000"))), HTTPC_OK);
    }
    CHECK_EQ(other.count, 5000000);
    CHECK_EQ(paused.writes, 1);
    CHECK_EQ(pool_of(client).opened, 1);
    httpc_call_cancel(call);
    CHECK_CODE(code_of(result_of(call)), HTTPC_E_CANCELLED);
    httpc_client_free(client);
}

TEST(a_blocking_call_cannot_pause)
{
    IN_EVERY_WAY {
        if (way->is_submitted) {
            continue;
        }
        httpc_client *client = new_client(config_of(way));
        struct sink s = SINK;
        s.pauses_every = 1;
        struct outcome o = make(way, client, request_into(&s, "/bytes/1000"));
        CHECK_CODE(o.code, HTTPC_E_ABORTED);
        CHECK_HAS(httpc_error_detail(o.error), "HTTPC_SINK_PAUSE in a blocking call");
        done(&o);
        httpc_client_free(client);
    }
}

TEST(resuming_what_is_not_paused_changes_nothing)
{
    httpc_client *client = new_client(NULL);
    struct sink s = SINK;
    httpc_call *call = submit(client, request_into(&s, "/bytes/3000000"), NULL, NULL);
    while (!httpc_call_is_over(call)) {
        httpc_call_resume(call);
    }
    CHECK_CODE(code_of(result_of(call)), HTTPC_OK);
    CHECK_EQ(s.count, 3000000);
    httpc_client_free(client);
}

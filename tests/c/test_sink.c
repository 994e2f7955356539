/* The body of a response given to a function while it comes in: which responses get there, and how a call ends then. */
#include "sink.h"

TEST(a_sink_gets_the_head_then_the_whole_body)
{
    IN_EVERY_WAY {
        httpc_client *client = new_client(config_of(way));
        struct sink s = SINK;
        struct outcome o = make(way, client, request_into(&s, "/bytes/3000000"));
        size_t length = 1;
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_EQ(s.heads, 1);
        CHECK_EQ(s.status, 200);
        CHECK_EQ(s.count, 3000000);
        CHECK(s.is_right);
        CHECK(httpc_response_body(o.response, &length) != NULL);
        CHECK_EQ(length, 0);
        CHECK_EQ(httpc_response_status(o.response), 200);
        CHECK_EQ(s.drops, 1);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(chunks_come_as_bytes)
{
    IN_EVERY_WAY {
        httpc_client *client = new_client(config_of(way));
        struct sink s = SINK;
        struct outcome o = make(way, client, request_into(&s, "/chunked?sizes=1,1000,100000,2"));
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_EQ(s.count, 101003);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(a_coded_body_comes_decoded)
{
    static const char *const codings[] = {"gzip", "deflate", "br", "zstd", "zstd,gzip,deflate,br,gzip"};
    IN_EVERY_WAY {
        httpc_client *client = new_client(config_of(way));
        for (size_t i = 0; i < sizeof codings / sizeof *codings; i++) {
            struct sink s = SINK;
            CHECK_CODE(code_of(make(way, client, request_into(&s, text("/encoded/%s?bytes=3000000", codings[i])))), HTTPC_OK);
            CHECK_EQ(s.count, 3000000);
            CHECK(s.largest <= 1 << 18); /* whatever a few coded bytes become */
            CHECK(s.writes > 10);
        }
        httpc_client_free(client);
    }
}

TEST(an_empty_body_has_a_head_and_no_bytes)
{
    IN_EVERY_WAY {
        httpc_client *client = new_client(config_of(way));
        struct sink s = SINK;
        struct outcome o = make(way, client, request_into(&s, "/bytes/0"));
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_EQ(s.heads, 1);
        CHECK_EQ(s.writes, 0);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(a_sink_of_a_blocking_call_runs_on_its_thread)
{
    httpc_client *client = new_client(NULL);
    struct sink s = SINK;
    httpc_request *request = request_into(&s, "/bytes/10");
    CHECK_CODE(code_of(send_request(client, request)), HTTPC_OK);
    CHECK(pthread_equal(s.thread, pthread_self()));
    httpc_request_free(request);
    httpc_client_free(client);
}

TEST(retried_bodies_do_not_reach_it)
{
    IN_EVERY_WAY {
        httpc_client *client = new_client(config_of(way));
        struct sink s = SINK;
        const char *url = text("/sequence/503,429,200?key=%s&body=no", new_key());
        struct outcome o = make(way, client, request_into(&s, url));
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_EQ(attempts(&o), 3);
        CHECK_EQ(s.heads, 1);
        CHECK_EQ(s.status, 200);
        CHECK_HAS_NOT(s.text, "no");
        done(&o);
        httpc_client_free(client);
    }
}

TEST(redirects_do_not_reach_it)
{
    IN_EVERY_WAY {
        httpc_client *client = new_client(config_of(way));
        struct sink s = SINK;
        struct outcome o = make(way, client, request_into(&s, "/redirect/302?to=/bytes/1000"));
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_EQ(s.heads, 1);
        CHECK_EQ(s.count, 1000);
        CHECK(s.is_right);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(an_error_keeps_its_body_for_itself)
{
    IN_EVERY_WAY {
        httpc_client *client = new_client(config_of(way));
        struct sink s = SINK;
        struct outcome o = make(way, client, request_into(&s, "/status/404?body=gone"));
        CHECK_CODE(o.code, HTTPC_E_STATUS);
        CHECK_HAS(httpc_error_detail(o.error), "gone");
        CHECK_EQ(s.heads, 0);
        CHECK_EQ(s.writes, 0);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(without_status_errors_such_a_body_is_one_like_others)
{
    IN_EVERY_WAY {
        httpc_client *client = new_client(config_of(way));
        struct sink s = SINK;
        httpc_request *request = request_into(&s, "/status/404?body=gone");
        httpc_request_set_status_errors(request, 0);
        struct outcome o = make(way, client, request);
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_EQ(s.status, 404);
        CHECK_STR(s.text, "gone");
        done(&o);
        httpc_client_free(client);
    }
}

TEST(what_a_sink_says_ends_the_call)
{
    IN_EVERY_WAY {
        httpc_client *client = new_client(config_of(way));
        struct sink s = SINK;
        s.says = -17;
        struct outcome o = make(way, client, request_into(&s, "/bytes/3000000"));
        CHECK_CODE(o.code, HTTPC_E_ABORTED);
        CHECK_HAS(httpc_error_detail(o.error), "the body sink said stop, with -17");
        CHECK_EQ(attempts(&o), 1);
        CHECK_EQ(s.writes, 1);
        done(&o);
        struct sink at_head = SINK;
        at_head.head_says = 5;
        o = make(way, client, request_into(&at_head, "/bytes/10"));
        CHECK_CODE(o.code, HTTPC_E_ABORTED);
        CHECK_HAS(httpc_error_detail(o.error), "the head function of the body sink said stop, with 5");
        CHECK_EQ(at_head.writes, 0);
        done(&o);
        CHECK_CODE(code_of(make(way, client, new_request("GET", "/bytes/10"))), HTTPC_OK);
        httpc_client_free(client);
    }
}

TEST(the_clients_longest_body_is_for_memory_alone)
{
    IN_EVERY_WAY {
        httpc_config *config = config_of(way);
        httpc_config_set_max_body(config, 1000);
        httpc_client *client = new_client(config);
        struct sink s = SINK;
        CHECK_CODE(code_of(make(way, client, request_into(&s, "/bytes/500000"))), HTTPC_OK);
        CHECK_EQ(s.count, 500000);
        httpc_client_free(client);
    }
}

TEST(the_requests_longest_body_holds_for_its_sink)
{
    IN_EVERY_WAY {
        httpc_client *client = new_client(config_of(way));
        struct sink announced = SINK, not_announced = SINK;
        httpc_request *request = request_into(&announced, "/bytes/500000");
        httpc_request_set_max_body(request, 300000);
        CHECK_CODE(code_of(make(way, client, request)), HTTPC_E_BODY_TOO_LARGE);
        CHECK_EQ(announced.count, 0);
        request = request_into(&not_announced, "/endless");
        httpc_request_set_max_body(request, 300000);
        CHECK_CODE(code_of(make(way, client, request)), HTTPC_E_BODY_TOO_LARGE);
        CHECK_BETWEEN(not_announced.count, 1, 300000);
        httpc_client_free(client);
    }
}

TEST(each_send_of_a_request_is_a_body_of_its_own)
{
    httpc_client *client = new_client(NULL);
    struct sink s = SINK;
    httpc_request *request = request_into(&s, "/bytes/10");
    CHECK_CODE(code_of(send_request(client, request)), HTTPC_OK);
    CHECK_CODE(code_of(send_request(client, request)), HTTPC_OK);
    CHECK_EQ(s.heads, 2);
    CHECK_EQ(s.count, 20);
    CHECK_EQ(s.drops, 0);
    httpc_request_free(request);
    CHECK_EQ(s.drops, 1);
    httpc_client_free(client);
}

TEST(a_sink_needs_a_function)
{
    struct sink s = SINK;
    httpc_request *request = new_request("GET", "/");
    CHECK_CODE(httpc_request_set_body_sink(request, NULL, NULL, &s, drop_sink), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(httpc_request_error(request)), "`write`");
    CHECK_EQ(s.drops, 1);
    httpc_request_free(request);
    CHECK_CODE(httpc_request_set_body_sink(NULL, NULL, take_bytes, &s, drop_sink), HTTPC_E_INVALID_ARG);
    CHECK_EQ(s.drops, 2);
}

/* ---- Bodies that break off ---- */

TEST(a_body_that_breaks_off_before_its_first_byte_is_fetched_again)
{
    IN_EVERY_WAY {
        httpc_client *client = new_client(config_of(way));
        struct sink s = SINK;
        const char *key = new_key();
        struct outcome o = make(way, client, request_into(&s, text("/reset/after-head?key=%s", key)));
        CHECK(o.code == HTTPC_E_IO || o.code == HTTPC_E_TRUNCATED);
        CHECK_EQ(attempts(&o), 3);
        CHECK_EQ(server_count(key), 3);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(a_body_that_breaks_off_later_ends_the_call)
{
    IN_EVERY_WAY {
        httpc_client *client = new_client(config_of(way));
        struct sink s = SINK;
        const char *key = new_key();
        struct outcome o = make(way, client, request_into(&s, text("/truncate?key=%s", key)));
        CHECK(o.code == HTTPC_E_TRUNCATED || o.code == HTTPC_E_PROTOCOL);
        CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_NOT_RETRYABLE);
        CHECK_EQ(s.count, 50);
        CHECK_EQ(server_count(key), 1);
        done(&o);
        httpc_client_free(client);
    }
}

static int32_t again(void *userdata, const httpc_attempt *attempt)
{
    (void)userdata, (void)attempt;
    return HTTPC_DECISION_RETRY;
}

TEST(not_even_the_programs_judge_takes_back_what_a_sink_has)
{
    httpc_client *client = new_client(NULL);
    struct sink s = SINK;
    const char *key = new_key();
    httpc_retry_policy *policy = new_policy();
    httpc_retry_policy_set_decider(policy, again, NULL, NULL);
    httpc_request *request = request_into(&s, text("/truncate?key=%s", key));
    httpc_request_set_retry(request, policy);
    httpc_retry_policy_free(policy);
    CHECK_CODE(code_of(make(&ways[0], client, request)), HTTPC_E_TRUNCATED);
    CHECK_EQ(server_count(key), 1);
    httpc_client_free(client);
}

TEST(silence_in_a_body_is_the_servers)
{
    IN_EVERY_WAY {
        httpc_config *config = config_of(way);
        httpc_config_set_timeout(config, HTTPC_TIMEOUT_READ, 100);
        httpc_client *client = new_client(config);
        struct sink s = SINK;
        struct outcome o = make(way, client, request_into(&s, "/stall-body"));
        CHECK_CODE(o.code, HTTPC_E_TIMEOUT_READ);
        CHECK_MS(o.ms, 100, 1000);
        CHECK_EQ(s.count, 10);
        done(&o);
        httpc_client_free(client);
    }
}

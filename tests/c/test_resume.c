/* A download that breaks off and is gone on with: its sink gets each byte once, or the call ends. */
#include "sink.h"

static httpc_config *impatient_config_of(const struct way *way)
{
    httpc_config *config = config_of(way);
    httpc_retry_policy *policy = new_policy();
    httpc_retry_policy_set_backoff(policy, 1, 1.0, 1);
    httpc_config_set_retry(config, policy);
    httpc_retry_policy_free(policy);
    return config;
}

/* Of a resource of 300000 bytes; `script` is what the server does with them. */
static struct outcome download(const struct way *way, struct sink *s, const char *script, const char *key)
{
    httpc_client *client = new_client(impatient_config_of(way));
    struct outcome o = make(way, client, request_into(s, text("/resumable?bytes=300000&key=%s&%s", key, script)));
    httpc_client_free(client);
    return o;
}

static int status_of_attempt(const struct outcome *o, size_t index)
{
    const httpc_attempt *attempt =
        o->error != NULL ? httpc_error_attempt(o->error, index) : httpc_response_attempt(o->response, index);
    return httpc_attempt_status(attempt);
}

static void check_whole(const struct outcome *o, const struct sink *s)
{
    CHECK_CODE(o->code, HTTPC_OK);
    CHECK_EQ(s->count, 300000);
    CHECK(s->is_right);
    CHECK_EQ(s->heads, 1);
    CHECK_EQ(s->status, 200);
}

/* It has what came before the end, and nothing else. */
static void check_given_up(const struct outcome *o, const struct sink *s, const char *why)
{
    CHECK(o->code == HTTPC_E_TRUNCATED || o->code == HTTPC_E_IO);
    CHECK_EQ(httpc_error_stop_reason(o->error), HTTPC_STOP_NOT_RETRYABLE);
    CHECK_HAS(httpc_error_detail(o->error), text("the rest could not be had: %s", why));
    CHECK_EQ(attempts(o), 2);
    CHECK_BETWEEN(s->count, 1, 100000);
    CHECK(s->is_right);
    CHECK_EQ(s->heads, 1);
    CHECK_EQ(httpc_response_status(httpc_error_response(o->error)), 200);
}

TEST(a_download_goes_on_where_it_broke_off)
{
    IN_EVERY_WAY {
        struct sink s = SINK;
        struct outcome o = download(way, &s, "cut=100000", new_key());
        check_whole(&o, &s);
        CHECK_EQ(attempts(&o), 2);
        CHECK_EQ(status_of_attempt(&o, 0), 200);
        CHECK_EQ(status_of_attempt(&o, 1), 206);
        done(&o);
    }
}

TEST(its_response_is_that_of_the_first_part)
{
    IN_EVERY_WAY {
        struct sink s = SINK;
        struct outcome o = download(way, &s, "cut=100000", new_key());
        CHECK_EQ(httpc_response_status(o.response), 200);
        CHECK_STR(httpc_response_header(o.response, "content-length"), "300000");
        CHECK(httpc_response_header(o.response, "content-range") == NULL);
        CHECK_EQ(httpc_response_size(o.response, HTTPC_SIZE_BODY_RECEIVED), 300000);
        done(&o);
    }
}

TEST(the_rest_is_asked_for_by_its_etag_and_uncoded)
{
    IN_EVERY_WAY {
        struct sink s = SINK;
        const char *key = new_key();
        struct outcome o = download(way, &s, "cut=100000", key);
        httpc_response *log = server_log(key);
        CHECK(logged(log, 0, "headers/range") == NULL);
        CHECK_HAS(logged(log, 1, "headers/range/0"), "bytes=");
        CHECK_STR(logged(log, 1, "headers/if-range/0"), "\"v1\"");
        CHECK_STR(logged(log, 1, "headers/accept-encoding/0"), "identity");
        httpc_response_free(log);
        done(&o);
    }
}

TEST(it_may_break_off_again)
{
    IN_EVERY_WAY {
        struct sink s = SINK;
        struct outcome o = download(way, &s, "cut=100000,70000", new_key());
        check_whole(&o, &s);
        CHECK_EQ(attempts(&o), 3);
        done(&o);
    }
}

TEST(a_busy_server_is_asked_again)
{
    IN_EVERY_WAY {
        struct sink s = SINK;
        struct outcome o = download(way, &s, "cut=100000&busy=2", new_key());
        check_whole(&o, &s);
        CHECK_EQ(attempts(&o), 3);
        CHECK_EQ(status_of_attempt(&o, 1), 503);
        CHECK_EQ(status_of_attempt(&o, 2), 206);
        done(&o);
    }
}

TEST(what_has_changed_is_not_gone_on_with)
{
    IN_EVERY_WAY {
        struct sink s = SINK;
        struct outcome o = download(way, &s, "cut=100000&wrong=changed", new_key());
        check_given_up(&o, &s, "the server answered with the whole, which has changed");
        done(&o);
    }
}

TEST(a_server_without_ranges_sends_nothing_twice)
{
    IN_EVERY_WAY {
        struct sink s = SINK;
        struct outcome o = download(way, &s, "cut=100000&wrong=whole", new_key());
        check_given_up(&o, &s, "the server answered with the whole");
        done(&o);
    }
}

TEST(another_range_is_not_taken)
{
    IN_EVERY_WAY {
        struct sink s = SINK;
        struct outcome o = download(way, &s, "cut=100000&wrong=range", new_key());
        check_given_up(&o, &s, "the server sends another range: bytes ");
        done(&o);
    }
}

TEST(a_range_that_is_gone_ends_the_call)
{
    IN_EVERY_WAY {
        struct sink s = SINK;
        struct outcome o = download(way, &s, "cut=100000&wrong=unsatisfied", new_key());
        check_given_up(&o, &s, "the server has no such range any more (status 416)");
        done(&o);
    }
}

TEST(a_weak_etag_proves_nothing)
{
    IN_EVERY_WAY {
        struct sink s = SINK;
        const char *key = new_key();
        struct outcome o = download(way, &s, "cut=100000&etag=W/%22v1%22", key);
        CHECK(o.code == HTTPC_E_TRUNCATED || o.code == HTTPC_E_IO);
        CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_NOT_RETRYABLE);
        CHECK_EQ(server_count(key), 1);
        done(&o);
    }
}

TEST(a_range_of_the_programs_own_is_its_own_business)
{
    IN_EVERY_WAY {
        httpc_client *client = new_client(impatient_config_of(way));
        struct sink s = SINK;
        const char *key = new_key();
        httpc_request *request = request_into(&s, text("/resumable?bytes=300000&cut=100000&key=%s", key));
        httpc_request_set_header(request, "Range", "bytes=0-");
        struct outcome o = make(way, client, request);
        CHECK(o.code == HTTPC_E_TRUNCATED || o.code == HTTPC_E_IO);
        CHECK_EQ(server_count(key), 1);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(the_longest_body_counts_all_parts)
{
    IN_EVERY_WAY {
        httpc_client *client = new_client(impatient_config_of(way));
        struct sink s = SINK;
        httpc_request *request = request_into(&s, text("/resumable?bytes=300000&cut=100000&key=%s", new_key()));
        httpc_request_set_max_body(request, 300000);
        struct outcome o = make(way, client, request);
        check_whole(&o, &s);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(without_retries_nothing_is_gone_on_with)
{
    IN_EVERY_WAY {
        httpc_client *client = new_client(impatient_config_of(way));
        struct sink s = SINK;
        const char *key = new_key();
        httpc_request *request = request_into(&s, text("/resumable?bytes=300000&cut=100000&key=%s", key));
        httpc_request_set_retry(request, NULL);
        struct outcome o = make(way, client, request);
        CHECK(o.code == HTTPC_E_TRUNCATED || o.code == HTTPC_E_IO);
        CHECK_EQ(server_count(key), 1);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(a_sink_that_pauses_between_the_parts_gets_all)
{
    IN_EVERY_WAY {
        if (!way->is_submitted) {
            continue;
        }
        httpc_client *client = new_client(impatient_config_of(way));
        struct sink s = SINK;
        s.pauses_every = 1;
        const char *url = text("/resumable?bytes=300000&cut=100000&key=%s", new_key());
        httpc_call *call = submit(client, request_into(&s, url), NULL, NULL);
        for (unsigned seen = 0; httpc_call_wait(call, 0, NULL) == HTTPC_E_AGAIN;) {
            pthread_mutex_lock(&s.lock);
            bool is_new = s.pauses > seen;
            seen = s.pauses;
            CHECK(s.writes == s.pauses);
            pthread_mutex_unlock(&s.lock);
            if (is_new) {
                httpc_call_resume(call);
            }
            httpc_call_wait(call, 1, NULL);
        }
        struct outcome o = result_of(call);
        check_whole(&o, &s);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(a_pause_outlasts_the_attempt_that_it_was_in)
{
    IN_EVERY_WAY {
        if (!way->is_submitted) {
            continue;
        }
        httpc_config *config = impatient_config_of(way);
        httpc_config_set_timeout(config, HTTPC_TIMEOUT_ATTEMPT, 500);
        httpc_client *client = new_client(config);
        struct sink s = SINK;
        s.pauses_every = 1;
        const char *key = new_key();
        httpc_request *request = request_into(&s, text("/resumable?bytes=300000&key=%s", key));
        httpc_call *call = submit(client, request, NULL, NULL);
        CHECK_COMES_TRUE(server_count(key) == 2);
        pthread_mutex_lock(&s.lock);
        CHECK_EQ(s.writes, 1);
        s.pauses_every = 0;
        pthread_mutex_unlock(&s.lock);
        httpc_call_resume(call);
        struct outcome o = result_of(call);
        check_whole(&o, &s);
        done(&o);
        httpc_client_free(client);
    }
}

/* Responses that the program reads when it likes. */
#include "sink.h"

struct reader {
    httpc_stream *stream;
    httpc_code code;
    httpc_error *error;
};

/* Takes the request. */
static struct reader open_stream(httpc_client *client, httpc_request *request)
{
    struct reader r = {NULL, HTTPC_OK, NULL};
    r.code = httpc_open(client, request, &r.stream, &r.error);
    httpc_request_free(request);
    CHECK((r.code == HTTPC_OK) == (r.stream != NULL));
    return r;
}

static struct reader open_url(httpc_client *client, const char *url)
{
    return open_stream(client, new_request("GET", url));
}

static void end(struct reader *r)
{
    httpc_stream_free(r->stream);
    httpc_error_free(r->error);
}

/* Reads to the end or the first error: how much came, and whether byte number i was i modulo 251. */
static uint64_t read_all(struct reader *r, size_t piece, bool *is_right)
{
    static unsigned char buffer[1 << 20];
    uint64_t total = 0;
    size_t count = 0;
    *is_right = true;
    do {
        httpc_error_free(r->error);
        r->code = httpc_stream_read(r->stream, buffer, piece, &count, &r->error);
        CHECK(count <= piece);
        for (size_t i = 0; i < count; i++) {
            *is_right = *is_right && buffer[i] == (total + i) % 251;
        }
        total += count;
    } while (count > 0);
    return total;
}

/* Streams have no blocking and submitted ways: each listener once. */
#define OVER_EVERY_LISTENER IN_EVERY_WAY if (way->is_submitted)

TEST(a_body_is_read_in_pieces_of_any_size)
{
    static const size_t sizes[] = {1000, 16384, 1 << 20};
    OVER_EVERY_LISTENER {
        httpc_client *client = new_client(config_of(way));
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            bool is_right;
            struct reader r = open_url(client, "/bytes/3000000");
            CHECK_EQ(httpc_response_status(httpc_stream_response(r.stream)), 200);
            CHECK_EQ(read_all(&r, sizes[i], &is_right), 3000000);
            CHECK_CODE(r.code, HTTPC_OK);
            CHECK(is_right);
            end(&r);
        }
        httpc_client_free(client);
    }
}

TEST(the_head_is_there_before_the_body)
{
    OVER_EVERY_LISTENER {
        httpc_client *client = new_client(config_of(way));
        struct reader r = open_url(client, "/trickle?bytes=1&interval=200");
        const httpc_response *head = httpc_stream_response(r.stream);
        bool is_right;
        CHECK_EQ(httpc_response_status(head), 200);
        CHECK_EQ(read_all(&r, 100, &is_right), 1);
        CHECK(httpc_stream_response(r.stream) != head);
        CHECK_EQ(httpc_response_attempts(httpc_stream_response(r.stream)), 1);
        CHECK_EQ(httpc_response_status(head), 200);
        end(&r);
        httpc_client_free(client);
    }
}

TEST(the_end_is_told_every_time)
{
    httpc_client *client = new_client(NULL);
    struct reader r = open_url(client, "/bytes/0");
    bool is_right;
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(read_all(&r, 10, &is_right), 0);
        CHECK_CODE(r.code, HTTPC_OK);
    }
    end(&r);
    httpc_client_free(client);
}

TEST(retries_and_redirects_are_over_when_it_opens)
{
    OVER_EVERY_LISTENER {
        httpc_client *client = new_client(config_of(way));
        bool is_right;
        struct reader r = open_url(client, text("/sequence/503,200?key=%s", new_key()));
        CHECK_EQ(httpc_response_status(httpc_stream_response(r.stream)), 200);
        end(&r);
        r = open_url(client, "/redirect/302?to=/bytes/1000");
        CHECK_EQ(read_all(&r, 100, &is_right), 1000);
        CHECK(is_right);
        end(&r);
        httpc_client_free(client);
    }
}

TEST(an_error_status_opens_nothing)
{
    OVER_EVERY_LISTENER {
        httpc_client *client = new_client(config_of(way));
        struct reader r = open_url(client, "/status/404?body=gone");
        CHECK_CODE(r.code, HTTPC_E_STATUS);
        CHECK_HAS(httpc_error_detail(r.error), "gone");
        end(&r);
        httpc_client_free(client);
    }
}

TEST(a_body_that_breaks_off_is_an_error_for_good)
{
    OVER_EVERY_LISTENER {
        httpc_client *client = new_client(config_of(way));
        const char *key = new_key();
        struct reader r = open_url(client, text("/truncate?key=%s", key));
        bool is_right;
        CHECK_EQ(read_all(&r, 1000, &is_right), 50);
        for (int i = 0; i < 2; i++) {
            CHECK(r.code == HTTPC_E_TRUNCATED || r.code == HTTPC_E_PROTOCOL);
            CHECK_EQ(read_all(&r, 1000, &is_right), 0);
        }
        CHECK_EQ(server_count(key), 1);
        end(&r);
        httpc_client_free(client);
    }
}

/* Whoever has the head has decided by it. */
TEST(nothing_is_fetched_again_behind_a_head_that_was_shown)
{
    OVER_EVERY_LISTENER {
        httpc_client *client = new_client(config_of(way));
        const char *key = new_key();
        struct reader r = open_url(client, text("/reset/after-head?key=%s", key));
        bool is_right;
        if (r.stream != NULL) {
            CHECK_EQ(read_all(&r, 1000, &is_right), 0);
        }
        CHECK(r.code == HTTPC_E_IO || r.code == HTTPC_E_TRUNCATED);
        CHECK_EQ(server_count(key), 1);
        end(&r);
        httpc_client_free(client);
    }
}

TEST(an_unread_body_makes_the_server_wait_and_not_time_out)
{
    OVER_EVERY_LISTENER {
        httpc_config *config = config_of(way);
        httpc_config_set_timeout(config, HTTPC_TIMEOUT_READ, 100);
        httpc_client *client = new_client(config);
        struct reader r = open_url(client, "/bytes/10000000");
        bool is_right;
        wait_until_ms(now_ms() + 400);
        CHECK_EQ(read_all(&r, 100000, &is_right), 10000000);
        CHECK(is_right);
        end(&r);
        httpc_client_free(client);
    }
}

TEST(a_stream_can_be_freed_unread)
{
    OVER_EVERY_LISTENER {
        httpc_client *client = new_client(config_of(way));
        char byte;
        size_t count = 0;
        struct reader r = open_url(client, "/endless");
        CHECK_CODE(httpc_stream_read(r.stream, &byte, 1, &count, NULL), HTTPC_OK);
        CHECK_EQ(count, 1);
        end(&r);
        CHECK_COMES_TRUE(pool_of(client).in_use == 0);
        httpc_client_free(client);
    }
}

TEST(what_was_read_ahead_is_read_before_the_client_s_end_is_told)
{
    httpc_client *client = new_client(NULL);
    struct reader r = open_url(client, "/stall-body");
    bool is_right;
    unsigned char bytes[10];
    size_t count = 0;
    CHECK_CODE(httpc_stream_read(r.stream, bytes, 1, &count, NULL), HTTPC_OK);
    httpc_client_free(client);
    CHECK_CODE(httpc_stream_read(r.stream, bytes, sizeof bytes, &count, NULL), HTTPC_OK);
    CHECK_EQ(count, 9);
    CHECK_EQ(read_all(&r, 100, &is_right), 0);
    CHECK_CODE(r.code, HTTPC_E_CLOSED);
    end(&r);
}

static void *cancel_soon(void *token)
{
    wait_until_ms(now_ms() + 50);
    httpc_cancel_token_cancel(token);
    return NULL;
}

TEST(a_token_ends_the_wait_of_a_reader)
{
    httpc_client *client = new_client(NULL);
    httpc_cancel_token *token = NULL;
    pthread_t thread;
    bool is_right;
    CHECK_CODE(httpc_cancel_token_new(&token, NULL), HTTPC_OK);
    httpc_request *request = new_request("GET", "/stall-body");
    httpc_request_set_cancel_token(request, token);
    struct reader r = open_stream(client, request);
    CHECK_EQ(pthread_create(&thread, NULL, cancel_soon, token), 0);
    CHECK_EQ(read_all(&r, 100, &is_right), 10);
    CHECK_CODE(r.code, HTTPC_E_CANCELLED);
    pthread_join(thread, NULL);
    end(&r);
    httpc_cancel_token_free(token);
    httpc_client_free(client);
}

TEST(bad_arguments_are_named)
{
    httpc_client *client = new_client(NULL);
    struct sink s = SINK;
    char byte;
    size_t count = 1;
    httpc_error *error = NULL;
    struct reader r = open_stream(client, request_into(&s, "/bytes/10"));
    CHECK_CODE(r.code, HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(r.error), "has a body sink");
    end(&r);
    r = open_url(client, "/bytes/10");
    CHECK_CODE(httpc_stream_read(r.stream, &byte, 0, &count, &error), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(error), "`size`");
    CHECK_EQ(count, 0);
    httpc_error_free(error);
    CHECK_CODE(httpc_stream_read(r.stream, NULL, 1, &count, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_stream_read(r.stream, &byte, 1, NULL, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_stream_read(NULL, &byte, 1, &count, NULL), HTTPC_E_INVALID_ARG);
    CHECK(httpc_stream_response(NULL) == NULL);
    end(&r);
    httpc_stream_free(NULL);
    httpc_client_free(client);
}

/* ---- Inside a callback of the same client ---- */

static void open_inside(struct sink *s)
{
    s->act = NULL;
    httpc_request *request = new_request("GET", "/bytes/10");
    httpc_stream *stream = NULL;
    CHECK_CODE(httpc_open(s->client, request, &stream, NULL), HTTPC_E_WOULD_DEADLOCK);
    httpc_request_free(request);
}

TEST(an_engine_thread_does_not_wait_for_a_stream)
{
    httpc_client *client = new_client(NULL);
    struct sink s = SINK;
    s.client = client;
    s.act = open_inside;
    CHECK_CODE(code_of(submit_and_wait(client, request_into(&s, "/bytes/10"))), HTTPC_OK);
    httpc_client_free(client);
}

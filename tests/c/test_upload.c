/* Bodies that are read while they go out: from a function, from a file, from memory that is only lent. */
#include "bodies.h"

#define BIG ((uint64_t)3 << 20)

/* Runs `check` for every way of performing a call, over HTTP/1.1 and HTTP/2. */
#define IN_EVERY_WAY(check)                                                                                              \
    for (int way = 0; way < WAYS; way++) {                                                                               \
        for (size_t listener = 0; listener < listeners(); listener++) {                                                            \
            httpc_client *client = new_client(config_of(LISTENERS[listener]));                                                       \
            check(client, way);                                                                                          \
            httpc_client_free(client);                                                                                   \
        }                                                                                                                \
    }

static void check_arrives(httpc_client *client, int way, uint64_t length, size_t most, bool is_known)
{
    const char *key = new_key();
    struct source source = {.length = length, .most = most};
    uint64_t announced = is_known ? length : HTTPC_UNSET;
    struct outcome o = perform(way, client, request_from("POST", text("/echo?key=%s", key), &source, false, announced));
    if (CHECK_CODE(o.code, HTTPC_OK)) {
        CHECK(is_test_body(httpc_response_json_string(o.response, "/body", NULL), length));
        const char *sent_length = httpc_response_json_string(o.response, "/headers/content-length/0", NULL);
        CHECK_STR(sent_length, is_known ? text("%llu", (unsigned long long)length) : NULL);
        CHECK_STR(httpc_response_json_string(o.response, "/headers/content-type/0", NULL), "text/plain");
    } else {
        fprintf(stderr, "  %d, %llu in pieces of %zu: %s\n", way, (unsigned long long)length, most, httpc_error_detail(o.error));
    }
    CHECK_EQ(source.drops, 1);
    CHECK_EQ(server_count(key), 1);
    done(&o);
}

static void known_length(httpc_client *client, int way)
{
    check_arrives(client, way, 1, 0, true);
    check_arrives(client, way, 1000, 7, true);
    check_arrives(client, way, BIG, 0, true);
    check_arrives(client, way, BIG, 10007, true);
}

TEST(a_source_of_known_length)
{
    IN_EVERY_WAY(known_length);
}

static void unknown_length(httpc_client *client, int way)
{
    check_arrives(client, way, 0, 0, false);
    check_arrives(client, way, 1000, 7, false);
    check_arrives(client, way, BIG, 0, false);
    check_arrives(client, way, BIG, 10007, false);
}

TEST(a_source_of_unknown_length)
{
    IN_EVERY_WAY(unknown_length);
}

static void every_method(httpc_client *client, int way)
{
    static const char *const methods[] = {"PUT", "POST", "PATCH", "DELETE", "GET", "QUERY"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        struct source source = {.length = 10};
        struct outcome o = perform(way, client, request_from(methods[i], "/echo", &source, false, 10));
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_STR(httpc_response_json_string(o.response, "/method", NULL), methods[i]);
        CHECK(is_test_body(httpc_response_json_string(o.response, "/body", NULL), 10));
        done(&o);
    }
    /* Nothing of it is left on the connection or the handle. */
    struct outcome o = perform(way, client, new_request("GET", "/echo"));
    CHECK_STR(httpc_response_json_string(o.response, "/method", NULL), "GET");
    CHECK_STR(httpc_response_json_string(o.response, "/body", NULL), "");
    CHECK(httpc_response_json_string(o.response, "/headers/content-length/0", NULL) == NULL);
    done(&o);
}

TEST(every_method_takes_a_source)
{
    IN_EVERY_WAY(every_method);
}

static void check_fails(httpc_client *client, int way, struct source source, uint64_t length, const char *says)
{
    const char *key = new_key();
    struct outcome o = perform(way, client, request_from("PUT", text("/echo?key=%s", key), &source, true, length));
    CHECK_CODE(o.code, HTTPC_E_ABORTED);
    CHECK(clean_error(o.error));
    CHECK_HAS(httpc_error_detail(o.error), says);
    CHECK_EQ(httpc_error_attempts(o.error), 1);
    CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_NOT_RETRYABLE);
    CHECK_EQ(source.rewinds, 0);
    done(&o);
    httpc_response *log = server_log(key);
    bool is_complete = false;
    httpc_response_json_bool(log, "/0/body_complete", &is_complete, NULL); /* it may not even have its head */
    CHECK(!is_complete);
    httpc_response_free(log);
}

static void wrong_sources(httpc_client *client, int way)
{
    check_fails(client, way, (struct source){.length = 9}, 10, "ended after 9 of the announced 10 bytes");
    check_fails(client, way, (struct source){.length = 11}, 10, "more than the announced 10 bytes");
    check_fails(client, way, (struct source){.length = 20, .most = 10}, 10, "more than the announced 10 bytes");
    check_fails(client, way, (struct source){.length = BIG + 1, .most = 4096}, BIG, "more than the announced 3145728 bytes");
    check_fails(client, way, (struct source){.length = 10, .fails = -7}, 10, "failed with -7");
    check_fails(client, way, (struct source){.length = BIG, .fail_at = BIG / 2, .fails = -7}, HTTPC_UNSET, "failed with -7");
    check_fails(client, way, (struct source){.length = 10, .fails = INT64_MAX}, 10, "for a buffer of");
}

TEST(a_source_that_fails_or_miscounts_never_passes_for_whole)
{
    IN_EVERY_WAY(wrong_sources);
}

/* What a server still says of the one, while nobody is there to listen, must not cost the other the connection. */
TEST(calls_right_after_uploads_that_failed_over_http2)
{
    if (has_old_libcurl()) {
        return;
    }
    httpc_client *client = new_client(config_of("H2C"));
    unsigned more_attempts = 0;
    for (unsigned round = 0; round < 250; round++) {
        const struct source failing[] = {
            {.length = 9}, {.length = BIG / 4, .fail_at = BIG / 8, .fails = -7}, {.length = 11}, {.length = 10, .fails = -7}};
        for (size_t i = 0; i < sizeof failing / sizeof *failing; i++) {
            struct source source = failing[i];
            struct outcome o = perform(BLOCKING, client, request_from("PUT", "/echo", &source, true, i == 1 ? HTTPC_UNSET : 10));
            CHECK_CODE(o.code, HTTPC_E_ABORTED);
            more_attempts += httpc_error_attempts(o.error) - 1;
            done(&o);
        }
        CHECK_CODE(code_of(get(client, "/bytes/1")), HTTPC_OK);
    }
    CHECK_EQ(more_attempts, 0);
    httpc_client_free(client);
}

static void redirected(httpc_client *client, int way)
{
    struct source kept = {.length = 100};
    struct outcome o = perform(way, client, request_from("POST", "/redirect/307?to=/echo", &kept, true, 100));
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK(is_test_body(httpc_response_json_string(o.response, "/body", NULL), 100));
    CHECK_EQ(kept.rewinds, 1);
    done(&o);

    struct source once = {.length = 100};
    o = perform(way, client, request_from("POST", "/redirect/308?to=/echo", &once, false, 100));
    CHECK_CODE(o.code, HTTPC_E_REDIRECT);
    CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_NOT_REPLAYABLE);
    done(&o);

    struct source dropped = {.length = 100};
    o = perform(way, client, request_from("POST", "/redirect/303?to=/echo", &dropped, false, 100));
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_STR(httpc_response_json_string(o.response, "/method", NULL), "GET");
    CHECK_STR(httpc_response_json_string(o.response, "/body", NULL), "");
    done(&o);
}

TEST(redirects_keep_or_drop_a_source)
{
    IN_EVERY_WAY(redirected);
}

static void retried(httpc_client *client, int way)
{
    const char *key = new_key();
    struct source rewinds = {.length = 1000, .most = 300};
    struct outcome o = perform(way, client, request_from("PUT", text("/sequence/503,reset,200?key=%s", key), &rewinds, true, 1000));
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(rewinds.rewinds, 2);
    done(&o);
    httpc_response *log = server_log(key);
    for (unsigned i = 0; i < 3; i++) {
        CHECK(is_test_body(logged(log, i, "body"), 1000));
    }
    httpc_response_free(log);

    key = new_key();
    struct source once = {.length = 1000};
    o = perform(way, client, request_from("PUT", text("/sequence/503,200?key=%s", key), &once, false, 1000));
    CHECK_CODE(o.code, HTTPC_E_STATUS);
    CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_NOT_REPLAYABLE);
    CHECK_EQ(server_count(key), 1);
    done(&o);
}

TEST(retries_rewind_a_source_or_stop)
{
    IN_EVERY_WAY(retried);
}

TEST(a_one_shot_source_is_retried_as_long_as_nothing_was_read)
{
    for (int way = 0; way < WAYS; way++) {
        httpc_client *client = new_client(NULL);
        struct source source = {.length = 10};
        struct outcome o = perform(way, client, request_from("POST", address("REFUSED"), &source, false, 10));
        CHECK_CODE(o.code, HTTPC_E_CONNECT);
        CHECK_EQ(httpc_error_attempts(o.error), 3);
        CHECK_EQ(source.reads, 0);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(a_rewind_that_fails_ends_the_call)
{
    for (int way = 0; way < WAYS; way++) {
        httpc_client *client = new_client(NULL);
        const char *key = new_key();
        struct source source = {.length = 10, .rewind_says = 5};
        struct outcome o = perform(way, client, request_from("PUT", text("/sequence/503,200?key=%s", key), &source, true, 10));
        CHECK_CODE(o.code, HTTPC_E_ABORTED);
        CHECK_HAS(httpc_error_detail(o.error), "could not be rewound: 5");
        CHECK_EQ(server_count(key), 1);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(a_request_with_a_source_is_sent_again_if_that_rewinds)
{
    httpc_client *client = new_client(NULL);
    struct source source = {.length = 10};
    httpc_request *request = request_from("POST", "/echo", &source, true, 10);
    for (int i = 0; i < 3; i++) {
        struct outcome o = send_request(client, request);
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK(is_test_body(httpc_response_json_string(o.response, "/body", NULL), 10));
        done(&o);
    }
    CHECK_EQ(source.rewinds, 2);
    CHECK_EQ(source.drops, 0);
    httpc_request_free(request);
    CHECK_EQ(source.drops, 1);

    struct source once = {.length = 10};
    request = request_from("POST", "/echo", &once, false, 10);
    CHECK_CODE(code_of(send_request(client, request)), HTTPC_OK);
    struct outcome o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(o.error), "read already");
    done(&o);
    httpc_request_free(request);
    httpc_client_free(client);
}

TEST(one_call_at_a_time_uses_a_source)
{
    httpc_client *client = new_client(NULL);
    const char *key = new_key();
    struct source source = {.length = 10};
    httpc_request *request = request_from("POST", text("/gate?key=%s", key), &source, true, 10);
    httpc_call *call = NULL;
    CHECK_CODE(httpc_submit(client, request, NULL, NULL, &call, NULL), HTTPC_OK);
    struct outcome o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(o.error), "in use by another call");
    done(&o);
    httpc_request_free(request);
    CHECK_EQ(source.drops, 0);
    o = ask_server(text("/_open?key=%s", key));
    done(&o);
    o = result_of(call);
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(source.drops, 1);
    done(&o);
    httpc_client_free(client);
}

TEST(a_source_may_free_the_client)
{
    for (int way = 0; way < WAYS; way++) {
        httpc_client *client = new_client(NULL);
        struct source source = {.length = 10, .frees = client};
        struct outcome o = perform(way, client, request_from("POST", "/echo", &source, false, 10));
        CHECK_CODE(o.code, HTTPC_E_CLOSED);
        CHECK_EQ(source.drops, 1);
        done(&o);
    }
}

struct freeing {
    httpc_request *request;
    struct source body;
    bool has_freed;
};

static int64_t free_and_read(void *userdata, void *buffer, size_t size)
{
    struct freeing *f = userdata;
    if (!f->has_freed) {
        f->has_freed = true;
        CHECK_CODE(httpc_request_set_header(f->request, "X-Late", "1"), HTTPC_OK);
        httpc_request_free(f->request);
    }
    return read_source(&f->body, buffer, size);
}

static void drop_freeing(void *userdata)
{
    drop_source(&((struct freeing *)userdata)->body);
}

TEST(a_source_may_change_and_free_its_request_while_that_is_sent)
{
    httpc_client *client = new_client(NULL);
    struct freeing f = {.request = new_request("POST", "/redirect/303?to=/echo"), .body = {.length = BIG}};
    httpc_request_set_header(f.request, "X-Early", "1");
    CHECK_CODE(httpc_request_set_body_source(f.request, NULL, free_and_read, NULL, BIG, &f, drop_freeing), HTTPC_OK);
    struct outcome o = send_request(client, f.request);
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_STR(httpc_response_json_string(o.response, "/headers/x-early/0", NULL), "1");
    CHECK_STR(httpc_response_json_string(o.response, "/headers/x-late/0", NULL), NULL);
    CHECK_EQ(f.body.drops, 1);
    done(&o);
    httpc_client_free(client);
}

static int64_t ask_elsewhere(void *userdata, void *buffer, size_t size)
{
    const char *url = text("%s/bytes/10", address("URL"));
    struct outcome o = get(*(httpc_client **)userdata, url);
    CHECK_CODE(o.code, HTTPC_OK);
    done(&o);
    (void)buffer, (void)size;
    return 0;
}

TEST(a_source_may_call_the_library)
{
    for (int way = 0; way < WAYS; way++) {
        httpc_client *client = new_client(NULL);
        httpc_request *request = new_request("POST", "/echo");
        httpc_request_set_body_source(request, NULL, ask_elsewhere, NULL, HTTPC_UNSET, &client, NULL);
        CHECK_CODE(code_of(perform(way, client, request)), HTTPC_OK);
        httpc_client_free(client);
    }
}

TEST(bad_arguments_send_nothing)
{
    httpc_client *client = new_client(NULL);
    struct source source = {.length = 1};
    httpc_request *request = new_request("POST", "/echo");
    CHECK_CODE(httpc_request_set_body_source(request, NULL, NULL, NULL, 1, &source, drop_source), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(httpc_request_error(request)), "`read`");
    CHECK_EQ(source.drops, 1);
    CHECK_CODE(code_of(send_request(client, request)), HTTPC_E_INVALID_ARG);
    httpc_request_free(request);

    CHECK_CODE(httpc_request_set_body_source(NULL, NULL, read_source, NULL, 1, &source, drop_source), HTTPC_E_INVALID_ARG);
    CHECK_EQ(source.drops, 2);

    request = request_from("HEAD", "/echo", &source, false, 1);
    struct outcome o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(o.error), "HEAD");
    done(&o);
    httpc_request_free(request);

    request = new_request("POST", "/echo");
    CHECK_CODE(httpc_request_set_body_source(request, NULL, read_source, NULL, UINT64_MAX - 1, &source, NULL), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(httpc_request_error(request)), "`length`");
    httpc_request_free(request);
    httpc_client_free(client);
}

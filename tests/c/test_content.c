/* Content codings (RFC 9110 section 8.4): asked for, undone, and never taken for whole when they are not. */
#include "process.h"

static bool is_pattern(const httpc_response *response, size_t bytes)
{
    size_t length = 0;
    const unsigned char *body = httpc_response_body(response, &length);
    for (size_t i = 0; i < length; i++) {
        if (body[i] != i % 251) {
            return false;
        }
    }
    return length == bytes;
}

TEST(every_coding_is_undone)
{
    static const char *const codings[] = {"gzip", "deflate", "raw-deflate", "br", "zstd", "gzip,br", "zstd,gzip,deflate,br,gzip"};
    httpc_client *client = new_client(NULL);
    for (size_t i = 0; i < sizeof codings / sizeof codings[0]; i++) {
        struct outcome o = get(client, text("/encoded/%s?bytes=300000", codings[i]));
        if (!CHECK_CODE(o.code, HTTPC_OK) || !CHECK(is_pattern(o.response, 300000))) {
            fprintf(stderr, "  in %s\n", codings[i]);
        }
        done(&o);
    }
    httpc_client_free(client);
}

TEST(codings_are_asked_for_and_headers_stay_as_they_came)
{
    httpc_client *client = new_client(NULL);
    struct outcome o = get(client, "/echo");
    CHECK_STR(httpc_response_json_string(o.response, "/headers/accept-encoding/0", NULL), "gzip, deflate, br, zstd");
    done(&o);
    o = get(client, "/encoded/gzip?bytes=5000");
    CHECK_STR(httpc_response_header(o.response, "Content-Encoding"), "gzip");
    CHECK(httpc_response_size(o.response, HTTPC_SIZE_BODY_RECEIVED) < 5000);
    CHECK_EQ(httpc_response_size(o.response, HTTPC_SIZE_BODY_DECODED), 5000);
    CHECK(httpc_response_size(o.response, HTTPC_SIZE_HEAD) > 50);
    CHECK_EQ(httpc_response_size(o.response, 99), 0);
    done(&o);
    httpc_client_free(client);
}

TEST(what_went_out_is_counted_as_well)
{
    httpc_client *client = new_client(NULL);
    struct outcome o = get(client, "/bytes/10");
    uint64_t head = httpc_response_size(o.response, HTTPC_SIZE_HEAD_SENT);
    CHECK(head > strlen("GET /bytes/10 HTTP/1.1\r\n\r\n") && head < 1000);
    CHECK_EQ(httpc_response_size(o.response, HTTPC_SIZE_BODY_SENT), 0);
    done(&o);
    static char bytes[200000];
    static const size_t lengths[] = {1, 60000, sizeof bytes};
    for (size_t i = 0; i < 3; i++) {
        httpc_request *request = new_request("POST", "/status/200");
        httpc_request_set_body(request, NULL, bytes, lengths[i]);
        o = send_request(client, request);
        head = httpc_response_size(o.response, HTTPC_SIZE_HEAD_SENT);
        CHECK(head > strlen("POST /status/200 HTTP/1.1\r\n\r\n") && head < 1000);
        CHECK_EQ(httpc_response_size(o.response, HTTPC_SIZE_BODY_SENT), lengths[i]);
        done(&o);
        httpc_request_free(request);
    }
    httpc_client_free(client);
}

TEST(who_asks_for_codings_gets_them)
{
    httpc_client *client = new_client(NULL);
    httpc_request *request = new_request("GET", "/encoded/gzip?bytes=5000");
    httpc_request_set_header(request, "Accept-Encoding", "gzip");
    struct outcome o = send_request(client, request);
    size_t length = 0;
    const unsigned char *body = httpc_response_body(o.response, &length);
    CHECK(length < 5000 && body[0] == 0x1f && body[1] == 0x8b);
    done(&o);
    httpc_request_free(request);
    httpc_client_free(client);
}

TEST(decoding_is_off_on_demand_for_a_client_or_a_request)
{
    httpc_config *config = new_config();
    httpc_config_set_content_decoding(config, 0);
    httpc_client *client = new_client(config);
    struct outcome o = get(client, "/echo");
    CHECK_STR(httpc_response_json_string(o.response, "/headers/accept-encoding/0", NULL), NULL);
    done(&o);
    o = get(client, "/encoded/gzip?bytes=5000");
    CHECK(!is_pattern(o.response, 5000));
    done(&o);
    httpc_request *request = new_request("GET", "/encoded/gzip?bytes=5000");
    httpc_request_set_content_decoding(request, 1);
    o = send_request(client, request);
    CHECK(is_pattern(o.response, 5000));
    done(&o);
    CHECK_CODE(httpc_request_set_content_decoding(request, 2), HTTPC_E_INVALID_ARG);
    httpc_request_free(request);
    httpc_client_free(client);
}

TEST(a_range_is_asked_for_uncoded)
{
    httpc_client *client = new_client(NULL);
    httpc_request *request = new_request("GET", "/echo");
    httpc_request_set_header(request, "Range", "bytes=0-9");
    struct outcome o = send_request(client, request);
    CHECK_STR(httpc_response_json_string(o.response, "/headers/accept-encoding/0", NULL), "identity");
    done(&o);
    httpc_request_free(request);
    httpc_client_free(client);
}

TEST(responses_without_a_body_have_nothing_to_undo)
{
    static const char *const paths[] = {"/status/204?header=Content-Encoding:gzip", "/status/304?header=Content-Encoding:gzip",
                                        "/status/200?header=Content-Encoding:gzip", "/status/200?header=Content-Encoding:what"};
    httpc_client *client = new_client(NULL);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct outcome o = get(client, paths[i]);
        CHECK_CODE(o.code, HTTPC_OK);
        done(&o);
    }
    httpc_request *request = new_request("HEAD", "/encoded/gzip");
    struct outcome o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_OK);
    done(&o);
    httpc_request_free(request);
    httpc_client_free(client);
}

TEST(the_limit_counts_decoded_bytes)
{
    httpc_config *config = new_config();
    httpc_config_set_max_body(config, 5000);
    httpc_client *client = new_client(config);
    struct outcome o = get(client, "/encoded/gzip?bytes=5000");
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK(is_pattern(o.response, 5000));
    done(&o);
    CHECK_CODE(code_of(get(client, "/encoded/gzip?bytes=5001")), HTTPC_E_BODY_TOO_LARGE);
    CHECK_CODE(code_of(get(client, "/encoded/zstd,br?bytes=50000")), HTTPC_E_BODY_TOO_LARGE);
    CHECK_CODE(code_of(get(client, "/encoded/gzip?bytes=5000&fault=padding")), HTTPC_E_BODY_TOO_LARGE);
    httpc_client_free(client);
}

TEST(a_broken_coding_of_an_error_body_hides_no_status)
{
    httpc_client *client = new_client(NULL);
    struct outcome o = get(client, "/encoded/gzip?status=404&type=application/json&body=%7B%22message%22:%22no%20such%20lamp%22%7D");
    CHECK_CODE(o.code, HTTPC_E_STATUS);
    CHECK(strstr(httpc_error_detail(o.error), "no such lamp") != NULL);
    done(&o);
    static const char *const broken[] = {"fault=truncate", "fault=corrupt", "name=compress"};
    for (size_t i = 0; i < 3; i++) {
        o = get(client, text("/encoded/gzip?status=404&%s", broken[i]));
        CHECK_CODE(o.code, HTTPC_E_STATUS);
        CHECK_EQ(httpc_error_status(o.error), 404);
        clean_error(o.error);
        done(&o);
    }
    httpc_client_free(client);
}

/* What a person is told of an error body does not depend on its codings. */
static void check_same_detail(httpc_client *client, const char *coding, const char *query)
{
    struct outcome plain = get(client, text("/encoded/identity?status=404&%s", query));
    struct outcome coded = get(client, text("/encoded/%s?status=404&%s", coding, query));
    const char *expected = httpc_response_error_detail(httpc_error_response(plain.error));
    CHECK_CODE(coded.code, HTTPC_E_STATUS);
    if (!CHECK_STR(httpc_response_error_detail(httpc_error_response(coded.error)), expected)) {
        fprintf(stderr, "  in %s: %.100s\n", coding, query);
    }
    CHECK(clean_error(coded.error));
    done(&plain);
    done(&coded);
}

TEST(error_bodies_of_every_shape_say_the_same_in_every_coding)
{
    char deep[500];
    memset(deep, '[', sizeof deep);
    const char *const queries[] = {
        "type=application/json&body=",
        "type=text/html&body=%3Chtml%3E%3Ctitle%3ENo%20such%20lamp%3C/title%3E",
        text("type=application/json&body=%.*s", (int)sizeof deep, deep),
        "type=application/problem%2Bjson&body={%22detail%22:[7],%22title%22:null}",
        "type=application/json&body={%22message%22:%22caf%ff%22}",
        "type=application/json&body={%22error%22:404,%22code%22:1e999}",
        "type=text/plain&bytes=5000",
    };
    static const char *const codings[] = {"gzip", "deflate", "raw-deflate", "br", "zstd", "gzip,br"};
    httpc_client *client = new_client(NULL);
    for (size_t i = 0; i < sizeof codings / sizeof codings[0]; i++) {
        for (size_t k = 0; k < sizeof queries / sizeof queries[0]; k++) {
            check_same_detail(client, codings[i], queries[k]);
        }
    }
    check_same_detail(client, "gzip", "bytes=10000000");
    check_same_detail(client, "zstd", "type=text/plain&bytes=10000000");
    httpc_client_free(client);
}

/* ---- A bomb: 4 GiB of zeros in 4 MB ---- */

static httpc_client *limited_to(uint64_t bytes)
{
    httpc_config *config = new_config();
    httpc_config_set_max_body(config, bytes);
    return new_client(config);
}

static long peak_kb(void)
{
    char line[256];
    long kb = -1;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && kb < 0 && fgets(line, sizeof line, status) != NULL) {
        sscanf(line, "VmHWM: %ld kB", &kb);
    }
    if (status != NULL) {
        fclose(status);
    }
    return kb;
}

/* In a process that needed no memory for anything else before. */
static int bomb(void *unused)
{
    enum { LIMIT_KB = UNDER_ASAN || UNDER_TSAN ? 8 << 10 : 64 << 10 }; /* they take minutes for more */
    (void)unused;
    httpc_client *client = limited_to((uint64_t)LIMIT_KB << 10);
    CHECK_CODE(code_of(get(client, "/status/200")), HTTPC_OK);
    long before = peak_kb();
    struct outcome o = get(client, "/bomb?gb=4");
    long grown = peak_kb() - before;
    CHECK_CODE(o.code, HTTPC_E_BODY_TOO_LARGE);
    CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_NOT_RETRYABLE);
    /* Not everywhere is a /proc, and a sanitizer keeps what was freed. */
    CHECK(before < 0 || UNDER_ASAN || UNDER_TSAN || grown <= 2L * LIMIT_KB);
    done(&o);
    httpc_client_free(client);
    return check_failures;
}

TEST(a_bomb_takes_no_more_than_twice_the_limit_of_memory)
{
    CHECK_EQ(in_child(bomb, NULL), 0);
}

TEST(a_bomb_ends_within_250_ms_of_the_limit)
{
    enum { LATE_MS = 250 };
    httpc_client *client = limited_to(1 << 20);
    int64_t quickest = INT64_MAX;
    /* The server makes it first; and a busy machine may be late by chance. */
    for (int i = 0; i < 5; i++) {
        struct outcome o = get(client, "/bomb?gb=4");
        CHECK_CODE(o.code, HTTPC_E_BODY_TOO_LARGE);
        quickest = (int64_t)o.ms < quickest ? (int64_t)o.ms : quickest;
        done(&o);
    }
    CHECK(quickest <= LATE_MS);
    CHECK_CODE(code_of(get(client, "/status/200")), HTTPC_OK);
    httpc_client_free(client);
}

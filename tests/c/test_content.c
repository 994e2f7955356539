/* Content codings (RFC 9110 section 8.4): asked for, undone, and never taken for whole when they are not. */
#include "server.h"

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

static long peak_kb(void)
{
    char line[256];
    long kb = -1;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        if (sscanf(line, "VmHWM: %ld kB", &kb) == 1) {
            break;
        }
    }
    if (status != NULL) {
        fclose(status);
    }
    return kb;
}

TEST(a_bomb_ends_at_the_limit_within_twice_its_memory)
{
    enum { LIMIT_MB = 64 };
    httpc_client *client = new_client(NULL);
    long before = peak_kb();
    struct outcome o = get(client, "/bomb?gb=4");
    long grown = peak_kb() - before;
    CHECK_CODE(o.code, HTTPC_E_BODY_TOO_LARGE);
    CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_NOT_RETRYABLE);
    done(&o);
    if (before > 0) { /* not everywhere is a /proc */
        CHECK(grown <= 2L * LIMIT_MB * 1024);
    }
    CHECK_CODE(code_of(get(client, "/status/200")), HTTPC_OK);
    httpc_client_free(client);
}

/*
 * Sockets that move a few bytes at a time and often none, short_io.preload.c: every byte of every kind of message still
 * arrives, once and in order.
 */
#define CHECK_SETUP use_short_io
#include "process.h"

#include <dlfcn.h>

static const unsigned *short_calls;

static void use_short_io(void)
{
    start_with_preload("short_io");
    short_calls = dlsym(RTLD_DEFAULT, "short_calls");
}

static httpc_client *client_over_both(void)
{
    httpc_config *config = new_config();
    httpc_config_set_ca_file(config, address("CA"));
    httpc_config_set_retry(config, NULL);
    return new_client(config);
}

/* Runs `exchange` over plain and over TLS connections, new and used ones, and sees that short calls were made. */
static void over_both(void (*exchange)(httpc_client *, const char *base))
{
    httpc_client *client = client_over_both();
    const char *bases[] = {address("URL"), address("TLS")};
    for (int i = 0; i < 6; i++) {
        unsigned before = __atomic_load_n(short_calls, __ATOMIC_RELAXED);
        exchange(client, bases[i / 3]);
        CHECK(__atomic_load_n(short_calls, __ATOMIC_RELAXED) > before + 10);
    }
    httpc_client_free(client);
}

static void get_bytes(httpc_client *client, const char *base)
{
    const size_t wanted = 20000;
    size_t length = 0;
    struct outcome o = get(client, text("%s/bytes/%zu", base, wanted));
    CHECK_CODE(o.code, HTTPC_OK);
    const unsigned char *bytes = httpc_response_body(o.response, &length);
    CHECK_EQ(length, wanted);
    for (size_t i = 0; i < length; i++) {
        if (!CHECK_EQ(bytes[i], i % 251)) {
            break;
        }
    }
    done(&o);
}

TEST(a_body_of_known_length)
{
    over_both(get_bytes);
}

static void get_chunks(httpc_client *client, const char *base)
{
    size_t length = 0;
    struct outcome o = get(client, text("%s/chunked?sizes=1,2,3,500,7,8,1", base));
    CHECK_CODE(o.code, HTTPC_OK);
    const unsigned char *bytes = httpc_response_body(o.response, &length);
    CHECK_EQ(length, 522);
    for (size_t i = 0; i < length; i++) {
        if (!CHECK_EQ(bytes[i], i % 251)) {
            break;
        }
    }
    done(&o);
}

TEST(a_body_in_chunks)
{
    over_both(get_chunks);
}

static void post_body_and_headers(httpc_client *client, const char *base)
{
    static char upload[5000];
    for (size_t i = 0; i < sizeof upload - 1; i++) {
        upload[i] = (char)('a' + i % 26);
    }
    const char *key = new_key();
    httpc_request *request = new_request("POST", text("%s/echo?key=%s", base, key));
    httpc_request_set_header(request, "X-Long", upload);
    httpc_request_set_body(request, "text/plain", upload, sizeof upload - 1);
    struct outcome o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK(strcmp(httpc_response_json_string(o.response, "/body", NULL), upload) == 0);
    CHECK(strcmp(httpc_response_json_string(o.response, "/headers/x-long/0", NULL), upload) == 0);
    CHECK_EQ(server_count(key), 1);
    done(&o);
    httpc_request_free(request);
}

TEST(a_body_and_headers_to_the_server)
{
    over_both(post_body_and_headers);
}

static void get_many_headers(httpc_client *client, const char *base)
{
    struct outcome o = get(client, text("%s/headers?X-One=1&X-Two=%0900d&X-Three=3", base, 2));
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_STR(httpc_response_header(o.response, "X-One"), "1");
    CHECK_EQ(strlen(httpc_response_header(o.response, "X-Two")), 900);
    CHECK_STR(httpc_response_header(o.response, "X-Three"), "3");
    CHECK_STR(body(&o), "headers");
    done(&o);
}

TEST(headers_from_the_server)
{
    over_both(get_many_headers);
}

/* Trouble is told the same: what breaks off in the middle of a few bytes is no shorter message. */
TEST(faults_stay_faults)
{
    static const struct {
        const char *path;
        httpc_code code;
    } table[] = {
        {"/truncate", HTTPC_E_TRUNCATED},
        {"/truncate-chunked", HTTPC_E_TRUNCATED},
        {"/close/in-head", HTTPC_E_IO},
        {"/stall-body", HTTPC_E_TIMEOUT_READ},
        {"/early-error", HTTPC_E_STATUS},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        httpc_client *client = client_over_both();
        httpc_request *request = new_request("POST", table[i].path);
        httpc_request_set_timeout(request, HTTPC_TIMEOUT_READ, 200);
        struct outcome o = send_request(client, request);
        if (!CHECK_CODE(o.code, table[i].code)) {
            fprintf(stderr, "  %s: %s\n", table[i].path, httpc_error_detail(o.error));
        }
        clean_error(o.error);
        done(&o);
        httpc_request_free(request);
        CHECK_CODE(code_of(get(client, "/echo")), HTTPC_OK);
        httpc_client_free(client);
    }
}

/* Content encodings: what the library asks for it decodes, and what it cannot decode is an error and no body. */
#include "server.h"

/* gzip of "hello, hello, hello, hello\n" */
#define GZIP                                                                                                             \
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\xd7\x51\xc8\xc0\xa4\xb8\x00\x4b\x21\xa1\x29\x1b\x00\x00\x00"

static const char *raw(const char *status, const char *encoding, const char *bytes, size_t length)
{
    char answer[512], hex[1200];
    int head = snprintf(answer, sizeof answer, "HTTP/1.1 %s\r\nContent-Encoding: %s\r\nContent-Length: %zu\r\n\r\n", status,
                        encoding, length);
    memcpy(answer + head, bytes, length);
    for (size_t i = 0; i < (size_t)head + length; i++) {
        snprintf(hex + 2 * i, 3, "%02x", (unsigned char)answer[i]);
    }
    return text("/raw?then=keep&hex=%s", hex);
}

TEST(gzip_is_decoded)
{
    httpc_client *client = new_client(NULL);
    static const char *const names[] = {"gzip", "x-gzip", "GZip"};
    for (size_t i = 0; i < 3; i++) {
        struct outcome o = get(client, raw("200 OK", names[i], GZIP, sizeof GZIP - 1));
        size_t length = 0;
        CHECK_CODE(o.code, HTTPC_OK);
        httpc_response_body(o.response, &length);
        CHECK_EQ(length, 27);
        CHECK_STR(body(&o), "hello, hello, hello, hello\n");
        done(&o);
    }
    struct outcome o = get(client, raw("200 OK", "identity", "plain", 5));
    CHECK_STR(body(&o), "plain");
    done(&o);
    httpc_client_free(client);
}

TEST(the_limit_is_on_decoded_bytes)
{
    httpc_config *config = new_config();
    httpc_config_set_max_body(config, 26);
    httpc_client *client = new_client(config);
    CHECK_CODE(code_of(get(client, raw("200 OK", "gzip", GZIP, sizeof GZIP - 1))), HTTPC_E_BODY_TOO_LARGE);
    httpc_client_free(client);
}

TEST(what_cannot_be_decoded_is_an_error)
{
    static const struct {
        const char *encoding, *bytes;
        size_t length;
    } table[] = {
        {"gzip", "hello", 5},         {"gzip", GZIP, 4},          {"gzip", GZIP, 20},
        {"gzip", GZIP, sizeof GZIP - 2}, {"secret", "hello", 5},     {"gzip, secret", "hello", 5},
    };
    httpc_client *client = new_client(NULL);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct outcome o = get(client, raw("200 OK", table[i].encoding, table[i].bytes, table[i].length));
        bool good = CHECK_CODE(o.code, HTTPC_E_DECODE) & CHECK_EQ(attempts(&o), 1) & clean_error(o.error);
        good &= CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_NOT_RETRYABLE);
        good &= CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_ANSWERED);
        if (!good) {
            fprintf(stderr, "  for %zu bytes of %s\n", table[i].length, table[i].encoding);
        }
        done(&o);
    }
    httpc_client_free(client);
}

TEST(a_status_error_stays_one_whatever_its_body)
{
    httpc_client *client = new_client(NULL);
    struct outcome o = get(client, raw("404 Not Found", "gzip", "broken", 6));
    CHECK_CODE(o.code, HTTPC_E_STATUS);
    CHECK_EQ(httpc_error_status(o.error), 404);
    clean_error(o.error);
    done(&o);
    httpc_client_free(client);
}

/* Servers that answer, stall or leave while a body is read from a source. */
#include "bodies.h"

#define BIG ((uint64_t)16 << 20)

/* HTTP/1.0 200 OK, Connection: keep-alive, Content-Length: 0 */
#define OLD_200 \
    "485454502f312e3020323030204f4b0d0a436f6e6e656374696f6e3a206b65" \
    "65702d616c6976650d0a436f6e74656e742d4c656e6774683a20300d0a0d0a"

struct upload_fault {
    const char *name, *url;
    httpc_code code;
    uint32_t attempts; /* with a source that rewinds */
    httpc_stop stop;   /* with one that does not */
    bool leaves_at_once;
};

static httpc_client *quick_client(void)
{
    httpc_config *config = new_config();
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_WRITE, 100);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_READ, 300);
    return new_client(config);
}

static void check_fault(const struct upload_fault *fault, int way, bool rewinds)
{
    httpc_client *client = quick_client();
    struct source source = {.length = BIG};
    struct outcome o = perform(way, client, request_from("PUT", fault->url, &source, rewinds, way == BLOCKING ? BIG : HTTPC_UNSET));
    if (!CHECK_CODE(o.code, fault->code)) {
        fprintf(stderr, "  %s: %s\n", fault->name, httpc_error_detail(o.error));
    }
    CHECK(clean_error(o.error));
    uint32_t attempts = httpc_error_attempts(o.error);
    if (rewinds) {
        CHECK_EQ(attempts, fault->attempts);
        CHECK(source.rewinds < attempts);
    } else {
        /* Who leaves at once may do so before anything was read: then, and only then, the call goes on. */
        CHECK(attempts == 1 || fault->leaves_at_once);
        CHECK(attempts > 1 || httpc_error_stop_reason(o.error) == fault->stop);
    }
    CHECK_EQ(source.drops, 1);
    done(&o);
    CHECK_CODE(code_of(get(client, "/bytes/1")), HTTPC_OK);
    httpc_client_free(client);
}

TEST(faults_while_a_source_is_read)
{
    static const struct upload_fault table[] = {
        {"an error, then FIN", "/early-error", HTTPC_E_STATUS, 1, HTTPC_STOP_NOT_RETRYABLE, false},
        {"stalled", "/stall-upload", HTTPC_E_TIMEOUT_WRITE, 3, HTTPC_STOP_NOT_REPLAYABLE, false},
        {"reset in the middle", "/early?then=reset&hex=", HTTPC_E_IO, 3, HTTPC_STOP_NOT_REPLAYABLE, true},
        {"closed in the middle", "/early?then=close&hex=", HTTPC_E_IO, 3, HTTPC_STOP_NOT_REPLAYABLE, true},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        for (int way = 0; way < WAYS; way++) {
            check_fault(&table[i], way, true);
            check_fault(&table[i], way, false);
        }
    }
}

TEST(an_http2_server_that_gives_no_window)
{
    NEEDS_NEW_LIBCURL("speak HTTP/2")
    httpc_config *config = new_config();
    httpc_config_set_base_url(config, address("TLS_H2_NO_WINDOW"));
    httpc_config_set_ca_file(config, address("CA"));
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_WRITE, 100);
    httpc_client *client = new_client(config);
    struct source source = {.length = BIG};
    struct outcome o = perform(SUBMITTED, client, request_from("PUT", "/echo", &source, false, BIG));
    CHECK_CODE(o.code, HTTPC_E_TIMEOUT_WRITE);
    done(&o);
    httpc_client_free(client);
}

/* A refused stream was proven unprocessed, but a part of the source may be gone. */
TEST(an_http2_server_that_refuses_the_stream)
{
    NEEDS_NEW_LIBCURL("speak HTTP/2")
    for (int rewinds = 0; rewinds < 2; rewinds++) {
        httpc_client *client = new_client(config_of("H2C"));
        const char *key = new_key();
        struct source source = {.length = 100};
        const char *url = text("/h2/reset/REFUSED_STREAM?times=1&key=%s", key);
        struct outcome o = perform(SUBMITTED, client, request_from("PUT", url, &source, rewinds, 100));
        CHECK_CODE(o.code, rewinds ? HTTPC_OK : HTTPC_E_IO);
        CHECK_EQ(source.rewinds, rewinds);
        CHECK_EQ(server_count_body(key, "abcdef"), 1 + rewinds);
        done(&o);
        httpc_client_free(client);
    }
}

/* Chunks came with HTTP/1.1 (RFC 9112 section 6.1). A length helps. */
TEST(a_server_of_http_1_0_takes_no_body_of_unknown_length)
{
    httpc_client *client = new_client(NULL);
    CHECK_CODE(code_of(get(client, "/raw?then=keep&hex=" OLD_200)), HTTPC_OK);
    struct source source = {.length = 10};
    struct outcome o = perform(BLOCKING, client, request_from("POST", "/echo", &source, false, HTTPC_UNSET));
    CHECK_CODE(o.code, HTTPC_E_UNSUPPORTED);
    CHECK_HAS(httpc_error_detail(o.error), "HTTP/1.0");
    CHECK_EQ(source.reads, 0);
    CHECK_EQ(source.drops, 1);
    done(&o);
    httpc_client_free(client);
}

/* What goes wrong over HTTP/2: with one stream, with the connection that all share, and with first contact. */
#define CHECK_SETUP need_new_libcurl
#include "async.h"
#include "faults.h"

static void need_new_libcurl(void)
{
    if (has_old_libcurl()) {
        skip_all("with an older libcurl there is no HTTP/2");
    }
}

#define H2(path) .url = path, .base = "TLS_H2"

static httpc_config *http2_config(void)
{
    httpc_config *config = faulty_config();
    CHECK_CODE(httpc_config_set_protocol(config, HTTPC_PROTOCOL_HTTP_2), HTTPC_OK);
    return config;
}

TEST(streams_that_the_server_resets)
{
    static const struct fault table[] = {
        {"no error", H2("/h2/reset/NO_ERROR"), ENDS(HTTPC_E_IO), RETRIED},
        {"PROTOCOL_ERROR", H2("/h2/reset/PROTOCOL_ERROR"), ENDS(HTTPC_E_IO), RETRIED, SAYS("PROTOCOL_ERROR")},
        {"INTERNAL_ERROR", H2("/h2/reset/INTERNAL_ERROR"), ENDS(HTTPC_E_IO), RETRIED, SAYS("INTERNAL_ERROR")},
        {"FLOW_CONTROL_ERROR", H2("/h2/reset/FLOW_CONTROL_ERROR"), ENDS(HTTPC_E_IO), RETRIED},
        {"SETTINGS_TIMEOUT", H2("/h2/reset/SETTINGS_TIMEOUT"), ENDS(HTTPC_E_IO), RETRIED},
        {"STREAM_CLOSED", H2("/h2/reset/STREAM_CLOSED"), ENDS(HTTPC_E_IO), RETRIED},
        {"FRAME_SIZE_ERROR", H2("/h2/reset/FRAME_SIZE_ERROR"), ENDS(HTTPC_E_IO), RETRIED},
        {"CANCEL", H2("/h2/reset/CANCEL"), ENDS(HTTPC_E_IO), RETRIED},
        {"COMPRESSION_ERROR", H2("/h2/reset/COMPRESSION_ERROR"), ENDS(HTTPC_E_IO), RETRIED},
        {"CONNECT_ERROR", H2("/h2/reset/CONNECT_ERROR"), ENDS(HTTPC_E_IO), RETRIED},
        {"ENHANCE_YOUR_CALM", H2("/h2/reset/ENHANCE_YOUR_CALM"), ENDS(HTTPC_E_IO), RETRIED},
        {"INADEQUATE_SECURITY", H2("/h2/reset/INADEQUATE_SECURITY"), ENDS(HTTPC_E_IO), RETRIED},
        {"HTTP_1_1_REQUIRED", H2("/h2/reset/HTTP_1_1_REQUIRED"), ENDS(HTTPC_E_IO), RETRIED},
        {"an unknown code", H2("/h2/reset/99999"), ENDS(HTTPC_E_IO), RETRIED},
        {"a POST", H2("/h2/reset/INTERNAL_ERROR"), SENT("POST", 100), ENDS(HTTPC_E_IO), ONCE},
        {"a POST, unread", H2("/h2/reset-unread/CANCEL"), SENT("POST", 100), ENDS(HTTPC_E_IO), ONCE},
        {"in the body", H2("/reset/in-body"), ENDS(HTTPC_E_IO), RETRIED},
        {"after the head", H2("/reset/after-head"), ENDS(HTTPC_E_IO), RETRIED},
    };
    CHECK_FAULTS_WITH(http2_config(), table);
}

TEST(what_the_server_refused_to_take_up)
{
    static const struct fault table[] = {
        {"once", H2("/h2/reset/REFUSED_STREAM?times=1"), ENDS(HTTPC_OK), RETRIED},
        {"always", H2("/h2/reset/REFUSED_STREAM"), ENDS(HTTPC_E_IO), RETRIED},
        {"a GOAWAY below, once", H2("/h2/goaway/below?times=1"), ENDS(HTTPC_OK), RETRIED},
        {"a GOAWAY below, always", H2("/h2/goaway/below"), ENDS(HTTPC_E_IO), RETRIED},
        {"a GOAWAY below, then FIN", H2("/h2/goaway/below?then=close&times=1"), ENDS(HTTPC_OK), RETRIED},
        {"a GOAWAY with the stream, which is answered", H2("/h2/goaway/own"), ENDS(HTTPC_OK), ONCE},
        {"a GOAWAY above, and the stream is answered", H2("/h2/goaway/above"), ENDS(HTTPC_OK), ONCE},
        {"a GOAWAY with the stream, and silence", H2("/h2/goaway/unanswered"), ENDS(HTTPC_E_TIMEOUT_READ), RETRIED},
        {"a GOAWAY below, with an error", H2("/h2/goaway/below?code=ENHANCE_YOUR_CALM"), ENDS(HTTPC_E_IO), RETRIED},
        {"a POST, on a connection that others used", H2("/h2/reset/REFUSED_STREAM"), SENT("POST", 10), ENDS(HTTPC_E_IO), ONCE},
        {"a POST, with a GOAWAY, on such a connection", H2("/h2/goaway/below"), SENT("POST", 10), ENDS(HTTPC_E_IO), ONCE},
        {"the same to a POST", H2("/h2/goaway/unanswered"), SENT("POST", 10), ENDS(HTTPC_E_TIMEOUT_READ), ONCE},
    };
    CHECK_FAULTS_WITH(http2_config(), table);
}

TEST(a_post_refused_on_a_connection_of_its_own_is_sent_again)
{
    static const char *const refusals[] = {"/h2/reset/REFUSED_STREAM", "/h2/goaway/below"};
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        IN_EVERY_WAY
        {
            httpc_client *client = new_client(http2_config());
            const char *url = text("%s%s?times=1&key=%s", address("TLS_H2"), refusals[i], new_key());
            struct outcome o = make_call(client, "POST", url, 10);
            if (!CHECK_CODE(o.code, HTTPC_OK)) {
                fprintf(stderr, "  for: %s, by %s (%s)\n", refusals[i], way->name, httpc_error_detail(o.error));
            }
            CHECK_EQ(attempts(&o), 2);
            done(&o);
            httpc_client_free(client);
        }
    }
}

TEST(a_goaway_on_an_idle_connection_fails_no_later_post)
{
    way = &ways[1];
    httpc_client *client = new_client(http2_config());
    for (int i = 0; i < 20; i++) {
        const char *key = new_key();
        CHECK_CODE(code_of(make_call(client, "GET", text("%s/h2/goaway-idle/1", address("TLS_H2")), 0)), HTTPC_OK);
        wait_until_ms(now_ms() + 15);
        CHECK_CODE(code_of(make_call(client, "POST", text("%s/echo?key=%s", address("TLS_H2"), key), 10)), HTTPC_OK);
        CHECK_EQ(server_count(key), 1);
    }
    httpc_client_free(client);
}

TEST(connections_that_break)
{
    static const struct fault table[] = {
        {"RST before the head", H2("/h2/tcp-reset/before-head"), ENDS(HTTPC_E_IO), RETRIED},
        {"RST in the head", H2("/h2/tcp-reset/in-head"), ENDS(HTTPC_E_IO), RETRIED},
        {"RST after the head", H2("/h2/tcp-reset/after-head"), ENDS(HTTPC_E_IO), RETRIED},
        {"RST in the body", H2("/h2/tcp-reset/in-body"), ENDS(HTTPC_E_IO), RETRIED},
        {"RST, to a POST", H2("/h2/tcp-reset/before-head"), SENT("POST", 10), ENDS(HTTPC_E_IO), ONCE},
        {"FIN before the head", H2("/close/before-head"), ENDS(HTTPC_E_IO), RETRIED},
        {"FIN in the head", H2("/close/in-head"), ENDS(HTTPC_E_IO), RETRIED},
        {"FIN after the head", H2("/close/after-head"), EITHER(HTTPC_E_IO, HTTPC_E_TRUNCATED), RETRIED},
        {"FIN in the body", H2("/close/in-body"), ENDS(HTTPC_E_TRUNCATED), RETRIED},
        {"FIN, to a POST", H2("/close/before-head"), SENT("POST", 10), ENDS(HTTPC_E_IO), ONCE},
    };
    CHECK_FAULTS_WITH(http2_config(), table);
}

/* Which it is depends on how much had come when nghttp2 saw it, and on whether libcurl is told. */
#define NO_HTTP2 ONE_OF(HTTPC_E_PROTOCOL, HTTPC_E_IO, HTTPC_E_TIMEOUT_READ), LOSES

TEST(floods_end_by_their_deadline)
{
    static const struct fault table[] = {
        {"SETTINGS", H2("/h2/flood/settings"), NO_HTTP2},
        {"PING", H2("/h2/flood/ping"), NO_HTTP2},
        {"WINDOW_UPDATE", H2("/h2/flood/window"), EITHER(HTTPC_E_TIMEOUT_TOTAL, HTTPC_E_IO), LOSES},
        {"RST_STREAM", H2("/h2/flood/reset"), EITHER(HTTPC_E_IO, HTTPC_E_TIMEOUT_TOTAL), LOSES},
        {"empty DATA", H2("/h2/flood/empty"), NO_HTTP2},
        {"CONTINUATION", H2("/h2/flood/continuation"), NO_HTTP2},
        {"empty CONTINUATION", H2("/h2/flood/empty-continuation"), NO_HTTP2},
        {"interim answers", H2("/flood-1xx?n=1000&code=103"), ENDS(HTTPC_OK), ONCE},
        {"an endless body", H2("/endless"), ENDS(HTTPC_E_BODY_TOO_LARGE), ONCE},
        {"a body drop by drop", H2("/trickle?bytes=100000&interval=10"), ENDS(HTTPC_E_TIMEOUT_TOTAL)},
        {"silence", H2("/delay/30000"), ENDS(HTTPC_E_TIMEOUT_READ), RETRIED},
        {"silence in the body", H2("/stall-body"), ENDS(HTTPC_E_TIMEOUT_READ), RETRIED},
    };
    httpc_config *config = http2_config();
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_TOTAL, 1000);
    CHECK_FAULTS_WITH(config, table);
}

TEST(slow_is_not_too_slow)
{
    static const struct fault table[] = {
        {"a body drop by drop", H2("/trickle?bytes=10&interval=60"), ENDS(HTTPC_OK), ONCE},
        {"a body that is taken slowly", H2("/slow-upload?bytes=32768&interval=10"), SENT("POST", (size_t)2 << 20), ENDS(HTTPC_OK),
         ONCE},
        {"a body that is taken, then silence", H2("/delay/30000"), SENT("PUT", (size_t)2 << 20), ENDS(HTTPC_E_TIMEOUT_READ),
         RETRIED},
    };
    CHECK_FAULTS_WITH(http2_config(), table);
}

/* nghttp2 sends them one after the other: each takes 0.3 s, and the last begins after 1.5 s. */
TEST(uploads_that_wait_for_others_on_their_connection_are_not_too_slow)
{
    static char body[512 << 10];
    httpc_client *client = new_client(http2_config());
    httpc_call *calls[6];
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        httpc_request *request =
            new_request("POST", text("%s/slow-upload?bytes=32768&interval=20", address("TLS_H2")));
        httpc_request_set_body_borrowed(request, NULL, body, sizeof body, NULL, NULL);
        calls[i] = submit(client, request, NULL, NULL);
    }
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        CHECK_CODE(code_of(result_of(calls[i])), HTTPC_OK);
    }
    httpc_client_free(client);
}

TEST(frames_that_break_the_rules)
{
    static const struct fault table[] = {
        {"no status", H2("/h2/bad/no-status"), NO_HTTP2},
        {"a status behind the fields", H2("/h2/bad/late-status"), NO_HTTP2},
        {"a body too long", H2("/h2/bad/too-long"), ENDS(HTTPC_E_PROTOCOL)},
        {"an end in the middle", H2("/truncate"), ENDS(HTTPC_E_PROTOCOL)},
        {"a frame too large", H2("/h2/bad/oversized"), NO_HTTP2},
        {"more padding than frame", H2("/h2/bad/padding"), NO_HTTP2},
        {"no final answer", H2("/h2/bad/no-final"), NO_HTTP2},
        {"frames behind the end", H2("/h2/bad/after-end"), ENDS(HTTPC_OK), ONCE},
        {"a push", H2("/h2/bad/push"), NO_HTTP2},
        {"a window of zero more", H2("/h2/bad/window-zero"), NO_HTTP2},
        {"a window too large", H2("/h2/bad/window-overflow"), NO_HTTP2},
        {"RST_STREAM of an idle stream", H2("/h2/bad/reset-idle"), NO_HTTP2},
        {"RST_STREAM of the connection", H2("/h2/bad/reset-zero"), NO_HTTP2},
        {"SETTINGS of a wrong length", H2("/h2/bad/settings-length"), NO_HTTP2},
        {"SETTINGS of a window too large", H2("/h2/bad/settings-window"), NO_HTTP2},
        {"PING of a wrong length", H2("/h2/bad/ping-length"), NO_HTTP2},
        {"a window of the connection too large", H2("/h2/bad/connection-window-overflow"), NO_HTTP2},
        {"a frame of an unknown type", H2("/h2/bad/unknown-frame"), ENDS(HTTPC_OK), ONCE},
        {"a name in capitals", H2("/h2/bad/upper-case"), NO_HTTP2},
        {"a field of the connection", H2("/h2/bad/connection"), NO_HTTP2},
        {"broken compression", H2("/h2/bad/hpack"), NO_HTTP2},
        {"a field that HTTP/2 has not", H2("/h2/bad/transfer-encoding"), NO_HTTP2},
        {"two statuses", H2("/h2/bad/two-statuses"), NO_HTTP2},
        {"a status in words", H2("/h2/bad/status-text"), NO_HTTP2},
        {"a field of requests", H2("/h2/bad/request-pseudo"), NO_HTTP2},
        /* The answer is taken, as nghttp2 does that. */
        {"an empty name", H2("/h2/bad/empty-name"), ENDS(HTTPC_OK), ONCE},
        {"a space in a name", H2("/h2/bad/space-in-name"), ENDS(HTTPC_OK), ONCE},
        {"a line break in a value", H2("/h2/bad/line-break"), ENDS(HTTPC_OK), ONCE},
        {"a NUL in a value", H2("/h2/bad/nul"), ENDS(HTTPC_OK), ONCE},
        {"a body before the head", H2("/h2/bad/data-first"), NO_HTTP2},
        {"an end with an interim answer", H2("/h2/bad/interim-end"), NO_HTTP2},
        {"CONTINUATION of nothing", H2("/h2/bad/continuation"), NO_HTTP2},
        {"DATA of an idle stream", H2("/h2/bad/data-idle"), NO_HTTP2},
        {"broken compression, to a POST", H2("/h2/bad/hpack"), SENT("POST", 10), NO_HTTP2, ONCE},
        {"a head that is interrupted", H2("/h2/bad/interrupted-head"), NO_HTTP2},
    };
    CHECK_FAULTS_WITH(http2_config(), table);
}

/* Servers with whom no call succeeds; the client is fit for others all the same. */
TEST(first_contacts_that_fail)
{
    static const struct fault table[] = {
        {"closed after ALPN", AT("TLS_H2_CLOSE"), .code = HTTPC_E_IO, .or_code = HTTPC_E_CONNECT},
        {"silence after ALPN", AT("TLS_H2_SILENT"), .code = HTTPC_E_TIMEOUT_READ, .or_code = HTTPC_E_TIMEOUT_CONNECT},
        {"SETTINGS, and silence", AT("TLS_H2_STALL"), ENDS(HTTPC_E_TIMEOUT_READ)},
        {"GOAWAY at once", AT("TLS_H2_GOAWAY"), ENDS(HTTPC_E_IO)},
        {"HTTP/1.1 all the same", AT("TLS_H2_GARBAGE"), NO_HTTP2},
        {"an answer without SETTINGS", AT("TLS_H2_NO_SETTINGS"), NO_HTTP2},
        {"no stream allowed", AT("TLS_H2_0"), .code = HTTPC_E_IO, .or_code = HTTPC_E_TIMEOUT_POOL},
    };
    CHECK_FAULTS_WITH(http2_config(), table);
}

TEST(an_upload_without_a_window_ends_with_the_write_timeout)
{
    IN_EVERY_WAY
    {
        httpc_client *client = new_client(http2_config());
        struct outcome o = make_call(client, "POST", text("%s/echo", address("TLS_H2_NO_WINDOW")), 200000);
        CHECK_CODE(o.code, HTTPC_E_TIMEOUT_WRITE);
        CHECK_EQ(attempts(&o), 1);
        check_end(&o, READ_MS);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(a_stream_that_is_reset_leaves_the_others_alone)
{
    httpc_config *config = http2_config();
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_ALL, TOTAL_MS);
    httpc_client *client = new_client(config);
    httpc_request *slow = new_request("GET", text("%s/delay/300", address("TLS_H2")));
    httpc_call *others[10];
    for (int i = 0; i < 10; i++) {
        CHECK_CODE(httpc_submit(client, slow, NULL, NULL, &others[i], NULL), HTTPC_OK);
    }
    httpc_request_free(slow);
    way = &ways[1];
    CHECK_CODE(code_of(make_call(client, "POST", text("%s/h2/reset/CANCEL", address("TLS_H2")), 10)), HTTPC_E_IO);
    for (int i = 0; i < 10; i++) {
        httpc_response *response = NULL;
        CHECK_CODE(httpc_call_wait(others[i], HTTPC_FOREVER, NULL), HTTPC_OK);
        CHECK_CODE(httpc_call_take_result(others[i], &response, NULL), HTTPC_OK);
        CHECK_EQ(httpc_response_attempts(response), 1);
        httpc_response_free(response);
        httpc_call_free(others[i]);
    }
    httpc_client_free(client);
}

/* Of the same engine thread, on connections of their own. */
TEST(floods_hold_up_no_other_call)
{
    static const char *const floods[] = {"settings", "ping", "window", "reset", "empty", "continuation", "empty-continuation"};
    way = &ways[1];
    for (size_t i = 0; i < sizeof floods / sizeof floods[0]; i++) {
        httpc_config *config = http2_config();
        httpc_config_set_timeout(config, HTTPC_TIMEOUT_ALL, TOTAL_MS);
        httpc_config_set_timeout(config, HTTPC_TIMEOUT_TOTAL, TOTAL_MS);
        httpc_client *client = new_client(config);
        CHECK_CODE(code_of(make_call(client, "GET", text("%s/echo", address("URL")), 0)), HTTPC_OK);
        const char *key = new_key();
        httpc_request *request = new_request("GET", text("%s/h2/flood/%s?key=%s", address("TLS_H2"), floods[i], key));
        httpc_call *flooded = NULL;
        double start = now_ms();
        CHECK_CODE(httpc_submit(client, request, NULL, NULL, &flooded, NULL), HTTPC_OK);
        httpc_request_free(request);
        CHECK_COMES_TRUE(server_count(key) > 0);
        for (int call = 0; call < 20; call++) {
            struct outcome o = make_call(client, "GET", text("%s/echo", address("URL")), 0);
            if (!CHECK_CODE(o.code, HTTPC_OK) | !CHECK_MS(o.ms, 0, LATE_MS)) {
                fprintf(stderr, "  under: %s\n", floods[i]);
            }
            done(&o);
        }
        CHECK_CODE(httpc_call_wait(flooded, HTTPC_FOREVER, NULL), HTTPC_OK);
        CHECK_MS(now_ms() - start, 0, TOTAL_MS + LATE_MS);
        httpc_call_free(flooded);
        httpc_client_free(client);
    }
}

/* libcurl would send it again, once the others are through. */
TEST(a_refused_post_ends_at_once_though_other_streams_go_on)
{
    httpc_config *config = http2_config();
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_ALL, TOTAL_MS);
    httpc_client *client = new_client(config);
    const char *key = new_key();
    httpc_request *held = new_request("GET", text("%s/gate?key=%s", address("TLS_H2"), key));
    httpc_call *others[10];
    for (int i = 0; i < 10; i++) {
        CHECK_CODE(httpc_submit(client, held, NULL, NULL, &others[i], NULL), HTTPC_OK);
    }
    httpc_request_free(held);
    while (server_count(key) < 10) {
        wait_until_ms(now_ms() + 5);
    }
    way = &ways[1];
    struct outcome o = make_call(client, "POST", text("%s/h2/reset/REFUSED_STREAM", address("TLS_H2")), 10);
    CHECK_CODE(o.code, HTTPC_E_IO);
    CHECK_MS(o.ms, 0, 500);
    done(&o);
    o = ask_server(text("/_open?key=%s", key));
    done(&o);
    for (int i = 0; i < 10; i++) {
        httpc_response *response = NULL;
        CHECK_CODE(httpc_call_wait(others[i], HTTPC_FOREVER, NULL), HTTPC_OK);
        CHECK_CODE(httpc_call_take_result(others[i], &response, NULL), HTTPC_OK);
        httpc_response_free(response);
        httpc_call_free(others[i]);
    }
    httpc_client_free(client);
}

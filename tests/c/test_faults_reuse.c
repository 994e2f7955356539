/*
 * What servers do to a connection that is kept for the next call. An answer that nobody asked for is nobody's answer, and a
 * connection that has ended is not used: not even a POST notices.
 */
#include "faults.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define POISON OK "Content-Length: 6\r\n\r\npoison"
#define TIMED_OUT "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
/* After which what a server does a millisecond after its answer has been done. */
#define SURELY_MS 100

struct idle {
    const char *what;
    /* What makes the connection, and prepares its end. */
    const char *route;
    const char *said;
    const char *then;
};

static const char *preparing_url(const struct idle *idle, const char *base)
{
    if (idle->said == NULL) {
        return text("%s%s", address(base), idle->route);
    }
    return text("%s%s?hex=%s&then=%s", address(base), idle->route, hex_of(idle->said, strlen(idle->said)), idle->then);
}

static bool call_after(httpc_client *client, const char *method, const struct idle *idle, const char *base)
{
    struct outcome o = make_call(client, "GET", preparing_url(idle, base), 0);
    bool good = CHECK_CODE(o.code, HTTPC_OK);
    done(&o);
    wait_until_ms(now_ms() + SURELY_MS);
    const char *key = new_key();
    o = make_call(client, method, text("%s/echo?key=%s", address(base), key), strcmp(method, "POST") == 0 ? 9 : 0);
    good &= CHECK_CODE(o.code, HTTPC_OK);
    good &= CHECK_EQ(attempts(&o), 1);
    /* An older libcurl may have read what was said, as belonging to nothing. */
    good &= has_old_libcurl() || CHECK(!httpc_response_reused(o.response));
    good &= CHECK_STR(httpc_response_json_string(o.response, "/query", NULL), text("key=%s", key));
    good &= CHECK_EQ(server_count(key), 1);
    if (!good) {
        fprintf(stderr, "  %s after: %s, at %s by %s (%s)\n", method, idle->what, base, way->name, httpc_error_detail(o.error));
    }
    done(&o);
    return good;
}

static void check_idle(const char *base)
{
    static const struct idle table[] = {
        {"an unasked 408", "/talk/1", TIMED_OUT, "keep"},
        {"an unasked 408, then FIN", "/talk/1", TIMED_OUT, "close"},
        {"an unasked 408, then RST", "/talk/1", TIMED_OUT, "reset"},
        {"an unasked success", "/talk/1", POISON, "keep"},
        {"half an answer", "/talk/1", OK "Content-Le", "keep"},
        {"an interim answer", "/talk/1", "HTTP/1.1 100 Continue\r\n\r\n", "keep"},
        {"a line end", "/talk/1", "\r\n", "keep"},
        {"a byte", "/talk/1", "x", "keep"},
        {"FIN", "/stale/1", NULL, NULL},
        {"RST", "/stale-reset/1", NULL, NULL},
        {"FIN without close_notify", "/stale-cut/1", NULL, NULL},
        {"bytes in HTTP/1.0", "/raw", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n" POISON, "keep"},
    };
    httpc_client *client = new_client(faulty_config());
    IN_EVERY_WAY
    {
        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
            call_after(client, "GET", &table[i], base);
            call_after(client, "POST", &table[i], base);
        }
    }
    httpc_client_free(client);
}

TEST(idle_connections)
{
    check_idle("URL");
}

TEST(idle_connections_over_tls)
{
    static const struct idle notify = {"a close_notify alone", "/stale-notify/1", NULL, NULL};
    check_idle("TLS");
    httpc_client *client = new_client(faulty_config());
    IN_EVERY_WAY
    {
        call_after(client, "GET", &notify, "TLS");
        call_after(client, "POST", &notify, "TLS");
    }
    httpc_client_free(client);
}

TEST(a_connection_that_falls_silent)
{
    const char *bases[] = {"URL", "TLS"};
    httpc_client *client = new_client(faulty_config());
    IN_EVERY_WAY
    {
        for (size_t i = 0; i < 2; i++) {
            const char *key = new_key();
            const char *url = text("%s/silent-on-reuse?key=%s", address(bases[i]), key);
            struct outcome o = make_call(client, "GET", url, 0);
            CHECK_CODE(o.code, HTTPC_OK);
            done(&o);
            /* The second attempt goes out on a connection of its own. */
            o = make_call(client, "GET", url, 0);
            CHECK_CODE(o.code, HTTPC_OK);
            CHECK_EQ(attempts(&o), 2);
            CHECK_CODE(httpc_attempt_code(attempt(&o, 0)), HTTPC_E_TIMEOUT_READ);
            done(&o);
            o = make_call(client, "POST", url, 9);
            CHECK_CODE(o.code, HTTPC_E_TIMEOUT_READ);
            CHECK_EQ(attempts(&o), 1);
            CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_NOT_IDEMPOTENT);
            CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_MAYBE_SENT);
            clean_error(o.error);
            done(&o);
            CHECK_EQ(server_count(key), 4);
        }
    }
    httpc_client_free(client);
}

/* An answer that was there before the request is either refused or taken; it must not shift those that follow. */
TEST(an_answer_before_the_request)
{
    httpc_client *client = new_client(faulty_config());
    IN_EVERY_WAY
    {
        for (int i = 0; i < 3; i++) {
            struct outcome o = make_call(client, "GET", address("EAGER"), 0);
            CHECK(o.code == HTTPC_OK || o.code == HTTPC_E_PROTOCOL || CHECK_CODE(o.code, HTTPC_E_TIMEOUT_READ));
            CHECK(o.code == HTTPC_OK || clean_error(o.error));
            CHECK_MS(o.ms, 0, TOTAL_MS + LATE_MS);
            done(&o);
            check_next_call(client, "URL", new_key());
        }
    }
    httpc_client_free(client);
}

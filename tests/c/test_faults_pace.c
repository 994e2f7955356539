/* Servers that are slow, endless, or silent. */
#include "faults.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

TEST(silence)
{
    static const struct fault table[] = {
        {"a head that does not come", AT("/delay/30000"), ENDS(HTTPC_E_TIMEOUT_READ), RETRIED},
        {"a body that stops", AT("/stall-body"), ENDS(HTTPC_E_TIMEOUT_READ), RETRIED},
        {"a head that stops", RAW(OK "Content-Le"), THEN("hold"), ENDS(HTTPC_E_TIMEOUT_READ), RETRIED},
        {"headers without their end", RAW(OK "Content-Length: 0\r\n"), THEN("hold"), ENDS(HTTPC_E_TIMEOUT_READ), RETRIED},
        {"after an interim answer", RAW("HTTP/1.1 100 Continue\r\n\r\n"), THEN("hold"), ENDS(HTTPC_E_TIMEOUT_READ), RETRIED},
        {"in a chunk", RAW(CHUNKED "5\r\nhel"), THEN("hold"), ENDS(HTTPC_E_TIMEOUT_READ), RETRIED},
        {"after the last data", RAW(CHUNKED "5\r\nhello\r\n"), THEN("hold"), ENDS(HTTPC_E_TIMEOUT_READ), RETRIED},
        {"in the trailers", RAW(CHUNKED "0\r\nX-T: 1\r\n"), THEN("hold"), ENDS(HTTPC_E_TIMEOUT_READ), RETRIED},
        {"in an error's body", RAW("HTTP/1.1 404 None\r\nContent-Length: 9\r\n\r\nnone"), THEN("hold"), ENDS(HTTPC_E_STATUS), ONCE,
         SAYS("404 None: none")},
        /* What nobody wants is not waited for. */
        {"in a body before a retry", RAW("HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\nbusy"), THEN("hold"), ENDS(HTTPC_E_STATUS),
         RETRIED, SAYS("503 Busy: busy")},
        {"over TLS", RAW(OK "Content-Length: 9\r\n\r\nhel"), THEN("hold"), OVER_TLS, ENDS(HTTPC_E_TIMEOUT_READ), RETRIED},
        {"before a POST is answered", AT("/delay/30000"), SENT("POST", 9), ENDS(HTTPC_E_TIMEOUT_READ), ONCE,
         SAYS("POST may have taken effect")},
    };
    CHECK_FAULTS(table);
}

/* Each byte keeps the read timeout away, and the total timeout is what ends them. */
TEST(trickles)
{
    static const struct fault table[] = {
        {"a head byte by byte", AT("/slow-head?interval=100"), ENDS(HTTPC_E_TIMEOUT_TOTAL), ONCE, WITHIN(500)},
        {"a body byte by byte", AT("/trickle?bytes=1000&interval=100"), ENDS(HTTPC_E_TIMEOUT_TOTAL), ONCE, WITHIN(500)},
        {"headers one by one", RAW(OK), EVERY(50, "X-More: 1\r\n"), ENDS(HTTPC_E_TIMEOUT_TOTAL), ONCE, WITHIN(500)},
        {"interim answers one by one", RAW(""), EVERY(50, "HTTP/1.1 102 Working\r\n\r\n"), ENDS(HTTPC_E_TIMEOUT_TOTAL), ONCE,
         WITHIN(500)},
        {"chunks one by one", RAW(CHUNKED), EVERY(50, "1\r\nx\r\n"), ENDS(HTTPC_E_TIMEOUT_TOTAL), ONCE, WITHIN(500)},
        {"a chunk's extension", RAW(CHUNKED "1;a="), EVERY(50, "x"), ENDS(HTTPC_E_TIMEOUT_TOTAL), ONCE, WITHIN(500)},
        /* As fast as it goes, but nothing of it is kept. */
        {"an extension without end", RAW(CHUNKED "1;a="), ENDLESS("x"), ENDS(HTTPC_E_TIMEOUT_TOTAL), ONCE, WITHIN(500)},
        {"trailers one by one", RAW(CHUNKED "0\r\n"), EVERY(50, "X-T: 1\r\n"), ENDS(HTTPC_E_TIMEOUT_TOTAL), ONCE, WITHIN(500)},
        {"over TLS", RAW(OK "Content-Length: 1000\r\n\r\n"), EVERY(50, "x"), OVER_TLS, ENDS(HTTPC_E_TIMEOUT_TOTAL), ONCE,
         WITHIN(500)},
        {"an error's body", RAW("HTTP/1.1 404 None\r\nContent-Length: 1000\r\n\r\n"), EVERY(50, "x"), ENDS(HTTPC_E_STATUS), ONCE,
         WITHIN(500), SAYS("404")},
    };
    httpc_config *config = faulty_config();
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_TOTAL, 500);
    CHECK_FAULTS_WITH(config, table);
}

TEST(trickles_end_with_the_attempt)
{
    static const struct fault table[] = {
        {"a head byte by byte", AT("/slow-head?interval=50"), ENDS(HTTPC_E_TIMEOUT_ATTEMPT), RETRIED, WITHIN(600)},
        {"a body byte by byte", AT("/trickle?bytes=1000&interval=50"), ENDS(HTTPC_E_TIMEOUT_ATTEMPT), RETRIED, WITHIN(600)},
        {"interim answers", RAW(""), EVERY(50, "HTTP/1.1 103 Hints\r\n\r\n"), ENDS(HTTPC_E_TIMEOUT_ATTEMPT), RETRIED, WITHIN(600)},
        {"as the answer to a POST", AT("/slow-head?interval=50"), SENT("POST", 9), ENDS(HTTPC_E_TIMEOUT_ATTEMPT), ONCE,
         WITHIN(300), SAYS("POST may have taken effect")},
        {"a body over TLS", AT("/trickle?bytes=1000&interval=50"), OVER_TLS, ENDS(HTTPC_E_TIMEOUT_ATTEMPT), RETRIED, WITHIN(600)},
    };
    httpc_config *config = faulty_config();
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_ATTEMPT, 300);
    CHECK_FAULTS_WITH(config, table);
}

TEST(slow_is_not_too_slow)
{
    static const struct fault table[] = {
        {"a late head", AT("/delay/120"), ENDS(HTTPC_OK), ONCE},
        {"a head byte by byte", AT("/slow-head?interval=10"), ENDS(HTTPC_OK), ONCE, SAYS("ok")},
        {"a body byte by byte", AT("/trickle?bytes=10&interval=60"), ENDS(HTTPC_OK), ONCE, SAYS("xxxxxxxxxx")},
        {"a body over TLS", AT("/trickle?bytes=10&interval=60"), OVER_TLS, ENDS(HTTPC_OK), ONCE, SAYS("xxxxxxxxxx")},
        /* Megabytes of it lie in the kernel's buffer, first when there is no room for more and then behind its end. */
        {"a body that is taken slowly", AT("/slow-upload?bytes=98304&interval=20"), SENT("POST", (size_t)8 << 20),
         ENDS(HTTPC_OK), ONCE},
        {"the same over TLS", AT("/slow-upload?bytes=98304&interval=20"), OVER_TLS, SENT("POST", (size_t)8 << 20),
         ENDS(HTTPC_OK), ONCE},
    };
    CHECK_FAULTS(table);
}

TEST(without_end)
{
    static const struct fault table[] = {
        {"a body in chunks", AT("/endless"), ENDS(HTTPC_E_BODY_TOO_LARGE), ONCE},
        {"a body until the end", RAW(OK "\r\n"), ENDLESS("body"), ENDS(HTTPC_E_BODY_TOO_LARGE), ONCE},
        {"a body over TLS", RAW(OK "\r\n"), ENDLESS("body"), OVER_TLS, ENDS(HTTPC_E_BODY_TOO_LARGE), ONCE},
        {"a body in chunks of one byte", RAW(CHUNKED), ENDLESS("1\r\nx\r\n"), ENDS(HTTPC_E_BODY_TOO_LARGE), ONCE},
        {"headers", AT("/endless-headers"), ENDS(HTTPC_E_HEADERS_TOO_LARGE), ONCE},
        {"short headers", RAW(OK), ENDLESS("A:\r\n"), ENDS(HTTPC_E_HEADERS_TOO_LARGE), ONCE},
        {"one header", RAW(OK "X-Long: "), ENDLESS("long"), ENDS(HTTPC_E_HEADERS_TOO_LARGE), ONCE},
        {"one folded header", RAW(OK "X-Long: a\r\n"), ENDLESS(" fold\r\n"), ENDS(HTTPC_E_HEADERS_TOO_LARGE), ONCE},
        {"a header's name", RAW(OK), ENDLESS("X"), EITHER(HTTPC_E_HEADERS_TOO_LARGE, HTTPC_E_PROTOCOL), ONCE},
        {"a reason", RAW("HTTP/1.1 200 "), ENDLESS("OK"), ENDS(HTTPC_E_HEADERS_TOO_LARGE), ONCE, SAYS("response's head")},
        {"a version", RAW("HTTP/1."), ENDLESS("1"), EITHER(HTTPC_E_HEADERS_TOO_LARGE, HTTPC_E_PROTOCOL), ONCE},
        {"noise in one line", RAW(""), ENDLESS("noise"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"empty lines", RAW(""), ENDLESS("\r\n"), EITHER(HTTPC_E_PROTOCOL, HTTPC_E_HEADERS_TOO_LARGE), ONCE},
        {"interim answers", AT("/flood-1xx?n=10000000"), ENDS(HTTPC_E_HEADERS_TOO_LARGE), ONCE},
        {"interim answers without headers", RAW(""), ENDLESS("HTTP/1.1 100 Continue\r\n\r\n"), ENDS(HTTPC_E_HEADERS_TOO_LARGE), ONCE},
        {"trailers", RAW(CHUNKED "0\r\n"), ENDLESS("X-Trailer: 1\r\n"), ENDS(HTTPC_E_HEADERS_TOO_LARGE), ONCE},
        {"one trailer", RAW(CHUNKED "0\r\nX-Trailer: "), ENDLESS("long"), ENDS(HTTPC_E_HEADERS_TOO_LARGE), ONCE, SAYS("too long")},
        {"a chunk's size", RAW(CHUNKED), ENDLESS("0"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"a thousand interim answers", AT("/flood-1xx?n=1000"), ENDS(HTTPC_OK), ONCE},
        {"an error's body", RAW("HTTP/1.1 404 None\r\n\r\n"), ENDLESS("body"), ENDS(HTTPC_E_STATUS), ONCE, SAYS("404 None")},
        {"a body before a retry", RAW("HTTP/1.1 503 Busy\r\n\r\n"), ENDLESS("body"), ENDS(HTTPC_E_STATUS), RETRIED, SAYS("503 Busy")},
    };
    CHECK_FAULTS(table);
}

/* Asynchronous calls share a thread. */
TEST(a_server_that_never_pauses_holds_up_nobody_else)
{
    static const struct fault flood = {"", RAW(CHUNKED "1;a="), ENDLESS("x"), ENDS(HTTPC_E_TIMEOUT_TOTAL)};
    httpc_client *client = new_client(faulty_config());
    httpc_call *call = NULL;
    httpc_request *endless = new_request("GET", url_of(&flood, new_key())), *request = new_request("GET", "/echo");
    CHECK_CODE(httpc_submit(client, endless, NULL, NULL, &call, NULL), HTTPC_OK);
    for (int i = 0; i < 50; i++) {
        struct outcome o = submit_and_take(client, request);
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_MS(o.ms, 0, LATE_MS);
        done(&o);
    }
    httpc_request_free(request);
    httpc_request_free(endless);
    CHECK_CODE(httpc_call_wait(call, 0, NULL), HTTPC_E_AGAIN);
    httpc_call_cancel(call);
    CHECK_CODE(httpc_call_wait(call, LATE_MS, NULL), HTTPC_OK);
    httpc_call_free(call);
    httpc_client_free(client);
}

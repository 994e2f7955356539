/* Servers that are not there, break off, speak bad TLS, or ask for a pause. */
#include "faults.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define SIZED_5 OK "Content-Length: 5\r\n\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"
/* What is no fault. */
#define ECHO_OF(name) .url = "/echo", .base = name

TEST(tcp)
{
    static const struct fault table[] = {
        {"refused", AT("REFUSED"), ENDS(HTTPC_E_CONNECT), RETRIED},
        {"a full backlog, which does not answer SYN", AT("BLACKHOLE"), ENDS(HTTPC_E_TIMEOUT_CONNECT), RETRIED},
        {"accepted, then silence", AT("SILENT"), ENDS(HTTPC_E_TIMEOUT_READ), RETRIED},
        /* The reset may come before or after the client learns that it is connected. */
        {"accepted, then reset", AT("ACCEPT_RESET"), EITHER(HTTPC_E_IO, HTTPC_E_CONNECT), RETRIED},
        {"accepted, then closed", AT("ACCEPT_CLOSE"), ENDS(HTTPC_E_IO), RETRIED},
        {"another protocol speaks first", AT("BANNER"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"reset before the head", AT("/reset/before-head"), ENDS(HTTPC_E_IO), RETRIED},
        {"closed before the head", AT("/close/before-head"), ENDS(HTTPC_E_IO), RETRIED},
        {"reset in the head", AT("/reset/in-head"), ENDS(HTTPC_E_IO), RETRIED},
        {"closed in the head", AT("/close/in-head"), ENDS(HTTPC_E_IO), RETRIED},
        {"reset after the head", AT("/reset/after-head"), ENDS(HTTPC_E_IO), RETRIED},
        {"closed after the head", AT("/close/after-head"), ENDS(HTTPC_E_TRUNCATED), RETRIED},
        {"reset in the body", AT("/reset/in-body"), ENDS(HTTPC_E_IO), RETRIED},
        {"closed in the body", AT("/close/in-body"), ENDS(HTTPC_E_TRUNCATED), RETRIED},
        {"half-closed before the head", RAW(""), THEN("half-close"), ENDS(HTTPC_E_IO), RETRIED},
        {"half-closed in the head", RAW(OK "Content-Le"), THEN("half-close"), ENDS(HTTPC_E_IO), RETRIED},
        {"half-closed in the body", RAW(SIZED_5 "hel"), THEN("half-close"), ENDS(HTTPC_E_TRUNCATED), RETRIED},
        {"half-closed after the answer", RAW(SIZED_5 "hello"), THEN("half-close"), ENDS(HTTPC_OK), ONCE, SAYS("hello")},
        {"half-closed, with a POST", RAW(""), THEN("half-close"), SENT("POST", 9), ENDS(HTTPC_E_IO), ONCE,
         SAYS("POST may have taken effect")},
        {"reset after the answer", RAW(SIZED_5 "hello"), THEN("reset"), EITHER(HTTPC_OK, HTTPC_E_IO)},
        {"chunks without an end", AT("/truncate-chunked"), ENDS(HTTPC_E_TRUNCATED), RETRIED},
    };
    CHECK_FAULTS(table);
}

TEST(tls)
{
    static const struct fault table[] = {
        {"closed in the handshake", AT("TLS_CLOSE"), ENDS(HTTPC_E_TLS)},
        {"silence in the handshake", AT("TLS_STALL"), ENDS(HTTPC_E_TIMEOUT_CONNECT), RETRIED},
        {"no TLS", AT("TLS_GARBAGE"), ENDS(HTTPC_E_TLS)},
        {"an end without close_notify", AT("TLS_TRUNCATE"), ENDS(HTTPC_E_TRUNCATED), RETRIED},
        {"a whole body, then no close_notify", RAW(SIZED_5 "hello"), THEN("cut"), OVER_TLS, ENDS(HTTPC_OK), ONCE, SAYS("hello")},
        {"no close_notify in the head", RAW(OK "Content-Le"), THEN("cut"), OVER_TLS, ENDS(HTTPC_E_IO), RETRIED},
        {"no close_notify in the body", RAW(SIZED_5 "hel"), THEN("cut"), OVER_TLS, ENDS(HTTPC_E_TRUNCATED), RETRIED},
        {"no close_notify in chunks", RAW(CHUNKED "5\r\nhello\r\n"), THEN("cut"), OVER_TLS, ENDS(HTTPC_E_TRUNCATED), RETRIED},
        {"a close_notify in the body", RAW(SIZED_5 "hel"), THEN("close"), OVER_TLS, ENDS(HTTPC_E_TRUNCATED), RETRIED},
        {"a close_notify alone in the body", RAW(SIZED_5 "hel"), THEN("notify"), OVER_TLS, ENDS(HTTPC_E_TRUNCATED), RETRIED},
        {"a close_notify for an answer", RAW(""), THEN("close"), OVER_TLS, ENDS(HTTPC_E_IO), RETRIED},
        {"reset in the body over TLS", RAW(SIZED_5 "hel"), THEN("reset"), OVER_TLS, ENDS(HTTPC_E_IO), RETRIED},
        {"expired", AT("TLS_EXPIRED"), ENDS(HTTPC_E_CERTIFICATE), ONCE},
        {"another host's", AT("TLS_WRONG_HOST"), ENDS(HTTPC_E_CERTIFICATE), ONCE},
        {"not yet valid", AT("TLS_NOT_YET"), ENDS(HTTPC_E_CERTIFICATE), ONCE},
        {"signed by itself", AT("TLS_SELF_SIGNED"), ENDS(HTTPC_E_CERTIFICATE), ONCE},
        {"of an unknown authority", AT("TLS_UNKNOWN_CA"), ENDS(HTTPC_E_CERTIFICATE), ONCE},
        {"without its intermediate", AT("TLS_NO_INTERMEDIATE"), ENDS(HTTPC_E_CERTIFICATE), ONCE},
        {"for clients only", AT("TLS_WRONG_USAGE"), ENDS(HTTPC_E_CERTIFICATE), ONCE},
        {"a weak key", AT("TLS_WEAK"), EITHER(HTTPC_E_CERTIFICATE, HTTPC_E_TLS), ONCE},
        {"TLS 1.1 at most", AT("TLS_OLD"), ENDS(HTTPC_E_TLS), ONCE},
        {"a client certificate wanted", AT("TLS_CLIENT_CERT"), ENDS(HTTPC_E_TLS), ONCE},
        {"one wanted with TLS 1.2", AT("TLS_CLIENT_CERT_1_2"), ENDS(HTTPC_E_TLS), ONCE, SAYS("alert")},
        {"an alert", AT("TLS_ALERT"), ENDS(HTTPC_E_TLS), ONCE, SAYS("alert handshake failure")},
        {"half a ServerHello", AT("TLS_HALF"), ENDS(HTTPC_E_TLS), RETRIED},
        {"an intermediate authority that is sent along", ECHO_OF("TLS_CHAIN"), ENDS(HTTPC_OK), ONCE},
    };
    CHECK_FAULTS(table);
}

/* ---- What a client is that meets them: it shows a certificate, wants a version or a key. ---- */

static httpc_config *certified_config(const char *certificate, const char *key)
{
    httpc_config *config = NULL;
    /* Without a base URL, so that it is shown to all. */
    CHECK_CODE(httpc_config_new(&config, NULL), HTTPC_OK);
    harden(config);
    CHECK_CODE(httpc_config_set_client_certificate(config, certificate, key, NULL), HTTPC_OK);
    return config;
}

TEST(client_certificates)
{
    static const struct fault good[] = {
        {"given", ECHO_OF("TLS_CLIENT_CERT"), ENDS(HTTPC_OK), ONCE},
        {"given with TLS 1.2", ECHO_OF("TLS_CLIENT_CERT_1_2"), ENDS(HTTPC_OK), ONCE},
        {"given and not wanted", ECHO_OF("TLS"), ENDS(HTTPC_OK), ONCE},
        {"given to nobody that can be trusted", AT("TLS_UNKNOWN_CA"), ENDS(HTTPC_E_CERTIFICATE), ONCE},
    };
    static const struct fault wrong[] = {
        {"of an unknown authority", AT("TLS_CLIENT_CERT"), ENDS(HTTPC_E_TLS), ONCE, SAYS("alert")},
        {"of an unknown authority with TLS 1.2", AT("TLS_CLIENT_CERT_1_2"), ENDS(HTTPC_E_TLS), ONCE, SAYS("alert")},
    };
    CHECK_FAULTS_WITH(certified_config(address("CLIENT_CERT"), address("CLIENT_KEY")), good);
    CHECK_FAULTS_WITH(certified_config(address("CLIENT_CHAIN"), NULL), good);
    CHECK_FAULTS_WITH(certified_config(address("CLIENT_UNKNOWN"), NULL), wrong);
}

TEST(least_versions)
{
    static const struct fault least_1_2[] = {
        {"TLS 1.1 at most", AT("TLS_OLD"), ENDS(HTTPC_E_TLS), ONCE},
        {"TLS 1.2 at most", ECHO_OF("TLS_1_2"), ENDS(HTTPC_OK), ONCE},
        {"TLS 1.3", ECHO_OF("TLS"), ENDS(HTTPC_OK), ONCE},
    };
    static const struct fault least_1_3[] = {
        {"TLS 1.1 at most", AT("TLS_OLD"), ENDS(HTTPC_E_TLS), ONCE},
        {"TLS 1.2 at most", AT("TLS_1_2"), ENDS(HTTPC_E_TLS), ONCE},
        {"TLS 1.3", ECHO_OF("TLS"), ENDS(HTTPC_OK), ONCE},
    };
    httpc_config *config = faulty_config();
    httpc_config_set_min_tls_version(config, HTTPC_TLS_1_2);
    CHECK_FAULTS_WITH(config, least_1_2);
    config = faulty_config();
    httpc_config_set_min_tls_version(config, HTTPC_TLS_1_3);
    CHECK_FAULTS_WITH(config, least_1_3);
}

TEST(pinned_keys)
{
    static const struct fault table[] = {
        {"the pinned key", ECHO_OF("TLS"), ENDS(HTTPC_OK), ONCE},
        {"another key of the same authority", AT("TLS_CHAIN"), ENDS(HTTPC_E_CERTIFICATE), ONCE, SAYS("pinned")},
        {"another key, and unknown", AT("TLS_SELF_SIGNED"), ENDS(HTTPC_E_CERTIFICATE), ONCE},
        {"the pinned key for another host", AT("TLS_WRONG_HOST"), ENDS(HTTPC_E_CERTIFICATE), ONCE},
    };
    httpc_config *config = faulty_config();
    httpc_config_set_pinned_keys(config, address("TLS_PIN"));
    CHECK_FAULTS_WITH(config, table);
}

TEST(retry_after)
{
#define BUSY(fields) "HTTP/1.1 503 Busy\r\n" fields "Connection: close\r\nContent-Length: 0\r\n\r\n"
    static const struct fault table[] = {
        {"none", RAW(BUSY("")), ENDS(HTTPC_E_STATUS), RETRIED},
        {"zero", RAW(BUSY("Retry-After: 0\r\n")), ENDS(HTTPC_E_STATUS), RETRIED},
        {"negative", RAW(BUSY("Retry-After: -5\r\n")), ENDS(HTTPC_E_STATUS), RETRIED},
        {"a fraction", RAW(BUSY("Retry-After: 9.5\r\n")), ENDS(HTTPC_E_STATUS), RETRIED},
        {"no number", RAW(BUSY("Retry-After: soon\r\n")), ENDS(HTTPC_E_STATUS), RETRIED},
        {"a list", RAW(BUSY("Retry-After: 60, 70\r\n")), ENDS(HTTPC_E_STATUS), RETRIED},
        {"in the past", RAW(BUSY("Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n")), ENDS(HTTPC_E_STATUS), RETRIED},
        {"later than may be waited", RAW(BUSY("Retry-After: 60\r\n")), ENDS(HTTPC_E_STATUS), ONCE},
        {"white space around it", RAW(BUSY("Retry-After: \t 60 \t\r\n")), ENDS(HTTPC_E_STATUS), ONCE},
        {"overflow", RAW(BUSY("Retry-After: 99999999999999999999999999\r\n")), ENDS(HTTPC_E_STATUS), ONCE},
        {"far in the future", RAW(BUSY("Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n")), ENDS(HTTPC_E_STATUS), ONCE},
        {"twice", RAW(BUSY("Retry-After: 0\r\nRetry-After: 60\r\n")), ENDS(HTTPC_E_STATUS), ONCE},
        {"no end of the fields", RAW("HTTP/1.1 503 Busy\r\nRetry-After: 0\r\n"), ENDS(HTTPC_E_IO), RETRIED},
    };
    CHECK_FAULTS(table);
}

/*
 * Whatever a server does, a call ends in time, with the right code and a readable reason, sends nothing that was not
 * decided on, and leaves the client fit for the next call.
 */
#include "server.h"

#define TOTAL_MS 3000
#define READ_MS 200
#define RETRIED 2
#define ANY 0

struct fault {
    const char *what;
    /* A path of the server, or the name of an address; NULL for raw bytes. */
    const char *url;
    const char *raw;
    size_t raw_length;
    httpc_code code;
    /* Where RFC 9112 leaves it to the recipient, or chance decides, this is right as well. */
    httpc_code or_code;
    unsigned attempts;
};

#define AT2(what, url, code, or_code, attempts) {what, url, NULL, 0, code, or_code, attempts}
#define AT(what, url, code, attempts) AT2(what, url, code, code, attempts)
#define RAW2(what, bytes, code, or_code, attempts) {what, NULL, bytes, sizeof bytes - 1, code, or_code, attempts}
#define RAW(what, bytes, code, attempts) RAW2(what, bytes, code, code, attempts)

static const char *path_of(const struct fault *fault, const char *key)
{
    if (fault->url == NULL) {
        char hex[2048];
        for (size_t i = 0; i < fault->raw_length; i++) {
            snprintf(hex + 2 * i, 3, "%02x", (unsigned char)fault->raw[i]);
        }
        return text("/raw?hex=%s&key=%s&token=" SECRET, hex, key);
    }
    if (fault->url[0] != '/') {
        return text("%s/?token=" SECRET, address(fault->url));
    }
    return text("%s%ckey=%s&token=" SECRET, fault->url, strchr(fault->url, '?') != NULL ? '&' : '?', key);
}

static void check_fault(httpc_client *client, const struct fault *fault)
{
    const char *key = new_key();
    struct outcome o = get(client, path_of(fault, key));
    bool good = o.code == fault->or_code || CHECK_CODE(o.code, fault->code);
    good &= fault->attempts == ANY || CHECK_EQ(attempts(&o), fault->attempts);
    good &= CHECK_BETWEEN(o.ms, 0, TOTAL_MS + 250);
    good &= o.code == HTTPC_OK || clean_error(o.error);
    good &= CHECK_HAS_NOT(httpc_error_detail(o.error), ": failed");
    good &= (o.code == HTTPC_OK) == (o.response != NULL) || CHECK(o.response == NULL);
    if (fault->url == NULL || fault->url[0] == '/') {
        /* Not once more than the machine decided. */
        good &= CHECK_EQ(server_count(key), attempts(&o));
    }
    char detail[1024];
    snprintf(detail, sizeof detail, "%s", httpc_error_detail(o.error));
    done(&o);
    o = get(client, "/echo?after=fault");
    good &= CHECK_CODE(o.code, HTTPC_OK) && CHECK_STR(httpc_response_json_string(o.response, "/query", NULL), "after=fault");
    /* A second one where the connection turned out to be closed by then. */
    good &= CHECK_BETWEEN(attempts(&o), 1, 2);
    done(&o);
    if (!good) {
        fprintf(stderr, "  for: %s (%s)\n", fault->what, detail);
    }
}

static void check_faults(const struct fault *faults, size_t count)
{
    httpc_retry_policy *policy = new_policy();
    httpc_retry_policy_set_max_attempts(policy, 2);
    httpc_retry_policy_set_backoff(policy, 1, 1.0, 1);
    httpc_config *config = new_config();
    httpc_config_set_retry(config, policy);
    httpc_retry_policy_free(policy);
    httpc_config_set_ca_file(config, address("CA"));
    httpc_config_set_bearer_token(config, SECRET);
    httpc_config_set_secret_header(config, "X-Api-Key", SECRET);
    httpc_config_set_max_body(config, 200000);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_ALL, READ_MS);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_TOTAL, TOTAL_MS);
    httpc_client *client = new_client(config);
    for (size_t i = 0; i < count; i++) {
        check_fault(client, &faults[i]);
    }
    httpc_client_free(client);
}

#define CHECK_FAULTS(table) check_faults(table, sizeof table / sizeof table[0])

TEST(tcp)
{
    static const struct fault table[] = {
        AT("refused", "REFUSED", HTTPC_E_CONNECT, RETRIED),
        AT("no answer to SYN", "BLACKHOLE", HTTPC_E_TIMEOUT_CONNECT, RETRIED),
        AT("accepted, then silence", "SILENT", HTTPC_E_TIMEOUT_READ, RETRIED),
        /* The reset may come before or after the client learns that it is connected. */
        AT2("accepted, then reset", "ACCEPT_RESET", HTTPC_E_IO, HTTPC_E_CONNECT, RETRIED),
        AT("accepted, then closed", "ACCEPT_CLOSE", HTTPC_E_IO, RETRIED),
        AT("another protocol speaks first", "BANNER", HTTPC_E_PROTOCOL, 1),
        AT("reset before the head", "/reset/before-head", HTTPC_E_IO, RETRIED),
        AT("closed before the head", "/close/before-head", HTTPC_E_IO, RETRIED),
        AT("reset in the head", "/reset/in-head", HTTPC_E_IO, RETRIED),
        AT("closed in the head", "/close/in-head", HTTPC_E_IO, RETRIED),
        AT("reset after the head", "/reset/after-head", HTTPC_E_IO, RETRIED),
        AT("closed after the head", "/close/after-head", HTTPC_E_TRUNCATED, RETRIED),
        AT("reset in the body", "/reset/in-body", HTTPC_E_IO, RETRIED),
        AT("closed in the body", "/close/in-body", HTTPC_E_TRUNCATED, RETRIED),
        AT("chunks without an end", "/truncate-chunked", HTTPC_E_TRUNCATED, RETRIED),
    };
    CHECK_FAULTS(table);
}

TEST(pace)
{
    static const struct fault table[] = {
        AT("a head that does not come", "/delay/30000", HTTPC_E_TIMEOUT_READ, RETRIED),
        AT("a head byte by byte", "/slow-head?interval=100", HTTPC_E_TIMEOUT_TOTAL, 1),
        AT("a body byte by byte", "/trickle?bytes=1000&interval=100", HTTPC_E_TIMEOUT_TOTAL, 1),
        AT("a body that stops", "/stall-body", HTTPC_E_TIMEOUT_READ, RETRIED),
        AT("a body without end", "/endless", HTTPC_E_BODY_TOO_LARGE, 1),
        AT("a head without end", "/endless-headers", HTTPC_E_HEADERS_TOO_LARGE, 1),
        AT("a thousand interim answers", "/flood-1xx?n=1000", HTTPC_OK, 1),
    };
    CHECK_FAULTS(table);
}

TEST(lengths)
{
#define OK "HTTP/1.1 200 OK\r\n"
    static const struct fault table[] = {
        RAW("no number", OK "Content-Length: five\r\n\r\nhello", HTTPC_E_PROTOCOL, 1),
        RAW("negative", OK "Content-Length: -5\r\n\r\nhello", HTTPC_E_PROTOCOL, 1),
        RAW("signed", OK "Content-Length: +5\r\n\r\nhello", HTTPC_E_PROTOCOL, 1),
        RAW("hexadecimal", OK "Content-Length: 0x5\r\n\r\nhello", HTTPC_E_PROTOCOL, 1),
        RAW("two numbers", OK "Content-Length: 5 6\r\n\r\nhello", HTTPC_E_PROTOCOL, 1),
        RAW2("overflow", OK "Content-Length: 99999999999999999999999\r\n\r\nhello", HTTPC_E_PROTOCOL,
             HTTPC_E_BODY_TOO_LARGE, 1),
        RAW2("enormous", OK "Content-Length: 9223372036854775807\r\n\r\nhello", HTTPC_E_BODY_TOO_LARGE, HTTPC_E_PROTOCOL, 1),
        RAW("conflicting", OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", HTTPC_E_PROTOCOL, 1),
        RAW2("the same twice", OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", HTTPC_OK, HTTPC_E_PROTOCOL, 1),
        RAW("too short a body", OK "Content-Length: 6\r\n\r\nhello", HTTPC_E_TRUNCATED, RETRIED),
        RAW2("bytes after the body", OK "Content-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n\r\n", HTTPC_OK, HTTPC_E_PROTOCOL, 1),
        RAW("neither length nor chunks", OK "\r\nuntil the end", HTTPC_OK, 1),
        RAW2("both framings", OK "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", HTTPC_OK,
             HTTPC_E_PROTOCOL, 1),
    };
    CHECK_FAULTS(table);
}

TEST(chunks)
{
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"
    static const struct fault table[] = {
        RAW("no size", CHUNKED "xyz\r\nhello\r\n0\r\n\r\n", HTTPC_E_PROTOCOL, 1),
        RAW("negative size", CHUNKED "-5\r\nhello\r\n0\r\n\r\n", HTTPC_E_PROTOCOL, 1),
        RAW("overflowing size", CHUNKED "fffffffffffffffff\r\nhello\r\n0\r\n\r\n", HTTPC_E_PROTOCOL, 1),
        RAW("no line end after the data", CHUNKED "5\r\nhelloXX0\r\n\r\n", HTTPC_E_PROTOCOL, 1),
        RAW("extensions", CHUNKED "5;name=\"value\"\r\nhello\r\n0\r\n\r\n", HTTPC_OK, 1),
        RAW2("in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", HTTPC_OK,
             HTTPC_E_PROTOCOL, 1),
        RAW2("twice chunked", OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
             HTTPC_E_PROTOCOL, HTTPC_OK, 1),
        RAW("trailers", CHUNKED "5\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n", HTTPC_OK, 1),
        RAW("closed after the last data", CHUNKED "5\r\nhello\r\n", HTTPC_E_TRUNCATED, RETRIED),
        RAW("closed in the size", CHUNKED "5\r\nhello\r\n1", HTTPC_E_TRUNCATED, RETRIED),
        RAW("closed in the data", CHUNKED "5\r\nhel", HTTPC_E_TRUNCATED, RETRIED),
        RAW2("an unknown transfer coding", OK "Transfer-Encoding: secret\r\n\r\nhello", HTTPC_E_PROTOCOL, HTTPC_E_DECODE, 1),
    };
    CHECK_FAULTS(table);
}

TEST(heads)
{
    static const struct fault table[] = {
        RAW("HTTP/0.9", "hello", HTTPC_E_PROTOCOL, 1),
        RAW("control characters", "\x1b[31m\x07\xff\r\n\r\n", HTTPC_E_PROTOCOL, 1),
        RAW("HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nhello", HTTPC_OK, 1),
        RAW("another version", "HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n", HTTPC_E_PROTOCOL, 1),
        RAW("HTTP/2 in plain text", "HTTP/2 200\r\nContent-Length: 0\r\n\r\n", HTTPC_E_PROTOCOL, 1),
        RAW("no status", "HTTP/1.1\r\n\r\n", HTTPC_E_PROTOCOL, 1),
        RAW("status 0", "HTTP/1.1 000 None\r\nContent-Length: 0\r\n\r\n", HTTPC_E_PROTOCOL, 1),
        RAW("status of two digits", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n", HTTPC_E_PROTOCOL, 1),
        RAW("status 600", "HTTP/1.1 600 Much\r\nContent-Length: 0\r\n\r\n", HTTPC_E_PROTOCOL, 1),
        RAW("status 999", "HTTP/1.1 999 \x1b[2J\r\nContent-Length: 0\r\n\r\n", HTTPC_E_PROTOCOL, 1),
        RAW2("status of four digits", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n", HTTPC_E_PROTOCOL, HTTPC_OK, 1),
        RAW("bare line feeds", "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", HTTPC_OK, 1),
        RAW("NUL in a value", OK "X-Nul: a\0b\r\nContent-Length: 0\r\n\r\n", HTTPC_E_PROTOCOL, 1),
        RAW2("a bare carriage return", OK "X-Cr: a\rb\r\nContent-Length: 0\r\n\r\n", HTTPC_OK, HTTPC_E_PROTOCOL, 1),
        RAW2("a folded line", OK "X-Fold: a\r\n  b\r\nContent-Length: 0\r\n\r\n", HTTPC_OK, HTTPC_E_PROTOCOL, 1),
        RAW2("a folded first line", OK "  fold\r\nContent-Length: 0\r\n\r\n", HTTPC_E_PROTOCOL, HTTPC_OK, 1),
        RAW2("a line without a colon", OK "no colon\r\nContent-Length: 0\r\n\r\n", HTTPC_E_PROTOCOL, HTTPC_OK, 1),
        RAW("a head without its empty line", OK "Content-Length: 0\r\n", HTTPC_E_IO, RETRIED),
        RAW2("a switch that nobody asked for", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", HTTPC_E_PROTOCOL,
             HTTPC_E_IO, ANY),
        RAW("only an interim answer", "HTTP/1.1 100 Continue\r\n\r\n", HTTPC_E_IO, RETRIED),
    };
    CHECK_FAULTS(table);
}

TEST(tls)
{
    static const struct fault table[] = {
        AT("closed in the handshake", "TLS_CLOSE", HTTPC_E_TLS, ANY),
        AT("silence in the handshake", "TLS_STALL", HTTPC_E_TIMEOUT_CONNECT, RETRIED),
        AT("no TLS", "TLS_GARBAGE", HTTPC_E_TLS, ANY),
        AT("an end without close_notify", "TLS_TRUNCATE", HTTPC_E_TRUNCATED, RETRIED),
        AT("expired", "TLS_EXPIRED", HTTPC_E_CERTIFICATE, 1),
        AT("another host's", "TLS_WRONG_HOST", HTTPC_E_CERTIFICATE, 1),
        AT("not yet valid", "TLS_NOT_YET", HTTPC_E_CERTIFICATE, 1),
        AT("signed by itself", "TLS_SELF_SIGNED", HTTPC_E_CERTIFICATE, 1),
        AT("of an unknown authority", "TLS_UNKNOWN_CA", HTTPC_E_CERTIFICATE, 1),
        AT("without its intermediate", "TLS_NO_INTERMEDIATE", HTTPC_E_CERTIFICATE, 1),
        AT("for clients only", "TLS_WRONG_USAGE", HTTPC_E_CERTIFICATE, 1),
        AT2("a weak key", "TLS_WEAK", HTTPC_E_CERTIFICATE, HTTPC_E_TLS, 1),
        AT("TLS 1.1 at most", "TLS_OLD", HTTPC_E_TLS, 1),
        AT("a client certificate wanted", "TLS_CLIENT_CERT", HTTPC_E_TLS, 1),
    };
    CHECK_FAULTS(table);
}

TEST(redirects)
{
#define TO(location) "HTTP/1.1 302 Found\r\n" location "Connection: close\r\nContent-Length: 0\r\n\r\n"
    static const struct fault table[] = {
        AT("a loop", "/redirect-loop", HTTPC_E_REDIRECT, 11),
        RAW("nowhere", TO(""), HTTPC_OK, 1),
        RAW("to a file", TO("Location: file:///etc/passwd\r\n"), HTTPC_E_REDIRECT, 1),
        RAW("to FTP", TO("Location: ftp://127.0.0.1/\r\n"), HTTPC_E_REDIRECT, 1),
        RAW("to a script", TO("Location: javascript:alert(1)\r\n"), HTTPC_E_REDIRECT, 1),
        RAW("to data", TO("Location: data:text/plain,hello\r\n"), HTTPC_E_REDIRECT, 1),
        RAW("without a host", TO("Location: http://\r\n"), HTTPC_E_REDIRECT, 1),
        RAW("to a bad port", TO("Location: http://127.0.0.1:99999/\r\n"), HTTPC_E_REDIRECT, 1),
        RAW("a control character", TO("Location: /a\x01/b\r\n"), HTTPC_E_REDIRECT, 1),
        RAW("no UTF-8", TO("Location: /\xff\xfe\r\n"), HTTPC_E_REDIRECT, 1),
        RAW("several places", TO("Location: /status/200\r\nLocation: /status/500\r\n"), HTTPC_E_PROTOCOL, 1),
        RAW("300", "HTTP/1.1 300 Choices\r\nLocation: /status/500\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", HTTPC_OK, 1),
        RAW("304", "HTTP/1.1 304 Not Modified\r\nLocation: /status/500\r\n\r\n", HTTPC_OK, 1),
    };
    CHECK_FAULTS(table);
}

TEST(retry_after)
{
#define BUSY(fields) "HTTP/1.1 503 Busy\r\n" fields "Connection: close\r\nContent-Length: 0\r\n\r\n"
    static const struct fault table[] = {
        RAW("none", BUSY(""), HTTPC_E_STATUS, RETRIED),
        RAW("zero", BUSY("Retry-After: 0\r\n"), HTTPC_E_STATUS, RETRIED),
        RAW("negative", BUSY("Retry-After: -5\r\n"), HTTPC_E_STATUS, RETRIED),
        RAW("a fraction", BUSY("Retry-After: 9.5\r\n"), HTTPC_E_STATUS, RETRIED),
        RAW("no number", BUSY("Retry-After: soon\r\n"), HTTPC_E_STATUS, RETRIED),
        RAW("a list", BUSY("Retry-After: 60, 70\r\n"), HTTPC_E_STATUS, RETRIED),
        RAW("in the past", BUSY("Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), HTTPC_E_STATUS, RETRIED),
        RAW("later than may be waited", BUSY("Retry-After: 60\r\n"), HTTPC_E_STATUS, 1),
        RAW("white space around it", BUSY("Retry-After: \t 60 \t\r\n"), HTTPC_E_STATUS, 1),
        RAW("overflow", BUSY("Retry-After: 99999999999999999999999999\r\n"), HTTPC_E_STATUS, 1),
        RAW("far in the future", BUSY("Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n"), HTTPC_E_STATUS, 1),
        RAW("twice", BUSY("Retry-After: 0\r\nRetry-After: 60\r\n"), HTTPC_E_STATUS, 1),
        RAW("no end of the fields", "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\n", HTTPC_E_IO, RETRIED),
    };
    CHECK_FAULTS(table);
}

TEST(an_answer_before_the_body_is_sent)
{
    static char big[16 << 20];
    httpc_client *client = new_client(NULL);
    for (int i = 0; i < 5; i++) {
        struct outcome o = {HTTPC_OK, NULL, NULL, now_ms()};
        o.code = httpc_put(client, "/early-error", NULL, big, sizeof big, &o.response, &o.error);
        o.ms = now_ms() - o.ms;
        CHECK_CODE(o.code, HTTPC_E_STATUS);
        CHECK_EQ(httpc_error_status(o.error), 413);
        CHECK_HAS(httpc_error_detail(o.error), "scripted 413");
        CHECK_BETWEEN(o.ms, 0, 4000);
        done(&o);
    }
    CHECK_CODE(code_of(get(client, "/echo")), HTTPC_OK);
    httpc_client_free(client);
}

/* Answers that are not HTTP/1.1 as RFC 9112 wants it. */
#include "faults.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

TEST(lengths)
{
    static const struct fault table[] = {
        {"no number", RAW(OK "Content-Length: five\r\n\r\nhello"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"negative", RAW(OK "Content-Length: -5\r\n\r\nhello"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"signed", RAW(OK "Content-Length: +5\r\n\r\nhello"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"hexadecimal", RAW(OK "Content-Length: 0x5\r\n\r\nhello"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"two numbers", RAW(OK "Content-Length: 5 6\r\n\r\nhello"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"overflow", RAW(OK "Content-Length: 99999999999999999999999\r\n\r\nhello"),
         EITHER(HTTPC_E_PROTOCOL, HTTPC_E_BODY_TOO_LARGE), ONCE},
        {"enormous", RAW(OK "Content-Length: 9223372036854775807\r\n\r\nhello"),
         EITHER(HTTPC_E_BODY_TOO_LARGE, HTTPC_E_PROTOCOL), ONCE},
        {"conflicting", RAW(OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"the same twice", RAW(OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
         EITHER(HTTPC_OK, HTTPC_E_PROTOCOL), ONCE},
        {"too short a body", RAW(OK "Content-Length: 6\r\n\r\nhello"), ENDS(HTTPC_E_TRUNCATED), RETRIED},
        {"bytes after the body", RAW(OK "Content-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n\r\n"),
         EITHER(HTTPC_OK, HTTPC_E_PROTOCOL), ONCE},
        {"neither length nor chunks", RAW(OK "\r\nuntil the end"), ENDS(HTTPC_OK), ONCE},
        {"both framings", RAW(OK "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
         EITHER(HTTPC_OK, HTTPC_E_PROTOCOL), ONCE},
    };
    CHECK_FAULTS(table);
}

TEST(chunks)
{
    static const struct fault table[] = {
        {"no size", RAW(CHUNKED "xyz\r\nhello\r\n0\r\n\r\n"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"negative size", RAW(CHUNKED "-5\r\nhello\r\n0\r\n\r\n"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"overflowing size", RAW(CHUNKED "fffffffffffffffff\r\nhello\r\n0\r\n\r\n"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"no line end after the data", RAW(CHUNKED "5\r\nhelloXX0\r\n\r\n"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"extensions", RAW(CHUNKED "5;name=\"value\"\r\nhello\r\n0\r\n\r\n"), ENDS(HTTPC_OK), ONCE},
        {"in HTTP/1.0", RAW("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
         EITHER(HTTPC_OK, HTTPC_E_PROTOCOL), ONCE},
        {"twice chunked", RAW(OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
         EITHER(HTTPC_E_PROTOCOL, HTTPC_OK), ONCE},
        {"trailers", RAW(CHUNKED "5\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n"), ENDS(HTTPC_OK), ONCE},
        {"closed after the last data", RAW(CHUNKED "5\r\nhello\r\n"), ENDS(HTTPC_E_TRUNCATED), RETRIED},
        {"closed in the size", RAW(CHUNKED "5\r\nhello\r\n1"), ENDS(HTTPC_E_TRUNCATED), RETRIED},
        {"closed in the data", RAW(CHUNKED "5\r\nhel"), ENDS(HTTPC_E_TRUNCATED), RETRIED},
        {"an unknown transfer coding", RAW(OK "Transfer-Encoding: secret\r\n\r\nhello"),
         EITHER(HTTPC_E_PROTOCOL, HTTPC_E_DECODE), ONCE},
    };
    CHECK_FAULTS(table);
}

TEST(heads)
{
    static const struct fault table[] = {
        {"HTTP/0.9", RAW("hello"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"control characters", RAW("\x1b[31m\x07\xff\r\n\r\n"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"HTTP/1.0", RAW("HTTP/1.0 200 OK\r\n\r\nhello"), ENDS(HTTPC_OK), ONCE},
        {"another version", RAW("HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"HTTP/2 in plain text", RAW("HTTP/2 200\r\nContent-Length: 0\r\n\r\n"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"no status", RAW("HTTP/1.1\r\n\r\n"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"status 0", RAW("HTTP/1.1 000 None\r\nContent-Length: 0\r\n\r\n"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"status of two digits", RAW("HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"status 600", RAW("HTTP/1.1 600 Much\r\nContent-Length: 0\r\n\r\n"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"status 999", RAW("HTTP/1.1 999 \x1b[2J\r\nContent-Length: 0\r\n\r\n"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"status of four digits", RAW("HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"),
         EITHER(HTTPC_E_PROTOCOL, HTTPC_OK), ONCE},
        {"bare line feeds", RAW("HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"), ENDS(HTTPC_OK), ONCE},
        {"NUL in a value", RAW(OK "X-Nul: a\0b\r\nContent-Length: 0\r\n\r\n"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"a bare carriage return", RAW(OK "X-Cr: a\rb\r\nContent-Length: 0\r\n\r\n"),
         EITHER(HTTPC_OK, HTTPC_E_PROTOCOL), ONCE},
        {"a folded line", RAW(OK "X-Fold: a\r\n  b\r\nContent-Length: 0\r\n\r\n"),
         EITHER(HTTPC_OK, HTTPC_E_PROTOCOL), ONCE},
        {"a folded first line", RAW(OK "  fold\r\nContent-Length: 0\r\n\r\n"),
         EITHER(HTTPC_E_PROTOCOL, HTTPC_OK), ONCE},
        {"a line without a colon", RAW(OK "no colon\r\nContent-Length: 0\r\n\r\n"),
         EITHER(HTTPC_E_PROTOCOL, HTTPC_OK), ONCE},
        {"a head without its empty line", RAW(OK "Content-Length: 0\r\n"), ENDS(HTTPC_E_IO), RETRIED},
        {"a switch that nobody asked for", RAW("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
         EITHER(HTTPC_E_PROTOCOL, HTTPC_E_IO)},
        {"only an interim answer", RAW("HTTP/1.1 100 Continue\r\n\r\n"), ENDS(HTTPC_E_IO), RETRIED},
    };
    CHECK_FAULTS(table);
}

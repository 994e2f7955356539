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
         ENDS(HTTPC_E_BODY_TOO_LARGE), ONCE, SAYS("longer than the limit")},
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
        {"a space after the size", RAW(CHUNKED "5 \r\nhello\r\n0\r\n\r\n"), EITHER(HTTPC_OK, HTTPC_E_PROTOCOL), ONCE},
        {"a space before the size", RAW(CHUNKED " 5\r\nhello\r\n0\r\n\r\n"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"a signed size", RAW(CHUNKED "+5\r\nhello\r\n0\r\n\r\n"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"a size with 0x", RAW(CHUNKED "0x5\r\nhello\r\n0\r\n\r\n"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"an empty line for a size", RAW(CHUNKED "\r\nhello\r\n0\r\n\r\n"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"line feeds alone", RAW(CHUNKED "5\nhello\n0\n\n"), EITHER(HTTPC_OK, HTTPC_E_PROTOCOL), ONCE},
        {"many zeros", RAW(CHUNKED "00000000000000000000005\r\nhello\r\n0\r\n\r\n"), EITHER(HTTPC_OK, HTTPC_E_PROTOCOL), ONCE},
        {"an enormous size", RAW(CHUNKED "7fffffffffffffff\r\nhello"), EITHER(HTTPC_E_TRUNCATED, HTTPC_E_PROTOCOL), .attempts = 0},
        {"more data than its size", RAW(CHUNKED "3\r\nhello\r\n0\r\n\r\n"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"a trailer without a colon", RAW(CHUNKED "0\r\nno colon\r\n\r\n"), EITHER(HTTPC_OK, HTTPC_E_PROTOCOL), ONCE},
        {"a length in a trailer", RAW(CHUNKED "5\r\nhello\r\n0\r\nContent-Length: 99\r\n\r\n"), ENDS(HTTPC_OK), ONCE,
         THEN("keep"), SAYS("hello")},
        {"closed in the trailers", RAW(CHUNKED "5\r\nhello\r\n0\r\nX-Trailer: 1\r\n"), ENDS(HTTPC_E_TRUNCATED), RETRIED},
        {"closed before the last line end", RAW(CHUNKED "5\r\nhello\r\n0\r\n"), ENDS(HTTPC_E_TRUNCATED), RETRIED},
        {"closed in the last chunk", RAW(CHUNKED "5\r\nhello\r\n0"), ENDS(HTTPC_E_TRUNCATED), RETRIED},
        {"reset in the data", RAW(CHUNKED "5\r\nhel"), ENDS(HTTPC_E_IO), RETRIED, THEN("reset")},
        {"an unknown transfer coding", RAW(OK "Transfer-Encoding: secret\r\n\r\nhello"),
         ENDS(HTTPC_E_PROTOCOL), ONCE},
    };
    CHECK_FAULTS(table);
}

TEST(more_than_one_framing)
{
#define SIZED_5 "Content-Length: 5\r\n"
#define HELLO_CHUNK "5\r\nhello\r\n0\r\n\r\n"
    static const struct fault table[] = {
        {"length and chunks", RAW(OK SIZED_5 "Transfer-Encoding: chunked\r\n\r\n" HELLO_CHUNK),
         EITHER(HTTPC_OK, HTTPC_E_PROTOCOL), ONCE, THEN("keep")},
        {"chunks and length", RAW(OK "Transfer-Encoding: chunked\r\n" SIZED_5 "\r\n" HELLO_CHUNK),
         EITHER(HTTPC_OK, HTTPC_E_PROTOCOL), ONCE, THEN("keep")},
        {"a list of equal lengths", RAW(OK "Content-Length: 5, 5\r\n\r\nhello"), EITHER(HTTPC_E_PROTOCOL, HTTPC_OK), ONCE},
        {"a list of different lengths", RAW(OK "Content-Length: 5, 6\r\n\r\nhello!"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"the same without a space", RAW(OK "Content-Length: 5,6\r\n\r\nhello!"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"a folded length", RAW(OK "Content-Length: 5\r\n 0\r\n\r\nhello"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"a length with a sign behind", RAW(OK "Content-Length: 5;\r\n\r\nhello"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"a fraction", RAW(OK "Content-Length: 5.0\r\n\r\nhello"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"an empty length", RAW(OK "Content-Length:\r\n\r\nhello"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"a length in quotes", RAW(OK "Content-Length: \"5\"\r\n\r\nhello"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"identity", RAW(OK "Transfer-Encoding: identity\r\n" SIZED_5 "\r\nhello"), EITHER(HTTPC_OK, HTTPC_E_PROTOCOL), ONCE},
        {"chunked is not the last", RAW(OK "Transfer-Encoding: chunked, gzip\r\n\r\n" HELLO_CHUNK), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"nearly chunked", RAW(OK "Transfer-Encoding: xchunked\r\n" SIZED_5 "\r\nhello"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"chunked in quotes", RAW(OK "Transfer-Encoding: \"chunked\"\r\n" SIZED_5 "\r\nhello"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"a folded coding", RAW(OK "Transfer-Encoding:\r\n chunked\r\n\r\n" HELLO_CHUNK),
         EITHER(HTTPC_OK, HTTPC_E_PROTOCOL), ONCE},
        {"white space before the colon", RAW(OK "Transfer-Encoding : chunked\r\n" SIZED_5 "\r\n" HELLO_CHUNK),
         ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"white space before a length's colon", RAW(OK "Content-Length : 5\r\n\r\nhello"), ENDS(HTTPC_E_PROTOCOL), ONCE},
    };
    CHECK_FAULTS(table);
}

/* These have none, whatever their fields say; what comes behind them is not the next call's answer. */
TEST(answers_without_a_body)
{
#define POISON "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
    static const struct fault table[] = {
        {"HEAD and a length", RAW(OK "Content-Length: 5\r\n\r\n"), ENDS(HTTPC_OK), ONCE, SENT("HEAD", 0), THEN("keep")},
        {"HEAD and an enormous length", RAW(OK "Content-Length: 9223372036854775807\r\n\r\n"), ENDS(HTTPC_OK), ONCE,
         SENT("HEAD", 0), THEN("keep")},
        {"HEAD and chunks announced", RAW(CHUNKED), ENDS(HTTPC_OK), ONCE, SENT("HEAD", 0), THEN("keep")},
        {"HEAD and a body", RAW(OK "Content-Length: 5\r\n\r\nhello"), ENDS(HTTPC_OK), ONCE, SENT("HEAD", 0), THEN("keep")},
        {"HEAD and an answer more", RAW(OK "Content-Length: 0\r\n\r\n" POISON), ENDS(HTTPC_OK), ONCE, SENT("HEAD", 0),
         THEN("keep")},
        {"204 and a length", RAW("HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\n"), ENDS(HTTPC_OK), ONCE, THEN("keep")},
        {"204 and a body", RAW("HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\nhello"), ENDS(HTTPC_OK), ONCE, THEN("keep")},
        {"204 and chunks", RAW("HTTP/1.1 204 None\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
         EITHER(HTTPC_OK, HTTPC_E_PROTOCOL), ONCE, THEN("keep")},
        {"204 and an answer more", RAW("HTTP/1.1 204 None\r\n\r\n" POISON), ENDS(HTTPC_OK), ONCE, THEN("keep")},
        {"304 and a length", RAW("HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n"), ENDS(HTTPC_OK), ONCE, THEN("keep")},
        {"304 and a body", RAW("HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\nhello"), ENDS(HTTPC_OK), ONCE, THEN("keep")},
        {"304 and an answer more", RAW("HTTP/1.1 304 Same\r\n\r\n" POISON), ENDS(HTTPC_OK), ONCE, THEN("keep")},
        {"an interim answer with a body", RAW("HTTP/1.1 103 Early\r\nContent-Length: 5\r\n\r\nhello" POISON),
         ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"204 over TLS", RAW("HTTP/1.1 204 None\r\n\r\n" POISON), ENDS(HTTPC_OK), ONCE, THEN("keep"), OVER_TLS},
        {"HEAD over TLS", RAW(OK "Content-Length: 5\r\n\r\nhello"), ENDS(HTTPC_OK), ONCE, SENT("HEAD", 0), THEN("keep"),
         OVER_TLS},
    };
    CHECK_FAULTS(table);
}

TEST(bytes_behind_an_answer)
{
    static const struct fault table[] = {
        {"an answer more", RAW(OK SIZED_5 "\r\nhello" POISON), ENDS(HTTPC_OK), ONCE, THEN("keep"), SAYS("hello")},
        {"a line end more", RAW(OK SIZED_5 "\r\nhello\r\n"), ENDS(HTTPC_OK), ONCE, THEN("keep"), SAYS("hello")},
        {"garbage", RAW(OK SIZED_5 "\r\nhello world"), ENDS(HTTPC_OK), ONCE, THEN("keep"), SAYS("hello")},
        {"after chunks", RAW(CHUNKED HELLO_CHUNK POISON), ENDS(HTTPC_OK), ONCE, THEN("keep"), SAYS("hello")},
        {"after no body", RAW(OK "Content-Length: 0\r\n\r\n" POISON), ENDS(HTTPC_OK), ONCE, THEN("keep")},
        {"after a failing status", RAW("HTTP/1.1 404 None\r\nContent-Length: 5\r\n\r\nhello" POISON), ENDS(HTTPC_E_STATUS), ONCE,
         THEN("keep"), SAYS("hello")},
        {"over TLS", RAW(OK SIZED_5 "\r\nhello" POISON), ENDS(HTTPC_OK), ONCE, THEN("keep"), SAYS("hello"), OVER_TLS},
        {"chunks over TLS", RAW(CHUNKED HELLO_CHUNK POISON), ENDS(HTTPC_OK), ONCE, THEN("keep"), SAYS("hello"), OVER_TLS},
        {"without end", RAW(OK SIZED_5 "\r\nhello"), ENDS(HTTPC_OK), ONCE, ENDLESS("poison"), SAYS("hello")},
    };
    CHECK_FAULTS(table);
}

TEST(connections_that_are_to_be_kept_or_not)
{
    static const struct fault table[] = {
        {"close, but it stays open", RAW(OK "Connection: close\r\n" SIZED_5 "\r\nhello"), ENDS(HTTPC_OK), ONCE, THEN("hold")},
        {"both", RAW(OK "Connection: keep-alive, close\r\n" SIZED_5 "\r\nhello"), ENDS(HTTPC_OK), ONCE, THEN("hold")},
        {"HTTP/1.0 stays open", RAW("HTTP/1.0 200 OK\r\n" SIZED_5 "\r\nhello"), ENDS(HTTPC_OK), ONCE, THEN("hold")},
        {"HTTP/1.0 and keep-alive", RAW("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" SIZED_5 "\r\nhello"), ENDS(HTTPC_OK),
         ONCE, THEN("hold")},
        {"HTTP/1.0 and keep-alive, closed", RAW("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" SIZED_5 "\r\nhello"),
         ENDS(HTTPC_OK), ONCE},
        {"no end to be seen", RAW("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nhello"), ENDS(HTTPC_E_TIMEOUT_READ), RETRIED,
         THEN("hold")},
        {"Keep-Alive of no time", RAW(OK "Keep-Alive: timeout=0, max=0\r\n" SIZED_5 "\r\nhello"), ENDS(HTTPC_OK), ONCE},
    };
    CHECK_FAULTS(table);
}

TEST(heads)
{
    static const struct fault table[] = {
        {"HTTP/0.9", RAW("hello"), ENDS(HTTPC_E_PROTOCOL), ONCE, SAYS("its first line")},
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
         ENDS(HTTPC_E_PROTOCOL), ONCE, SAYS("switches to another protocol")},
        {"a switch, and it stays open", RAW("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nnoise"),
         ENDS(HTTPC_E_PROTOCOL), ONCE, THEN("hold"), SAYS("switches to another protocol")},
        {"a second status line", RAW(OK "HTTP/1.1 404 None\r\nContent-Length: 5\r\n\r\nhello"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"a second one with a colon", RAW(OK "HTTP/1.1 404: None\r\nContent-Length: 5\r\n\r\nhello"), ENDS(HTTPC_E_PROTOCOL),
         ONCE},
        {"an empty line first", RAW("\r\n" OK "Content-Length: 5\r\n\r\nhello"), EITHER(HTTPC_E_PROTOCOL, HTTPC_OK), ONCE},
        {"a line of noise first", RAW("noise\r\n" OK "Content-Length: 5\r\n\r\nhello"), ENDS(HTTPC_E_PROTOCOL), ONCE,
         SAYS("its first line")},
        {"small letters", RAW("http/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"two spaces", RAW("HTTP/1.1  200 OK\r\nContent-Length: 5\r\n\r\nhello"), EITHER(HTTPC_E_PROTOCOL, HTTPC_OK), ONCE},
        {"a tabulator", RAW("HTTP/1.1\t200 OK\r\nContent-Length: 5\r\n\r\nhello"), EITHER(HTTPC_E_PROTOCOL, HTTPC_OK), ONCE},
        {"no reason", RAW("HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello"), ENDS(HTTPC_OK), ONCE, SAYS("hello")},
        {"no space before the reason", RAW("HTTP/1.1 200OK\r\nContent-Length: 5\r\n\r\nhello"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"HTTP/1.10", RAW("HTTP/1.10 200 OK\r\nContent-Length: 5\r\n\r\nhello"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"HTTP/1", RAW("HTTP/1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"HTTP/1.2", RAW("HTTP/1.2 200 OK\r\nContent-Length: 5\r\n\r\nhello"), EITHER(HTTPC_E_PROTOCOL, HTTPC_OK), ONCE},
        {"HTTP/3", RAW("HTTP/3 200 OK\r\nContent-Length: 5\r\n\r\nhello"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"a negative status", RAW("HTTP/1.1 -20 OK\r\nContent-Length: 5\r\n\r\nhello"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"a signed status", RAW("HTTP/1.1 +200 OK\r\nContent-Length: 5\r\n\r\nhello"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"a status with a letter", RAW("HTTP/1.1 2x0 OK\r\nContent-Length: 5\r\n\r\nhello"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"a NUL in the status line", RAW("HTTP/1.1 200 O\0K\r\nContent-Length: 5\r\n\r\nhello"), EITHER(HTTPC_E_PROTOCOL, HTTPC_OK),
         ONCE},
        {"a NUL in a name", RAW(OK "X-N\0l: a\r\nContent-Length: 0\r\n\r\n"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"a header without a name", RAW(OK ": a\r\nContent-Length: 0\r\n\r\n"), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"a space in a name", RAW(OK "X Space: a\r\nContent-Length: 0\r\n\r\n"), EITHER(HTTPC_OK, HTTPC_E_PROTOCOL), ONCE},
        {"escape sequences in a reason", RAW("HTTP/1.1 500 \x1b[2J\x07\xff\xc3\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
         ENDS(HTTPC_E_STATUS), RETRIED, SAYS("500")},
        {"only an interim answer", RAW("HTTP/1.1 100 Continue\r\n\r\n"), ENDS(HTTPC_E_IO), RETRIED},
    };
    CHECK_FAULTS(table);
}

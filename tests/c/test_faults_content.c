/* Content codings that are broken, cut off, unknown, or too many; blocking and submitted. */
#include "faults.h"

TEST(codings)
{
    static const struct fault table[] = {
        {"gzip, truncated", AT("/encoded/gzip?fault=truncate"), ENDS(HTTPC_E_DECODE), ONCE, SAYS("gzip coding of the body ends early")},
        {"deflate, truncated", AT("/encoded/deflate?fault=truncate"), ENDS(HTTPC_E_DECODE), ONCE, SAYS("ends early")},
        {"raw deflate, truncated", AT("/encoded/raw-deflate?fault=truncate"), ENDS(HTTPC_E_DECODE), ONCE, SAYS("ends early")},
        {"brotli, truncated", AT("/encoded/br?fault=truncate"), ENDS(HTTPC_E_DECODE), ONCE, SAYS("brotli coding of the body ends early")},
        {"zstd, truncated", AT("/encoded/zstd?fault=truncate"), ENDS(HTTPC_E_DECODE), ONCE, SAYS("zstd coding of the body ends early")},
        {"two, truncated", AT("/encoded/gzip,br?fault=truncate"), ENDS(HTTPC_E_DECODE), ONCE, SAYS("ends early")},
        {"gzip, corrupt", AT("/encoded/gzip?fault=corrupt"), ENDS(HTTPC_E_DECODE), ONCE},
        {"deflate, corrupt", AT("/encoded/deflate?fault=corrupt"), ENDS(HTTPC_E_DECODE), ONCE},
        {"brotli, corrupt", AT("/encoded/br?fault=corrupt"), ENDS(HTTPC_E_DECODE), ONCE},
        {"two, corrupt", AT("/encoded/gzip,zstd?fault=corrupt"), ENDS(HTTPC_E_DECODE), ONCE},
        {"bytes behind gzip", AT("/encoded/gzip?fault=behind&body=hello"), ENDS(HTTPC_OK), ONCE, SAYS("hello")},
        {"bytes behind brotli", AT("/encoded/br?fault=behind&body=hello"), ENDS(HTTPC_OK), ONCE, SAYS("hello")},
        {"bytes behind zstd", AT("/encoded/zstd?fault=behind&body=hello"), ENDS(HTTPC_E_DECODE), ONCE},
        {"a coding that was not asked for", AT("/encoded/gzip?name=compress"), ENDS(HTTPC_E_DECODE), ONCE, SAYS("\"compress\"")},
        {"a coding's name with control characters", AT("/encoded/gzip?name=a%09b"), ENDS(HTTPC_E_DECODE), ONCE},
        {"another coding than it says", AT("/encoded/gzip?name=br"), ENDS(HTTPC_E_DECODE), ONCE},
        {"no coding, though it says so", AT("/status/200?header=Content-Encoding:gzip&body=plain"), ENDS(HTTPC_E_DECODE), ONCE},
        {"six codings", AT("/encoded/gzip,gzip,gzip,gzip,gzip,gzip"), ENDS(HTTPC_E_DECODE), ONCE, SAYS("more than 5 times")},
        {"five codings", AT("/encoded/gzip,gzip,gzip,gzip,gzip?body=hello"), ENDS(HTTPC_OK), ONCE, SAYS("hello")},
    };
    CHECK_FAULTS(table);
}

TEST(cut_off_inside_a_coding)
{
    /* The transfer's end is told before the coding's. */
    static const struct fault table[] = {
        {"a sized body", RAW("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 100\r\n\r\n\x1f\x8b\x08"), ENDS(HTTPC_E_TRUNCATED),
         RETRIED},
        {"a body until the end", RAW("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08"), ENDS(HTTPC_E_DECODE), ONCE},
        {"nothing until the end", RAW("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"), ENDS(HTTPC_OK), ONCE},
    };
    CHECK_FAULTS(table);
}

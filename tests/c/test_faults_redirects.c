/* Redirects that lead nowhere, or where nobody should go. */
#include "faults.h"

TEST(redirects)
{
#define TO(location) "HTTP/1.1 302 Found\r\n" location "Connection: close\r\nContent-Length: 0\r\n\r\n"
    static const struct fault table[] = {
        {"a loop", AT("/redirect-loop"), ENDS(HTTPC_E_REDIRECT), .attempts = 11},
        {"nowhere", RAW(TO("")), ENDS(HTTPC_OK), ONCE},
        {"to a file", RAW(TO("Location: file:///etc/passwd\r\n")), ENDS(HTTPC_E_REDIRECT), ONCE},
        {"to FTP", RAW(TO("Location: ftp://127.0.0.1/\r\n")), ENDS(HTTPC_E_REDIRECT), ONCE},
        {"to a script", RAW(TO("Location: javascript:alert(1)\r\n")), ENDS(HTTPC_E_REDIRECT), ONCE},
        {"to data", RAW(TO("Location: data:text/plain,hello\r\n")), ENDS(HTTPC_E_REDIRECT), ONCE},
        {"without a host", RAW(TO("Location: http://\r\n")), ENDS(HTTPC_E_REDIRECT), ONCE},
        {"to a bad port", RAW(TO("Location: http://127.0.0.1:99999/\r\n")), ENDS(HTTPC_E_REDIRECT), ONCE},
        {"a control character", RAW(TO("Location: /a\x01/b\r\n")), ENDS(HTTPC_E_REDIRECT), ONCE},
        {"no UTF-8", RAW(TO("Location: /\xff\xfe\r\n")), ENDS(HTTPC_E_REDIRECT), ONCE},
        {"several places", RAW(TO("Location: /status/200\r\nLocation: /status/500\r\n")), ENDS(HTTPC_E_PROTOCOL), ONCE},
        {"300", RAW("HTTP/1.1 300 Choices\r\nLocation: /status/500\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
         ENDS(HTTPC_OK), ONCE},
        {"304", RAW("HTTP/1.1 304 Not Modified\r\nLocation: /status/500\r\n\r\n"), ENDS(HTTPC_OK), ONCE},
    };
    CHECK_FAULTS(table);
}

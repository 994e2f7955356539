/* Redirects that lead nowhere, or where nobody should go. */
#include "faults.h"

#define MOVED(status, fields) "HTTP/1.1 " status " Moved\r\n" fields
/* A connection that closes without saying so would be a second fault. */
#define EMPTY "Connection: close\r\nContent-Length: 0\r\n\r\n"
#define TO(location) MOVED("302", location EMPTY)
#define TO_ECHO "Location: /echo?by=redirect\r\n"

TEST(places)
{
    static const struct fault table[] = {
        {"a loop", AT("/redirect-loop"), ENDS(HTTPC_E_REDIRECT), .attempts = 11, SAYS("more than 10 times")},
        {"nowhere", RAW(TO("")), ENDS(HTTPC_OK), ONCE},
        {"to the same place", RAW(TO("Location:\r\n")), ENDS(HTTPC_E_REDIRECT), .attempts = 11},
        {"to a file", RAW(TO("Location: file:///etc/passwd\r\n")), ENDS(HTTPC_E_REDIRECT), ONCE, SAYS("file:///etc/passwd")},
        {"to FTP", RAW(TO("Location: ftp://127.0.0.1/\r\n")), ENDS(HTTPC_E_REDIRECT), ONCE},
        {"to a script", RAW(TO("Location: javascript:alert(1)\r\n")), ENDS(HTTPC_E_REDIRECT), ONCE},
        {"to data", RAW(TO("Location: data:text/plain,hello\r\n")), ENDS(HTTPC_E_REDIRECT), ONCE},
        {"without a host", RAW(TO("Location: http://\r\n")), ENDS(HTTPC_E_REDIRECT), ONCE},
        {"to a bad port", RAW(TO("Location: http://127.0.0.1:99999/\r\n")), ENDS(HTTPC_E_REDIRECT), ONCE},
        {"to port 0", RAW(TO("Location: http://127.0.0.1:0/\r\n")), EITHER(HTTPC_E_REDIRECT, HTTPC_E_CONNECT)},
        {"to no address", RAW(TO("Location: http://[::1/\r\n")), ENDS(HTTPC_E_REDIRECT), ONCE},
        {"with a password", RAW(TO("Location: http://user:" SECRET "@127.0.0.1:99999/\r\n")), ENDS(HTTPC_E_REDIRECT), ONCE},
        {"a control character", RAW(TO("Location: /a\x01/b\r\n")), ENDS(HTTPC_E_REDIRECT), ONCE},
        {"no UTF-8", RAW(TO("Location: /\xff\xfe\r\n")), ENDS(HTTPC_E_REDIRECT), ONCE},
        {"several places", RAW(TO("Location: /status/200\r\nLocation: /status/500\r\n")), ENDS(HTTPC_E_PROTOCOL), ONCE},
    };
    CHECK_FAULTS(table);
}

/* Every code with every way of ending; a POST is never made twice on the way. The hop's requests come without our key. */
TEST(codes)
{
#define FOLLOWED ENDS(HTTPC_OK), .attempts = 2, .hops = 1
#define AN_ANSWER ENDS(HTTPC_OK), ONCE
    static const struct fault table[] = {
        {"POST on 301", RAW(MOVED("301", TO_ECHO EMPTY)), SENT("POST", 9), FOLLOWED, SAYS("\"method\":\"GET\"")},
        {"POST on 302", RAW(MOVED("302", TO_ECHO EMPTY)), SENT("POST", 9), FOLLOWED, SAYS("\"method\":\"GET\"")},
        {"POST on 303", RAW(MOVED("303", TO_ECHO EMPTY)), SENT("POST", 9), FOLLOWED, SAYS("\"method\":\"GET\"")},
        {"POST on 307", RAW(MOVED("307", TO_ECHO EMPTY)), SENT("POST", 9), FOLLOWED, SAYS("\"body\":\"uuuuuuuuu\"")},
        {"POST on 308", RAW(MOVED("308", TO_ECHO EMPTY)), SENT("POST", 9), FOLLOWED, SAYS("\"body\":\"uuuuuuuuu\"")},
        {"POST on 307, kept open", RAW(MOVED("307", TO_ECHO "Content-Length: 0\r\n\r\n")), THEN("keep"), SENT("POST", 9), FOLLOWED, SAYS("by=redirect")},
        {"PUT on 302", RAW(MOVED("302", TO_ECHO EMPTY)), SENT("PUT", 9), FOLLOWED, SAYS("\"method\":\"PUT\"")},
        {"HEAD on 303", RAW(MOVED("303", TO_ECHO EMPTY)), SENT("HEAD", 0), ENDS(HTTPC_OK), .attempts = 2, .hops = 1},
        {"300", RAW(MOVED("300", TO_ECHO EMPTY)), AN_ANSWER},
        {"POST on 300", RAW(MOVED("300", TO_ECHO EMPTY)), SENT("POST", 9), AN_ANSWER},
        {"304", RAW(MOVED("304", TO_ECHO "Connection: close\r\n\r\n")), AN_ANSWER},
        {"POST on 304", RAW(MOVED("304", TO_ECHO "Connection: close\r\n\r\n")), SENT("POST", 9), AN_ANSWER},
        {"305", RAW(MOVED("305", TO_ECHO EMPTY)), AN_ANSWER},
        {"POST on 305", RAW(MOVED("305", TO_ECHO EMPTY)), SENT("POST", 9), AN_ANSWER},
        {"306", RAW(MOVED("306", TO_ECHO EMPTY)), AN_ANSWER},
        {"309", RAW(MOVED("309", TO_ECHO EMPTY)), AN_ANSWER},
        {"399", RAW(MOVED("399", TO_ECHO EMPTY)), AN_ANSWER},
        {"a status error with a place", RAW(MOVED("404", TO_ECHO EMPTY)), ENDS(HTTPC_E_STATUS), ONCE},
        {"a success with a place", RAW(MOVED("201", TO_ECHO EMPTY)), SENT("POST", 9), AN_ANSWER},
    };
    CHECK_FAULTS(table);
}

/* It has said where to go; nobody waits for the rest. */
TEST(bodies)
{
#define HOPS ENDS(HTTPC_OK), .attempts = 2, .hops = 1, SAYS("by=redirect"), WITHIN(1000)
    static const struct fault table[] = {
        {"endless", RAW(MOVED("302", TO_ECHO "\r\n")), ENDLESS("body"), HOPS},
        {"endless in chunks", RAW(MOVED("302", TO_ECHO "Transfer-Encoding: chunked\r\n\r\n")), ENDLESS("4\r\nbody\r\n"), HOPS},
        {"endless, and slow", RAW(MOVED("302", TO_ECHO "\r\n")), EVERY(20, "body"), HOPS},
        {"endless, for a POST", RAW(MOVED("307", TO_ECHO "\r\n")), ENDLESS("body"), SENT("POST", 9), HOPS},
        {"endless, over TLS", RAW(MOVED("302", TO_ECHO "\r\n")), ENDLESS("body"), OVER_TLS, HOPS},
        {"enormous", RAW(MOVED("302", TO_ECHO "Content-Length: 9223372036854775807\r\n\r\n")), THEN("hold"), HOPS},
        {"never coming", RAW(MOVED("302", TO_ECHO "Content-Length: 9\r\n\r\n")), THEN("hold"), HOPS},
        {"cut off", RAW(MOVED("302", TO_ECHO "Content-Length: 9\r\n\r\nbo")), HOPS},
        {"reset", RAW(MOVED("302", TO_ECHO "Content-Length: 9\r\n\r\nbo")), THEN("reset"), HOPS},
        {"in broken chunks", RAW(MOVED("302", TO_ECHO "Transfer-Encoding: chunked\r\n\r\nbroken")), HOPS},
        {"endless, to nowhere", RAW(MOVED("302", "Location: ftp://a/\r\n\r\n")), ENDLESS("body"), ENDS(HTTPC_E_REDIRECT), ONCE},
        {"endless, and no redirect", RAW(MOVED("300", "\r\n")), ENDLESS("body"), ENDS(HTTPC_E_BODY_TOO_LARGE), ONCE},
    };
    CHECK_FAULTS(table);
}

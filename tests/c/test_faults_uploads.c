/* Servers that answer, stall or leave while a body is sent to them. */
#include "faults.h"

/* More than any socket buffers on the way. */
#define BIG ((size_t)16 << 20)

#define REFUSED_413 "HTTP/1.1 413 Big\r\nConnection: close\r\nContent-Length: 4\r\n\r\nmuch"
#define BUSY_503 "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"
#define FINE_200 "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"
#define MOVED_307 "HTTP/1.1 307 Moved\r\nLocation: /status/201?body=moved\r\nContent-Length: 0\r\n\r\n"
#define MOVED_303 "HTTP/1.1 303 Moved\r\nLocation: /status/201?body=moved\r\nContent-Length: 0\r\n\r\n"

TEST(an_answer_before_the_body_is_sent)
{
    static const struct fault table[] = {
        {"an error, then FIN", AT("/early-error"), SENT("PUT", BIG), ENDS(HTTPC_E_STATUS), ONCE, SAYS("scripted 413")},
        {"an error, then FIN, to a POST", AT("/early-error"), SENT("POST", BIG), ENDS(HTTPC_E_STATUS), ONCE, SAYS("scripted 413")},
        {"an error, and it reads on", EARLY(REFUSED_413), THEN("half-close"), SENT("POST", BIG), ENDS(HTTPC_E_STATUS), ONCE,
         SAYS("413 Big: much")},
        {"an error, and it stays", EARLY(REFUSED_413), THEN("hold"), SENT("POST", BIG), ENDS(HTTPC_E_STATUS), ONCE,
         SAYS("413 Big: much")},
        {"an error without close", EARLY("HTTP/1.1 413 Big\r\nContent-Length: 4\r\n\r\nmuch"), THEN("keep"), SENT("POST", BIG),
         ENDS(HTTPC_E_STATUS), ONCE, SAYS("413 Big: much")},
        {"busy, and it stays", EARLY(BUSY_503), THEN("hold"), SENT("PUT", BIG), ENDS(HTTPC_E_STATUS), RETRIED, SAYS("busy")},
        {"busy to a POST", EARLY(BUSY_503), THEN("hold"), SENT("POST", BIG), ENDS(HTTPC_E_STATUS), ONCE, SAYS("busy")},
        {"too many to a POST", EARLY("HTTP/1.1 429 Slow\r\nContent-Length: 4\r\n\r\nslow"), THEN("hold"), SENT("POST", BIG),
         ENDS(HTTPC_E_STATUS), RETRIED, SAYS("slow")},
        {"an error without end", EARLY("HTTP/1.1 413 Big\r\n\r\n"), ENDLESS("much"), SENT("POST", BIG), ENDS(HTTPC_E_STATUS), ONCE,
         SAYS("413 Big")},
        {"an error over TLS", EARLY(REFUSED_413), THEN("half-close"), OVER_TLS, SENT("POST", BIG), ENDS(HTTPC_E_STATUS), ONCE,
         SAYS("413 Big: much")},
        {"an error over TLS, and it stays", EARLY(REFUSED_413), THEN("hold"), OVER_TLS, SENT("POST", BIG), ENDS(HTTPC_E_STATUS),
         ONCE, SAYS("413 Big: much")},
        {"a success, and it reads on", EARLY(FINE_200), THEN("keep"), SENT("POST", BIG), ENDS(HTTPC_OK), ONCE, SAYS("fine")},
        /* Who breaks the body off then may have taken half of it for the whole: no success. */
        {"a success, and it takes no more", EARLY(FINE_200), THEN("hold"), SENT("POST", BIG),
         EITHER(HTTPC_E_TIMEOUT_WRITE, HTTPC_E_TIMEOUT_READ), ONCE},
        {"a success, then FIN", EARLY(FINE_200), THEN("half-close"), SENT("POST", BIG), ENDS(HTTPC_OK), ONCE, SAYS("fine")},
        {"a redirect with the body", EARLY(MOVED_307), THEN("hold"), SENT("POST", BIG), ENDS(HTTPC_OK), .attempts = 2, .hops = 1,
         SAYS("moved")},
        {"a redirect without it", EARLY(MOVED_303), THEN("hold"), SENT("POST", BIG), ENDS(HTTPC_OK), .attempts = 2, .hops = 1,
         SAYS("moved")},
        {"an interim answer, then silence", EARLY("HTTP/1.1 100 Continue\r\n\r\n"), THEN("hold"), SENT("POST", BIG),
         ENDS(HTTPC_E_TIMEOUT_WRITE), ONCE},
        {"noise", EARLY("noise\r\n"), THEN("hold"), SENT("POST", BIG), ENDS(HTTPC_E_PROTOCOL), ONCE},
    };
    CHECK_FAULTS(table);
}

TEST(no_answer)
{
    static const struct fault table[] = {
        {"stalled", AT("/stall-upload"), SENT("PUT", BIG), ENDS(HTTPC_E_TIMEOUT_WRITE), RETRIED},
        {"taken, then silence", AT("/delay/30000"), SENT("PUT", (size_t)1 << 20), ENDS(HTTPC_E_TIMEOUT_READ), RETRIED},
        {"stalled, with a POST", AT("/stall-upload"), SENT("POST", BIG), ENDS(HTTPC_E_TIMEOUT_WRITE), ONCE,
         SAYS("POST may have taken effect")},
        {"closed", EARLY(""), SENT("PUT", BIG), ENDS(HTTPC_E_IO), RETRIED},
        {"closed, with a POST", EARLY(""), SENT("POST", BIG), ENDS(HTTPC_E_IO), ONCE, SAYS("POST may have taken effect")},
        {"reset", EARLY(""), THEN("reset"), SENT("PUT", BIG), ENDS(HTTPC_E_IO), RETRIED},
        {"reset, with a POST", EARLY(""), THEN("reset"), SENT("POST", BIG), ENDS(HTTPC_E_IO), ONCE},
        {"FIN, and it reads on", EARLY(""), THEN("half-close"), SENT("PUT", BIG), ENDS(HTTPC_E_IO), RETRIED},
        {"closed in the head of an answer", EARLY("HTTP/1.1 413 Big\r\nConnec"), SENT("POST", BIG), ENDS(HTTPC_E_IO), ONCE},
        {"stalled over TLS", EARLY(""), THEN("hold"), OVER_TLS, SENT("PUT", BIG), ENDS(HTTPC_E_TIMEOUT_WRITE), RETRIED},
        {"reset over TLS", EARLY(""), THEN("reset"), OVER_TLS, SENT("PUT", BIG), ENDS(HTTPC_E_IO), RETRIED},
        {"no close_notify", EARLY(""), THEN("cut"), OVER_TLS, SENT("POST", BIG), ENDS(HTTPC_E_IO), ONCE},
    };
    CHECK_FAULTS(table);
}

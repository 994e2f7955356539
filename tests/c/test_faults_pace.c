/* Servers that are slow, endless, or silent. */
#include "faults.h"

TEST(pace)
{
    static const struct fault table[] = {
        {"a head that does not come", AT("/delay/30000"), ENDS(HTTPC_E_TIMEOUT_READ), RETRIED},
        {"a head byte by byte", AT("/slow-head?interval=100"), ENDS(HTTPC_E_TIMEOUT_TOTAL), ONCE},
        {"a body byte by byte", AT("/trickle?bytes=1000&interval=100"), ENDS(HTTPC_E_TIMEOUT_TOTAL), ONCE},
        {"a body that stops", AT("/stall-body"), ENDS(HTTPC_E_TIMEOUT_READ), RETRIED},
        {"a body without end", AT("/endless"), ENDS(HTTPC_E_BODY_TOO_LARGE), ONCE},
        {"a head without end", AT("/endless-headers"), ENDS(HTTPC_E_HEADERS_TOO_LARGE), ONCE},
        {"a thousand interim answers", AT("/flood-1xx?n=1000"), ENDS(HTTPC_OK), ONCE},
    };
    CHECK_FAULTS(table);
}

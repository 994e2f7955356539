/* Servers that answer, stall or leave while a body is sent to them. */
#include "faults.h"

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

/* Sinks that use the library: other calls, a cancel, the client's end. */
#include "sink.h"

static void call_again(struct sink *s)
{
    s->act = NULL;
    struct outcome o = get(s->client, "/bytes/1000");
    CHECK_CODE(o.code, HTTPC_OK);
    done(&o);
}

TEST(a_sink_of_a_blocking_call_may_make_another)
{
    httpc_client *client = new_client(NULL);
    struct sink s = SINK;
    s.client = client;
    s.act = call_again;
    CHECK_CODE(code_of(make(&ways[0], client, request_into(&s, "/bytes/1000000"))), HTTPC_OK);
    CHECK_EQ(s.count, 1000000);
    CHECK(s.is_right);
    httpc_client_free(client);
}

static struct completion of_submitted = COMPLETION;

static void submit_another(struct sink *s)
{
    s->act = NULL;
    httpc_call_free(submit(s->client, new_request("GET", "/bytes/1000"), completed, &of_submitted));
}

TEST(a_sink_may_submit)
{
    IN_EVERY_WAY {
        httpc_client *client = new_client(config_of(way));
        struct sink s = SINK;
        s.client = client;
        s.act = submit_another;
        unsigned before = of_submitted.count;
        CHECK_CODE(code_of(make(way, client, request_into(&s, "/bytes/1000000"))), HTTPC_OK);
        await_completions(&of_submitted, before + 1);
        CHECK_CODE(of_submitted.outcome.code, HTTPC_OK);
        httpc_client_free(client);
    }
    done(&of_submitted.outcome);
}

static void cancel(struct sink *s)
{
    httpc_cancel_token_cancel(s->token);
}

TEST(a_sink_may_cancel_its_own_call)
{
    IN_EVERY_WAY {
        httpc_client *client = new_client(config_of(way));
        struct sink s = SINK;
        CHECK_CODE(httpc_cancel_token_new(&s.token, NULL), HTTPC_OK);
        s.act = cancel;
        httpc_request *request = request_into(&s, "/endless");
        httpc_request_set_cancel_token(request, s.token);
        CHECK_CODE(code_of(make(way, client, request)), HTTPC_E_CANCELLED);
        httpc_cancel_token_free(s.token);
        httpc_client_free(client);
    }
}

static void free_client(struct sink *s)
{
    s->act = NULL;
    httpc_client_free(s->client);
}

TEST(a_sink_of_a_submitted_call_may_free_the_client)
{
    IN_EVERY_WAY {
        if (!way->is_submitted) {
            continue;
        }
        struct sink s = SINK;
        s.client = new_client(config_of(way));
        s.act = free_client;
        CHECK_CODE(code_of(submit_and_wait(s.client, request_into(&s, "/endless"))), HTTPC_E_CLOSED);
        CHECK_EQ(s.drops, 1);
    }
}

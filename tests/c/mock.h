/* A client with a mock and, if wanted, a virtual clock; and calls on it, blocking and submitted. */
#ifndef MOCK_H
#define MOCK_H

#include "async.h"

/* Where mocked servers would be; nobody ever asks the network for it. */
#define API "https://api.test"

struct mocked {
    httpc_mock *mock;
    httpc_clock *clock;
    httpc_client *client;
};

static inline httpc_mock_rule *on(struct mocked *m, const char *method, const char *url)
{
    httpc_mock_rule *rule = NULL;
    CHECK_CODE(httpc_mock_on(m->mock, method, url, &rule, NULL), HTTPC_OK);
    return rule;
}

static inline httpc_mock_rule *reply(httpc_mock_rule *rule, int32_t status, const char *body)
{
    CHECK_CODE(httpc_mock_rule_reply(rule, status, body, strlen(body)), HTTPC_OK);
    return rule;
}

/* Default retries, the seed 1, and API as base URL. */
static inline httpc_config *mock_config(struct mocked *m)
{
    httpc_config *config = NULL;
    CHECK_CODE(httpc_config_new(&config, NULL), HTTPC_OK);
    CHECK_CODE(httpc_config_set_base_url(config, API), HTTPC_OK);
    CHECK_CODE(httpc_config_set_seed(config, 1), HTTPC_OK);
    CHECK_CODE(httpc_config_set_mock(config, m->mock), HTTPC_OK);
    CHECK_CODE(httpc_config_set_clock(config, m->clock), HTTPC_OK);
    return config;
}

static inline struct mocked new_mock(void)
{
    struct mocked m = {NULL, NULL, NULL};
    CHECK_CODE(httpc_mock_new(&m.mock, NULL), HTTPC_OK);
    CHECK_CODE(httpc_clock_new(&m.clock, NULL), HTTPC_OK);
    return m;
}

/* By virtual time. */
static inline struct mocked new_mocked(void)
{
    struct mocked m = new_mock();
    m.client = new_client(mock_config(&m));
    return m;
}

static inline void free_mocked(struct mocked *m)
{
    httpc_client_free(m->client);
    httpc_clock_free(m->clock);
    httpc_mock_free(m->mock);
}

typedef struct outcome send_fn(httpc_client *client, const httpc_request *request);

static inline struct outcome send_submitted(httpc_client *client, const httpc_request *request)
{
    httpc_call *call = NULL;
    CHECK_CODE(httpc_submit(client, request, NULL, NULL, &call, NULL), HTTPC_OK);
    return result_of(call);
}

static inline struct outcome send_get(struct mocked *m, send_fn *send, const char *url)
{
    httpc_request *request = new_request("GET", url);
    struct outcome o = send(m->client, request);
    httpc_request_free(request);
    return o;
}

/* A test that holds for blocking and for submitted calls. */
#define TEST_BOTH(name)                                                                                                  \
    static void name(send_fn *send);                                                                                     \
    TEST(name##_blocking)                                                                                                \
    {                                                                                                                    \
        name(send_request);                                                                                              \
    }                                                                                                                    \
    TEST(name##_submitted)                                                                                               \
    {                                                                                                                    \
        name(send_submitted);                                                                                            \
    }                                                                                                                    \
    static void name(send_fn *send)

#endif

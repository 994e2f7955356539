/*
 * Tests of code that calls an API, with plain asserts and without a network: a mock answers in place of the server, and a
 * virtual clock makes hours of waiting pass at once. docs/testing.md tells more.
 *
 * Usage: testing
 */
#undef NDEBUG
#include <httpclient.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The code under test ---- */

/* The age of a user, or -1. */
static int64_t age_of(httpc_client *client, const char *user, httpc_code *code)
{
    char path[100];
    int64_t age = -1;
    httpc_response *response = NULL;
    snprintf(path, sizeof path, "/users/%s", user);
    *code = httpc_get(client, path, &response, NULL);
    if (*code == HTTPC_OK) {
        *code = httpc_response_json_int64(response, "/age", &age, NULL);
    }
    httpc_response_free(response);
    return age;
}

/* ---- Its tests ---- */

struct fixture {
    httpc_mock *mock;
    httpc_clock *clock;
    httpc_config *config;
};

static struct fixture set_up(void)
{
    struct fixture f;
    assert(httpc_mock_new(&f.mock, NULL) == HTTPC_OK);
    assert(httpc_clock_new(&f.clock, NULL) == HTTPC_OK);
    assert(httpc_config_new(&f.config, NULL) == HTTPC_OK);
    httpc_config_set_base_url(f.config, "https://api.test");
    httpc_config_set_mock(f.config, f.mock);
    httpc_config_set_clock(f.config, f.clock);
    httpc_config_set_seed(f.config, 1);
    return f;
}

static httpc_client *client_of(struct fixture *f)
{
    httpc_client *client = NULL;
    assert(httpc_client_new(f->config, &client, NULL) == HTTPC_OK);
    return client;
}

static httpc_mock_rule *on(struct fixture *f, const char *method, const char *url)
{
    httpc_mock_rule *rule = NULL;
    assert(httpc_mock_on(f->mock, method, url, &rule, NULL) == HTTPC_OK);
    return rule;
}

/* Every rule was asked as often as it wanted, and nothing else was asked. */
static void tear_down(struct fixture *f, httpc_client *client)
{
    httpc_error *error = NULL;
    if (httpc_mock_verify(f->mock, &error) != HTTPC_OK) {
        fprintf(stderr, "%s\n", httpc_error_detail(error));
        abort();
    }
    httpc_client_free(client);
    httpc_config_free(f->config);
    httpc_clock_free(f->clock);
    httpc_mock_free(f->mock);
}

static void get_returns_json(void)
{
    struct fixture f = set_up();
    httpc_client *client = client_of(&f);
    httpc_code code;
    httpc_mock_rule_reply_json(on(&f, "GET", "/users/ann"), 200, "{\"age\": 41}");

    assert(age_of(client, "ann", &code) == 41);

    assert(strcmp(httpc_mock_call_url(httpc_mock_call_at(f.mock, 0)), "https://api.test/users/ann") == 0);
    tear_down(&f, client);
}

static void a_timeout_becomes_the_timeout_error(void)
{
    struct fixture f = set_up();
    httpc_config_set_retry(f.config, NULL);
    httpc_client *client = client_of(&f);
    httpc_code code;
    httpc_mock_rule_fail(on(&f, "GET", "/users/*"), HTTPC_E_TIMEOUT_READ);

    assert(age_of(client, "ann", &code) == -1);

    assert(code == HTTPC_E_TIMEOUT_READ);
    assert(httpc_clock_now_ms(f.clock) == 30000); /* the default, waited for in no time */
    tear_down(&f, client);
}

static void retries_come_after_one_two_and_four_seconds(void)
{
    struct fixture f = set_up();
    httpc_retry_policy *policy = NULL;
    assert(httpc_retry_policy_new(&policy, NULL) == HTTPC_OK);
    httpc_retry_policy_set_max_attempts(policy, 4);
    httpc_retry_policy_set_backoff(policy, 1000, 2.0, 60000);
    httpc_retry_policy_set_jitter(policy, HTTPC_JITTER_NONE);
    httpc_config_set_retry(f.config, policy);
    httpc_retry_policy_free(policy);
    httpc_client *client = client_of(&f);
    httpc_code code;
    httpc_mock_rule *rule = on(&f, "GET", "/users/ann");
    httpc_mock_rule_reply(rule, 503, NULL, 0);
    httpc_mock_rule_fail(rule, HTTPC_E_CONNECT);
    httpc_mock_rule_reply(rule, 503, NULL, 0);
    httpc_mock_rule_reply_json(rule, 200, "{\"age\": 41}");
    httpc_mock_rule_times(rule, 4);

    assert(age_of(client, "ann", &code) == 41);

    assert(httpc_clock_now_ms(f.clock) == 1000 + 2000 + 4000);
    tear_down(&f, client);
}

static void a_hundred_calls_keep_to_six_a_minute(void)
{
    struct fixture f = set_up();
    httpc_rate_limiter *limiter = NULL;
    assert(httpc_rate_limiter_new(6, 60000, 1, f.clock, &limiter, NULL) == HTTPC_OK);
    httpc_config_add_rate_limiter(f.config, limiter);
    httpc_rate_limiter_free(limiter);
    httpc_client *client = client_of(&f);
    httpc_code code;
    httpc_mock_rule_reply_json(on(&f, "GET", "/users/ann"), 200, "{\"age\": 41}");

    for (int i = 0; i < 100; i++) {
        age_of(client, "ann", &code);
    }

    assert(httpc_clock_now_ms(f.clock) == 99 * 10000);
    tear_down(&f, client);
}

/* What httpc_config_set_record() writes; browsers write such files too. */
static const char recording[] =
    "{\"log\": {\"version\": \"1.2\", \"creator\": {\"name\": \"libhttpclient\", \"version\": \"0.1.0\"}, \"entries\": [{"
    "\"request\": {\"method\": \"GET\", \"url\": \"https://api.test/users/ann\"},"
    "\"response\": {\"status\": 200, \"headers\": [], \"content\": {\"text\": \"{\\\"age\\\": 41}\"}}}]}}";

static void a_recorded_api_is_replayed(void)
{
    char path[] = "recording.har";
    FILE *file = fopen(path, "w");
    assert(file != NULL && fputs(recording, file) >= 0 && fclose(file) == 0);
    struct fixture f = set_up();
    httpc_client *client = client_of(&f);
    httpc_code code;
    assert(httpc_mock_add_har(f.mock, path, 1, NULL) == HTTPC_OK);
    remove(path);

    assert(age_of(client, "ann", &code) == 41);

    tear_down(&f, client);
}

#define RUN(test) (test(), printf("ok %s\n", #test))

int main(void)
{
    RUN(get_returns_json);
    RUN(a_timeout_becomes_the_timeout_error);
    RUN(retries_come_after_one_two_and_four_seconds);
    RUN(a_hundred_calls_keep_to_six_a_minute);
    RUN(a_recorded_api_is_replayed);
    return 0;
}

/* Retry policies: each rule, seen from what is sent and how long it takes. */
#include "server.h"

static httpc_retry_policy *policy;
static struct outcome o;

/* A fresh policy whose pauses are short and known. */
static void start(void)
{
    policy = new_policy();
    CHECK_CODE(httpc_retry_policy_set_backoff(policy, 1, 1.0, 1), HTTPC_OK);
    CHECK_CODE(httpc_retry_policy_set_jitter(policy, HTTPC_JITTER_NONE), HTTPC_OK);
}

static httpc_client *client_with_policy(uint64_t total_ms)
{
    httpc_config *config = new_config();
    CHECK(httpc_retry_policy_error(policy) == NULL);
    CHECK_CODE(httpc_config_set_retry(config, policy), HTTPC_OK);
    CHECK_CODE(httpc_config_set_timeout(config, HTTPC_TIMEOUT_TOTAL, total_ms), HTTPC_OK);
    httpc_retry_policy_free(policy);
    policy = NULL;
    return new_client(config);
}

/* One call under the policy; the outcome is checked and kept in `o`. */
static void expect(const char *method, const char *outcomes, httpc_code code, unsigned wanted, httpc_stop stop)
{
    httpc_client *client = client_with_policy(20000);
    const char *key = new_key();
    httpc_request *request = new_request(method, text("/sequence/%s?key=%s", outcomes, key));
    o = send_request(client, request);
    CHECK_CODE(o.code, code);
    CHECK_EQ(attempts(&o), wanted);
    CHECK_EQ(server_count(key), wanted);
    if (wanted > 0) {
        CHECK_EQ(httpc_attempt_stop_reason(attempt(&o, wanted - 1)), stop);
    }
    if (code != HTTPC_OK) {
        CHECK_EQ(httpc_error_stop_reason(o.error), stop);
    }
    httpc_request_free(request);
    httpc_client_free(client);
}

TEST(the_defaults_try_three_times_what_is_idempotent)
{
    static const char *const methods[] = {"GET", "OPTIONS", "TRACE", "PUT", "DELETE"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        start();
        expect(methods[i], "503,close,200", HTTPC_OK, 3, HTTPC_STOP_SUCCESS);
        done(&o);
    }
    start();
    expect("GET", "503", HTTPC_E_STATUS, 3, HTTPC_STOP_MAX_ATTEMPTS);
    done(&o);
    start();
    expect("POST", "503,200", HTTPC_E_STATUS, 1, HTTPC_STOP_NOT_IDEMPOTENT);
    done(&o);
    start();
    expect("PATCH", "close,200", HTTPC_E_IO, 1, HTTPC_STOP_NOT_IDEMPOTENT);
    done(&o);
}

TEST(the_defaults_know_which_statuses_pass)
{
    static const int retried[] = {408, 429, 500, 502, 503, 504};
    for (size_t i = 0; i < sizeof retried / sizeof retried[0]; i++) {
        start();
        expect("GET", text("%d,200", retried[i]), HTTPC_OK, 2, HTTPC_STOP_SUCCESS);
        done(&o);
    }
    static const int final[] = {400, 401, 403, 404, 409, 410, 413, 422, 425, 501, 505, 522};
    for (size_t i = 0; i < sizeof final / sizeof final[0]; i++) {
        start();
        expect("GET", text("%d,200", final[i]), HTTPC_E_STATUS, 1, HTTPC_STOP_NOT_RETRYABLE);
        done(&o);
    }
}

TEST(the_defaults_of_a_new_policy_pause_at_most_half_a_second_first)
{
    policy = new_policy();
    expect("GET", "503,200", HTTPC_OK, 2, HTTPC_STOP_SUCCESS);
    CHECK_EQ(httpc_attempt_delay_source(attempt(&o, 1)), HTTPC_DELAY_BACKOFF);
    CHECK_BETWEEN(httpc_attempt_delay_ms(attempt(&o, 1)), 0, 500);
    done(&o);
}

TEST(the_number_of_attempts)
{
    start();
    httpc_retry_policy_set_max_attempts(policy, 1);
    expect("GET", "503,200", HTTPC_E_STATUS, 1, HTTPC_STOP_MAX_ATTEMPTS);
    done(&o);
    start();
    httpc_retry_policy_set_max_attempts(policy, 7);
    expect("GET", "503", HTTPC_E_STATUS, 7, HTTPC_STOP_MAX_ATTEMPTS);
    done(&o);
}

TEST(backoff_grows_to_its_cap)
{
    start();
    httpc_retry_policy_set_max_attempts(policy, 5);
    CHECK_CODE(httpc_retry_policy_set_backoff(policy, 20, 2.0, 70), HTTPC_OK);
    expect("GET", "503", HTTPC_E_STATUS, 5, HTTPC_STOP_MAX_ATTEMPTS);
    static const uint64_t wanted[] = {0, 20, 40, 70, 70};
    for (size_t i = 0; i < 5; i++) {
        CHECK_EQ(httpc_attempt_delay_ms(attempt(&o, i)), wanted[i]);
        CHECK_EQ(httpc_attempt_delay_source(attempt(&o, i)), i == 0 ? HTTPC_DELAY_NONE : HTTPC_DELAY_BACKOFF);
    }
    CHECK_MS(o.ms, 200, 1500);
    done(&o);
}

TEST(backoff_saturates_instead_of_overflowing)
{
    start();
    httpc_retry_policy_set_max_attempts(policy, 20);
    CHECK_CODE(httpc_retry_policy_set_backoff(policy, 1, 1000, 5), HTTPC_OK);
    expect("GET", "503", HTTPC_E_STATUS, 20, HTTPC_STOP_MAX_ATTEMPTS);
    CHECK_EQ(httpc_attempt_delay_ms(attempt(&o, 19)), 5);
    done(&o);
}

TEST(jitter_stays_in_its_bounds)
{
    static const struct {
        int32_t jitter;
        uint64_t low, high;
    } table[] = {
        {HTTPC_JITTER_NONE, 20, 20},
        {HTTPC_JITTER_ADDITIVE, 20, 22},
        {HTTPC_JITTER_FULL, 0, 20},
        {HTTPC_JITTER_EQUAL, 10, 20},
        {HTTPC_JITTER_DECORRELATED, 20, 60},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        policy = new_policy();
        httpc_retry_policy_set_max_attempts(policy, 2);
        httpc_retry_policy_set_backoff(policy, 20, 1.0, 60);
        CHECK_CODE(httpc_retry_policy_set_jitter(policy, table[i].jitter), HTTPC_OK);
        expect("GET", "503", HTTPC_E_STATUS, 2, HTTPC_STOP_MAX_ATTEMPTS);
        CHECK_BETWEEN(httpc_attempt_delay_ms(attempt(&o, 1)), table[i].low, table[i].high);
        done(&o);
    }
}

TEST(own_statuses_and_methods_take_the_place_of_the_defaults)
{
    static const int32_t statuses[] = {429, 500, 502, 503, 504};
    static const char *const methods[] = {"HEAD", "GET", "OPTIONS", "POST"};
    static const struct {
        const char *method, *outcomes;
        httpc_code code;
        unsigned attempts;
        httpc_stop stop;
    } table[] = {
        {"POST", "503,close,200", HTTPC_OK, 3, HTTPC_STOP_SUCCESS},
        {"GET", "408,200", HTTPC_E_STATUS, 1, HTTPC_STOP_NOT_RETRYABLE},
        {"PUT", "503,200", HTTPC_E_STATUS, 1, HTTPC_STOP_NOT_IDEMPOTENT},
        {"DELETE", "close,200", HTTPC_E_IO, 1, HTTPC_STOP_NOT_IDEMPOTENT},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        start();
        CHECK_CODE(httpc_retry_policy_set_statuses(policy, statuses, 5), HTTPC_OK);
        CHECK_CODE(httpc_retry_policy_set_methods(policy, methods, 4), HTTPC_OK);
        expect(table[i].method, table[i].outcomes, table[i].code, table[i].attempts, table[i].stop);
        done(&o);
    }
    start();
    CHECK_CODE(httpc_retry_policy_set_statuses(policy, NULL, 0), HTTPC_OK);
    expect("GET", "503,200", HTTPC_E_STATUS, 1, HTTPC_STOP_NOT_RETRYABLE);
    done(&o);
}

TEST(retry_after_is_obeyed_in_every_form)
{
    static const char *const forms[] = {"seconds-1", "date-1", "rfc850-1", "asctime-1"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        start();
        httpc_client *client = client_with_policy(20000);
        o = get(client, text("/retry-after/%s?key=%s", forms[i], new_key()));
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_EQ(attempts(&o), 2);
        CHECK_EQ(httpc_attempt_delay_source(attempt(&o, 1)), HTTPC_DELAY_RETRY_AFTER);
        CHECK_BETWEEN(httpc_attempt_delay_ms(attempt(&o, 1)), 1000, 1500);
        CHECK_MS(o.ms, 1000, 3000);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(a_retry_after_that_says_nothing_leaves_the_backoff)
{
    static const char *const forms[] = {
        "seconds-0", "seconds--5", "date--10", "raw-soon", "raw-1.5", "raw-", "raw-%20", "raw-0x10",
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        start();
        httpc_client *client = client_with_policy(20000);
        o = get(client, text("/retry-after/%s?key=%s", forms[i], new_key()));
        if (!CHECK_CODE(o.code, HTTPC_OK) || !CHECK_EQ(httpc_attempt_delay_source(attempt(&o, 1)), HTTPC_DELAY_BACKOFF)) {
            fprintf(stderr, "  for %s\n", forms[i]);
        }
        CHECK_EQ(httpc_attempt_delay_ms(attempt(&o, 1)), 1);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(a_retry_after_that_is_too_long_ends_the_call_at_once)
{
    static const struct {
        const char *form;
        uint64_t max_ms, total_ms;
    } table[] = {
        {"seconds-2", 1000, 20000},
        {"seconds-30", 0, 5000},
        {"raw-99999999999999999999999", 0, 20000},
        {"date-100000000", 0, 20000},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        start();
        CHECK_CODE(httpc_retry_policy_set_retry_after(policy, 1, table[i].max_ms), HTTPC_OK);
        httpc_client *client = client_with_policy(table[i].total_ms);
        o = get(client, text("/retry-after/%s?key=%s", table[i].form, new_key()));
        CHECK_CODE(o.code, HTTPC_E_STATUS);
        CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_RETRY_AFTER_TOO_LONG);
        CHECK(httpc_error_retry_after_ms(o.error) != HTTPC_UNSET);
        CHECK(httpc_error_response(o.error) != NULL);
        CHECK_MS(o.ms, 0, 900);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(retry_after_can_be_ignored)
{
    start();
    CHECK_CODE(httpc_retry_policy_set_retry_after(policy, 0, 0), HTTPC_OK);
    httpc_client *client = client_with_policy(20000);
    o = get(client, text("/retry-after/seconds-30?key=%s", new_key()));
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(httpc_attempt_delay_source(attempt(&o, 1)), HTTPC_DELAY_BACKOFF);
    CHECK_MS(o.ms, 0, 2000);
    done(&o);
    httpc_client_free(client);
}

TEST(a_throttled_post_is_retried_unless_switched_off)
{
    start();
    expect("POST", "429,200", HTTPC_OK, 2, HTTPC_STOP_SUCCESS);
    done(&o);
    start();
    CHECK_CODE(httpc_retry_policy_set_retry_throttled(policy, 0), HTTPC_OK);
    expect("POST", "429,200", HTTPC_E_STATUS, 1, HTTPC_STOP_NOT_IDEMPOTENT);
    done(&o);
}

TEST(a_throttled_answer_can_have_a_larger_base)
{
    start();
    httpc_retry_policy_set_backoff(policy, 5, 1.0, 1000);
    CHECK_CODE(httpc_retry_policy_set_throttled_base(policy, 90), HTTPC_OK);
    expect("GET", "503,429,503@garbage,200", HTTPC_E_STATUS, 3, HTTPC_STOP_MAX_ATTEMPTS);
    CHECK_EQ(httpc_attempt_delay_ms(attempt(&o, 1)), 5);
    CHECK_EQ(httpc_attempt_delay_ms(attempt(&o, 2)), 90);
    done(&o);
}

TEST(the_budget_of_an_origin_runs_out)
{
    start();
    httpc_retry_policy_set_max_attempts(policy, 10);
    CHECK_CODE(httpc_retry_policy_set_budget(policy, 28, 14, 5), HTTPC_OK);
    expect("GET", "500", HTTPC_E_STATUS, 3, HTTPC_STOP_BUDGET);
    done(&o);
    start();
    httpc_retry_policy_set_max_attempts(policy, 10);
    CHECK_CODE(httpc_retry_policy_set_budget(policy, 28, 14, 5), HTTPC_OK);
    expect("GET", "429", HTTPC_E_STATUS, 6, HTTPC_STOP_BUDGET);
    done(&o);
    start();
    httpc_retry_policy_set_max_attempts(policy, 100);
    CHECK_CODE(httpc_retry_policy_set_budget(policy, 0, 14, 5), HTTPC_OK);
    expect("GET", "500", HTTPC_E_STATUS, 100, HTTPC_STOP_MAX_ATTEMPTS);
    done(&o);
}

struct judge {
    int32_t answer;
    int called, dropped, last_status;
};

static int32_t decide(void *userdata, const httpc_attempt *attempt)
{
    struct judge *judge = userdata;
    judge->called++;
    judge->last_status = httpc_attempt_status(attempt);
    return judge->answer;
}

static void drop(void *userdata)
{
    ((struct judge *)userdata)->dropped++;
}

TEST(a_decider_judges_before_the_other_rules)
{
    static const struct {
        const char *method, *outcomes;
        int32_t answer;
        httpc_code code;
        unsigned attempts;
        httpc_stop stop;
        int called;
    } table[] = {
        {"POST", "404,200", HTTPC_DECISION_RETRY, HTTPC_OK, 2, HTTPC_STOP_SUCCESS, 1},
        {"GET", "404", HTTPC_DECISION_RETRY, HTTPC_E_STATUS, 3, HTTPC_STOP_MAX_ATTEMPTS, -1},
        {"GET", "503,200", HTTPC_DECISION_STOP, HTTPC_E_STATUS, 1, HTTPC_STOP_DECIDER, 1},
        {"GET", "503,200", HTTPC_DECISION_DEFAULT, HTTPC_OK, 2, HTTPC_STOP_SUCCESS, 1},
        {"GET", "200", HTTPC_DECISION_STOP, HTTPC_OK, 1, HTTPC_STOP_SUCCESS, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct judge judge = {table[i].answer, 0, 0, 0};
        start();
        CHECK_CODE(httpc_retry_policy_set_decider(policy, decide, &judge, drop), HTTPC_OK);
        expect(table[i].method, table[i].outcomes, table[i].code, table[i].attempts, table[i].stop);
        if (table[i].called >= 0) {
            CHECK_EQ(judge.called, table[i].called);
        }
        if (judge.called > 0) {
            CHECK_EQ(judge.last_status, strtol(table[i].outcomes, NULL, 10));
        }
        /* Config, client and policy had a copy each; all are gone. */
        CHECK_EQ(judge.dropped, 1);
        done(&o);
    }
}

TEST(a_deciders_userdata_is_dropped_once_on_every_path)
{
    struct judge judge = {0, 0, 0, 0};
    CHECK_CODE(httpc_retry_policy_set_decider(NULL, decide, &judge, drop), HTTPC_E_INVALID_ARG);
    CHECK_EQ(judge.dropped, 1);
    start();
    httpc_retry_policy_set_decider(policy, decide, &judge, drop);
    httpc_retry_policy_set_decider(policy, decide, &judge, NULL);
    CHECK_EQ(judge.dropped, 2);
    httpc_retry_policy_set_decider(policy, decide, &judge, drop);
    httpc_retry_policy_set_decider(policy, NULL, NULL, NULL);
    CHECK_EQ(judge.dropped, 3);
    httpc_retry_policy_set_decider(policy, decide, &judge, drop);
    httpc_retry_policy_free(policy);
    CHECK_EQ(judge.dropped, 4);
    policy = NULL;
}

TEST(the_first_failure_of_a_setter_is_kept_and_passed_on)
{
    start();
    CHECK_CODE(httpc_retry_policy_set_max_attempts(policy, 0), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_retry_policy_set_jitter(policy, 77), HTTPC_E_INVALID_ARG);
    const char *first = httpc_error_detail(httpc_retry_policy_error(policy));
    CHECK_HAS(first, "attempts");
    httpc_config *config = new_config();
    httpc_request *request = new_request("GET", "/");
    CHECK_CODE(httpc_config_set_retry(config, policy), HTTPC_E_INVALID_ARG);
    CHECK_STR(httpc_error_detail(httpc_config_error(config)), first);
    CHECK_CODE(httpc_request_set_retry(request, policy), HTTPC_E_INVALID_ARG);
    CHECK_STR(httpc_error_detail(httpc_request_error(request)), first);
    httpc_request_free(request);
    httpc_config_free(config);
    httpc_retry_policy_free(policy);
    httpc_retry_policy_free(NULL);
    CHECK(httpc_retry_policy_error(NULL) == NULL);
}

TEST(a_request_without_a_budget_leaves_the_others_theirs)
{
    httpc_client *client = new_client(NULL);
    httpc_request *request = new_request("GET", text("/status/503?key=%s", new_key()));
    httpc_retry_policy *policy = new_policy();
    httpc_retry_policy_set_backoff(policy, 1, 1.0, 1);
    httpc_retry_policy_set_budget(policy, 0, 0, 0);
    httpc_request_set_retry(request, policy);
    struct outcome o = send_request(client, request);
    CHECK_EQ(attempts(&o), 3);
    done(&o);
    o = get(client, text("/status/503?key=%s", new_key()));
    CHECK_EQ(attempts(&o), 3);
    done(&o);
    httpc_retry_policy_free(policy);
    httpc_request_free(request);
    httpc_client_free(client);
}

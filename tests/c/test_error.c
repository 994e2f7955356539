/* Errors: what an httpc_error says, and that it says it in every case in the same way. */
#include "server.h"

TEST(every_code_has_its_name)
{
    static const struct {
        int32_t code;
        const char *name;
    } all[] = {
#define CODE(name) {name, #name}
        CODE(HTTPC_OK), CODE(HTTPC_E_INVALID_ARG), CODE(HTTPC_E_INTERNAL), CODE(HTTPC_E_CANCELLED), CODE(HTTPC_E_CLOSED),
        CODE(HTTPC_E_FORKED), CODE(HTTPC_E_AGAIN), CODE(HTTPC_E_UNSUPPORTED), CODE(HTTPC_E_ABORTED), CODE(HTTPC_E_RESOURCE),
        CODE(HTTPC_E_WOULD_DEADLOCK), CODE(HTTPC_E_FILE), CODE(HTTPC_E_URL), CODE(HTTPC_E_DNS), CODE(HTTPC_E_CONNECT),
        CODE(HTTPC_E_TLS), CODE(HTTPC_E_PROXY), CODE(HTTPC_E_IO), CODE(HTTPC_E_PROTOCOL), CODE(HTTPC_E_REDIRECT),
        CODE(HTTPC_E_DECODE), CODE(HTTPC_E_BODY_TOO_LARGE), CODE(HTTPC_E_HEADERS_TOO_LARGE), CODE(HTTPC_E_CERTIFICATE),
        CODE(HTTPC_E_TRUNCATED), CODE(HTTPC_E_TIMEOUT_CONNECT), CODE(HTTPC_E_TIMEOUT_READ), CODE(HTTPC_E_TIMEOUT_WRITE),
        CODE(HTTPC_E_TIMEOUT_POOL), CODE(HTTPC_E_TIMEOUT_ATTEMPT), CODE(HTTPC_E_TIMEOUT_TOTAL), CODE(HTTPC_E_STATUS),
        CODE(HTTPC_E_RATE_LIMITED), CODE(HTTPC_E_CIRCUIT_OPEN), CODE(HTTPC_E_JSON), CODE(HTTPC_E_NOT_MOCKED),
#undef CODE
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        CHECK_STR(httpc_code_name(all[i].code), all[i].name);
        CHECK_EQ(httpc_code_is_timeout(all[i].code), strstr(all[i].name, "_TIMEOUT_") != NULL);
    }
    static const int32_t none[] = {-1, 12, 33, 46, 65, 1000, INT32_MIN, HTTPC_CODE_FORCE_32_};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        CHECK_STR(httpc_code_name(none[i]), "HTTPC_E_?");
    }
    CHECK(!httpc_code_is_timeout(-1));
    CHECK(!httpc_code_is_timeout(HTTPC_CODE_FORCE_32_));
}

TEST(the_version_names_libcurl)
{
    unsigned major = 0, minor = 0, patch = 0;
    CHECK_EQ(sscanf(httpc_version(), "httpclient/%u.%u.%u libcurl/", &major, &minor, &patch), 3);
    CHECK_EQ(httpc_version_number(), major << 16 | minor << 8 | patch);
    CHECK_HAS(httpc_version(), " libcurl/");
}

TEST(null_reads_as_success)
{
    CHECK_CODE(httpc_error_code(NULL), HTTPC_OK);
    CHECK_STR(httpc_error_detail(NULL), "");
    CHECK_EQ(httpc_error_status(NULL), 0);
    CHECK_EQ(httpc_error_curl_code(NULL), 0);
    CHECK_EQ(httpc_error_attempts(NULL), 0);
    CHECK(httpc_error_attempt(NULL, 0) == NULL);
    CHECK_EQ(httpc_error_send_state(NULL), HTTPC_SENT_NEVER_SENT);
    CHECK(httpc_error_retry_after_ms(NULL) == HTTPC_UNSET);
    CHECK(httpc_error_response(NULL) == NULL);
    httpc_error_free(NULL);
}

TEST(null_attempt_reads_as_zeros)
{
    CHECK_CODE(httpc_attempt_code(NULL), HTTPC_OK);
    CHECK_EQ(httpc_attempt_status(NULL), 0);
    CHECK_EQ(httpc_attempt_curl_code(NULL), 0);
    CHECK_STR(httpc_attempt_method(NULL), "");
    CHECK_STR(httpc_attempt_url(NULL), "");
    CHECK_STR(httpc_attempt_peer(NULL), "");
    CHECK_EQ(httpc_attempt_start_ms(NULL), 0);
    CHECK_EQ(httpc_attempt_duration_ms(NULL), 0);
    CHECK_EQ(httpc_attempt_delay_ms(NULL), 0);
    CHECK_EQ(httpc_attempt_delay_source(NULL), HTTPC_DELAY_NONE);
    CHECK_EQ(httpc_attempt_send_state(NULL), HTTPC_SENT_NEVER_SENT);
    CHECK_EQ(httpc_attempt_stop_reason(NULL), HTTPC_STOP_NONE);
    CHECK(!httpc_attempt_reused(NULL));
}

TEST(a_failure_for_its_status_carries_everything)
{
    httpc_client *client = new_client(NULL);
    struct outcome o = get(client, "/status/404?body={%22detail%22:%22gone%20fishing%22}&type=application/problem%2Bjson");
    CHECK_CODE(o.code, HTTPC_E_STATUS);
    CHECK(o.response == NULL);
    CHECK_CODE(httpc_error_code(o.error), HTTPC_E_STATUS);
    CHECK_EQ(httpc_error_status(o.error), 404);
    CHECK_EQ(httpc_error_curl_code(o.error), 0);
    CHECK_EQ(httpc_error_attempts(o.error), 1);
    CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_NOT_RETRYABLE);
    CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_ANSWERED);
    CHECK(httpc_error_retry_after_ms(o.error) == HTTPC_UNSET);
    CHECK_HAS(httpc_error_detail(o.error), "GET http://127.0.0.1:");
    CHECK_HAS(httpc_error_detail(o.error), "/status/404");
    CHECK_HAS(httpc_error_detail(o.error), "gone fishing");
    CHECK_HAS_NOT(httpc_error_detail(o.error), "?");
    clean_error(o.error);

    const httpc_response *answer = httpc_error_response(o.error);
    CHECK_EQ(httpc_response_status(answer), 404);
    CHECK_STR(httpc_response_header(answer, "content-type"), "application/problem+json");
    CHECK_STR((const char *)httpc_response_body(answer, NULL), "{\"detail\":\"gone fishing\"}");
    CHECK_STR(httpc_response_error_detail(answer), "gone fishing");

    const httpc_attempt *only = httpc_error_attempt(o.error, 0);
    CHECK_CODE(httpc_attempt_code(only), HTTPC_OK);
    CHECK_EQ(httpc_attempt_status(only), 404);
    CHECK_STR(httpc_attempt_method(only), "GET");
    CHECK_STR(httpc_attempt_url(only), text("%s/status/404", address("URL")));
    CHECK_STR(text("http://%s", httpc_attempt_peer(only)), address("URL"));
    CHECK_EQ(httpc_attempt_stop_reason(only), HTTPC_STOP_NOT_RETRYABLE);
    CHECK(httpc_error_attempt(o.error, 1) == NULL);
    done(&o);
    httpc_client_free(client);
}

TEST(the_error_argument_is_optional_and_cleared_on_success)
{
    httpc_client *client = new_client(NULL);
    httpc_response *response = NULL;
    CHECK_CODE(httpc_get(client, "/status/500", &response, NULL), HTTPC_E_STATUS);
    CHECK(response == NULL);

    httpc_error *error = (httpc_error *)(uintptr_t)1;
    CHECK_CODE(httpc_get(client, "/status/200", &response, &error), HTTPC_OK);
    CHECK(error == NULL);
    httpc_response_free(response);

    /* And the output is cleared on failure. */
    response = (httpc_response *)(uintptr_t)1;
    CHECK_CODE(httpc_get(client, "/status/500", &response, &error), HTTPC_E_STATUS);
    CHECK(response == NULL);
    httpc_error_free(error);
    httpc_client_free(client);
}

TEST(the_detail_counts_attempts_and_keeps_no_secret)
{
    httpc_config *config = new_config();
    httpc_config_set_bearer_token(config, SECRET);
    httpc_config_set_secret_header(config, "X-Api-Key", SECRET);
    httpc_client *client = new_client(config);

    const char *refused = address("REFUSED") + strlen("http://");
    struct outcome o = get(client, text("http://user:" SECRET "@%s/path?token=" SECRET "#" SECRET, refused));
    CHECK_CODE(o.code, HTTPC_E_CONNECT);
    CHECK_EQ(httpc_error_attempts(o.error), 3);
    CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_MAX_ATTEMPTS);
    CHECK_HAS(httpc_error_detail(o.error), text("GET http://%s/path", refused));
    CHECK_HAS(httpc_error_detail(o.error), "3 attempts");
    CHECK_HAS_NOT(httpc_error_detail(o.error), "user");
    clean_error(o.error);
    CHECK_HAS_NOT(httpc_attempt_url(httpc_error_attempt(o.error, 0)), SECRET);
    CHECK_HAS_NOT(httpc_attempt_url(httpc_error_attempt(o.error, 0)), "?");
    done(&o);

    /* A URL that cannot be read is quoted without what may be its secrets, too. */
    o = get(client, "http://user:" SECRET "@host:99999/?token=" SECRET);
    CHECK_CODE(o.code, HTTPC_E_URL);
    clean_error(o.error);
    done(&o);
    httpc_client_free(client);
}

TEST(bytes_that_the_server_chose_are_made_printable)
{
    httpc_config *config = new_config();
    httpc_config_set_retry(config, NULL);
    httpc_client *client = new_client(config);
    static const char *const bodies[] = {
        "%1b[31mred%07", "caf%ff%c3", "a%00b", "line%0d%0aother%0b", "%ed%a0%80", "%c2%85next", "%f4%90%80%80",
        "{%22error%22:%22tab%5ctline%5cnesc%5cu001b%5cu0000%22}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct outcome o = get(client, text("/status/500?reason=Bad%%1b[1m&body=%s", bodies[i]));
        CHECK_CODE(o.code, HTTPC_E_STATUS);
        if (!clean_error(o.error) || !CHECK_PRINTABLE(httpc_response_error_detail(httpc_error_response(o.error)))) {
            fprintf(stderr, "  for the body %s\n", bodies[i]);
        }
        CHECK_PRINTABLE(httpc_response_reason(httpc_error_response(o.error)));
        done(&o);
    }
    httpc_client_free(client);
}

TEST(retry_after_is_counted_from_the_failure)
{
    httpc_client *client = new_client(NULL);
    struct outcome o = get(client, text("/retry-after/seconds-3600?key=%s", new_key()));
    CHECK_CODE(o.code, HTTPC_E_STATUS);
    CHECK_EQ(httpc_error_status(o.error), 503);
    CHECK_EQ(httpc_error_attempts(o.error), 1);
    CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_RETRY_AFTER_TOO_LONG);
    CHECK_BETWEEN(httpc_error_retry_after_ms(o.error), 3599000, 3600000);
    CHECK_MS(o.ms, 0, 1000);
    done(&o);
    httpc_client_free(client);
}

TEST(the_send_state_is_taken_over_all_attempts)
{
    httpc_client *client = new_client(NULL);
    struct outcome o = get(client, address("REFUSED"));
    CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_NEVER_SENT);
    CHECK_EQ(httpc_attempt_send_state(httpc_error_attempt(o.error, 2)), HTTPC_SENT_NEVER_SENT);
    CHECK_EQ(httpc_attempt_connection_id(httpc_error_attempt(o.error, 2)), -1);
    CHECK_STR(httpc_attempt_peer(httpc_error_attempt(o.error, 2)), "");
    CHECK(httpc_error_curl_code(o.error) != 0);
    CHECK(httpc_error_response(o.error) == NULL);
    CHECK_EQ(httpc_error_status(o.error), 0);
    done(&o);

    o = post(client, "/close/before-head", "x");
    CHECK_CODE(o.code, HTTPC_E_IO);
    CHECK_EQ(httpc_error_attempts(o.error), 1);
    CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_NOT_IDEMPOTENT);
    CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_MAYBE_SENT);
    done(&o);

    o = get(client, text("/sequence/close,404?key=%s", new_key()));
    CHECK_CODE(o.code, HTTPC_E_STATUS);
    CHECK_EQ(httpc_error_attempts(o.error), 2);
    CHECK_EQ(httpc_attempt_send_state(httpc_error_attempt(o.error, 0)), HTTPC_SENT_MAYBE_SENT);
    CHECK_EQ(httpc_attempt_stop_reason(httpc_error_attempt(o.error, 0)), HTTPC_STOP_NONE);
    CHECK_EQ(httpc_attempt_send_state(httpc_error_attempt(o.error, 1)), HTTPC_SENT_ANSWERED);
    done(&o);
    httpc_client_free(client);
}

TEST(a_pause_beyond_the_deadline_ends_the_call_with_the_last_outcome)
{
    httpc_config *config = new_config();
    httpc_retry_policy *policy = new_policy();
    httpc_retry_policy_set_backoff(policy, 10000, 1.0, 10000);
    httpc_retry_policy_set_jitter(policy, HTTPC_JITTER_NONE);
    httpc_config_set_retry(config, policy);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_TOTAL, 2000);
    httpc_retry_policy_free(policy);
    httpc_client *client = new_client(config);

    struct outcome o = get(client, text("/sequence/503?key=%s", new_key()));
    CHECK_CODE(o.code, HTTPC_E_STATUS);
    CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_DEADLINE);
    CHECK_EQ(httpc_error_attempts(o.error), 1);
    CHECK_EQ(httpc_response_status(httpc_error_response(o.error)), 503);
    CHECK_MS(o.ms, 0, 1000);
    done(&o);
    httpc_client_free(client);
}

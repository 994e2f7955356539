/* Wrong options: a config or policy that got one makes no client, and its kept failure names the argument. */
#include "server.h"

#define BAD_UTF8 "\xC3("
#define HUNDRED_YEARS_MS (UINT64_C(100) * 366 * 24 * 3600000)

static void expect_config_refused(int line, httpc_config *config, httpc_code code, httpc_code wanted, const char *argument)
{
    httpc_client *client = NULL;
    httpc_error *error = NULL;
    bool good = CHECK_CODE(code, wanted) & CHECK_HAS(httpc_error_detail(httpc_config_error(config)), argument);
    good &= CHECK_CODE(httpc_client_new(config, &client, &error), wanted) & CHECK(client == NULL) & clean_error(error);
    if (!good) {
        fprintf(stderr, "  called from line %d: %s\n", line, httpc_error_detail(error));
    }
    httpc_error_free(error);
    httpc_client_free(client);
    httpc_config_free(config);
}

#define CONFIG_CODE(call, wanted, argument)                                                                              \
    do {                                                                                                                 \
        httpc_config *c = new_config();                                                                                  \
        httpc_code setter_code = (call);                                                                                 \
        expect_config_refused(__LINE__, c, setter_code, wanted, argument);                                               \
    } while (0)
#define CONFIG(call, argument) CONFIG_CODE(call, HTTPC_E_INVALID_ARG, argument)

TEST(base_urls)
{
    CONFIG(httpc_config_set_base_url(c, NULL), "`url`");
    CONFIG(httpc_config_set_base_url(c, BAD_UTF8), "`url`");
    CONFIG(httpc_config_set_base_url(c, ""), "URL");
    CONFIG(httpc_config_set_base_url(c, "http://example.com/?token=" SECRET), "query");
    CONFIG(httpc_config_set_base_url(c, "http://example.com/?"), "query");
    CONFIG(httpc_config_set_base_url(c, "http://example.com/#" SECRET), "fragment");
    CONFIG(httpc_config_set_base_url(c, "http://example.com/\r\n"), "URL");
    CONFIG_CODE(httpc_config_set_base_url(c, "example.com"), HTTPC_E_URL, "URL");
    CONFIG_CODE(httpc_config_set_base_url(c, "ftp://example.com"), HTTPC_E_URL, "URL");
    CONFIG_CODE(httpc_config_set_base_url(c, "http://u:" SECRET "@"), HTTPC_E_URL, "URL");
    CONFIG_CODE(httpc_config_set_base_url(c, "http://u:" SECRET "@h:99999"), HTTPC_E_URL, "URL");
}

TEST(credentials_and_headers)
{
    typedef httpc_code header_fn(httpc_config *, const char *, const char *);
    static header_fn *const headers[] = {httpc_config_set_header, httpc_config_set_secret_header};
    static const char *const names[] = {"", "X Y", "X:", "X\r\nY", "\xC3\xBC", "Content-Length", "transfer-encoding",
                                        "connection", "TE", "Upgrade", "Expect", "Trailer"};
    static const char *const values[] = {SECRET "\r\nX: 1", SECRET "\n", SECRET "\r", SECRET "\x01", SECRET "\x7f"};
    for (size_t i = 0; i < 2; i++) {
        CONFIG(headers[i](c, NULL, "v"), "`name`");
        CONFIG(headers[i](c, "X-A", NULL), "`value`");
        CONFIG(headers[i](c, "X-A", BAD_UTF8), "`value`");
        for (size_t j = 0; j < sizeof names / sizeof names[0]; j++) {
            CONFIG(headers[i](c, names[j], "1"), "`name`");
        }
        for (size_t j = 0; j < sizeof values / sizeof values[0]; j++) {
            CONFIG(headers[i](c, "X-A", values[j]), "`value`");
        }
    }
    CONFIG(httpc_config_set_bearer_token(c, NULL), "`token`");
    CONFIG(httpc_config_set_bearer_token(c, ""), "`token`");
    CONFIG(httpc_config_set_bearer_token(c, BAD_UTF8), "`token`");
    CONFIG(httpc_config_set_bearer_token(c, SECRET "\r\nX: 1"), "`token`");
    CONFIG(httpc_config_set_basic_auth(c, NULL, "p"), "`user`");
    CONFIG(httpc_config_set_basic_auth(c, "u", NULL), "`password`");
    CONFIG(httpc_config_set_basic_auth(c, "u:v", SECRET), "`user`");
    CONFIG(httpc_config_set_user_agent(c, NULL), "`user_agent`");
    CONFIG(httpc_config_set_user_agent(c, "a\r\nb"), "`user_agent`");
}

TEST(numbers)
{
    static const int32_t unknown[] = {-1, 0, 8, 1000, INT32_MIN, HTTPC_TIMEOUT_FORCE_32_};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        CONFIG(httpc_config_set_timeout(c, unknown[i], 1), "`which`");
    }
    for (int32_t which = HTTPC_TIMEOUT_CONNECT; which <= HTTPC_TIMEOUT_ALL; which++) {
        CONFIG(httpc_config_set_timeout(c, which, HUNDRED_YEARS_MS + 1), "`ms`");
        CONFIG(httpc_config_set_timeout(c, which, UINT64_MAX), "`ms`");
    }
    CONFIG(httpc_config_set_idle_expiry(c, HUNDRED_YEARS_MS + 1), "`ms`");
    CONFIG(httpc_config_set_max_connections(c, 0), "`connections`");
    CONFIG(httpc_config_set_max_connections_per_host(c, 0), "`connections`");
    CONFIG(httpc_config_set_max_headers(c, 1023), "`bytes`");
    CONFIG(httpc_config_set_max_headers(c, 300 * 1024 + 1), "`bytes`");
    CONFIG(httpc_config_set_max_headers(c, 0), "`bytes`");
    CONFIG(httpc_config_set_status_errors(c, 2), "`on`");
    CONFIG(httpc_config_set_status_errors(c, -1), "`on`");
}

TEST(the_largest_numbers_are_fine)
{
    httpc_config *config = new_config();
    for (int32_t which = HTTPC_TIMEOUT_CONNECT; which <= HTTPC_TIMEOUT_ALL; which++) {
        CHECK_CODE(httpc_config_set_timeout(config, which, HUNDRED_YEARS_MS), HTTPC_OK);
    }
    CHECK_CODE(httpc_config_set_idle_expiry(config, HUNDRED_YEARS_MS), HTTPC_OK);
    CHECK_CODE(httpc_config_set_max_connections(config, UINT32_MAX), HTTPC_OK);
    CHECK_CODE(httpc_config_set_max_connections_per_host(config, UINT32_MAX), HTTPC_OK);
    CHECK_CODE(httpc_config_set_max_idle(config, UINT32_MAX), HTTPC_OK);
    CHECK_CODE(httpc_config_set_max_body(config, UINT64_MAX), HTTPC_OK);
    CHECK_CODE(httpc_config_set_max_headers(config, 300 * 1024), HTTPC_OK);
    CHECK_CODE(httpc_config_set_seed(config, UINT64_MAX), HTTPC_OK);
    httpc_client *client = new_client(config);
    CHECK_CODE(code_of(get(client, "/echo")), HTTPC_OK);
    httpc_client_free(client);
}

TEST(addresses_and_files)
{
    CONFIG(httpc_config_set_ca_file(c, NULL), "`path`");
    CONFIG(httpc_config_set_ca_file(c, ""), "`path`");
    CONFIG(httpc_config_set_ca_directory(c, NULL), "`path`");
    CONFIG(httpc_config_set_ca_directory(c, ""), "`path`");
    CONFIG(httpc_config_add_ca_pem(c, NULL, 0), "`pem`");
    CONFIG(httpc_config_add_ca_pem(c, NULL, 1), "`pem`");
    CONFIG(httpc_config_add_ca_pem(c, "", SIZE_MAX), "`pem`");
    CONFIG(httpc_config_set_pinned_keys(c, NULL), "`pins`");
    CONFIG(httpc_config_set_proxy(c, NULL), "`url`");
    CONFIG(httpc_config_set_proxy(c, BAD_UTF8), "`url`");
    CONFIG(httpc_config_set_proxy(c, "http://u:" SECRET "@a\r\nb"), "");
    CONFIG(httpc_config_add_resolve(c, NULL, 80, "127.0.0.1"), "`host`");
    CONFIG(httpc_config_add_resolve(c, "", 80, "127.0.0.1"), "`host`");
    CONFIG(httpc_config_add_resolve(c, "a:b", 80, "127.0.0.1"), "`host`");
    CONFIG(httpc_config_add_resolve(c, "host", 0, "127.0.0.1"), "`port`");
    CONFIG(httpc_config_add_resolve(c, "host", 80, NULL), "`address`");
    CONFIG(httpc_config_add_resolve(c, "host", 80, ""), "`address`");
    CONFIG(httpc_config_add_resolve(c, "host", 80, "localhost"), "`address`");
    CONFIG(httpc_config_add_resolve(c, "host", 80, "1.2.3.4,5.6.7.8"), "`address`");
}

TEST(null_objects)
{
    httpc_error *error = NULL;
    CHECK_CODE(httpc_config_new(NULL, &error), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(error), "`out`");
    httpc_error_free(error);
    CHECK_CODE(httpc_client_new(NULL, NULL, &error), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(error), "`out`");
    httpc_error_free(error);
    CHECK_CODE(httpc_retry_policy_new(NULL, &error), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(error), "`out`");
    httpc_error_free(error);
    CHECK_CODE(httpc_cancel_token_new(NULL, &error), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(error), "`out`");
    httpc_error_free(error);

    const httpc_code codes[] = {
        httpc_config_set_base_url(NULL, "http://a"), httpc_config_set_bearer_token(NULL, "t"),
        httpc_config_set_basic_auth(NULL, "u", "p"), httpc_config_set_header(NULL, "a", "b"),
        httpc_config_set_secret_header(NULL, "a", "b"), httpc_config_set_user_agent(NULL, "a"),
        httpc_config_set_timeout(NULL, HTTPC_TIMEOUT_READ, 1), httpc_config_set_max_connections(NULL, 1),
        httpc_config_set_max_connections_per_host(NULL, 1), httpc_config_set_max_idle(NULL, 1),
        httpc_config_set_idle_expiry(NULL, 1), httpc_config_set_retry(NULL, NULL),
        httpc_config_set_status_errors(NULL, 1), httpc_config_set_max_body(NULL, 1),
        httpc_config_set_max_headers(NULL, 2000), httpc_config_set_ca_file(NULL, "a"), httpc_config_set_proxy(NULL, ""),
        httpc_config_set_ca_directory(NULL, "a"), httpc_config_add_ca_pem(NULL, "a", 1), httpc_config_set_system_ca(NULL, 1),
        httpc_config_set_client_certificate(NULL, "a", NULL, NULL), httpc_config_set_client_pkcs12(NULL, "a", NULL),
        httpc_config_set_client_certificate_pem(NULL, "a", 1, NULL, 0, NULL),
        httpc_config_set_client_pkcs12_data(NULL, "a", 1, NULL), httpc_config_set_min_tls_version(NULL, HTTPC_TLS_1_2),
        httpc_config_set_pinned_keys(NULL, ""), httpc_config_dangerously_skip_certificate_verification(NULL, 0),
        httpc_config_dangerously_skip_host_name_check(NULL, 0), httpc_config_set_keep_certificates(NULL, 1),
        httpc_config_add_resolve(NULL, "h", 1, "127.0.0.1"), httpc_config_set_seed(NULL, 1),
        httpc_retry_policy_set_max_attempts(NULL, 1), httpc_retry_policy_set_backoff(NULL, 1, 1, 1),
        httpc_retry_policy_set_jitter(NULL, 0), httpc_retry_policy_set_statuses(NULL, NULL, 0),
        httpc_retry_policy_set_methods(NULL, NULL, 0), httpc_retry_policy_set_retry_after(NULL, 1, 0),
        httpc_retry_policy_set_retry_throttled(NULL, 1), httpc_retry_policy_set_throttled_base(NULL, 1),
        httpc_retry_policy_set_budget(NULL, 1, 1, 1), httpc_request_add_query(NULL, "a", "b"),
        httpc_request_set_body(NULL, NULL, NULL, 0), httpc_request_set_json(NULL, "{}"),
        httpc_request_set_timeout(NULL, HTTPC_TIMEOUT_READ, 1), httpc_request_set_retry(NULL, NULL),
        httpc_request_set_status_errors(NULL, 1), httpc_request_set_max_body(NULL, 1),
        httpc_request_set_idempotency_key(NULL, "k"), httpc_request_set_idempotent(NULL, 1),
        httpc_request_set_cancel_token(NULL, NULL),
    };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (!CHECK_CODE(codes[i], HTTPC_E_INVALID_ARG)) {
            fprintf(stderr, "  number %zu\n", i);
        }
    }
}

static void expect_policy_refused(int line, httpc_retry_policy *policy, httpc_code code, const char *argument)
{
    const httpc_error *kept = httpc_retry_policy_error(policy);
    if (!CHECK_CODE(code, HTTPC_E_INVALID_ARG) || !CHECK_HAS(httpc_error_detail(kept), argument) || !clean_error(kept)) {
        fprintf(stderr, "  called from line %d: %s\n", line, httpc_error_detail(kept));
    }
    httpc_retry_policy_free(policy);
}

#define POLICY(call, argument)                                                                                           \
    do {                                                                                                                 \
        httpc_retry_policy *p = new_policy();                                                                            \
        httpc_code setter_code = (call);                                                                                 \
        expect_policy_refused(__LINE__, p, setter_code, argument);                                                       \
    } while (0)

TEST(retry_policies)
{
    const double zero = 0;
    const char *methods[] = {"GET", NULL}, *no_token[] = {"GE T"}, *empty[] = {""}, *bad_utf8[] = {BAD_UTF8};
    const int32_t low[] = {200, 99}, high[] = {600}, negative[] = {-1};
    POLICY(httpc_retry_policy_set_max_attempts(p, 0), "`attempts`");
    POLICY(httpc_retry_policy_set_backoff(p, HUNDRED_YEARS_MS + 1, 2, 1), "`base_ms`");
    POLICY(httpc_retry_policy_set_backoff(p, 1, 2, UINT64_MAX), "`cap_ms`");
    POLICY(httpc_retry_policy_set_backoff(p, 1, 0.99, 1), "`multiplier`");
    POLICY(httpc_retry_policy_set_backoff(p, 1, -1, 1), "`multiplier`");
    POLICY(httpc_retry_policy_set_backoff(p, 1, zero / zero, 1), "`multiplier`");
    POLICY(httpc_retry_policy_set_backoff(p, 1, 1 / zero, 1), "`multiplier`");
    POLICY(httpc_retry_policy_set_jitter(p, -1), "`jitter`");
    POLICY(httpc_retry_policy_set_jitter(p, 5), "`jitter`");
    POLICY(httpc_retry_policy_set_jitter(p, HTTPC_JITTER_FORCE_32_), "`jitter`");
    POLICY(httpc_retry_policy_set_statuses(p, NULL, 1), "`statuses`");
    POLICY(httpc_retry_policy_set_statuses(p, low, 2), "`statuses`");
    POLICY(httpc_retry_policy_set_statuses(p, high, 1), "`statuses`");
    POLICY(httpc_retry_policy_set_statuses(p, negative, 1), "`statuses`");
    POLICY(httpc_retry_policy_set_statuses(p, low, SIZE_MAX), "`statuses`");
    POLICY(httpc_retry_policy_set_methods(p, NULL, 1), "`methods`");
    POLICY(httpc_retry_policy_set_methods(p, methods, 2), "`methods`");
    POLICY(httpc_retry_policy_set_methods(p, no_token, 1), "`methods`");
    POLICY(httpc_retry_policy_set_methods(p, empty, 1), "`methods`");
    POLICY(httpc_retry_policy_set_methods(p, bad_utf8, 1), "`methods`");
    POLICY(httpc_retry_policy_set_retry_after(p, 2, 0), "`on`");
    POLICY(httpc_retry_policy_set_retry_after(p, 1, UINT64_MAX), "`max_ms`");
    POLICY(httpc_retry_policy_set_retry_throttled(p, -1), "`on`");
    POLICY(httpc_retry_policy_set_throttled_base(p, HUNDRED_YEARS_MS + 1), "`base_ms`");
}

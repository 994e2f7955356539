/* TLS: what a connection must be like (versions, pins, the switches against verification), and what is told of it. */
#include "async.h"
#include "files.h"

static httpc_config *trusting_config(void)
{
    httpc_config *config = new_config();
    httpc_config_set_ca_file(config, address("CA"));
    httpc_config_set_bearer_token(config, SECRET);
    return config;
}

static struct outcome get_over_tls(httpc_client *client, const char *name)
{
    return get(client, text("%s/tls", address(name)));
}

/* ---- Versions ---- */

TEST(the_newest_version_is_spoken)
{
    static const struct {
        const char *name;
        httpc_tls_version version;
        const char *as_the_server_says;
    } servers[] = {{"TLS", HTTPC_TLS_1_3, "TLSv1.3"}, {"TLS_1_2", HTTPC_TLS_1_2, "TLSv1.2"}};
    httpc_client *client = new_client(trusting_config());
    for (size_t i = 0; i < sizeof servers / sizeof servers[0]; i++) {
        struct outcome o = get_over_tls(client, servers[i].name);
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_EQ(httpc_response_tls_version(o.response), servers[i].version);
        CHECK_STR(httpc_response_json_string(o.response, "/version", NULL), servers[i].as_the_server_says);
        CHECK_STR(httpc_response_tls_cipher(o.response), httpc_response_json_string(o.response, "/cipher", NULL));
        done(&o);
    }
    httpc_client_free(client);
}

TEST(the_least_version_can_be_raised)
{
    httpc_config *config = trusting_config();
    CHECK_CODE(httpc_config_set_min_tls_version(config, HTTPC_TLS_1_3), HTTPC_OK);
    httpc_client *client = new_client(config);
    CHECK_CODE(code_of(get_over_tls(client, "TLS")), HTTPC_OK);
    struct outcome o = get_over_tls(client, "TLS_1_2");
    CHECK_CODE(o.code, HTTPC_E_TLS);
    CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_NEVER_SENT);
    CHECK_EQ(attempts(&o), 1);
    done(&o);
    httpc_client_free(client);
}

TEST(unknown_versions_are_refused)
{
    static const int32_t unknown[] = {-1, 0, 1, 11, 14, INT32_MAX};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        httpc_config *config = new_config();
        CHECK_CODE(httpc_config_set_min_tls_version(config, unknown[i]), HTTPC_E_INVALID_ARG);
        CHECK_HAS(httpc_error_detail(httpc_config_error(config)), "`version`");
        httpc_config_free(config);
    }
}

/* ---- Pins ---- */

#define OTHER_PIN "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static httpc_client *pinning_client(const char *pins)
{
    httpc_config *config = trusting_config();
    CHECK_CODE(httpc_config_set_pinned_keys(config, pins), HTTPC_OK);
    return new_client(config);
}

TEST(a_pinned_key_lets_through)
{
    const char *lists[] = {address("TLS_PIN"), text(OTHER_PIN ";%s", address("TLS_PIN")), ""};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        httpc_client *client = pinning_client(lists[i]);
        CHECK_CODE(code_of(get_over_tls(client, "TLS")), HTTPC_OK);
        CHECK_CODE(code_of(get(client, "/echo")), HTTPC_OK); /* without TLS there is no key */
        httpc_client_free(client);
    }
}

TEST(another_key_is_final_and_nothing_is_sent)
{
    httpc_client *client = pinning_client(OTHER_PIN);
    const char *key = new_key();
    const char *url = text("%s/echo?key=%s", address("TLS"), key);
    for (int i = 0; i < 2; i++) {
        struct outcome o = i == 0 ? get(client, url) : submit_and_wait(client, new_request("GET", url));
        CHECK_CODE(o.code, HTTPC_E_CERTIFICATE);
        CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_NEVER_SENT);
        CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_NOT_RETRYABLE);
        CHECK_EQ(attempts(&o), 1);
        CHECK_HAS(httpc_error_detail(o.error), "pinned");
        clean_error(o.error);
        done(&o);
    }
    CHECK_EQ(server_count(key), 0);
    httpc_client_free(client);
}

TEST(malformed_pins_are_refused_at_once)
{
    static const char *const bad[] = {
        "AAAA", "sha1//AAAA", "sha256//", "sha256//AAAA", "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        OTHER_PIN ";", ";" OTHER_PIN, OTHER_PIN "," OTHER_PIN, OTHER_PIN ";/etc/hostname", " " OTHER_PIN,
        "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "sha256//" SECRET,
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        httpc_config *config = new_config();
        if (!CHECK_CODE(httpc_config_set_pinned_keys(config, bad[i]), HTTPC_E_INVALID_ARG)) {
            fprintf(stderr, "  for %s\n", bad[i]);
        }
        CHECK_HAS(httpc_error_detail(httpc_config_error(config)), "`pins`");
        clean_error(httpc_config_error(config));
        httpc_config_free(config);
    }
}

/* ---- Without verification ---- */

struct lines {
    unsigned count;
    char last[256];
};

static void keep_line(void *userdata, httpc_log_level level, const char *line)
{
    struct lines *lines = userdata;
    if (level == HTTPC_LOG_WARN) {
        lines->count++;
        snprintf(lines->last, sizeof lines->last, "%s", line);
    }
}

TEST(verification_can_be_turned_off_which_is_logged)
{
    static const char *const names[] = {"TLS", "TLS_EXPIRED", "TLS_WRONG_HOST", "TLS_SELF_SIGNED", "TLS_UNKNOWN_CA"};
    struct lines lines = {0, ""};
    httpc_config *config = new_config();
    CHECK_CODE(httpc_config_dangerously_skip_certificate_verification(config, 1), HTTPC_OK);
    httpc_config_set_log(config, HTTPC_LOG_WARN, keep_line, &lines, NULL);
    httpc_client *client = new_client(config);
    CHECK_EQ(lines.count, 1);
    CHECK_HAS(lines.last, "not verified");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!CHECK_CODE(code_of(get_over_tls(client, names[i])), HTTPC_OK)) {
            fprintf(stderr, "  for %s\n", names[i]);
        }
    }
    CHECK_EQ(lines.count, 1);
    httpc_client_free(client);
}

TEST(host_names_alone_can_be_left_unchecked)
{
    struct lines lines = {0, ""};
    httpc_config *config = trusting_config();
    CHECK_CODE(httpc_config_dangerously_skip_host_name_check(config, 1), HTTPC_OK);
    httpc_config_set_log(config, HTTPC_LOG_WARN, keep_line, &lines, NULL);
    httpc_client *client = new_client(config);
    CHECK_EQ(lines.count, 1);
    CHECK_HAS(lines.last, "host names");
    CHECK_CODE(code_of(get_over_tls(client, "TLS_WRONG_HOST")), HTTPC_OK);
    CHECK_CODE(code_of(get_over_tls(client, "TLS_UNKNOWN_CA")), HTTPC_E_CERTIFICATE);
    CHECK_CODE(code_of(get_over_tls(client, "TLS_EXPIRED")), HTTPC_E_CERTIFICATE);
    httpc_client_free(client);
}

TEST(pins_hold_without_verification)
{
    static const char *const pins[] = {NULL, OTHER_PIN};
    for (size_t i = 0; i < sizeof pins / sizeof pins[0]; i++) {
        httpc_config *config = new_config();
        httpc_config_dangerously_skip_certificate_verification(config, 1);
        httpc_config_set_pinned_keys(config, pins[i] != NULL ? pins[i] : address("TLS_PIN"));
        httpc_client *client = new_client(config);
        CHECK_CODE(code_of(get_over_tls(client, "TLS")), pins[i] == NULL ? HTTPC_OK : HTTPC_E_CERTIFICATE);
        httpc_client_free(client);
    }
}

TEST(a_proxy_is_verified_all_the_same)
{
    httpc_config *config = new_config();
    httpc_config_dangerously_skip_certificate_verification(config, 1);
    httpc_config_dangerously_skip_host_name_check(config, 1);
    httpc_config_set_proxy(config, address("TLS"));
    httpc_client *client = new_client(config);
    CHECK_CODE(code_of(get(client, "http://behind.test/echo")), HTTPC_E_CERTIFICATE);
    CHECK_CODE(code_of(get(client, "https://behind.test/echo")), HTTPC_E_CERTIFICATE);
    httpc_client_free(client);
}

TEST(switches_are_0_or_1)
{
    httpc_config *config = new_config();
    CHECK_CODE(httpc_config_dangerously_skip_certificate_verification(config, 2), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_config_dangerously_skip_host_name_check(config, -1), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_config_set_system_ca(config, 2), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_config_set_keep_certificates(config, 2), HTTPC_E_INVALID_ARG);
    httpc_config_free(config);
}

/* ---- Sessions ---- */

static bool is_resumed(const struct outcome *o)
{
    bool resumed = false;
    CHECK_CODE(httpc_response_json_bool(o->response, "/resumed", &resumed, NULL), HTTPC_OK);
    return resumed;
}

/* One connection for each call. */
static httpc_client *unpooled_client(httpc_config *config)
{
    httpc_config_set_max_idle(config, 0);
    return new_client(config);
}

TEST(the_second_connection_resumes_the_session)
{
    static const char *const names[] = {"TLS", "TLS_1_2"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        httpc_client *client = unpooled_client(trusting_config());
        for (int call = 0; call < 3; call++) {
            struct outcome o = get_over_tls(client, names[i]);
            CHECK(!httpc_response_reused(o.response));
            CHECK_EQ(is_resumed(&o), call > 0);
            CHECK(httpc_response_tls_version(o.response) != HTTPC_TLS_NONE);
            done(&o);
        }
        httpc_client_free(client);
    }
}

TEST(a_resumed_session_proves_the_client_as_well)
{
    httpc_config *config = trusting_config();
    httpc_config_set_base_url(config, address("TLS_CLIENT_CERT"));
    httpc_config_set_client_certificate(config, address("CLIENT_CERT"), address("CLIENT_KEY"), NULL);
    httpc_client *client = unpooled_client(config);
    for (int call = 0; call < 2; call++) {
        struct outcome o = get_over_tls(client, "TLS_CLIENT_CERT");
        CHECK_EQ(is_resumed(&o), call > 0);
        CHECK_STR(httpc_response_json_string(o.response, "/client", NULL), "test client");
        done(&o);
    }
    httpc_client_free(client);
}

TEST(a_pin_holds_for_a_resumed_session)
{
    httpc_config *config = trusting_config();
    httpc_config_set_pinned_keys(config, address("TLS_PIN"));
    httpc_client *client = unpooled_client(config);
    for (int call = 0; call < 2; call++) {
        struct outcome o = get_over_tls(client, "TLS");
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_EQ(is_resumed(&o), call > 0);
        done(&o);
    }
    httpc_client_free(client);
}

static void *resume_on_another_thread(void *client)
{
    struct outcome o = get_over_tls(client, "TLS");
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK(is_resumed(&o));
    done(&o);
    return NULL;
}

TEST(threads_and_engine_threads_share_sessions)
{
    httpc_client *client = unpooled_client(trusting_config());
    struct outcome o = get_over_tls(client, "TLS");
    CHECK(!is_resumed(&o));
    done(&o);
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, resume_on_another_thread, client), 0);
    pthread_join(thread, NULL);
    o = submit_and_wait(client, new_request("GET", text("%s/tls", address("TLS"))));
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK(is_resumed(&o));
    done(&o);
    httpc_client_free(client);
}

/* ---- Certificates ---- */

/* The chain of two, the server's own first. */
static void check_chain(const httpc_response *response)
{
    CHECK_EQ(httpc_response_certificate_count(response), 2);
    for (size_t i = 0; i < 2; i++) {
        size_t length = 0;
        const unsigned char *der = httpc_response_certificate_der(response, i, &length);
        const char *pem = httpc_response_certificate_pem(response, i);
        if (CHECK(der != NULL) && CHECK(pem != NULL)) {
            CHECK_EQ(der[0], 0x30); /* a SEQUENCE */
            CHECK(memmem(der, length, i == 0 ? "localhost" : "testserver intermediate", i == 0 ? 9 : 23) != NULL);
            CHECK_HAS(pem, "-----END CERTIFICATE-----\n");
            CHECK(der == httpc_response_certificate_der(response, i, NULL));
            CHECK(pem == httpc_response_certificate_pem(response, i));
        }
    }
    size_t length = 1;
    CHECK(httpc_response_certificate_der(response, 2, &length) == NULL);
    CHECK_EQ(length, 0);
    CHECK(httpc_response_certificate_pem(response, 2) == NULL);
}

static httpc_config *keeping_config(void)
{
    httpc_config *config = trusting_config();
    CHECK_CODE(httpc_config_set_keep_certificates(config, 1), HTTPC_OK);
    return config;
}

TEST(the_chain_is_kept_on_new_and_used_connections)
{
    httpc_client *client = new_client(keeping_config());
    for (int call = 0; call < 2; call++) {
        struct outcome o = get_over_tls(client, "TLS_CHAIN");
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_EQ(httpc_response_reused(o.response), call > 0);
        check_chain(o.response);
        done(&o);
        o = submit_and_wait(client, new_request("GET", text("%s/tls", address("TLS_CHAIN"))));
        check_chain(o.response);
        done(&o);
    }
    httpc_client_free(client);
}

TEST(the_chain_is_whole_on_every_new_connection)
{
    httpc_client *client = unpooled_client(keeping_config());
    for (int call = 0; call < 2; call++) {
        struct outcome o = get_over_tls(client, "TLS_CHAIN");
        CHECK(!httpc_response_reused(o.response));
        check_chain(o.response);
        done(&o);
    }
    httpc_client_free(client);
}

TEST(a_certificate_in_pem_form_is_one_that_can_be_trusted)
{
    httpc_client *client = new_client(keeping_config());
    struct outcome o = get_over_tls(client, "TLS");
    CHECK_EQ(httpc_response_certificate_count(o.response), 1);
    const char *pem = httpc_response_certificate_pem(o.response, 0);
    httpc_config *config = new_config();
    CHECK_CODE(httpc_config_add_ca_pem(config, pem, strlen(pem)), HTTPC_OK);
    httpc_client *trusting = new_client(config);
    CHECK_CODE(code_of(get_over_tls(trusting, "TLS")), HTTPC_OK);
    done(&o);
    httpc_client_free(trusting);
    httpc_client_free(client);
}

TEST(an_error_status_carries_the_chain_too)
{
    httpc_client *client = new_client(keeping_config());
    struct outcome o = get(client, text("%s/status/404", address("TLS_CHAIN")));
    CHECK_CODE(o.code, HTTPC_E_STATUS);
    check_chain(httpc_error_response(o.error));
    done(&o);
    httpc_client_free(client);
}

TEST(nothing_is_kept_unasked)
{
    httpc_client *client = new_client(trusting_config());
    struct outcome o = get_over_tls(client, "TLS_CHAIN");
    CHECK_EQ(httpc_response_certificate_count(o.response), 0);
    CHECK(httpc_response_certificate_pem(o.response, 0) == NULL);
    done(&o);
    httpc_client_free(client);
}

TEST(without_tls_there_is_nothing_to_tell)
{
    httpc_config *config = keeping_config();
    httpc_client *direct = new_client(keeping_config());
    /* What is between the client and its proxy says nothing of the server. */
    httpc_config_set_proxy(config, address("TLS"));
    httpc_client *by_proxy = new_client(config);
    struct outcome outcomes[] = {get(direct, "/echo"), get(by_proxy, "http://behind.test/echo")};
    for (size_t i = 0; i < 2; i++) {
        CHECK_CODE(outcomes[i].code, HTTPC_OK);
        CHECK_EQ(httpc_response_tls_version(outcomes[i].response), HTTPC_TLS_NONE);
        CHECK_STR(httpc_response_tls_cipher(outcomes[i].response), "");
        CHECK_EQ(httpc_response_certificate_count(outcomes[i].response), 0);
        done(&outcomes[i]);
    }
    CHECK_EQ(httpc_response_tls_version(NULL), HTTPC_TLS_NONE);
    CHECK_STR(httpc_response_tls_cipher(NULL), "");
    CHECK_EQ(httpc_response_certificate_count(NULL), 0);
    CHECK(httpc_response_certificate_der(NULL, 0, NULL) == NULL);
    CHECK(httpc_response_certificate_pem(NULL, 0) == NULL);
    httpc_client_free(direct);
    httpc_client_free(by_proxy);
}

TEST(http2_connections_tell_it_for_every_call)
{
    NEEDS_NEW_LIBCURL("speak HTTP/2");
    httpc_client *client = new_client(keeping_config());
    for (int call = 0; call < 2; call++) {
        struct outcome o = submit_and_wait(client, new_request("GET", text("%s/echo", address("TLS_H2"))));
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_EQ(httpc_response_http_version(o.response), HTTPC_HTTP_2);
        CHECK_EQ(httpc_response_reused(o.response), call > 0);
        CHECK_EQ(httpc_response_tls_version(o.response), HTTPC_TLS_1_3);
        CHECK_EQ(httpc_response_certificate_count(o.response), 1);
        done(&o);
    }
    httpc_client_free(client);
}

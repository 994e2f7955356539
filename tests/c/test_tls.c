/* TLS: whom the client trusts, and that a bad certificate is final while nothing of the request goes out. */
#include "server.h"

static httpc_client *trusting_client(void)
{
    httpc_config *config = new_config();
    httpc_config_set_ca_file(config, address("CA"));
    httpc_config_set_bearer_token(config, SECRET);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_CONNECT, 300);
    return new_client(config);
}

/* Checks and frees. */
static void expect_refused(struct outcome o, httpc_code code, unsigned wanted_attempts, const char *what)
{
    bool good = CHECK_CODE(o.code, code);
    good &= CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_NEVER_SENT);
    good &= wanted_attempts == 0 || CHECK_EQ(attempts(&o), wanted_attempts);
    good &= CHECK(httpc_error_response(o.error) == NULL);
    good &= clean_error(o.error);
    if (!good) {
        fprintf(stderr, "  for %s: %s\n", what, httpc_error_detail(o.error));
    }
    done(&o);
}

TEST(the_servers_authority_is_trusted)
{
    httpc_client *client = trusting_client();
    for (int i = 0; i < 3; i++) {
        struct outcome o = get(client, text("%s/echo", address("TLS")));
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_EQ(httpc_response_reused(o.response), i > 0);
        CHECK_EQ(httpc_response_time_us(o.response, HTTPC_PHASE_SECURED) > 0, i == 0);
        CHECK_EQ(httpc_response_http_version(o.response), HTTPC_HTTP_1_1);
        done(&o);
    }
    httpc_client_free(client);
}

TEST(large_bodies_pass_both_ways)
{
    static char big[3 << 20];
    memset(big, 'b', sizeof big - 1);
    httpc_client *client = trusting_client();
    struct outcome o = post(client, text("%s/echo", address("TLS")), big);
    CHECK_CODE(o.code, HTTPC_OK);
    size_t length = 0;
    CHECK(httpc_response_json_string(o.response, "/body", &length) != NULL);
    CHECK_EQ(length, sizeof big - 1);
    done(&o);
    httpc_client_free(client);
}

TEST(the_system_store_does_not_know_it)
{
    httpc_client *client = new_client(NULL);
    const char *key = new_key();
    struct outcome o = get(client, text("%s/echo?key=%s", address("TLS"), key));
    CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_NOT_RETRYABLE);
    expect_refused(o, HTTPC_E_CERTIFICATE, 1, "TLS without its authority");
    CHECK_EQ(server_count(key), 0);
    httpc_client_free(client);
}

TEST(bad_certificates_are_refused_and_not_tried_again)
{
    static const char *const names[] = {
        "TLS_EXPIRED", "TLS_NOT_YET", "TLS_WRONG_HOST", "TLS_SELF_SIGNED", "TLS_UNKNOWN_CA", "TLS_NO_INTERMEDIATE",
        "TLS_WRONG_USAGE", "TLS_WEAK",
    };
    httpc_client *client = trusting_client();
    const char *key = new_key();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct outcome o = get(client, text("%s/echo?key=%s", address(names[i]), key));
        CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_NOT_RETRYABLE);
        expect_refused(o, HTTPC_E_CERTIFICATE, 1, names[i]);
    }
    CHECK_EQ(server_count(key), 0);
    CHECK_CODE(code_of(get(client, text("%s/echo", address("TLS")))), HTTPC_OK);
    httpc_client_free(client);
}

TEST(other_faults_have_their_own_codes)
{
    httpc_client *client = trusting_client();
    expect_refused(get(client, address("TLS_GARBAGE")), HTTPC_E_TLS, 0, "no TLS at all");
    expect_refused(get(client, address("TLS_CLOSE")), HTTPC_E_TLS, 0, "closed in the handshake");
    expect_refused(get(client, address("TLS_STALL")), HTTPC_E_TIMEOUT_CONNECT, 3, "silence in the handshake");
    expect_refused(get(client, address("TLS_OLD")), HTTPC_E_TLS, 0, "an old version");

    struct outcome o = get(client, address("TLS_TRUNCATE"));
    CHECK_CODE(o.code, HTTPC_E_TRUNCATED);
    clean_error(o.error);
    done(&o);

    /* With TLS 1.3 the server says so only after the request went out. */
    o = get(client, text("%s/echo", address("TLS_CLIENT_CERT")));
    CHECK_CODE(o.code, HTTPC_E_TLS);
    clean_error(o.error);
    done(&o);
    httpc_client_free(client);
}

TEST(a_body_that_only_the_end_ends_is_whole_after_a_close_notify)
{
    httpc_client *client = trusting_client();
    for (int i = 0; i < 3; i++) {
        /* "HTTP/1.1 200 OK", an empty line, "until the end" */
        struct outcome o = get(client, text("%s/raw?hex=485454502f312e3120323030204f4b0d0a0d0a756e74696c2074686520656e64",
                                            address("TLS")));
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_STR(body(&o), "until the end");
        done(&o);
    }
    httpc_client_free(client);
}

TEST(an_answer_without_a_body_cannot_be_cut_off)
{
    httpc_client *client = trusting_client();
    struct outcome o = {HTTPC_OK, NULL, NULL, 0};
    o.code = httpc_head(client, address("TLS_TRUNCATE"), &o.response, &o.error);
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(attempts(&o), 1);
    done(&o);
    httpc_client_free(client);
}

TEST(plain_http_to_a_tls_port_is_no_answer)
{
    httpc_client *client = trusting_client();
    struct outcome o = get(client, text("http://%s/echo", address("TLS") + strlen("https://")));
    CHECK(o.code == HTTPC_E_IO || o.code == HTTPC_E_PROTOCOL);
    clean_error(o.error);
    done(&o);
    httpc_client_free(client);
}

TEST(a_resolved_address_does_not_change_whose_certificate_is_wanted)
{
    httpc_config *config = new_config();
    httpc_config_set_ca_file(config, address("CA"));
    unsigned port = 0;
    CHECK_EQ(sscanf(address("TLS"), "https://localhost:%u", &port), 1);
    httpc_config_add_resolve(config, "other.test", (uint16_t)port, "127.0.0.1");
    httpc_client *client = new_client(config);
    expect_refused(get(client, text("https://other.test:%u/echo", port)), HTTPC_E_CERTIFICATE, 1, "another name");
    httpc_client_free(client);
}

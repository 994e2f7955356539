/* TLS: the client's own certificate: its forms, to whom it is shown, and what is told of bad ones before any call. */
#include "files.h"
#include "server.h"

static httpc_config *trusting_config(void)
{
    httpc_config *config = new_config();
    httpc_config_set_ca_file(config, address("CA"));
    httpc_config_set_bearer_token(config, SECRET);
    httpc_config_set_base_url(config, address("TLS_CLIENT_CERT"));
    return config;
}

static httpc_config *certified_config(const char *certificate, const char *key, const char *password)
{
    httpc_config *config = trusting_config();
    CHECK_CODE(httpc_config_set_client_certificate(config, certificate, key, password), HTTPC_OK);
    return config;
}

/* Takes the config. */
static void expect_known_as(httpc_config *config, const char *name)
{
    httpc_client *client = new_client(config);
    for (int i = 0; i < 2; i++) {
        struct outcome o = get(client, "/tls");
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_STR(httpc_response_json_string(o.response, "/client", NULL), name);
        done(&o);
    }
    httpc_client_free(client);
}

/* Takes the config, whose client must not come to be. */
static void expect_no_client(httpc_config *config, httpc_code code, const char *names, const char *says)
{
    httpc_client *client = NULL;
    httpc_error *error = NULL;
    CHECK_CODE(httpc_client_new(config, &client, &error), code);
    CHECK(client == NULL);
    clean_error(error);
    CHECK_HAS(httpc_error_detail(error), names);
    CHECK_HAS(httpc_error_detail(error), says);
    httpc_error_free(error);
    httpc_config_free(config);
}

/* ---- Forms ---- */

TEST(pem_files)
{
    expect_known_as(certified_config(address("CLIENT_CERT"), address("CLIENT_KEY"), NULL), "test client");
}

TEST(a_key_with_a_password)
{
    expect_known_as(certified_config(address("CLIENT_CERT"), address("CLIENT_KEY_ENCRYPTED"), SECRET), "test client");
}

TEST(an_intermediate_authority_and_the_key_in_one_file)
{
    expect_known_as(certified_config(address("CLIENT_CHAIN"), NULL, NULL), "test client 2");
}

TEST(pkcs12)
{
    httpc_config *config = trusting_config();
    CHECK_CODE(httpc_config_set_client_pkcs12(config, address("CLIENT_P12"), SECRET), HTTPC_OK);
    expect_known_as(config, "test client 2");
}

TEST(both_from_memory)
{
    size_t chain_length = 0, key_length = 0, p12_length = 0;
    char *chain = file_content(address("CLIENT_CERT"), &chain_length);
    char *key = file_content(address("CLIENT_KEY_ENCRYPTED"), &key_length);
    char *p12 = file_content(address("CLIENT_P12"), &p12_length);

    httpc_config *config = trusting_config();
    CHECK_CODE(httpc_config_set_client_certificate_pem(config, chain, chain_length, key, key_length, SECRET), HTTPC_OK);
    httpc_config *other = trusting_config();
    CHECK_CODE(httpc_config_set_client_pkcs12_data(other, p12, p12_length, SECRET), HTTPC_OK);
    free(chain);
    free(key);
    free(p12);
    expect_known_as(config, "test client");
    expect_known_as(other, "test client 2");

    chain = file_content(address("CLIENT_CHAIN"), &chain_length);
    config = trusting_config();
    CHECK_CODE(httpc_config_set_client_certificate_pem(config, chain, chain_length, NULL, 0, NULL), HTTPC_OK);
    free(chain);
    expect_known_as(config, "test client 2");
}

TEST(the_one_set_last_counts)
{
    httpc_config *config = certified_config("/no/such/file", NULL, NULL);
    CHECK_CODE(httpc_config_set_client_certificate(config, address("CLIENT_CHAIN"), NULL, NULL), HTTPC_OK);
    expect_known_as(config, "test client 2");
}

TEST(submitted_calls_show_it_too)
{
    httpc_client *client = new_client(certified_config(address("CLIENT_CERT"), address("CLIENT_KEY"), NULL));
    httpc_request *request = new_request("GET", "/tls");
    httpc_call *call = NULL;
    struct outcome o = {HTTPC_OK, NULL, NULL, 0};
    CHECK_CODE(httpc_submit(client, request, NULL, NULL, &call, NULL), HTTPC_OK);
    CHECK_CODE(httpc_call_wait(call, HTTPC_FOREVER, NULL), HTTPC_OK);
    CHECK_CODE(httpc_call_take_result(call, &o.response, &o.error), HTTPC_OK);
    CHECK_STR(httpc_response_json_string(o.response, "/client", NULL), "test client");
    done(&o);
    httpc_call_free(call);
    httpc_request_free(request);
    httpc_client_free(client);
}

/* ---- To whom it is shown ---- */

TEST(without_one_the_server_refuses)
{
    httpc_client *client = new_client(trusting_config());
    struct outcome o = get(client, "/tls");
    CHECK_CODE(o.code, HTTPC_E_TLS);
    CHECK_EQ(attempts(&o), 1);
    clean_error(o.error);
    done(&o);
    httpc_client_free(client);
}

TEST(it_is_shown_to_the_base_urls_server_only)
{
    const char *elsewhere = text("%s/tls", address("TLS_CLIENT_CERT_1_2"));
    httpc_client *client = new_client(certified_config(address("CLIENT_CERT"), address("CLIENT_KEY"), NULL));
    CHECK_CODE(code_of(get(client, elsewhere)), HTTPC_E_TLS);
    CHECK_CODE(code_of(get(client, text("/redirect/302?to=%s", elsewhere))), HTTPC_E_TLS);
    CHECK_CODE(code_of(get(client, "/tls")), HTTPC_OK);
    httpc_client_free(client);
}

TEST(without_a_base_url_it_is_for_all)
{
    httpc_config *config = NULL;
    CHECK_CODE(httpc_config_new(&config, NULL), HTTPC_OK);
    httpc_config_set_ca_file(config, address("CA"));
    httpc_config_set_client_certificate(config, address("CLIENT_CERT"), address("CLIENT_KEY"), NULL);
    httpc_client *client = new_client(config);
    CHECK_CODE(code_of(get(client, text("%s/tls", address("TLS_CLIENT_CERT_1_2")))), HTTPC_OK);
    CHECK_CODE(code_of(get(client, text("%s/tls", address("TLS_CLIENT_CERT")))), HTTPC_OK);
    httpc_client_free(client);
}

/* A proxy over TLS that wants a certificate: the server's route takes plain requests as a proxy would. */
TEST(it_is_not_shown_to_a_proxy)
{
    httpc_config *config = NULL;
    CHECK_CODE(httpc_config_new(&config, NULL), HTTPC_OK);
    httpc_config_set_ca_file(config, address("CA"));
    httpc_config_set_client_certificate(config, address("CLIENT_CERT"), address("CLIENT_KEY"), NULL);
    CHECK_CODE(httpc_config_set_proxy(config, address("TLS_CLIENT_CERT_1_2")), HTTPC_OK);
    httpc_client *client = new_client(config);
    static const char *const urls[] = {"http://behind.test/echo", "https://behind.test/echo"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct outcome o = get(client, urls[i]);
        CHECK_CODE(o.code, HTTPC_E_TLS);
        CHECK_HAS(httpc_error_detail(o.error), "alert handshake failure");
        done(&o);
    }
    httpc_client_free(client);
}

/* ---- Bad ones ---- */

TEST(files_that_are_not_there)
{
    httpc_config *config = certified_config("/no/such/file", NULL, NULL);
    expect_no_client(config, HTTPC_E_FILE, "client certificate /no/such/file", "");
    config = certified_config(address("CLIENT_CERT"), "/no/such/key", NULL);
    expect_no_client(config, HTTPC_E_FILE, "client key /no/such/key", "");
    config = trusting_config();
    httpc_config_set_client_pkcs12(config, "/no/such/p12", SECRET);
    expect_no_client(config, HTTPC_E_FILE, "client certificate /no/such/p12", "");
}

TEST(passwords_that_are_missing_or_wrong)
{
    const char *key = address("CLIENT_KEY_ENCRYPTED"), *p12 = address("CLIENT_P12");
    expect_no_client(certified_config(address("CLIENT_CERT"), key, NULL), HTTPC_E_TLS, key, "no password was given");
    expect_no_client(certified_config(address("CLIENT_CERT"), key, SECRET "x"), HTTPC_E_TLS, key, "password is wrong");
    expect_no_client(certified_config(address("CLIENT_CERT"), key, ""), HTTPC_E_TLS, key, "password is wrong");
    static const struct {
        const char *password, *says;
    } tries[] = {{NULL, "no password was given"}, {"", "password is wrong"}, {SECRET "x", "password is wrong"}};
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        httpc_config *config = trusting_config();
        httpc_config_set_client_pkcs12(config, p12, tries[i].password);
        expect_no_client(config, HTTPC_E_TLS, p12, tries[i].says);
    }
}

TEST(files_of_another_kind)
{
    const char *certificate = address("CLIENT_CERT"), *key = address("CLIENT_KEY"), *p12 = address("CLIENT_P12");
    expect_no_client(certified_config(key, NULL, NULL), HTTPC_E_TLS, key, "no certificate");
    expect_no_client(certified_config(certificate, NULL, NULL), HTTPC_E_TLS, certificate, "no good private key");
    expect_no_client(certified_config(certificate, address("CA"), NULL), HTTPC_E_TLS, address("CA"), "no good private key");
    expect_no_client(certified_config(p12, NULL, SECRET), HTTPC_E_TLS, p12, "no certificate");
    httpc_config *config = trusting_config();
    httpc_config_set_client_pkcs12(config, certificate, SECRET);
    expect_no_client(config, HTTPC_E_TLS, certificate, "not in PKCS#12 form");
    config = trusting_config();
    httpc_config_set_client_certificate_pem(config, "junk", 4, "junk", 4, SECRET);
    expect_no_client(config, HTTPC_E_TLS, "client certificate from memory", "no certificate");
}

TEST(a_key_of_another_certificate)
{
    const char *certificate = address("CLIENT_CHAIN"), *key = address("CLIENT_KEY");
    expect_no_client(certified_config(certificate, key, NULL), HTTPC_E_TLS, certificate, "does not belong");
}

TEST(an_expired_certificate)
{
    const char *certificate = address("CLIENT_EXPIRED");
    expect_no_client(certified_config(certificate, NULL, NULL), HTTPC_E_TLS, certificate, "expired on");
}

TEST(arguments_are_checked_at_once)
{
    httpc_config *config = trusting_config();
    CHECK_CODE(httpc_config_set_client_certificate(config, NULL, NULL, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_config_set_client_certificate(config, "", NULL, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_config_set_client_certificate(config, "a", "", NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_config_set_client_certificate_pem(config, NULL, 0, NULL, 0, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_config_set_client_certificate_pem(config, "a", 1, NULL, 1, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_config_set_client_certificate_pem(config, "a", 1, "", 0, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_config_set_client_pkcs12(config, NULL, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_config_set_client_pkcs12_data(config, NULL, 1, NULL), HTTPC_E_INVALID_ARG);
    char long_password[1026];
    memset(long_password, 'p', sizeof long_password - 1);
    long_password[sizeof long_password - 1] = 0;
    CHECK_CODE(httpc_config_set_client_certificate(config, "a", NULL, long_password), HTTPC_E_INVALID_ARG);
    expect_no_client(config, HTTPC_E_INVALID_ARG, "`certificate_file`", "is NULL");
}

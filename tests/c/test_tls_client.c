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

/* The server wants to see each before its issuer. */
TEST(the_order_in_a_file_does_not_matter)
{
    size_t length = 0;
    char *content = file_content(address("CLIENT_CHAIN"), &length);
    const char *second = strstr(content + 1, "-----BEGIN CERTIFICATE");
    if (CHECK(second != NULL)) {
        const char *reversed = text("%s%.*s", second, (int)(second - content), content);
        httpc_config *config = trusting_config();
        httpc_config_set_client_certificate_pem(config, reversed, length, NULL, 0, NULL);
        expect_known_as(config, "test client 2");
    }
    free(content);
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

static httpc_client *client_through(const char *proxy)
{
    httpc_config *config = NULL;
    CHECK_CODE(httpc_config_new(&config, NULL), HTTPC_OK);
    httpc_config_set_ca_file(config, address("CA"));
    httpc_config_set_client_certificate(config, address("CLIENT_CERT"), address("CLIENT_KEY"), NULL);
    CHECK_CODE(httpc_config_set_proxy(config, proxy), HTTPC_OK);
    return new_client(config);
}

TEST(a_proxy_over_tls_passes_it_on_without_seeing_it)
{
    httpc_client *client = client_through(address("TLS_PROXY"));
    static const char *const names[] = {"TLS_CLIENT_CERT", "TLS_CLIENT_CERT_1_2"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (int call = 0; call < 2; call++) {
            struct outcome o = get(client, text("%s/tls", address(names[i])));
            CHECK_CODE(o.code, HTTPC_OK);
            CHECK_STR(httpc_response_json_string(o.response, "/client", NULL), "test client");
            CHECK_EQ(httpc_response_tls_version(o.response), i == 0 ? HTTPC_TLS_1_3 : HTTPC_TLS_1_2);
            CHECK_EQ(httpc_response_reused(o.response), call > 0);
            done(&o);
        }
    }
    httpc_client_free(client);
}

/* The server's routes take plain requests as a proxy would. */
TEST(a_proxy_that_insists_on_one_gets_none)
{
    httpc_client *client = client_through(address("TLS_CLIENT_CERT_1_2"));
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

/* One byte after the other: what is read must be good, and what is refused must be told. */
static void check_damaged(char *content, size_t length, bool is_pkcs12)
{
    for (size_t at = 0; at < length; at += 5) {
        content[at] ^= 0x15;
        httpc_config *config = trusting_config();
        if (is_pkcs12) {
            httpc_config_set_client_pkcs12_data(config, content, length, SECRET);
        } else {
            httpc_config_set_client_certificate_pem(config, content, length, NULL, 0, SECRET);
        }
        httpc_client *client = NULL;
        httpc_error *error = NULL;
        httpc_code code = httpc_client_new(config, &client, &error);
        if (!CHECK(code == HTTPC_OK || (code == HTTPC_E_TLS && clean_error(error)))) {
            fprintf(stderr, "  for byte %zu: %s\n", at, httpc_error_detail(error));
        }
        httpc_error_free(error);
        httpc_client_free(client);
        httpc_config_free(config);
        content[at] ^= 0x15;
    }
}

TEST(damaged_files)
{
    size_t length = 0;
    char *content = file_content(address("CLIENT_CHAIN"), &length);
    check_damaged(content, length, false);
    free(content);
    content = file_content(address("CLIENT_P12"), &length);
    check_damaged(content, length, true);
    free(content);
}

TEST(a_key_of_another_certificate)
{
    const char *certificate = address("CLIENT_CHAIN"), *key = address("CLIENT_KEY");
    expect_no_client(certified_config(certificate, key, NULL), HTTPC_E_TLS, certificate, "does not belong");
}

TEST(a_key_that_is_too_short_for_this_openssl)
{
    httpc_client *client = NULL;
    httpc_error *error = NULL;
    httpc_config *config = certified_config(address("CLIENT_WEAK"), NULL, NULL);
    if (httpc_client_new(config, &client, &error) == HTTPC_OK) {
        check_skip_this = "this system's OpenSSL takes short keys";
    } else {
        CHECK_CODE(httpc_error_code(error), HTTPC_E_TLS);
        CHECK_HAS(httpc_error_detail(error), "key too small");
    }
    httpc_error_free(error);
    httpc_client_free(client);
    httpc_config_free(config);
}

TEST(an_expired_certificate)
{
    const char *certificate = address("CLIENT_EXPIRED");
    expect_no_client(certified_config(certificate, NULL, NULL), HTTPC_E_TLS, certificate, "expired on");
}

/* openssl pkcs12 -export -legacy: RC2 with 40 bits, as programs wrote it for decades. */
static const char old_pkcs12[] =
    "308203720201033082033806092a864886f70d010701a082032904820325308203213082021706092a864886f70d010706a0820208308202"
    "04020100308201fd06092a864886f70d010701301c060a2a864886f70d010c0106300e040879be9610ffa1d3da02020800808201d0a14c6f"
    "8351f2b831603d086c222b5e227a76a3e28ab4dab4fa8a23477e4e769724d4b46a1369c4297b7fb779213f80afba5aa6078c63ee787e164d"
    "de2004e6a93aed11fb56bbb3d1dd005b231bc3c4757bbba0b6f195e1872d4ed3b460246ff16ddddfdd12a9b342fe56874d129f9513e92856"
    "211ff69c8584b5460f75beb0cd013aefb7007361323ed9cb509ac8823f144d0d42b0cbed4fa1f726c4de29f2a4fc2e036217da3450deb0b8"
    "32fe179b5e0d2bd65f3f1306a1b4ad4694e00dde85280fbbeada59e1d8909130abd6a690edfc0a13f5fdada0b3735e89e3007088e01fb20d"
    "6494503590f30c7e61ef216e49903986a6b2b7a7e43b0f9e6bd1f84582c8c6207ea7fe7d17de49debd0b50e8700c1dd93b8dff03d3ffc98a"
    "a2eb4e1cd7bf418767ce76f9579d90bd983bc089a262c13fb3c412c987f9247171542f8c6e2b9bdafc2d105664d35848d671ac0f9f1c7e44"
    "fcd3aa09282c8826ea86c8d4ec13b3918f527ee2e91db2c936062552b1336c57e50e1c72caf0a1bcda8eea39f15722f144c190de076bd590"
    "2af5db048474a9008c7feeb3a2f37be24100c91420ea3e18fc57264a5fb41e03d0101f8ce49c6b26c823a543d6526ec70a56e41d9e21c386"
    "fef9a376aaf268ff179c186d233082010206092a864886f70d010701a081f40481f13081ee3081eb060b2a864886f70d010c0a0102a081b4"
    "3081b1301c060a2a864886f70d010c0103300e040803d745bc6af074be02020800048190212e374c69e5e5f12761a44671c1bcf78bbb60bb"
    "948f89585a88ccd611225bfae0d21a900937fe34edf4f57b75a77200c799e738b0a5362783ac0b51cff14e4402a07ff4cdabc79a088e2ac0"
    "d8abf1e7dddcfcc2cde2c26ba74fe28c55dac77bedaa0ae138fa2437d2cec0d5809ce27d0414d963fecd202d77542808761a639c4918ac06"
    "c891e65563e0b0c45b432bd43125302306092a864886f70d0109153116041461eb4e4f0e92dc3023a73155674adc381c62e8b63031302130"
    "0906052b0e03021a0500041434a40b9af150795bb842eeca05f69683990ceb2a0408b84f4fad29fd824802020800";

TEST(an_encryption_that_openssl_has_given_up)
{
    if (strstr(httpc_version(), "OpenSSL/1.") != NULL) {
        check_skip_this = "OpenSSL 1 still knows it";
        return;
    }
    unsigned char data[sizeof old_pkcs12 / 2];
    for (size_t i = 0; i < sizeof data; i++) {
        CHECK_EQ(sscanf(old_pkcs12 + 2 * i, "%2hhx", &data[i]), 1);
    }
    httpc_config *config = trusting_config();
    CHECK_CODE(httpc_config_set_client_pkcs12_data(config, data, sizeof data, SECRET), HTTPC_OK);
    expect_no_client(config, HTTPC_E_TLS, "client certificate from memory", "encrypted in an old way");
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

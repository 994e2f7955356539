/* Proxies: where the setting comes from, and that a proxy's failure is told apart from the server's. */
#include "server.h"

static httpc_client *client_through(const char *proxy)
{
    httpc_config *config = new_config();
    CHECK_CODE(httpc_config_set_proxy(config, proxy), HTTPC_OK);
    return new_client(config);
}

static void expect_proxy_failure(httpc_client *client, const char *url, const char *what)
{
    struct outcome o = get(client, url);
    bool good = CHECK_CODE(o.code, HTTPC_E_PROXY) & CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_NEVER_SENT);
    good &= clean_error(o.error);
    if (!good) {
        fprintf(stderr, "  for %s: %s\n", what, httpc_error_detail(o.error));
    }
    done(&o);
}

TEST(variables_are_read_once_and_can_be_overruled)
{
    httpc_client *before = new_client(NULL);
    setenv("http_proxy", address("REFUSED"), 1);
    httpc_client *through = new_client(NULL);
    httpc_client *direct = client_through("");
    CHECK_CODE(code_of(get(before, "/echo")), HTTPC_OK);
    CHECK_CODE(code_of(get(direct, "/echo")), HTTPC_OK);
    setenv("no_proxy", "127.0.0.1", 1);
    httpc_client *excepted = new_client(NULL);
    unsetenv("http_proxy");
    unsetenv("no_proxy");
    CHECK_CODE(code_of(get(excepted, "/echo")), HTTPC_OK);
    expect_proxy_failure(through, "/echo", "the variable's proxy");
    httpc_client_free(before);
    httpc_client_free(through);
    httpc_client_free(direct);
    httpc_client_free(excepted);
}

TEST(a_proxy_gets_the_url_as_it_was_written)
{
    static const char *const queries[] = {"a=%2f%e4&b=%2F", NULL, "", "a=%2f%e4&b=%2F"};
    httpc_client *client = client_through(address("URL"));
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        const char *query = queries[i] != NULL ? queries[i] : "";
        struct outcome o = get(client, text("http://behind.test:8080/echo%s%s", queries[i] != NULL ? "?" : "", query));
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_STR(httpc_response_json_string(o.response, "/query", NULL), query);
        CHECK_STR(httpc_response_json_string(o.response, "/headers/host/0", NULL), "behind.test:8080");
        done(&o);
    }
    httpc_client_free(client);
}

TEST(a_proxy_that_opens_no_tunnel)
{
    static const char *const proxies[] = {"URL", "REFUSED", "ACCEPT_CLOSE", "ACCEPT_RESET"};
    for (size_t i = 0; i < sizeof proxies / sizeof proxies[0]; i++) {
        httpc_client *client = client_through(address(proxies[i]));
        expect_proxy_failure(client, text("%s/echo", address("TLS")), proxies[i]);
        httpc_client_free(client);
    }
}

/* Of localhost's addresses the first may refuse: that is not what went wrong. */
TEST(a_proxy_with_several_addresses_that_opens_no_tunnel)
{
    unsigned port = 0;
    CHECK_EQ(sscanf(address("URL"), "http://127.0.0.1:%u", &port), 1);
    httpc_client *client = client_through(text("http://localhost:%u", port));
    struct outcome o = get(client, text("%s/echo", address("TLS")));
    CHECK_CODE(o.code, HTTPC_E_PROXY);
    CHECK_HAS(httpc_error_detail(o.error), "opened no tunnel: CONNECT tunnel failed, response 4");
    CHECK_EQ(attempts(&o), 1);
    done(&o);
    httpc_client_free(client);
}

TEST(the_proxys_password_is_a_secret)
{
    const char *host = address("REFUSED") + strlen("http://");
    httpc_client *client = client_through(text("http://user:" SECRET "@%s", host));
    expect_proxy_failure(client, "/echo", "a proxy with a password");
    httpc_client_free(client);
}

TEST(a_proxy_url_that_libcurl_refuses_is_not_repeated)
{
    static const char *const urls[] = {"http://user:" SECRET "@[::1", "http://user:" SECRET "@host:99999",
                                       "http://user:" SECRET "@bad%%host:1", "http://user:" SECRET "/x@host:1"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        httpc_client *client = client_through(urls[i]);
        expect_proxy_failure(client, "/echo", urls[i]);
        httpc_client_free(client);
    }
    setenv("http_proxy", "bogus://user:" SECRET "@host:1", 1);
    httpc_client *client = new_client(NULL);
    unsetenv("http_proxy");
    expect_proxy_failure(client, "/echo", "an unknown scheme");
    httpc_client_free(client);
}

TEST(a_proxy_over_tls_is_verified_for_plain_requests_too)
{
    httpc_config *config = new_config();
    CHECK_CODE(httpc_config_set_proxy(config, address("TLS")), HTTPC_OK);
    CHECK_CODE(httpc_config_set_ca_file(config, address("CA")), HTTPC_OK);
    httpc_client *client = new_client(config);
    CHECK_CODE(code_of(get(client, "http://behind.test/echo")), HTTPC_OK);
    httpc_client_free(client);
}

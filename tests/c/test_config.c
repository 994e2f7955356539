/* Configuration: every option does what it says, and one that is wrong makes no client. */
#include "server.h"

/* Other names for the server's address, so that they are other origins. */
#define OTHER "other.test"

static unsigned port(void)
{
    unsigned number = 0;
    CHECK_EQ(sscanf(address("URL"), "http://127.0.0.1:%u", &number), 1);
    return number;
}

static const char *elsewhere(const char *path)
{
    return text("http://" OTHER ":%u%s", port(), path);
}

/* What a GET with this client sent as `header`; "(none)" when it did not come. */
static const char *sent(httpc_client *client, const char *url, const char *header)
{
    struct outcome o = get(client, url);
    CHECK_CODE(o.code, HTTPC_OK);
    const char *value = httpc_response_json_string(o.response, text("/headers/%s/0", header), NULL);
    value = text("%s", value != NULL ? value : "(none)");
    done(&o);
    return value;
}

TEST(relative_urls_are_joined_to_the_base)
{
    static const struct {
        const char *base, *url, *path;
    } table[] = {
        {"", "/echo", "/echo"},           {"", "echo", "/echo"},        {"/", "/echo", "/echo"},
        {"/echo", "a/b", "/echo/a/b"},    {"/echo", "/a", "/echo/a"},   {"/echo/", "/a", "/echo/a"},
        {"/echo/x", "y?q=1", "/echo/x/y"}, {"/echo", "sp ace", "/echo/sp%20ace"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        httpc_config *config = new_config();
        CHECK_CODE(httpc_config_set_base_url(config, text("%s%s", address("URL"), table[i].base)), HTTPC_OK);
        httpc_client *client = new_client(config);
        struct outcome o = get(client, table[i].url);
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_STR(httpc_response_json_string(o.response, "/path", NULL), table[i].path);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(an_absolute_url_goes_where_it_says)
{
    httpc_config *config = new_config();
    httpc_config_set_base_url(config, "http://nowhere.invalid/v1");
    httpc_client *client = new_client(config);
    struct outcome o = get(client, text("%s/echo", address("URL")));
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_STR(httpc_response_json_string(o.response, "/path", NULL), "/echo");
    done(&o);
    httpc_client_free(client);
}

TEST(user_info_in_the_base_url_is_basic_authentication)
{
    httpc_config *config = new_config();
    httpc_config_set_base_url(config, text("http://us%%65r:p%%40ss@127.0.0.1:%u", port()));
    httpc_client *client = new_client(config);
    CHECK_STR(sent(client, "/echo", "authorization"), "Basic dXNlcjpwQHNz");
    httpc_client_free(client);
}

TEST(secrets_go_to_the_origin_of_the_base_url_only)
{
    httpc_config *config = new_config();
    httpc_config_set_bearer_token(config, "token-1");
    httpc_config_set_secret_header(config, "X-Api-Key", SECRET);
    httpc_config_set_header(config, "X-Public", "everywhere");
    CHECK_CODE(httpc_config_add_resolve(config, OTHER, (uint16_t)port(), "127.0.0.1"), HTTPC_OK);
    httpc_client *client = new_client(config);
    CHECK_STR(sent(client, "/echo", "authorization"), "Bearer token-1");
    CHECK_STR(sent(client, "/echo", "x-api-key"), SECRET);
    CHECK_STR(sent(client, text("%s/echo", address("URL")), "authorization"), "Bearer token-1");
    CHECK_STR(sent(client, elsewhere("/echo"), "authorization"), "(none)");
    CHECK_STR(sent(client, elsewhere("/echo"), "x-api-key"), "(none)");
    CHECK_STR(sent(client, elsewhere("/echo"), "x-public"), "everywhere");
    CHECK_STR(sent(client, elsewhere("/echo"), "host"), text(OTHER ":%u", port()));
    httpc_client_free(client);
}

TEST(without_a_base_url_secrets_go_to_every_origin)
{
    httpc_config *config = NULL;
    CHECK_CODE(httpc_config_new(&config, NULL), HTTPC_OK);
    httpc_config_set_bearer_token(config, "token-2");
    httpc_config_add_resolve(config, OTHER, (uint16_t)port(), "127.0.0.1");
    httpc_client *client = new_client(config);
    CHECK_STR(sent(client, text("%s/echo", address("URL")), "authorization"), "Bearer token-2");
    CHECK_STR(sent(client, elsewhere("/echo"), "authorization"), "Bearer token-2");
    httpc_client_free(client);
}

TEST(basic_authentication)
{
    httpc_config *config = new_config();
    CHECK_CODE(httpc_config_set_basic_auth(config, "Aladdin", "open:sesame"), HTTPC_OK);
    httpc_client *client = new_client(config);
    CHECK_STR(sent(client, "/echo", "authorization"), "Basic QWxhZGRpbjpvcGVuOnNlc2FtZQ==");
    httpc_client_free(client);
}

TEST(default_headers)
{
    httpc_config *config = new_config();
    CHECK_CODE(httpc_config_set_header(config, "X-One", "a"), HTTPC_OK);
    CHECK_CODE(httpc_config_set_header(config, "x-one", "b"), HTTPC_OK);
    CHECK_CODE(httpc_config_set_header(config, "X-Empty", ""), HTTPC_OK);
    httpc_client *client = new_client(config);
    CHECK_STR(sent(client, "/echo", "x-one"), "b");
    CHECK_STR(sent(client, "/echo", "x-empty"), "");
    httpc_client_free(client);
}

TEST(the_user_agent_names_the_library_or_what_is_set_or_nothing)
{
    httpc_client *client = new_client(NULL);
    uint32_t version = httpc_version_number();
    CHECK_STR(sent(client, "/echo", "user-agent"),
              text("libhttpclient/%u.%u.%u", version >> 16, version >> 8 & 255, version & 255));
    httpc_client_free(client);

    httpc_config *config = new_config();
    CHECK_CODE(httpc_config_set_user_agent(config, "shop/2.1 (test)"), HTTPC_OK);
    client = new_client(config);
    CHECK_STR(sent(client, "/echo", "user-agent"), "shop/2.1 (test)");
    httpc_client_free(client);

    config = new_config();
    CHECK_CODE(httpc_config_set_user_agent(config, ""), HTTPC_OK);
    client = new_client(config);
    CHECK_STR(sent(client, "/echo", "user-agent"), "(none)");
    httpc_client_free(client);
}

static bool second_call_reuses(httpc_config *config, double pause_ms)
{
    httpc_client *client = new_client(config);
    CHECK_CODE(code_of(get(client, "/echo")), HTTPC_OK);
    wait_until_ms(now_ms() + pause_ms);
    struct outcome o = get(client, "/echo");
    CHECK_CODE(o.code, HTTPC_OK);
    bool reused = httpc_response_reused(o.response);
    done(&o);
    httpc_client_free(client);
    return reused;
}

TEST(idle_connections_are_kept_as_long_and_as_many_as_wanted)
{
    CHECK(second_call_reuses(new_config(), 0));
    httpc_config *config = new_config();
    CHECK_CODE(httpc_config_set_max_idle(config, 0), HTTPC_OK);
    CHECK(!second_call_reuses(config, 0));

    config = new_config();
    CHECK_CODE(httpc_config_set_idle_expiry(config, 50), HTTPC_OK);
    CHECK(!second_call_reuses(config, 80));
    config = new_config();
    CHECK_CODE(httpc_config_set_idle_expiry(config, 0), HTTPC_OK);
    CHECK(second_call_reuses(config, 80));
}

TEST(retries_can_be_turned_off)
{
    httpc_config *config = new_config();
    CHECK_CODE(httpc_config_set_retry(config, NULL), HTTPC_OK);
    httpc_client *client = new_client(config);
    struct outcome o = get(client, text("/sequence/503,200?key=%s", new_key()));
    CHECK_CODE(o.code, HTTPC_E_STATUS);
    CHECK_EQ(attempts(&o), 1);
    done(&o);
    httpc_client_free(client);
}

TEST(a_status_of_400_can_be_an_ordinary_response)
{
    httpc_config *config = new_config();
    CHECK_CODE(httpc_config_set_status_errors(config, 0), HTTPC_OK);
    httpc_client *client = new_client(config);
    struct outcome o = get(client, "/status/418?body=short%20and%20stout");
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK(o.error == NULL);
    CHECK_EQ(httpc_response_status(o.response), 418);
    CHECK_STR(httpc_response_error_detail(o.response), "short and stout");
    done(&o);
    httpc_client_free(client);
}

TEST(bodies_and_heads_are_limited)
{
    httpc_config *config = new_config();
    CHECK_CODE(httpc_config_set_max_body(config, 5000), HTTPC_OK);
    CHECK_CODE(httpc_config_set_max_headers(config, 2000), HTTPC_OK);
    httpc_client *client = new_client(config);
    CHECK_CODE(code_of(get(client, "/bytes/5000")), HTTPC_OK);
    CHECK_CODE(code_of(get(client, "/bytes/5001")), HTTPC_E_BODY_TOO_LARGE);
    CHECK_CODE(code_of(get(client, "/chunked?sizes=2500,2500")), HTTPC_OK);
    CHECK_CODE(code_of(get(client, "/chunked?sizes=2500,2501")), HTTPC_E_BODY_TOO_LARGE);
    CHECK_CODE(code_of(get(client, text("/headers?x-long=%01500d", 0))), HTTPC_OK);
    CHECK_CODE(code_of(get(client, text("/headers?x-long=%02000d", 0))), HTTPC_E_HEADERS_TOO_LARGE);
    CHECK_CODE(code_of(get(client, text("/headers?a=%01000d&b=%01000d", 0, 0))), HTTPC_E_HEADERS_TOO_LARGE);
    httpc_client_free(client);
}

static httpc_code client_with_ca(const char *path)
{
    httpc_config *config = new_config();
    httpc_client *client = NULL;
    httpc_error *error = NULL;
    CHECK_CODE(httpc_config_set_ca_file(config, path), HTTPC_OK);
    httpc_code code = httpc_client_new(config, &client, &error);
    CHECK((code == HTTPC_OK) == (client != NULL));
    if (code != HTTPC_OK) {
        clean_error(error);
        CHECK_HAS(httpc_error_detail(error), path);
    }
    httpc_error_free(error);
    httpc_client_free(client);
    httpc_config_free(config);
    return code;
}

TEST(a_ca_file_must_be_there_and_hold_certificates)
{
    CHECK_CODE(client_with_ca(address("CA")), HTTPC_OK);
    CHECK_CODE(client_with_ca("no/such/file.pem"), HTTPC_E_FILE);

    char path[] = "/tmp/httpc-test-XXXXXX";
    int file = mkstemp(path);
    CHECK(file >= 0);
    CHECK_CODE(client_with_ca(path), HTTPC_E_TLS);
    CHECK_EQ(write(file, "no certificate\n", 15), 15);
    CHECK_CODE(client_with_ca(path), HTTPC_E_TLS);
    close(file);
    unlink(path);
}

/* The pause before the second attempt. */
static uint64_t pause_with_seed(uint64_t seed)
{
    httpc_config *config = new_config();
    httpc_retry_policy *policy = new_policy();
    httpc_retry_policy_set_backoff(policy, 200, 1.0, 200);
    httpc_config_set_retry(config, policy);
    httpc_retry_policy_free(policy);
    CHECK_CODE(httpc_config_set_seed(config, seed), HTTPC_OK);
    httpc_client *client = new_client(config);
    struct outcome o = get(client, text("/sequence/503,200?key=%s", new_key()));
    CHECK_CODE(o.code, HTTPC_OK);
    uint64_t pause = httpc_attempt_delay_ms(attempt(&o, 1));
    done(&o);
    httpc_client_free(client);
    return pause;
}

TEST(a_seed_makes_the_jitter_repeat)
{
    CHECK_EQ(pause_with_seed(7), pause_with_seed(7));
    bool differ = false;
    for (uint64_t seed = 8; seed < 16; seed++) {
        differ = differ || pause_with_seed(seed) != pause_with_seed(7);
    }
    CHECK(differ);
}

TEST(a_config_is_borrowed_and_can_be_used_again)
{
    httpc_config *config = new_config();
    httpc_config_set_header(config, "X-Number", "1");
    httpc_client *first = NULL, *second = NULL;
    CHECK_CODE(httpc_client_new(config, &first, NULL), HTTPC_OK);
    httpc_config_set_header(config, "X-Number", "2");
    CHECK_CODE(httpc_client_new(config, &second, NULL), HTTPC_OK);
    httpc_config_free(config);
    CHECK_STR(sent(first, "/echo", "x-number"), "1");
    CHECK_STR(sent(second, "/echo", "x-number"), "2");
    httpc_client_free(first);
    httpc_client_free(second);
}

TEST(the_first_failure_of_a_setter_is_kept_and_makes_no_client)
{
    httpc_config *config = new_config();
    httpc_client *client = (httpc_client *)(uintptr_t)1;
    httpc_error *error = NULL;
    CHECK(httpc_config_error(config) == NULL);
    CHECK_CODE(httpc_config_set_base_url(config, "ftp://example.com"), HTTPC_E_URL);
    CHECK_CODE(httpc_config_set_max_connections(config, 0), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_config_set_max_connections(config, 1), HTTPC_OK);
    CHECK_CODE(httpc_error_code(httpc_config_error(config)), HTTPC_E_URL);
    CHECK_CODE(httpc_client_new(config, &client, &error), HTTPC_E_URL);
    CHECK(client == NULL);
    CHECK_STR(httpc_error_detail(error), httpc_error_detail(httpc_config_error(config)));
    httpc_config_free(config);
    /* The error is the caller's own, not the config's. */
    clean_error(error);
    httpc_error_free(error);

    httpc_config_free(NULL);
    CHECK(httpc_config_error(NULL) == NULL);
}

TEST(a_token_takes_the_place_of_the_base_urls_user_info)
{
    httpc_config *config = new_config();
    httpc_config_set_base_url(config, text("http://user:pass@127.0.0.1:%u", port()));
    httpc_config_set_bearer_token(config, "token-3");
    httpc_client *client = new_client(config);
    CHECK_STR(sent(client, "/echo", "authorization"), "Bearer token-3");
    httpc_client_free(client);
}

TEST(another_base_url_leaves_the_old_ones_user_info_behind)
{
    httpc_config *config = new_config();
    httpc_config_set_base_url(config, "http://user:pass@other.test");
    httpc_config_set_base_url(config, address("URL"));
    httpc_client *client = new_client(config);
    CHECK_STR(sent(client, "/echo", "authorization"), "(none)");
    httpc_client_free(client);
}

TEST(credentials_set_as_plain_headers_stay_at_home_too)
{
    httpc_config *config = new_config();
    httpc_config_set_header(config, "authorization", SECRET);
    httpc_config_set_header(config, "Cookie", SECRET);
    httpc_config_add_resolve(config, OTHER, (uint16_t)port(), "127.0.0.1");
    httpc_client *client = new_client(config);
    CHECK_STR(sent(client, "/echo", "authorization"), SECRET);
    CHECK_STR(sent(client, elsewhere("/echo"), "authorization"), "(none)");
    CHECK_STR(sent(client, elsewhere("/echo"), "cookie"), "(none)");
    httpc_client_free(client);
}

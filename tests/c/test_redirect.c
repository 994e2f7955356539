/* Redirects: which are followed, as which method, how many, where to, and that no secret goes along to another origin. */
#include "server.h"

#define OTHER "other.test"

static const char *elsewhere(const char *path)
{
    unsigned port = 0;
    CHECK_EQ(sscanf(address("URL"), "http://127.0.0.1:%u", &port), 1);
    return text("http://" OTHER ":%u%s", port, path);
}

static httpc_client *client_with_secrets(void)
{
    httpc_config *config = new_config();
    unsigned port = 0;
    CHECK_EQ(sscanf(address("URL"), "http://127.0.0.1:%u", &port), 1);
    httpc_config_add_resolve(config, OTHER, (uint16_t)port, "127.0.0.1");
    httpc_config_set_ca_file(config, address("CA"));
    httpc_config_set_bearer_token(config, "token-1");
    httpc_config_set_secret_header(config, "X-Api-Key", SECRET);
    httpc_config_set_header(config, "X-Public", "everywhere");
    return new_client(config);
}

TEST(methods_and_bodies_follow_the_code)
{
    static const struct {
        const char *method, *code, *arrives_as;
    } table[] = {
        {"GET", "301", "GET"},  {"GET", "302", "GET"},   {"GET", "303", "GET"},   {"GET", "307", "GET"},  {"GET", "308", "GET"},
        {"POST", "301", "GET"}, {"POST", "302", "GET"},  {"POST", "303", "GET"},  {"PUT", "303", "GET"},  {"PUT", "302", "PUT"},
        {"PUT", "308", "PUT"},  {"POST", "307", "POST"}, {"POST", "308", "POST"}, {"PATCH", "307", "PATCH"},
    };
    httpc_client *client = new_client(NULL);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        bool carries = strcmp(table[i].arrives_as, "GET") != 0;
        httpc_request *request = new_request(table[i].method, text("/redirect/%s?to=/echo", table[i].code));
        if (strcmp(table[i].method, "GET") != 0) {
            httpc_request_set_body(request, "text/plain", "carried", 7);
        }
        struct outcome o = send_request(client, request);
        bool good = CHECK_CODE(o.code, HTTPC_OK);
        good &= CHECK_STR(httpc_response_json_string(o.response, "/method", NULL), table[i].arrives_as);
        good &= CHECK_STR(httpc_response_json_string(o.response, "/body", NULL), carries ? "carried" : "");
        good &= CHECK_STR(httpc_response_json_string(o.response, "/headers/content-type/0", NULL),
                          carries ? "text/plain" : NULL);
        good &= CHECK_STR(httpc_response_url(o.response), text("%s/echo", address("URL")));
        if (!good) {
            fprintf(stderr, "  for %s and %s\n", table[i].method, table[i].code);
        }
        done(&o);
        httpc_request_free(request);
    }
    httpc_client_free(client);
}

TEST(ten_are_followed_and_no_more)
{
    httpc_client *client = new_client(NULL);
    static const struct {
        const char *route;
        httpc_code code;
        long requests;
    } table[] = {
        {"/redirect-chain/1", HTTPC_OK, 2},
        {"/redirect-chain/10", HTTPC_OK, 11},
        {"/redirect-chain/11", HTTPC_E_REDIRECT, 11},
        {"/redirect-loop", HTTPC_E_REDIRECT, 11},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const char *key = new_key();
        struct outcome o = get(client, text("%s?key=%s", table[i].route, key));
        CHECK_CODE(o.code, table[i].code);
        CHECK_EQ(server_count(key), table[i].requests);
        if (o.code != HTTPC_OK) {
            CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_NOT_RETRYABLE);
            CHECK_EQ(httpc_error_status(o.error), 302);
            clean_error(o.error);
        }
        done(&o);
    }
    httpc_client_free(client);
}

TEST(some_must_not_be_followed)
{
    static const char *const locations[] = {
        "ftp://example.com/", "file:///etc/passwd", "javascript:alert(1)", "http://", "http://host:99999/", "http://a%20b/",
    };
    httpc_client *client = new_client(NULL);
    for (size_t i = 0; i < sizeof locations / sizeof locations[0]; i++) {
        struct outcome o = get(client, text("/redirect/302?to=%s", locations[i]));
        if (!CHECK_CODE(o.code, HTTPC_E_REDIRECT) || !CHECK_EQ(attempts(&o), 1) || !clean_error(o.error)) {
            fprintf(stderr, "  for %s\n", locations[i]);
        }
        done(&o);
    }
    httpc_client_free(client);
}

TEST(https_never_leads_to_http)
{
    httpc_client *client = client_with_secrets();
    const char *key = new_key();
    struct outcome o = get(client, text("%s/redirect/302?to=%s/echo%%3Fkey=%s", address("TLS"), address("URL"), key));
    CHECK_CODE(o.code, HTTPC_E_REDIRECT);
    clean_error(o.error);
    done(&o);
    CHECK_EQ(server_count(key), 0);
    o = get(client, text("%s/redirect/302?to=%s/echo", address("URL"), address("TLS")));
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_STR(httpc_response_url(o.response), text("%s/echo", address("TLS")));
    done(&o);
    httpc_client_free(client);
}

/* The header as it arrived after the redirect; NULL when it did not. Frees the request. */
static void check_arrives(httpc_client *client, const char *to, const char *header, const char *wanted)
{
    httpc_request *request = new_request("GET", text("/redirect/307?to=%s", to));
    httpc_request_set_secret_header(request, "X-Own-Secret", SECRET);
    httpc_request_set_header(request, "X-Own", "own");
    struct outcome o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_OK);
    if (!CHECK_STR(httpc_response_json_string(o.response, text("/headers/%s/0", header), NULL), wanted)) {
        fprintf(stderr, "  for %s to %s\n", header, to);
    }
    done(&o);
    httpc_request_free(request);
}

TEST(secrets_stay_with_their_origin)
{
    httpc_client *client = client_with_secrets();
    const char *away = elsewhere("/echo");
    check_arrives(client, "/echo", "authorization", "Bearer token-1");
    check_arrives(client, "/echo", "x-api-key", SECRET);
    check_arrives(client, "/echo", "x-own-secret", SECRET);
    check_arrives(client, away, "authorization", NULL);
    check_arrives(client, away, "x-api-key", NULL);
    check_arrives(client, away, "x-own-secret", NULL);
    check_arrives(client, away, "x-public", "everywhere");
    check_arrives(client, away, "x-own", "own");
    /* Nor do they come back by way of another origin. */
    check_arrives(client, text("%s?to=%s/echo", elsewhere("/redirect/307"), address("URL")), "x-own-secret", NULL);
    httpc_client_free(client);
}

TEST(each_hop_has_its_own_retries_and_all_share_the_deadline)
{
    httpc_client *client = new_client(NULL);
    const char *key = new_key();
    struct outcome o = get(client, text("/redirect/302?to=/sequence/503,200%%3Fkey=%s", key));
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(server_count(key), 2);
    done(&o);

    httpc_request *request = new_request("GET", "/redirect/302?to=/delay/30000");
    httpc_request_set_timeout(request, HTTPC_TIMEOUT_TOTAL, 300);
    o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_E_TIMEOUT_TOTAL);
    CHECK_MS(o.ms, 300, 600);
    done(&o);
    httpc_request_free(request);
    httpc_client_free(client);
}

TEST(a_redirect_status_without_a_location_is_an_answer)
{
    httpc_client *client = new_client(NULL);
    static const int statuses[] = {300, 302, 304};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        struct outcome o = get(client, text("/status/%d", statuses[i]));
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_EQ(httpc_response_status(o.response), statuses[i]);
        done(&o);
    }
    httpc_client_free(client);
}

TEST(a_place_that_is_refused_is_named_without_its_fragment)
{
    httpc_client *client = client_with_secrets();
    struct outcome o = get(client, "/redirect/302?to=app://back%23access_token=" SECRET);
    CHECK_CODE(o.code, HTTPC_E_REDIRECT);
    CHECK_HAS(httpc_error_detail(o.error), "app://back");
    clean_error(o.error);
    done(&o);
    httpc_client_free(client);
}

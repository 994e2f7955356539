/*
 * What a careless caller passes: each wrong argument is named, the object that got it stays harmless, and nothing of it
 * reaches the server.
 */
#include "server.h"

#define BAD_UTF8 "\xC3("
#define HUNDRED_YEARS_MS (UINT64_C(100) * 366 * 24 * 3600000)

static httpc_client *client;
static const char *key;
static char keyed[256];

/* Every good part of a bad call leads to this URL, which is counted. */
static void start(void)
{
    client = new_client(NULL);
    key = new_key();
    snprintf(keyed, sizeof keyed, "%s/echo?key=%s", address("URL"), key);
}

static void stop(void)
{
    CHECK_EQ(server_count(key), 0);
    /* The counter works, and so does the client still. */
    CHECK_CODE(code_of(get(client, text("/echo?key=%s", key))), HTTPC_OK);
    CHECK_EQ(server_count(key), 1);
    httpc_client_free(client);
}

/* The failure names `argument` and is nothing but a failure. Frees both. */
static void expect_refused(int line, httpc_code code, httpc_code wanted, const char *argument, httpc_response *response,
                           httpc_error *error)
{
    bool good = CHECK_CODE(code, wanted) & CHECK(response == NULL) & CHECK_CODE(httpc_error_code(error), wanted);
    good &= argument == NULL || CHECK_HAS(httpc_error_detail(error), text("`%s`", argument));
    good &= CHECK_EQ(httpc_error_attempts(error), 0);
    good &= CHECK_EQ(httpc_error_send_state(error), HTTPC_SENT_NEVER_SENT);
    good &= clean_error(error);
    if (!good) {
        fprintf(stderr, "  called from line %d: %s\n", line, httpc_error_detail(error));
    }
    httpc_error_free(error);
    httpc_response_free(response);
}

#define REFUSED(call, wanted, argument)                                                                                  \
    do {                                                                                                                 \
        httpc_response *response = NULL;                                                                                 \
        httpc_error *error = NULL;                                                                                       \
        httpc_code refused_code = (call);                                                                                \
        expect_refused(__LINE__, refused_code, wanted, argument, response, error);                                       \
    } while (0)

typedef httpc_code bodyless_fn(httpc_client *, const char *, httpc_response **, httpc_error **);
typedef httpc_code body_fn(httpc_client *, const char *, const char *, const void *, size_t, httpc_response **,
                           httpc_error **);
typedef httpc_code json_fn(httpc_client *, const char *, const char *, httpc_response **, httpc_error **);

TEST(calls_without_a_body)
{
    static bodyless_fn *const calls[] = {httpc_get, httpc_head, httpc_delete, httpc_options};
    start();
    for (size_t i = 0; i < 4; i++) {
        REFUSED(calls[i](NULL, keyed, &response, &error), HTTPC_E_INVALID_ARG, "client");
        REFUSED(calls[i](client, NULL, &response, &error), HTTPC_E_INVALID_ARG, "url");
        REFUSED(calls[i](client, keyed, NULL, &error), HTTPC_E_INVALID_ARG, "out");
        REFUSED(calls[i](client, text("%s&x=" BAD_UTF8, keyed), &response, &error), HTTPC_E_INVALID_ARG, "url");
        REFUSED(calls[i](client, text("%s\r\nX-Smuggled: 1", keyed), &response, &error), HTTPC_E_INVALID_ARG, NULL);
        CHECK_CODE(calls[i](NULL, NULL, NULL, NULL), HTTPC_E_INVALID_ARG);
    }
    stop();
}

TEST(calls_with_a_body)
{
    static body_fn *const calls[] = {httpc_post, httpc_put, httpc_patch};
    start();
    for (size_t i = 0; i < 3; i++) {
        REFUSED(calls[i](NULL, keyed, NULL, "x", 1, &response, &error), HTTPC_E_INVALID_ARG, "client");
        REFUSED(calls[i](client, NULL, NULL, "x", 1, &response, &error), HTTPC_E_INVALID_ARG, "url");
        REFUSED(calls[i](client, keyed, NULL, "x", 1, NULL, &error), HTTPC_E_INVALID_ARG, "out");
        REFUSED(calls[i](client, keyed, NULL, NULL, 1, &response, &error), HTTPC_E_INVALID_ARG, "body");
        REFUSED(calls[i](client, keyed, NULL, "x", SIZE_MAX, &response, &error), HTTPC_E_INVALID_ARG, "body");
        REFUSED(calls[i](client, keyed, "a/b\r\nX: 1", "x", 1, &response, &error), HTTPC_E_INVALID_ARG, NULL);
        REFUSED(calls[i](client, keyed, BAD_UTF8, "x", 1, &response, &error), HTTPC_E_INVALID_ARG, "content_type");
    }
    stop();
}

TEST(calls_with_json)
{
    static json_fn *const calls[] = {httpc_post_json, httpc_put_json, httpc_patch_json};
    static const char *const no_json[] = {
        "", " ", "{", "{\"a\":1,}", "[1 2]", "{'a':1}", "nul", "01", "\"\x01\"", "NaN", "{} {}",
    };
    start();
    for (size_t i = 0; i < 3; i++) {
        REFUSED(calls[i](NULL, keyed, "{}", &response, &error), HTTPC_E_INVALID_ARG, "client");
        REFUSED(calls[i](client, NULL, "{}", &response, &error), HTTPC_E_INVALID_ARG, "url");
        REFUSED(calls[i](client, keyed, "{}", NULL, &error), HTTPC_E_INVALID_ARG, "out");
        REFUSED(calls[i](client, keyed, NULL, &response, &error), HTTPC_E_INVALID_ARG, "json");
        REFUSED(calls[i](client, keyed, "\"" BAD_UTF8 "\"", &response, &error), HTTPC_E_INVALID_ARG, "json");
        for (size_t j = 0; j < sizeof no_json / sizeof no_json[0]; j++) {
            REFUSED(calls[i](client, keyed, no_json[j], &response, &error), HTTPC_E_INVALID_ARG, "json");
        }
    }
    httpc_error *error = NULL;
    httpc_response *response = NULL;
    CHECK_CODE(httpc_post_json(client, keyed, "{\n  \"a\": ?\n}", &response, &error), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(error), "line 2");
    CHECK_HAS(httpc_error_detail(error), "column 8");
    httpc_error_free(error);
    stop();
}

TEST(urls_that_lead_nowhere)
{
    static const struct {
        const char *url;
        httpc_code code;
    } table[] = {
        {"", HTTPC_E_INVALID_ARG}, {"http://a\nb/", HTTPC_E_INVALID_ARG}, {"/a\tb", HTTPC_E_INVALID_ARG},
        {"/\x7f", HTTPC_E_INVALID_ARG}, {"ftp://example.com/", HTTPC_E_URL}, {"file:///etc/passwd", HTTPC_E_URL},
        {"javascript:alert(1)", HTTPC_E_URL}, {"gopher://example.com/", HTTPC_E_URL}, {"http://", HTTPC_E_URL},
        {"http:///path", HTTPC_E_URL}, {"http://:80/", HTTPC_E_URL}, {"http://host:0/", HTTPC_E_URL},
        {"http://host:65536/", HTTPC_E_URL}, {"http://host:-1/", HTTPC_E_URL}, {"http://host:8a/", HTTPC_E_URL},
        {"http://[::1/", HTTPC_E_URL}, {"http://[::g]/", HTTPC_E_URL}, {"http://a b/", HTTPC_E_URL},
        {"http://a<b/", HTTPC_E_URL}, {"//example.com/", HTTPC_E_URL}, {"http:example.com", HTTPC_E_URL},
        {"https:/example.com", HTTPC_E_URL}, {"http://1.2.3.4.5/", HTTPC_E_URL}, {"http://256.0.0.1/", HTTPC_E_URL},
    };
    start();
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        REFUSED(httpc_get(client, table[i].url, &response, &error), table[i].code, NULL);
    }
    stop();
}

TEST(requests)
{
    static const char *const bad_methods[] = {"", "GET ", "GE T", "G\r\nX", "CONNECT", "connect", "G\xC3\xBCT", "G(T", "\x7f"};
    httpc_error *error = NULL;
    httpc_request *request = NULL;
    CHECK_CODE(httpc_request_new("GET", "/", NULL, &error), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(error), "`out`");
    httpc_error_free(error);
    CHECK_CODE(httpc_request_new(NULL, "/", &request, &error), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(error), "`method`");
    httpc_error_free(error);
    CHECK_CODE(httpc_request_new("GET", NULL, &request, &error), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(error), "`url`");
    httpc_error_free(error);
    for (size_t i = 0; i < sizeof bad_methods / sizeof bad_methods[0]; i++) {
        request = (httpc_request *)(uintptr_t)1;
        CHECK_CODE(httpc_request_new(bad_methods[i], "/", &request, &error), HTTPC_E_INVALID_ARG);
        CHECK(request == NULL);
        CHECK_HAS(httpc_error_detail(error), "method");
        clean_error(error);
        httpc_error_free(error);
    }
    start();
    REFUSED(httpc_send(NULL, NULL, &response, &error), HTTPC_E_INVALID_ARG, NULL);
    REFUSED(httpc_send(client, NULL, &response, &error), HTTPC_E_INVALID_ARG, "request");
    request = new_request("GET", keyed);
    REFUSED(httpc_send(NULL, request, &response, &error), HTTPC_E_INVALID_ARG, "client");
    REFUSED(httpc_send(client, request, NULL, &error), HTTPC_E_INVALID_ARG, "out");
    httpc_request_free(request);
    stop();
}

static void expect_request_refused(int line, httpc_request *request, httpc_code code, const char *argument)
{
    bool good = CHECK_CODE(code, HTTPC_E_INVALID_ARG) & CHECK_HAS(httpc_error_detail(httpc_request_error(request)), argument);
    struct outcome o = send_request(client, request);
    good &= CHECK_CODE(o.code, HTTPC_E_INVALID_ARG) & clean_error(o.error);
    if (!good) {
        fprintf(stderr, "  called from line %d: %s\n", line, httpc_error_detail(o.error));
    }
    done(&o);
    httpc_request_free(request);
}

/* A fresh request for each, so that the failure kept is this one. */
#define SETTER(call, argument)                                                                                           \
    do {                                                                                                                 \
        httpc_request *r = new_request("POST", keyed);                                                                   \
        httpc_code setter_code = (call);                                                                                 \
        expect_request_refused(__LINE__, r, setter_code, argument);                                                      \
    } while (0)

TEST(setters_of_a_request)
{
    typedef httpc_code header_fn(httpc_request *, const char *, const char *);
    static header_fn *const headers[] = {httpc_request_set_header, httpc_request_add_header, httpc_request_set_secret_header};
    static const char *const names[] = {"", "X Y", "X:", "X\r\nY", "\xC3\xBC", "(x)", "Content-Length", "transfer-encoding",
                                        "Connection"};
    static const char *const values[] = {SECRET "\r\nX: 1", SECRET "\n", SECRET "\rx", SECRET "\x01", SECRET "\x7f"};
    start();
    for (size_t i = 0; i < 3; i++) {
        CHECK_CODE(headers[i](NULL, "X-A", "b"), HTTPC_E_INVALID_ARG);
        SETTER(headers[i](r, NULL, "b"), "`name`");
        SETTER(headers[i](r, "X-A", NULL), "`value`");
        SETTER(headers[i](r, BAD_UTF8, "b"), "`name`");
        SETTER(headers[i](r, "X-A", BAD_UTF8), "`value`");
        for (size_t j = 0; j < sizeof names / sizeof names[0]; j++) {
            SETTER(headers[i](r, names[j], "1"), "`name`");
        }
        for (size_t j = 0; j < sizeof values / sizeof values[0]; j++) {
            SETTER(headers[i](r, "X-A", values[j]), "`value`");
        }
    }
    SETTER(httpc_request_add_query(r, NULL, "v"), "`name`");
    SETTER(httpc_request_add_query(r, "n", NULL), "`value`");
    SETTER(httpc_request_add_query(r, "n", BAD_UTF8), "`value`");
    SETTER(httpc_request_set_body(r, NULL, NULL, 1), "`body`");
    SETTER(httpc_request_set_body(r, NULL, "x", SIZE_MAX), "`body`");
    SETTER(httpc_request_set_body(r, "a\nb", "x", 1), "content");
    SETTER(httpc_request_set_json(r, NULL), "`json`");
    SETTER(httpc_request_set_json(r, "{"), "`json`");
    SETTER(httpc_request_set_status_errors(r, 2), "`on`");
    SETTER(httpc_request_set_idempotent(r, -1), "`on`");
    SETTER(httpc_request_set_idempotency_key(r, ""), "`key`");
    SETTER(httpc_request_set_idempotency_key(r, "a\r\nb"), "`key`");
    static const int32_t unknown[] = {-1, 0, 8, 1000, INT32_MIN, HTTPC_TIMEOUT_FORCE_32_};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        SETTER(httpc_request_set_timeout(r, unknown[i], 1), "`which`");
    }
    for (int32_t which = HTTPC_TIMEOUT_CONNECT; which <= HTTPC_TIMEOUT_ALL; which++) {
        SETTER(httpc_request_set_timeout(r, which, HUNDRED_YEARS_MS + 1), "`ms`");
        SETTER(httpc_request_set_timeout(r, which, UINT64_MAX), "`ms`");
    }
    stop();
}

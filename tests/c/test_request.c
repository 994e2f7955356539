/* Requests: what arrives at the server is what was asked for. */
#include "server.h"

#include <ctype.h>

static httpc_client *client;
static struct outcome o;

/* Sends to /echo and frees the request; the answer says what arrived. */
static void echo(httpc_request *request)
{
    o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_OK);
    httpc_request_free(request);
}

static const char *echoed(const char *pointer)
{
    return httpc_response_json_string(o.response, pointer, NULL);
}

static void start(void)
{
    httpc_config *config = new_config();
    httpc_config_set_header(config, "X-Default", "client");
    client = new_client(config);
}

static void stop(void)
{
    done(&o);
    httpc_client_free(client);
}

TEST(query_parameters_are_encoded_and_keep_their_order)
{
    start();
    httpc_request *request = new_request("GET", "/echo?given=as%20is");
    CHECK_CODE(httpc_request_add_query(request, "a b", "1 + 1 = 2"), HTTPC_OK);
    CHECK_CODE(httpc_request_add_query(request, "tag", "x&y"), HTTPC_OK);
    CHECK_CODE(httpc_request_add_query(request, "tag", "100%"), HTTPC_OK);
    CHECK_CODE(httpc_request_add_query(request, "ü", "#?/"), HTTPC_OK);
    CHECK_CODE(httpc_request_add_query(request, "empty", ""), HTTPC_OK);
    echo(request);
    const char *query = echoed("/query");
    CHECK_HAS(query, "given=as%20is&a%20b=1%20%2B%201%20%3D%202&tag=x%26y&tag=100%25&%C3%BC=%23");
    CHECK_HAS(query, "&empty=");
    stop();
}

TEST(a_query_parameter_with_a_control_character_is_refused)
{
    start();
    httpc_request *request = new_request("GET", "/echo");
    CHECK_CODE(httpc_request_add_query(request, "lines", "a\r\nb"), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(httpc_request_error(request)), "`value`");
    httpc_request_free(request);
    stop();
}

TEST(any_method_token_is_sent_as_it_is)
{
    start();
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "get", "X-!"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        echo(new_request(methods[i], "/echo"));
        CHECK_STR(echoed("/method"), methods[i]);
        CHECK_STR(httpc_attempt_method(httpc_response_attempt(o.response, 0)), methods[i]);
        done(&o);
    }
    stop();
}

TEST(set_replaces_a_header_and_add_puts_one_beside_it)
{
    start();
    httpc_request *request = new_request("GET", "/echo");
    CHECK_CODE(httpc_request_set_header(request, "X-One", "first"), HTTPC_OK);
    CHECK_CODE(httpc_request_set_header(request, "x-one", "second"), HTTPC_OK);
    CHECK_CODE(httpc_request_add_header(request, "X-Two", "a"), HTTPC_OK);
    CHECK_CODE(httpc_request_add_header(request, "X-TWO", "b"), HTTPC_OK);
    CHECK_CODE(httpc_request_set_header(request, "X-Empty", ""), HTTPC_OK);
    CHECK_CODE(httpc_request_set_header(request, "X-Utf8", "gr\xC3\xBC\xC3\x9F"), HTTPC_OK);
    CHECK_CODE(httpc_request_set_secret_header(request, "X-Secret", SECRET), HTTPC_OK);
    echo(request);
    CHECK_STR(echoed("/headers/x-one/0"), "second");
    CHECK_STR(echoed("/headers/x-one/1"), NULL);
    CHECK_STR(echoed("/headers/x-two/0"), "a");
    CHECK_STR(echoed("/headers/x-two/1"), "b");
    CHECK_STR(echoed("/headers/x-empty/0"), "");
    CHECK_STR(echoed("/headers/x-utf8/0"), "gr\xC3\xBC\xC3\x9F");
    CHECK_STR(echoed("/headers/x-secret/0"), SECRET);
    CHECK_STR(echoed("/headers/x-default/0"), "client");
    stop();
}

TEST(a_requests_header_takes_the_place_of_the_clients)
{
    start();
    httpc_request *request = new_request("GET", "/echo");
    httpc_request_add_header(request, "x-default", "request");
    echo(request);
    CHECK_STR(echoed("/headers/x-default/0"), "request");
    CHECK_STR(echoed("/headers/x-default/1"), NULL);
    stop();
}

TEST(the_body_is_copied_and_may_hold_any_bytes)
{
    start();
    char bytes[] = "one\0two";
    httpc_request *request = new_request("POST", "/echo");
    CHECK_CODE(httpc_request_set_body(request, "application/x-own", bytes, 7), HTTPC_OK);
    memset(bytes, '!', sizeof bytes);
    echo(request);
    size_t length = 0;
    const char *arrived = httpc_response_json_string(o.response, "/body", &length);
    CHECK(length == 7 && arrived != NULL && memcmp(arrived, "one\0two", 7) == 0);
    CHECK_STR(echoed("/headers/content-type/0"), "application/x-own");
    CHECK_STR(echoed("/headers/content-length/0"), "7");
    done(&o);

    request = new_request("POST", "/echo");
    CHECK_CODE(httpc_request_set_body(request, NULL, NULL, 0), HTTPC_OK);
    echo(request);
    CHECK_STR(echoed("/body"), "");
    CHECK_STR(echoed("/headers/content-length/0"), "0");
    CHECK_STR(echoed("/headers/content-type/0"), NULL);
    stop();
}

TEST(json_is_checked_and_labelled)
{
    start();
    httpc_request *request = new_request("PUT", "/echo");
    CHECK_CODE(httpc_request_set_json(request, " {\"a\": [1, 2.5e3, null]} "), HTTPC_OK);
    echo(request);
    CHECK_STR(echoed("/headers/content-type/0"), "application/json");
    CHECK_STR(echoed("/headers/accept/0"), "application/json");
    CHECK_HAS(echoed("/body"), "{\"a\": [1, 2.5e3, null]}");
    stop();
}

TEST(a_request_is_only_read_and_can_be_sent_again_and_changed)
{
    start();
    const char *key = new_key();
    httpc_request *request = new_request("POST", text("/echo?key=%s", key));
    httpc_request_set_body(request, NULL, "first", 5);
    for (int i = 0; i < 2; i++) {
        o = send_request(client, request);
        CHECK_CODE(o.code, HTTPC_OK);
        done(&o);
    }
    httpc_request_set_body(request, NULL, "other", 5);
    httpc_request_set_header(request, "X-Late", "yes");
    echo(request);
    CHECK_STR(echoed("/headers/x-late/0"), "yes");
    CHECK_EQ(server_count_body(key, "first"), 2);
    CHECK_EQ(server_count_body(key, "other"), 1);
    stop();
}

TEST(retry_rules_of_a_request_replace_the_clients)
{
    start();
    httpc_request *request = new_request("GET", text("/sequence/503,200?key=%s", new_key()));
    CHECK_CODE(httpc_request_set_retry(request, NULL), HTTPC_OK);
    o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_E_STATUS);
    CHECK_EQ(attempts(&o), 1);
    done(&o);
    httpc_request_free(request);

    httpc_retry_policy *policy = new_policy();
    httpc_retry_policy_set_max_attempts(policy, 5);
    httpc_retry_policy_set_backoff(policy, 1, 1.0, 1);
    request = new_request("GET", text("/sequence/503,503,503,503,200?key=%s", new_key()));
    CHECK_CODE(httpc_request_set_retry(request, policy), HTTPC_OK);
    /* Copied: what happens to the policy afterwards does not matter. */
    httpc_retry_policy_set_max_attempts(policy, 1);
    httpc_retry_policy_free(policy);
    o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(attempts(&o), 5);
    httpc_request_free(request);
    stop();
}

TEST(status_errors_and_the_body_limit_can_be_set_for_one_request)
{
    start();
    httpc_request *request = new_request("GET", "/status/404?body=none");
    CHECK_CODE(httpc_request_set_status_errors(request, 0), HTTPC_OK);
    echo(request);
    CHECK_EQ(httpc_response_status(o.response), 404);
    CHECK_STR(httpc_response_error_detail(o.response), "none");
    done(&o);

    static const struct {
        uint64_t limit;
        httpc_code wanted;
    } limits[] = {{1000, HTTPC_OK}, {999, HTTPC_E_BODY_TOO_LARGE}, {0, HTTPC_E_BODY_TOO_LARGE}, {UINT64_MAX, HTTPC_OK}};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        request = new_request("GET", "/bytes/1000");
        CHECK_CODE(httpc_request_set_max_body(request, limits[i].limit), HTTPC_OK);
        o = send_request(client, request);
        CHECK_CODE(o.code, limits[i].wanted);
        CHECK_EQ(attempts(&o), 1);
        done(&o);
        httpc_request_free(request);
    }
    stop();
}

static bool is_uuid4(const char *uuid)
{
    for (int i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? uuid[i] != '-' : !isxdigit((unsigned char)uuid[i])) {
            return false;
        }
    }
    return uuid[36] == 0 && uuid[14] == '4' && strchr("89abAB", uuid[19]) != NULL;
}

TEST(an_idempotency_key_lets_a_post_be_retried)
{
    start();
    const char *key = new_key();
    httpc_request *request = new_request("POST", text("/sequence/503,close,200?key=%s", key));
    CHECK_CODE(httpc_request_set_idempotency_key(request, "order-17"), HTTPC_OK);
    o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(attempts(&o), 3);
    httpc_response *log = server_log(key);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_STR(logged(log, i, "headers/idempotency-key/0"), "order-17");
    }
    httpc_response_free(log);
    httpc_request_free(request);
    stop();
}

TEST(a_generated_idempotency_key_is_shared_by_the_attempts_of_one_send)
{
    start();
    const char *key = new_key();
    httpc_request *request = new_request("POST", text("/sequence/503,200,503,200?key=%s", key));
    CHECK_CODE(httpc_request_set_idempotency_key(request, NULL), HTTPC_OK);
    for (int i = 0; i < 2; i++) {
        o = send_request(client, request);
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_EQ(attempts(&o), 2);
        done(&o);
    }
    httpc_response *log = server_log(key);
    const char *keys[4];
    for (unsigned i = 0; i < 4; i++) {
        keys[i] = logged(log, i, "headers/idempotency-key/0");
        CHECK(keys[i] != NULL && is_uuid4(keys[i]));
    }
    CHECK_STR(keys[1], keys[0]);
    CHECK_STR(keys[3], keys[2]);
    CHECK(keys[0] != NULL && keys[2] != NULL && strcmp(keys[0], keys[2]) != 0);
    httpc_response_free(log);
    httpc_request_free(request);
    stop();
}

TEST(the_caller_may_say_that_a_request_is_idempotent_or_not)
{
    start();
    httpc_request *request = new_request("POST", text("/sequence/close,200?key=%s", new_key()));
    CHECK_CODE(httpc_request_set_idempotent(request, 1), HTTPC_OK);
    o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(attempts(&o), 2);
    done(&o);
    httpc_request_free(request);

    request = new_request("GET", text("/sequence/close,200?key=%s", new_key()));
    CHECK_CODE(httpc_request_set_idempotent(request, 0), HTTPC_OK);
    o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_E_IO);
    CHECK_EQ(httpc_error_stop_reason(o.error), HTTPC_STOP_NOT_IDEMPOTENT);
    httpc_request_free(request);
    stop();
}

TEST(the_first_failure_of_a_setter_is_kept_and_nothing_is_sent)
{
    start();
    const char *key = new_key();
    httpc_request *request = new_request("GET", text("/echo?key=%s", key));
    CHECK(httpc_request_error(request) == NULL);
    CHECK_CODE(httpc_request_set_header(request, "Bad Name", "x"), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_request_set_timeout(request, 99, 1), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_request_set_header(request, "X-Good", "x"), HTTPC_OK);
    const char *first = httpc_error_detail(httpc_request_error(request));
    CHECK_HAS(first, "`name`");
    for (int i = 0; i < 2; i++) {
        o = send_request(client, request);
        CHECK_CODE(o.code, HTTPC_E_INVALID_ARG);
        CHECK_STR(httpc_error_detail(o.error), first);
        CHECK_EQ(httpc_error_attempts(o.error), 0);
        CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_NEVER_SENT);
        done(&o);
    }
    CHECK_EQ(server_count(key), 0);
    httpc_request_free(request);
    stop();
}

TEST(null_is_freed_and_read_in_peace)
{
    httpc_request_free(NULL);
    CHECK(httpc_request_error(NULL) == NULL);
}

TEST(a_body_with_head_is_refused)
{
    httpc_client *client = new_client(NULL);
    httpc_request *request = new_request("HEAD", "/echo");
    httpc_request_set_body(request, NULL, "x", 1);
    struct outcome o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_E_INVALID_ARG);
    done(&o);
    httpc_request_set_body(request, NULL, NULL, 0);
    CHECK_CODE(code_of(send_request(client, request)), HTTPC_OK);
    httpc_request_free(request);
    httpc_client_free(client);
}

TEST(methods_with_a_body_say_when_there_is_none)
{
    static const struct {
        const char *method, *length;
    } table[] = {{"POST", "0"}, {"PUT", "0"}, {"PATCH", "0"}, {"GET", NULL}, {"DELETE", NULL}, {"OPTIONS", NULL}};
    httpc_client *client = new_client(NULL);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        httpc_request *request = new_request(table[i].method, "/echo");
        struct outcome o = send_request(client, request);
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_STR(httpc_response_json_string(o.response, "/headers/content-length/0", NULL), table[i].length);
        done(&o);
        httpc_request_free(request);
    }
    httpc_client_free(client);
}

TEST(an_idempotency_key_takes_the_place_of_a_header_of_that_name)
{
    httpc_client *client = new_client(NULL);
    httpc_request *request = new_request("POST", "/echo");
    httpc_request_set_header(request, "idempotency-key", "as a header");
    httpc_request_set_idempotency_key(request, "as a key");
    struct outcome o = send_request(client, request);
    CHECK_STR(httpc_response_json_string(o.response, "/headers/idempotency-key/0", NULL), "as a key");
    CHECK_STR(httpc_response_json_string(o.response, "/headers/idempotency-key/1", NULL), NULL);
    done(&o);
    httpc_request_free(request);
    httpc_client_free(client);
}

TEST(a_request_head_that_is_too_long_is_the_callers_mistake)
{
    size_t length = 2 << 20;
    char *value = malloc(length + 1);
    memset(value, 'v', length);
    value[length] = 0;
    httpc_client *client = new_client(NULL);
    httpc_request *request = new_request("GET", "/echo");
    httpc_request_set_header(request, "X-Long", value);
    struct outcome o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_E_INVALID_ARG);
    done(&o);
    httpc_request_free(request);
    httpc_client_free(client);
    free(value);
}

TEST(two_user_agents_are_sent_as_two)
{
    httpc_client *client = new_client(NULL);
    httpc_request *request = new_request("GET", "/echo");
    CHECK_CODE(httpc_request_add_header(request, "User-Agent", "one"), HTTPC_OK);
    CHECK_CODE(httpc_request_add_header(request, "User-Agent", "two"), HTTPC_OK);
    CHECK_CODE(httpc_request_add_header(request, "user-agent", "three"), HTTPC_OK);
    struct outcome o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_STR(httpc_response_json_string(o.response, "/headers/user-agent/0", NULL), "one");
    CHECK_STR(httpc_response_json_string(o.response, "/headers/user-agent/1", NULL), "two");
    CHECK_STR(httpc_response_json_string(o.response, "/headers/user-agent/2", NULL), "three");
    done(&o);
    /* And nothing of them is left for the next request on that connection. */
    o = get(client, "/echo");
    CHECK_HAS(httpc_response_json_string(o.response, "/headers/user-agent/0", NULL), "libhttpclient/");
    CHECK_EQ(httpc_response_json_string(o.response, "/headers/user-agent/1", NULL) == NULL, 1);
    done(&o);
    httpc_request_free(request);
    httpc_client_free(client);
}

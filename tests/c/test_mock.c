/* Mocks: rules that answer in place of servers, for blocking and submitted calls alike. */
#include "mock.h"

TEST_BOTH(a_rule_answers)
{
    struct mocked m = new_mocked();
    httpc_mock_rule *rule = on(&m, "GET", API "/users/1");
    CHECK_CODE(httpc_mock_rule_reply_json(rule, 200, "{\"name\":\"Ann\"}"), HTTPC_OK);
    CHECK_CODE(httpc_mock_rule_reply_header(rule, "X-Request-Id", "r1"), HTTPC_OK);
    struct outcome o = send_get(&m, send, "/users/1");
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(httpc_response_status(o.response), 200);
    CHECK_STR(httpc_response_header(o.response, "content-type"), "application/json");
    CHECK_STR(httpc_response_header(o.response, "x-request-id"), "r1");
    CHECK_STR(httpc_response_json_string(o.response, "/name", NULL), "Ann");
    CHECK_EQ(httpc_mock_rule_answered(rule), 1);
    CHECK_CODE(httpc_mock_verify(m.mock, NULL), HTTPC_OK);
    done(&o);
    free_mocked(&m);
}

TEST_BOTH(a_rule_without_an_answer_gives_an_empty_200)
{
    struct mocked m = new_mocked();
    on(&m, NULL, "*");
    struct outcome o = send_get(&m, send, "/anything?at=all");
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_STR(body(&o), "");
    done(&o);
    free_mocked(&m);
}

TEST_BOTH(answers_come_in_order_and_the_last_repeats)
{
    struct mocked m = new_mocked();
    reply(reply(on(&m, "GET", API "/n"), 200, "first"), 200, "second");
    const char *wanted[] = {"first", "second", "second"};
    for (int i = 0; i < 3; i++) {
        struct outcome o = send_get(&m, send, "/n");
        CHECK_STR(body(&o), wanted[i]);
        done(&o);
    }
    free_mocked(&m);
}

TEST_BOTH(retries_see_the_sequence)
{
    struct mocked m = new_mocked();
    reply(reply(on(&m, "GET", API "/flaky"), 503, ""), 200, "up again");
    struct outcome o = send_get(&m, send, "/flaky");
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_STR(body(&o), "up again");
    CHECK_EQ(attempts(&o), 2);
    CHECK_EQ(httpc_mock_calls(m.mock), 2);
    done(&o);
    free_mocked(&m);
}

TEST_BOTH(redirects_are_followed_from_rule_to_rule)
{
    struct mocked m = new_mocked();
    httpc_mock_rule *rule = reply(on(&m, "GET", API "/old"), 302, "moved");
    CHECK_CODE(httpc_mock_rule_reply_header(rule, "Location", "/new"), HTTPC_OK);
    reply(on(&m, "GET", API "/new"), 200, "here");
    struct outcome o = send_get(&m, send, "/old");
    CHECK_STR(body(&o), "here");
    CHECK_STR(httpc_mock_call_url(httpc_mock_call_at(m.mock, 1)), API "/new");
    done(&o);
    free_mocked(&m);
}

/* ---- Which requests a rule takes ---- */

static bool takes(const char *pattern, const char *url)
{
    struct mocked m = new_mocked();
    on(&m, "GET", pattern);
    httpc_code code = code_of(get(m.client, url));
    CHECK(code == HTTPC_OK || code == HTTPC_E_NOT_MOCKED);
    free_mocked(&m);
    return code == HTTPC_OK;
}

TEST(urls_are_compared_whole_and_as_they_are_sent)
{
    CHECK(takes("HTTPS://API.test:443/users", "/users"));
    CHECK(takes(API "/a b", "/a%20b"));
    CHECK(!takes(API "/users", "/users/1"));
    CHECK(!takes(API "/users/1", "/users"));
    CHECK(!takes("http://api.test/users", "/users"));
}

TEST(a_star_stands_for_any_text)
{
    CHECK(takes(API "/users/*", "/users/1/posts"));
    CHECK(takes(API "/users/*", "/users/"));
    CHECK(takes(API "/users/*/posts", "/users/1/posts"));
    CHECK(takes("https://*.test/*s", "/users"));
    CHECK(takes(API "/a*a", "/aa"));
    CHECK(!takes(API "/a*a", "/a"));
    CHECK(!takes(API "/users/*/posts", "/users/1/likes"));
}

TEST(a_path_is_meant_at_any_server)
{
    CHECK(takes("/users", "/users"));
    CHECK(takes("/users/*", "http://other.test:8080/users/1"));
    CHECK(!takes("/users", "/v1/users"));
}

TEST(a_query_counts_where_the_rule_has_one)
{
    CHECK(takes(API "/users", "/users?page=2"));
    CHECK(takes(API "/users?page=2", "/users?page=2"));
    CHECK(takes(API "/users?*page=2*", "/users?a=b&page=2&c"));
    CHECK(!takes(API "/users?page=2", "/users?page=3"));
    CHECK(!takes(API "/users?page=2", "/users"));
}

TEST_BOTH(headers_are_compared)
{
    struct mocked m = new_mocked();
    httpc_mock_rule *rule = reply(on(&m, "GET", API "/h"), 200, "version 2");
    CHECK_CODE(httpc_mock_rule_match_header(rule, "accept", "application/*;v=2"), HTTPC_OK);
    CHECK_CODE(httpc_mock_rule_match_header(rule, "X-Debug", NULL), HTTPC_OK);
    httpc_request *request = new_request("GET", "/h");
    CHECK_CODE(httpc_request_set_header(request, "Accept", "application/json;v=2"), HTTPC_OK);
    CHECK_CODE(code_of(send(m.client, request)), HTTPC_OK);
    CHECK_CODE(httpc_request_set_header(request, "X-Debug", "1"), HTTPC_OK);
    struct outcome o = send(m.client, request);
    CHECK_CODE(o.code, HTTPC_E_NOT_MOCKED);
    CHECK_HAS(httpc_error_detail(o.error), "there is a header X-Debug");
    done(&o);
    httpc_request_free(request);
    free_mocked(&m);
}

TEST(bodies_are_compared_byte_by_byte_or_as_json)
{
    struct mocked m = new_mocked();
    CHECK_CODE(httpc_mock_rule_match_body(on(&m, "POST", API "/raw"), "abc", 3), HTTPC_OK);
    CHECK_CODE(httpc_mock_rule_match_json(on(&m, "POST", API "/json"), "{\"a\":[1,{\"b\":2}],\"c\":3}"), HTTPC_OK);
    CHECK_CODE(code_of(post(m.client, "/raw", "abc")), HTTPC_OK);
    CHECK_CODE(code_of(post(m.client, "/json", " {\"c\": 3, \"a\": [1, {\"b\": 2}]}")), HTTPC_OK);
    struct outcome raw = post(m.client, "/raw", "abd");
    CHECK_HAS(httpc_error_detail(raw.error), "the body differs at byte 2");
    struct outcome json = post(m.client, "/json", "{\"a\":[1,{\"b\":9}],\"c\":3}");
    CHECK_HAS(httpc_error_detail(json.error), "the JSON of the body differs at /a/1/b");
    done(&raw);
    done(&json);
    free_mocked(&m);
}

TEST(the_first_rule_that_matches_answers)
{
    struct mocked m = new_mocked();
    httpc_mock_rule *once = reply(on(&m, "GET", API "/x"), 200, "the first");
    CHECK_CODE(httpc_mock_rule_times(once, 1), HTTPC_OK);
    reply(on(&m, "GET", "*"), 200, "the others");
    struct outcome first = get(m.client, "/x"), second = get(m.client, "/x");
    CHECK_STR(body(&first), "the first");
    CHECK_STR(body(&second), "the others");
    done(&first);
    done(&second);
    free_mocked(&m);
}

/* ---- What no rule matches ---- */

TEST_BOTH(a_miss_names_the_nearest_rule_and_why)
{
    struct mocked m = new_mocked();
    on(&m, "GET", API "/users/*");
    on(&m, "POST", API "/items");
    struct outcome o = send_get(&m, send, "/items?key=" SECRET);
    CHECK_CODE(o.code, HTTPC_E_NOT_MOCKED);
    CHECK_STR(httpc_error_detail(o.error),
              "GET " API "/items: no rule of the mock matches; the nearest, POST " API
              "/items, does not, since it is for POST");
    CHECK_EQ(attempts(&o), 1);
    CHECK_EQ(httpc_error_send_state(o.error), HTTPC_SENT_NEVER_SENT);
    done(&o);
    free_mocked(&m);
}

TEST(a_miss_without_rules_says_so)
{
    struct mocked m = new_mocked();
    struct outcome o = get(m.client, "/x");
    CHECK_STR(httpc_error_detail(o.error), "GET " API "/x: the mock has no rules");
    done(&o);
    free_mocked(&m);
}

TEST(verify_lists_what_was_not_met)
{
    struct mocked m = new_mocked();
    httpc_error *error = NULL;
    CHECK_CODE(httpc_mock_rule_times(on(&m, "GET", API "/twice"), 2), HTTPC_OK);
    CHECK_CODE(httpc_mock_rule_times(on(&m, "DELETE", API "/never"), 0), HTTPC_OK);
    CHECK_CODE(code_of(get(m.client, "/twice")), HTTPC_OK);
    CHECK_CODE(code_of(get(m.client, "/lost?" SECRET)), HTTPC_E_NOT_MOCKED);
    CHECK_CODE(httpc_mock_verify(m.mock, &error), HTTPC_E_NOT_MOCKED);
    CHECK_STR(httpc_error_detail(error),
              "GET " API "/twice: wanted 2 times, asked for once\n"
              "GET " API "/lost: no rule of the mock matches; the nearest, GET " API "/twice, does not, since the URL differs");
    httpc_error_free(error);
    free_mocked(&m);
}

/* ---- What was asked ---- */

TEST_BOTH(calls_are_kept_in_order_with_headers_and_body)
{
    struct mocked m = new_mock();
    httpc_config *config = mock_config(&m);
    CHECK_CODE(httpc_config_set_bearer_token(config, SECRET), HTTPC_OK);
    m.client = new_client(config);
    on(&m, NULL, "*");
    CHECK_CODE(code_of(send_get(&m, send, "/first?a=b")), HTTPC_OK);
    httpc_request *request = new_request("PUT", "/second");
    CHECK_CODE(httpc_request_set_json(request, "{\"n\":1}"), HTTPC_OK);
    CHECK_CODE(code_of(send(m.client, request)), HTTPC_OK);
    const httpc_mock_call *first = httpc_mock_call_at(m.mock, 0), *second = httpc_mock_call_at(m.mock, 1);
    size_t length = 0;
    CHECK_EQ(httpc_mock_calls(m.mock), 2);
    CHECK(httpc_mock_call_at(m.mock, 2) == NULL);
    CHECK_STR(httpc_mock_call_method(first), "GET");
    CHECK_STR(httpc_mock_call_url(first), API "/first?a=b");
    CHECK_STR(httpc_mock_call_header(first, "authorization"), "Bearer " SECRET);
    CHECK_STR(httpc_mock_call_header(second, "Content-Type"), "application/json");
    CHECK_STR((const char *)httpc_mock_call_body(second, &length), "{\"n\":1}");
    CHECK_EQ(length, 7);
    CHECK(httpc_mock_call_header(second, "X-None") == NULL);
    size_t named = 0;
    for (size_t i = 0; i < httpc_mock_call_header_count(second); i++) {
        named += strcmp(httpc_mock_call_header_name(second, i), "User-Agent") == 0;
        CHECK(httpc_mock_call_header_value(second, i) != NULL);
    }
    CHECK_EQ(named, 1);
    httpc_request_free(request);
    free_mocked(&m);
}

TEST(one_mock_serves_many_clients)
{
    struct mocked m = new_mocked();
    httpc_client *other = new_client(mock_config(&m));
    reply(on(&m, "GET", API "/x"), 200, "x");
    CHECK_CODE(code_of(get(m.client, "/x")), HTTPC_OK);
    CHECK_CODE(code_of(get(other, "/x")), HTTPC_OK);
    CHECK_EQ(httpc_mock_calls(m.mock), 2);
    httpc_client_free(other);
    free_mocked(&m);
}

TEST(a_client_goes_on_with_a_mock_that_was_freed)
{
    struct mocked m = new_mocked();
    reply(on(&m, "GET", API "/x"), 200, "x");
    httpc_mock_free(m.mock);
    m.mock = NULL;
    CHECK_CODE(code_of(get(m.client, "/x")), HTTPC_OK);
    free_mocked(&m);
}

TEST_BOTH(long_bodies_arrive_whole)
{
    size_t length = 300000;
    char *big = malloc(length + 1);
    memset(big, 'x', length);
    big[length] = 0;
    struct mocked m = new_mocked();
    reply(on(&m, "GET", API "/big"), 200, big);
    struct outcome o = send_get(&m, send, "/big");
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_STR(body(&o), big);
    done(&o);
    free_mocked(&m);
    free(big);
}

TEST_BOTH(the_limit_on_bodies_holds)
{
    struct mocked m = new_mock();
    httpc_config *config = mock_config(&m);
    CHECK_CODE(httpc_config_set_max_body(config, 4), HTTPC_OK);
    m.client = new_client(config);
    reply(on(&m, "GET", API "/big"), 200, "12345");
    CHECK_CODE(code_of(send_get(&m, send, "/big")), HTTPC_E_BODY_TOO_LARGE);
    free_mocked(&m);
}

TEST(a_head_request_gets_no_body)
{
    struct mocked m = new_mocked();
    reply(on(&m, NULL, API "/x"), 200, "body");
    httpc_request *request = new_request("HEAD", "/x");
    struct outcome o = send_request(m.client, request);
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_STR(body(&o), "");
    CHECK_STR(httpc_response_header(o.response, "content-length"), "4");
    done(&o);
    httpc_request_free(request);
    free_mocked(&m);
}

/* ---- What is wrong is said ---- */

TEST(a_wrong_setter_is_remembered)
{
    struct mocked m = new_mocked();
    httpc_error *error = NULL;
    httpc_mock_rule *rule = on(&m, "GET", API "/x");
    CHECK_CODE(httpc_mock_rule_reply(rule, 99, NULL, 0), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_mock_verify(m.mock, &error), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(error), "argument `status`: 99 is not between 200 and 599");
    struct outcome o = get(m.client, "/x");
    CHECK_CODE(o.code, HTTPC_E_NOT_MOCKED);
    CHECK_HAS(httpc_error_detail(o.error), "argument `status`");
    done(&o);
    httpc_error_free(error);
    free_mocked(&m);
}

TEST(bad_arguments_are_refused)
{
    struct mocked m = new_mock();
    httpc_mock_rule *rule = NULL;
    httpc_error *error = NULL;
    CHECK_CODE(httpc_mock_new(NULL, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_mock_on(NULL, "GET", "*", &rule, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_mock_on(m.mock, "G T", "*", &rule, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_mock_on(m.mock, "GET", NULL, &rule, NULL), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_mock_on(m.mock, "GET", "users", &rule, &error), HTTPC_E_URL);
    CHECK_HAS(httpc_error_detail(error), "argument `url`");
    httpc_error_free(error);
    CHECK(rule == NULL);
    rule = on(&m, "GET", "/x");
    CHECK_CODE(httpc_mock_rule_match_header(rule, "A B", "*"), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_mock_rule_match_json(rule, "{"), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_mock_rule_reply_json(rule, 200, "{"), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_mock_rule_reply_header(rule, "A", "b\r\nc"), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_mock_rule_fail(rule, HTTPC_E_STATUS), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_mock_rule_fail(rule, 12345), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_mock_rule_reply_break(rule, HTTPC_E_DNS, 0), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_mock_rule_fail(NULL, HTTPC_E_DNS), HTTPC_E_INVALID_ARG);
    CHECK_EQ(httpc_mock_calls(NULL), 0);
    CHECK_EQ(httpc_mock_rule_answered(NULL), 0);
    CHECK(httpc_mock_call_url(NULL) == NULL);
    CHECK(httpc_mock_call_body(NULL, NULL) == NULL);
    httpc_mock_free(NULL);
    free_mocked(&m);
}

TEST(a_virtual_clock_needs_a_mock)
{
    struct mocked m = new_mock();
    httpc_config *config = mock_config(&m);
    httpc_client *client = NULL;
    httpc_error *error = NULL;
    CHECK_CODE(httpc_config_set_mock(config, NULL), HTTPC_OK);
    CHECK_CODE(httpc_client_new(config, &client, &error), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(error), "a client with a virtual clock needs a mock");
    httpc_error_free(error);
    httpc_config_free(config);
    free_mocked(&m);
}

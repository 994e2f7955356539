/* application/x-www-form-urlencoded, as the WHATWG URL standard serializes it. */
#include "bodies.h"

static httpc_request *form(const char *url, const char *const *pairs)
{
    httpc_request *request = new_request("POST", url);
    for (; *pairs != NULL; pairs += 2) {
        CHECK_CODE(httpc_request_add_form(request, pairs[0], pairs[1]), HTTPC_OK);
    }
    return request;
}

static void check_sent_as(const char *const *pairs, const char *wanted)
{
    httpc_client *client = new_client(NULL);
    httpc_request *request = form("/echo", pairs);
    struct outcome o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_STR(httpc_response_json_string(o.response, "/body", NULL), wanted);
    CHECK_STR(httpc_response_json_string(o.response, "/headers/content-type/0", NULL), "application/x-www-form-urlencoded");
    done(&o);
    httpc_request_free(request);
    httpc_client_free(client);
}

TEST(fields_are_encoded_as_browsers_do)
{
    check_sent_as((const char *const[]){"a", "1", "b", "2", NULL}, "a=1&b=2");
    check_sent_as((const char *const[]){"a", "1", "a", "2", NULL}, "a=1&a=2");
    check_sent_as((const char *const[]){"name", "J\xc3\xb6rg & Co", NULL}, "name=J%C3%B6rg+%26+Co");
    check_sent_as((const char *const[]){"*-._~", "a=b+c%\r\n", NULL}, "*-._%7E=a%3Db%2Bc%25%0D%0A");
    check_sent_as((const char *const[]){"", "", NULL}, "=");
}

TEST(a_form_is_sent_again_by_retries)
{
    for (int way = 0; way < WAYS; way++) {
        httpc_client *client = new_client(NULL);
        const char *key = new_key();
        httpc_request *request = form(text("/sequence/429,200?key=%s", key), (const char *const[]){"a", "1", NULL});
        CHECK_CODE(code_of(perform(way, client, request)), HTTPC_OK);
        CHECK_EQ(server_count_body(key, "a=1"), 2);
        httpc_client_free(client);
    }
}

TEST(other_bodies_replace_a_form_and_a_form_replaces_none)
{
    httpc_client *client = new_client(NULL);
    httpc_request *request = form("/echo", (const char *const[]){"a", "1", NULL});
    CHECK_CODE(httpc_request_set_body(request, NULL, "raw", 3), HTTPC_OK);
    struct outcome o = send_request(client, request);
    CHECK_STR(httpc_response_json_string(o.response, "/body", NULL), "raw");
    CHECK(httpc_response_json_string(o.response, "/headers/content-type/0", NULL) == NULL);
    done(&o);
    CHECK_CODE(httpc_request_add_form(request, "a", "1"), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(httpc_request_error(request)), "a body of another kind");
    httpc_request_free(request);

    request = form("/echo", (const char *const[]){"a", "1", NULL});
    CHECK_CODE(httpc_request_add_part(request, "b", "2"), HTTPC_E_INVALID_ARG);
    httpc_request_free(request);
    httpc_client_free(client);
}

TEST(bad_fields_name_the_argument)
{
    httpc_request *request = new_request("POST", "/echo");
    CHECK_CODE(httpc_request_add_form(request, NULL, "1"), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(httpc_request_error(request)), "`name`");
    httpc_request_free(request);
    request = new_request("POST", "/echo");
    CHECK_CODE(httpc_request_add_form(request, "a", "\xff"), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(httpc_request_error(request)), "`value`: is not UTF-8");
    httpc_request_free(request);
}

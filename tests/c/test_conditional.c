/* Conditional requests (RFC 9110 section 13): asking only for what has changed, and changing only what has not. */
#include "server.h"

#define TAGGED "/versioned?etag=%22v1%22"
#define DATED "/versioned?modified=Mon,%2002%20Nov%202026%2010:00:00%20GMT"

static struct outcome again(httpc_client *client, const char *method, const char *path, const httpc_response *before,
                            httpc_code (*condition)(httpc_request *, const httpc_response *))
{
    httpc_request *request = new_request(method, path);
    CHECK_CODE(condition(request, before), HTTPC_OK);
    struct outcome o = send_request(client, request);
    httpc_request_free(request);
    return o;
}

TEST(what_is_current_is_answered_with_304_as_an_ordinary_response)
{
    static const char *const paths[] = {TAGGED, DATED, TAGGED "&modified=x", "/versioned?etag=W/%22weak%22"};
    httpc_client *client = new_client(NULL);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct outcome first = get(client, paths[i]);
        CHECK_CODE(first.code, HTTPC_OK);
        struct outcome second = again(client, "GET", paths[i], first.response, httpc_request_set_if_changed);
        size_t length = 1;
        CHECK_CODE(second.code, HTTPC_OK);
        CHECK_EQ(httpc_response_status(second.response), 304);
        CHECK(httpc_response_body(second.response, &length) != NULL && length == 0);
        done(&first), done(&second);
    }
    httpc_client_free(client);
}

TEST(what_has_changed_is_answered_whole)
{
    httpc_client *client = new_client(NULL);
    struct outcome first = get(client, TAGGED);
    struct outcome second = again(client, "GET", "/versioned?etag=%22v2%22", first.response, httpc_request_set_if_changed);
    CHECK_CODE(second.code, HTTPC_OK);
    CHECK_EQ(httpc_response_status(second.response), 200);
    CHECK_STR((const char *)httpc_response_body(second.response, NULL), "current");
    done(&first), done(&second);
    httpc_client_free(client);
}

TEST(a_change_goes_through_only_while_nobody_else_has_made_one)
{
    httpc_client *client = new_client(NULL);
    struct outcome first = get(client, TAGGED);
    struct outcome good = again(client, "PUT", TAGGED, first.response, httpc_request_set_if_unchanged);
    CHECK_CODE(good.code, HTTPC_OK);
    struct outcome lost = again(client, "PUT", "/versioned?etag=%22v2%22", first.response, httpc_request_set_if_unchanged);
    CHECK_CODE(lost.code, HTTPC_E_STATUS);
    CHECK_EQ(httpc_error_status(lost.error), 412);
    CHECK(strstr(httpc_error_detail(lost.error), "somebody else has changed it") != NULL);
    done(&first), done(&good), done(&lost);
    httpc_client_free(client);
}

TEST(a_later_condition_replaces_the_earlier_one)
{
    httpc_client *client = new_client(NULL);
    struct outcome tagged = get(client, TAGGED "&modified=x"), dated = get(client, DATED);
    httpc_request *request = new_request("GET", "/echo");
    CHECK_CODE(httpc_request_set_if_changed(request, tagged.response), HTTPC_OK);
    CHECK_CODE(httpc_request_set_if_changed(request, dated.response), HTTPC_OK);
    struct outcome o = send_request(client, request);
    CHECK_STR(httpc_response_json_string(o.response, "/headers/if-none-match/0", NULL), NULL);
    CHECK_STR(httpc_response_json_string(o.response, "/headers/if-modified-since/0", NULL), "Mon, 02 Nov 2026 10:00:00 GMT");
    httpc_request_free(request);
    done(&tagged), done(&dated), done(&o);
    httpc_client_free(client);
}

TEST(a_response_without_a_version_is_refused_by_name)
{
    httpc_client *client = new_client(NULL);
    struct outcome bare = get(client, "/versioned"), weak = get(client, "/versioned?etag=W/%22v1%22");
    httpc_request *request = new_request("GET", "/echo");
    CHECK_CODE(httpc_request_set_if_changed(request, bare.response), HTTPC_E_INVALID_ARG);
    CHECK(strstr(httpc_error_detail(httpc_request_error(request)), "response") != NULL);
    httpc_request_free(request);
    request = new_request("PUT", "/echo");
    CHECK_CODE(httpc_request_set_if_unchanged(request, weak.response), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_request_set_if_unchanged(request, NULL), HTTPC_E_INVALID_ARG);
    httpc_request_free(request);
    done(&bare), done(&weak);
    httpc_client_free(client);
}

/* Fields that a server sends after a body. */
#include "sink.h"

#define TRAILERS "/chunked?sizes=3,1000&trailer=X-Checksum:abc&trailer=x-checksum:def&trailer=Server-Timing:%20db;dur=53%20"

TEST(trailers_are_read_apart_from_headers)
{
    IN_EVERY_WAY {
        httpc_client *client = new_client(config_of(way));
        struct outcome o = make(way, client, new_request("GET", TRAILERS));
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_STR(httpc_response_trailer(o.response, "X-CHECKSUM"), "abc");
        CHECK_STR(httpc_response_trailer(o.response, "server-timing"), "db;dur=53");
        CHECK_STR(httpc_response_header(o.response, "X-Checksum"), NULL);
        CHECK_EQ(httpc_response_trailer_count(o.response), 3);
        CHECK_STR(httpc_response_trailer_value(o.response, 1), "def");
        CHECK_STR(httpc_response_trailer_name(o.response, 3), NULL);
        CHECK_STR(httpc_response_trailer_value(o.response, 3), NULL);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(the_spelling_of_names_is_the_servers)
{
    httpc_client *client = new_client(NULL);
    struct outcome o = get(client, TRAILERS);
    CHECK_STR(httpc_response_trailer_name(o.response, 0), "X-Checksum");
    CHECK_STR(httpc_response_trailer_name(o.response, 1), "x-checksum");
    done(&o);
    httpc_client_free(client);
}

TEST(a_body_that_went_to_a_sink_has_trailers_in_the_end)
{
    IN_EVERY_WAY {
        httpc_client *client = new_client(config_of(way));
        struct sink s = SINK;
        struct outcome o = make(way, client, request_into(&s, TRAILERS));
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_EQ(s.count, 1003);
        CHECK_STR(httpc_response_trailer(o.response, "x-checksum"), "abc");
        done(&o);
        httpc_client_free(client);
    }
}

TEST(a_response_without_any_has_none)
{
    IN_EVERY_WAY {
        httpc_client *client = new_client(config_of(way));
        struct outcome o = make(way, client, new_request("GET", "/chunked?sizes=3"));
        CHECK_EQ(httpc_response_trailer_count(o.response), 0);
        CHECK_STR(httpc_response_trailer(o.response, "x"), NULL);
        CHECK_STR(httpc_response_trailer_name(o.response, 0), NULL);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(what_is_no_field_is_left_out)
{
    httpc_client *client = new_client(NULL);
    struct outcome o = get(client, "/chunked?sizes=3&trailer=:nameless&trailer=X-Right:1");
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(httpc_response_trailer_count(o.response), 1);
    CHECK_STR(httpc_response_trailer(o.response, "x-right"), "1");
    done(&o);
    httpc_client_free(client);
}

TEST(a_length_in_a_trailer_changes_nothing)
{
    httpc_client *client = new_client(NULL);
    struct outcome o = get(client, "/chunked?sizes=3&trailer=Content-Length:99");
    CHECK_CODE(o.code, HTTPC_OK);
    size_t length = 0;
    httpc_response_body(o.response, &length);
    CHECK_EQ(length, 3);
    CHECK_STR(httpc_response_trailer(o.response, "content-length"), "99");
    done(&o);
    httpc_client_free(client);
}

TEST(they_count_as_headers_towards_the_longest)
{
    IN_EVERY_WAY {
        httpc_config *config = config_of(way);
        httpc_config_set_max_headers(config, 1024);
        httpc_client *client = new_client(config);
        struct outcome o = make(way, client, new_request("GET", text("/chunked?sizes=3&trailer=X-Long:%01100d", 1)));
        CHECK_CODE(o.code, HTTPC_E_HEADERS_TOO_LARGE);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(null_has_no_trailers)
{
    CHECK_EQ(httpc_response_trailer_count(NULL), 0);
    CHECK_STR(httpc_response_trailer(NULL, "x"), NULL);
    CHECK_STR(httpc_response_trailer_name(NULL, 0), NULL);
    CHECK_STR(httpc_response_trailer_value(NULL, 0), NULL);
}

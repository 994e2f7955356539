// httpclient.hpp, where the body of a response goes: sinks, files, streams.
#include "hpp.hpp"

#include <cstdio>
#include <memory>

static http::client client_here()
{
    return make_client(http::config().base_url(address("URL")));
}

TEST(a_sink_gets_head_and_body_and_is_destroyed_once)
{
    const auto got = std::make_shared<std::string>();
    {
        auto request = make_request("GET", "/status/200?body=hello");
        request.body_sink(
            [got](const http::response &head) {
                *got += std::to_string(head.status()) + " ";
                return 0;
            },
            [got](string_view bytes) {
                got->append(bytes);
                return 0;
            });
        const auto response = client_here().try_send(request);
        CHECK(response.has_value() && response->body().empty());
        CHECK_EQ(got.use_count(), 3);
    }
    CHECK_VIEW(*got, "200 hello");
    CHECK_EQ(got.use_count(), 1);
}

TEST(a_sink_without_a_head_may_stop_the_call)
{
    auto request = make_request("GET", "/endless");
    request.body_sink([](string_view) { return 7; });
    const auto response = client_here().try_send(request);
    CHECK(!response.has_value() && response.error().code() == HTTPC_E_ABORTED);
}

TEST(a_file)
{
    const std::string path = std::string(new_key()) + ".tmp";
    CHECK(client_here().try_download("/bytes/10", path).has_value());
    CHECK_EQ(std::remove(path.c_str()), 0);
    auto request = make_request("GET", "/bytes/10");
    request.body_file_sink("no/such/folder");
    const auto response = client_here().try_send(request);
    CHECK(!response.has_value() && response.error().code() == HTTPC_E_FILE);
}

TEST(a_stream)
{
    const auto client = client_here();
    auto stream = client.try_open(make_request("GET", "/status/200?body=hello"));
    if (!CHECK(stream.has_value())) {
        return;
    }
    CHECK_EQ(stream->head().status(), 200);
    char buffer[3];
    std::string got;
    for (auto count = stream->try_read(buffer, sizeof buffer); *count > 0;
         count = stream->try_read(buffer, sizeof buffer)) {
        got.append(buffer, *count);
    }
    CHECK_VIEW(got, "hello");
    CHECK(!client.try_open(make_request("GET", "/status/404")).has_value());
}

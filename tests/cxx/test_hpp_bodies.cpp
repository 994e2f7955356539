// httpclient.hpp, what a request sends along: sources, files, forms, parts; how far they are; events that come back.
#include "hpp.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>

static http::client client_here()
{
    return make_client(http::config().base_url(address("URL")));
}

static std::string sent(http::request &request)
{
    auto response = client_here().try_send(request);
    if (!CHECK(response.has_value())) {
        return std::string(response.error().detail());
    }
    return std::string(*response->try_json<string_view>("/body"));
}

TEST(a_source_is_read_rewound_and_destroyed_once)
{
    const auto held = std::make_shared<int>(0);
    auto request = make_request("PUT", "/redirect/307?to=/echo");
    auto at = std::make_shared<std::size_t>(0);
    request.body_source(
        "text/plain",
        [held, at](char *buffer, std::size_t size) -> std::int64_t {
            const std::size_t count = std::min<std::size_t>(size, 5 - *at);
            std::copy_n(&"hello"[*at], count, buffer);
            *at += count;
            return static_cast<std::int64_t>(count);
        },
        [at] {
            *at = 0;
            return 0;
        },
        5);
    CHECK_VIEW(sent(request), "hello");
    CHECK_EQ(held.use_count(), 2);
    request.body("text/plain", "other");
    CHECK_EQ(held.use_count(), 1);
}

TEST(a_source_without_a_length_or_a_way_back)
{
    auto request = make_request("POST", "/echo");
    request.body_source(nullptr, [left = 3](char *buffer, std::size_t) mutable -> std::int64_t {
        *buffer = 'x';
        return left-- > 0 ? 1 : 0;
    });
    CHECK_VIEW(sent(request), "xxx");
}

TEST(files_memory_forms_and_parts)
{
    const std::string path = std::string(new_key()) + ".tmp";
    std::FILE *file = std::fopen(path.c_str(), "wb");
    CHECK(file != nullptr && std::fputs("in a file", file) >= 0 && std::fclose(file) == 0);

    auto request = make_request("PUT", "/echo");
    CHECK_VIEW(sent(request.body_file("text/plain", path)), "in a file");
    CHECK_VIEW(sent(request.body_borrowed("text/plain", "lent")), "lent");

    auto form = make_request("POST", "/echo");
    CHECK_VIEW(sent(form.add_form("a", "1").add_form("b", "2 3")), "a=1&b=2+3");

    auto parts = make_request("POST", "/echo");
    parts.add_part("a", "1").add_part_bytes("b", "b.bin", "x/y", "bytes").add_part_file("c", path);
    const std::string body = sent(parts);
    CHECK_HAS(body.c_str(), "name=\"b\"; filename=\"b.bin\"\r\nContent-Type: x/y\r\n\r\nbytes\r\n");
    CHECK_HAS(body.c_str(), "\r\n\r\nin a file\r\n");
    CHECK_EQ(std::remove(path.c_str()), 0);
}

TEST(progress_is_told_and_may_stop)
{
    http::transferred last{};
    auto request = make_request("GET", "/bytes/100000");
    request.progress([&last](const http::transferred &now) {
        last = now;
        return 0;
    });
    CHECK(client_here().try_send(request).has_value());
    CHECK_EQ(last.downloaded, 100000);
    CHECK(last.download_total == 100000);

    request.progress([](const http::transferred &) { return 7; });
    CHECK_CODE(client_here().try_send(request).error().code(), HTTPC_E_ABORTED);
    request.progress(nullptr);
    CHECK(client_here().try_send(request).has_value());
}

TEST(events_come_as_views)
{
    std::string all;
    auto request = make_request("GET", "/events?of=2&per=1");
    request.event_reconnect(true, std::chrono::milliseconds(1)).max_event(1000);
    request.event_sink([&all](const http::sse_event &event) {
        all.append(event.type).append(" ").append(event.id).append(": ").append(event.data).append("\n");
        return 0;
    });
    CHECK(client_here().try_send(request).has_value());
    CHECK_VIEW(all, "count 1: number 1\ncount 2: number 2\n");

    request.event_sink([](const http::sse_event &) { return 7; });
    CHECK_CODE(client_here().try_send(request).error().code(), HTTPC_E_ABORTED);
}

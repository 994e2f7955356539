// httpclient.hpp as C++20: all its tests again, and that its ranges are ranges of the standard library.
#include "test_hpp.cpp"
#include "test_hpp_async.cpp"
#include "test_hpp_options.cpp"
#include "test_hpp_retry.cpp"

#include <iterator>
#include <ranges>

static_assert(__cplusplus >= 202002L, "this file is compiled as C++20");
static_assert(std::forward_iterator<http::detail::response_headers::iterator>);
static_assert(std::ranges::forward_range<http::detail::response_attempts>);
static_assert(std::ranges::sized_range<http::detail::error_attempts>);

TEST(ranges_work)
{
    const auto client = make_client();
    const auto got = client.try_get(text("sequence/503,200?key=%s", new_key()));
    if (!CHECK(got.has_value())) {
        return;
    }
    const auto failed = [](const http::attempt &attempt) { return attempt.status() >= 400; };
    CHECK_EQ(std::ranges::count_if(got->attempts(), failed), 1);
#if !defined(__clang__) || __clang_major__ >= 16 // earlier ones do not compile the views of libstdc++
    auto statuses = got->attempts() | std::views::filter(failed) | std::views::transform(&http::attempt::status);
    CHECK_EQ(*statuses.begin(), 503);
#endif
    const auto headers = got->headers();
    const auto found = std::ranges::find(headers, string_view("Content-Type"), &http::header_field::name);
    CHECK(found != headers.end() && (*found).value == "application/json");
}

// httpclient.hpp, what comes out and what goes in: responses, errors, exceptions, strings. test_hpp_cxx20.cpp and
// test_hpp_noexceptions.cpp run this file, test_hpp_options.cpp and test_hpp_retry.cpp again.
#include "hpp.hpp"

#include <algorithm>
#include <memory>
#include <memory_resource>
#include <vector>

// ---- What holds at compile time ----

static_assert(is_handle<http::client> && is_handle<http::config> && is_handle<http::request> &&
                  is_handle<http::response> && is_handle<http::retry_policy> && is_handle<http::cancel_token>,
              "an owner is a pointer, moved and never copied");
static_assert(std::is_nothrow_move_constructible_v<http::error> && !std::is_copy_constructible_v<http::error>, "");
static_assert(std::is_nothrow_move_constructible_v<http::result<http::response>>, "");
static_assert(std::is_same_v<http::code, httpc_code>, "the codes are C's");

// A loop over the attempts of a temporary would outlive them.
template <class T, class = void> struct loops_over_temporary : std::false_type {
};
template <class T>
struct loops_over_temporary<T, std::void_t<decltype(std::declval<T>().attempts())>> : std::true_type {
};
static_assert(loops_over_temporary<http::response &>::value && !loops_over_temporary<http::response>::value, "");
static_assert(loops_over_temporary<http::error &>::value && !loops_over_temporary<http::error>::value, "");

// Only these have the type a decider needs.
template <class Judge, class = void> struct judges : std::false_type {
};
template <class Judge>
struct judges<Judge, std::void_t<decltype(std::declval<http::retry_policy &>().decider(std::declval<Judge>()))>>
    : std::true_type {
};
static_assert(judges<httpc_decision (*)(http::attempt)>::value && judges<std::nullptr_t>::value, "");
static_assert(!judges<int (*)(http::attempt)>::value && !judges<httpc_decision (*)(int)>::value, "");

// ---- Responses ----

TEST(links_and_conditions)
{
    const auto client = make_client();
    const auto page = client.try_get("pages/2");
    if (!CHECK(page.has_value())) {
        return;
    }
    CHECK(page->link("next").value_or("none").find("/pages/3") != string_view::npos);
    CHECK(page->link("last") == std::nullopt);
    const auto first = client.try_get("versioned?etag=%22v1%22");
    const auto second = client.try_send(make_request("GET", "versioned?etag=%22v1%22").if_changed(*first));
    CHECK_EQ(second->status(), 304);
    const auto third = client.try_send(make_request("PUT", "versioned?etag=%22v2%22").if_unchanged(*first));
    CHECK_CODE(third.code(), HTTPC_E_STATUS);
}

TEST(a_response_in_views)
{
    const auto client = make_client();
    const auto got = client.try_get("headers?X-One=1&X-Two=&x-one=3");
    if (!CHECK(got.has_value())) {
        return;
    }
    CHECK(static_cast<bool>(got));
    CHECK_CODE(got.code(), HTTPC_OK);
    const http::response &response = *got;
    CHECK_EQ(response.status(), 200);
    CHECK_VIEW(response.reason(), "OK");
    CHECK_VIEW(response.body(), "headers");
    CHECK_VIEW(response.header("content-TYPE").value_or("none"), "text/plain");
    CHECK_VIEW(response.header("X-Two").value_or("none"), "");
    CHECK(response.header("X-Three") == std::nullopt);
    CHECK_VIEW(response.error_detail(), "");
    CHECK(response.url().find("/headers?X-One=1") != string_view::npos);
    CHECK(response.peer().substr(0, 10) == "127.0.0.1:");
    CHECK_EQ(response.http_version(), HTTPC_HTTP_1_1);
    CHECK(!response.reused());
    CHECK_BETWEEN(response.elapsed().count(), 0, 5000);
    CHECK_BETWEEN(response.time(HTTPC_PHASE_DONE).count(), 1, 5000000);
    CHECK_EQ(response.time(HTTPC_PHASE_SECURED).count(), 0);

    std::string all;
    for (const auto [name, value] : response.headers()) {
        all.append(name).append("=").append(value).append(";");
    }
    CHECK_HAS(all.c_str(), "X-One=1;X-Two=;x-one=3;");
    CHECK_EQ(response.headers().size(), std::count(all.begin(), all.end(), ';'));
    CHECK(!response.headers().empty());
    CHECK_VIEW(response.headers()[1].name, "X-One");
    CHECK_VIEW(response.headers()[1000].name, "");
    CHECK(CHECK(client.try_get("status/200").has_value()) && client.try_get("status/200")->reused());
}

TEST(trailers_of_a_response)
{
    const auto client = make_client();
    const auto got = client.try_get("chunked?sizes=3&trailer=X-Sum:abc&trailer=X-Other:");
    if (!CHECK(got.has_value())) {
        return;
    }
    const http::response &response = *got;
    CHECK_VIEW(response.trailer("x-sum").value_or("none"), "abc");
    CHECK(response.trailer("X-Three") == std::nullopt);
    CHECK(response.header("X-Sum") == std::nullopt);
    std::string all;
    for (const auto [name, value] : response.trailers()) {
        all.append(name).append("=").append(value).append(";");
    }
    CHECK_STR(all.c_str(), "X-Sum=abc;X-Other=;");
}

TEST(a_body_of_any_bytes)
{
    const auto client = make_client();
    const auto got = client.try_get("bytes/600");
    if (CHECK(got.has_value()) && CHECK_EQ(got->body().size(), 600)) {
        for (std::size_t i = 0; i < 600; i++) {
            if (!CHECK_EQ(static_cast<unsigned char>(got->body()[i]), i % 251)) {
                break;
            }
        }
    }
    const string_view sent("a\0b\0", 4);
    const auto echoed = client.try_post("echo", "text/plain", sent);
    CHECK(echoed.has_value() && echoed->try_json<string_view>("/body").value_or("") == sent);
}

TEST(json_by_type)
{
    const auto client = make_client();
    const auto got = client.try_post(
        "echo", nullptr,
        R"({"int": -42, "big": 9223372036854775807, "double": 1.5, "yes": true, "text": "a\u0000b", "null": null})");
    // The echo has the JSON as a string; the mirror is a status with a body.
    CHECK(got.has_value() && got->json_type("/body") == HTTPC_JSON_STRING);
    auto request = make_request("GET", "status/200");
    request.add_query("type", "application/json");
    request.add_query("body", R"({"int": -42, "big": 9223372036854775807, "byte": 200, "double": 1.5, "yes": true,)"
                              R"( "text": "a\u0000b", "null": null, "list": [1, 2, 3]})");
    const auto json = client.try_send(request);
    if (!CHECK(json.has_value())) {
        return;
    }
    const http::response &response = *json;
    CHECK_EQ(*response.try_json<std::int64_t>("/int"), -42);
    CHECK_EQ(*response.try_json<int>("/int"), -42);
    CHECK_EQ(*response.try_json<long long>("/big"), INT64_MAX);
    CHECK(*response.try_json<std::uint64_t>("/big") == 9223372036854775807u);
    CHECK_EQ(*response.try_json<unsigned char>("/byte"), 200);
    CHECK(*response.try_json<double>("/double") > 1.4 && *response.try_json<double>("/double") < 1.6);
    CHECK(*response.try_json<bool>("/yes"));
    CHECK(*response.try_json<string_view>("/text") == string_view("a\0b", 3));
    CHECK_EQ(*response.try_json_length("/list"), 3);
    CHECK_EQ(response.json_type("/null"), HTTPC_JSON_NULL);
    CHECK_EQ(response.json_type("/nothing"), HTTPC_JSON_MISSING);

    CHECK_CODE(response.try_json<std::uint32_t>("/int").code(), HTTPC_E_JSON);
    CHECK_CODE(response.try_json<std::uint64_t>("/int").code(), HTTPC_E_JSON);
    CHECK_CODE(response.try_json<std::int32_t>("/big").code(), HTTPC_E_JSON);
    CHECK_CODE(response.try_json<signed char>("/byte").code(), HTTPC_E_JSON);
    CHECK_HAS(response.try_json<int>("/big").error().detail().data(), "does not fit");
    CHECK_HAS(response.try_json<int>("/text").error().detail().data(), "integer");
    CHECK_HAS(response.try_json<bool>("/nothing").error().detail().data(), "nothing");
    CHECK_CODE(response.try_json<string_view>("/nothing").code(), HTTPC_E_JSON);
    CHECK_HAS(response.try_json<string_view>("/nothing").error().detail().data(), "nothing");
    CHECK_HAS(response.try_json<string_view>("/list").error().detail().data(), "no string");
    CHECK_EQ(response.try_json<int>("/nothing").value_or(7), 7);
    const auto absent = response.try_json<int>("/nothing");
    CHECK_EQ(absent.value_or(8), 8);
}

TEST(a_response_is_shared)
{
    const auto client = make_client();
    auto got = client.try_get("status/404?body=gone&type=text/plain");
    if (!CHECK(!got.has_value())) {
        return;
    }
    http::response kept(nullptr);
    CHECK(!kept);
    CHECK_EQ(kept.status(), 0);
    {
        const http::error error = std::move(got).error();
        kept = error.response();
    }
    CHECK_EQ(kept.status(), 404);
    const http::response second = kept.share();
    kept = http::response(nullptr);
    CHECK_VIEW(second.body(), "gone");
    // What the C API returns fits in, and the other way round.
    http::response adopted(httpc_response_ref(second.native_handle()));
    CHECK_EQ(httpc_response_status(adopted.native_handle()), 404);
    httpc_response *released = adopted.release();
    CHECK(!adopted);
    httpc_response_free(released);
}

// ---- Errors ----

TEST(an_error_tells_everything)
{
    const auto client = make_client();
    auto got = client.try_get(text("sequence/503,429@0,422?key=%s", new_key()));
    if (!CHECK(!got.has_value())) {
        return;
    }
    CHECK_CODE(got.code(), HTTPC_E_STATUS);
    const http::error &error = got.error();
    CHECK_CODE(error.code(), HTTPC_E_STATUS);
    CHECK(static_cast<bool>(error));
    CHECK_EQ(error.status(), 422);
    CHECK_EQ(error.curl_code(), 0);
    CHECK_EQ(error.stop_reason(), HTTPC_STOP_NOT_RETRYABLE);
    CHECK_EQ(error.send_state(), HTTPC_SENT_ANSWERED);
    CHECK(clean_error(error.native_handle()));
    CHECK_VIEW(error.detail(), httpc_error_detail(error.native_handle()));

    std::vector<std::int32_t> statuses;
    for (const http::attempt attempt : error.attempts()) {
        statuses.push_back(attempt.status());
        CHECK_VIEW(attempt.method(), "GET");
        CHECK(attempt.url().find("/sequence/") != string_view::npos);
        CHECK_CODE(attempt.code(), HTTPC_OK);
        CHECK_EQ(attempt.send_state(), HTTPC_SENT_ANSWERED);
    }
    CHECK(statuses == std::vector<std::int32_t>({503, 429, 422}));
    const auto attempts = error.attempts();
    CHECK_EQ(attempts.size(), 3);
    CHECK_EQ(attempts[1].delay_source(), HTTPC_DELAY_BACKOFF);
    CHECK_BETWEEN(attempts[1].delay().count(), 0, 250);
    CHECK(attempts[2].start() >= attempts[1].start());
    CHECK_BETWEEN(attempts[0].duration().count(), 0, 5000);
    CHECK_EQ(attempts[0].stop_reason(), HTTPC_STOP_NONE);
    CHECK(!attempts[0].reused() && attempts[2].reused());
    CHECK_EQ(attempts[0].connection_id(), attempts[2].connection_id());
    CHECK_VIEW(attempts[0].peer(), attempts[2].peer());
    CHECK_EQ(attempts[0].curl_code(), 0);
    CHECK_EQ(attempts[3].status(), 0);

    // The code of an error is an enum of C: switch works.
    switch (error.code()) {
    case HTTPC_E_STATUS:
        break;
    default:
        CHECK(false);
    }
    CHECK_VIEW(http::code_name(error.code()), "HTTPC_E_STATUS");
    CHECK(http::code_is_timeout(HTTPC_E_TIMEOUT_READ) && !http::code_is_timeout(error.code()));
}

TEST(a_moved_error_reads_as_success)
{
    const auto client = make_client();
    auto got = client.try_get(address("REFUSED"));
    if (!CHECK(!got.has_value())) {
        return;
    }
    http::error error = std::move(got).error();
    CHECK_CODE(error.code(), HTTPC_E_CONNECT);
    CHECK_EQ(error.attempts().size(), 3);
    CHECK(!error.response());
    CHECK(error.retry_after() == std::nullopt);
    CHECK_EQ(error.send_state(), HTTPC_SENT_NEVER_SENT);
    http::error other = std::move(error);
    CHECK_CODE(error.code(), HTTPC_OK); // NOLINT: that is what is tested
    CHECK_VIEW(error.detail(), "");
    CHECK_CODE(other.code(), HTTPC_E_CONNECT);
    error = std::move(other);
    CHECK_CODE(error.code(), HTTPC_E_CONNECT);
}

TEST(when_to_come_back)
{
    const auto client = make_client(http::config().base_url(address("URL")).retry(nullptr));
    const auto got = client.try_get("status/503?retry_after=7");
    CHECK(!got && got.error().retry_after() == 7s);
    CHECK(!got && got.error().attempts().size() == 1);
}

// ---- Exceptions ----

#if HTTPCLIENT_EXCEPTIONS
TEST(failures_are_thrown)
{
    const http::client client(http::config().base_url(address("URL")).retry(quick_retries()));
    std::exception_ptr kept;
    try {
        client.get("status/404?body=gone&type=text/plain");
        CHECK(false);
    } catch (const http::exception &thrown) {
        kept = std::current_exception();
        CHECK_CODE(thrown.code(), HTTPC_E_STATUS);
        CHECK_STR(thrown.what(), thrown.error().detail().data());
        CHECK_HAS(thrown.what(), "404");
        CHECK_EQ(thrown.error().attempts().size(), 1);
        CHECK_VIEW(thrown.error().response().body(), "gone");
        const http::exception copy = thrown; // NOLINT: that is what is tested
        CHECK(&copy.error() == &thrown.error());
    }
    try {
        std::rethrow_exception(kept);
    } catch (const std::runtime_error &thrown) {
        CHECK_HAS(thrown.what(), "gone");
    }
    const auto code_of_throw = [](auto &&call) {
        try {
            call();
            return HTTPC_OK;
        } catch (const http::exception &thrown) {
            return thrown.code();
        }
    };
    CHECK_CODE(code_of_throw([] { http::client(http::config().base_url("nothing")); }), HTTPC_E_URL);
    CHECK_CODE(code_of_throw([] { http::request("NO METHOD", "echo"); }), HTTPC_E_INVALID_ARG);
    CHECK_CODE(code_of_throw([&] { client.post_json("echo", "{"); }), HTTPC_E_INVALID_ARG);
    CHECK_CODE(code_of_throw([&] { client.get("echo").json<int>("/method"); }), HTTPC_E_JSON);
    CHECK_CODE(code_of_throw([&] { client.get("echo").json<string_view>("/headers"); }), HTTPC_E_JSON);
    CHECK_CODE(code_of_throw([&] { client.get("echo").json_length("/method"); }), HTTPC_E_JSON);
    CHECK_CODE(code_of_throw([&] { client.close(); }), HTTPC_OK);
    CHECK_CODE(code_of_throw([&] { client.head("echo"); }), HTTPC_E_CLOSED);
    CHECK_CODE(code_of_throw([] { http::client(nullptr).close(); }), HTTPC_E_INVALID_ARG);
}

TEST(every_verb_that_throws)
{
    const http::client client(http::config().base_url(address("URL")));
    const auto method_of = [](const http::response &echoed) {
        return std::string(echoed.json<string_view>("/method"));
    };
    CHECK_VIEW(method_of(client.get("echo")), "GET");
    CHECK_VIEW(method_of(client.del("echo")), "DELETE");
    CHECK_VIEW(method_of(client.options("echo")), "OPTIONS");
    CHECK_VIEW(method_of(client.post("echo", "text/plain", "x")), "POST");
    CHECK_VIEW(method_of(client.put("echo", "text/plain", "x")), "PUT");
    CHECK_VIEW(method_of(client.patch("echo", "text/plain", "x")), "PATCH");
    CHECK_VIEW(method_of(client.post_json("echo", "1")), "POST");
    CHECK_VIEW(method_of(client.put_json("echo", "1")), "PUT");
    CHECK_VIEW(method_of(client.patch_json("echo", "1")), "PATCH");
    CHECK_VIEW(method_of(client.send(http::request("PROPFIND", "echo").add_query("a", "b"))), "PROPFIND");
    CHECK_EQ(client.head("echo").status(), 200);
    CHECK(client.stats().opened() == 1);
    CHECK_EQ(client.get("echo").json_length("/headers") > 0, true);
    CHECK(!http::cancel_token().is_cancelled());
    CHECK_EQ(http::client().get(text("%s/echo", address("URL"))).status(), 200);
    const http::request named = std::move(http::request("GET", "echo").add_query("a", "b"));
    CHECK_EQ(client.send(named).status(), 200);
}
#endif

// ---- Strings in ----

struct convertible {
    operator string_view() const
    {
        return "echo?own";
    }
};

TEST(strings_of_every_kind)
{
    const auto client = make_client();
    const auto query_of = [&](const http::text &url) {
        const auto got = client.try_get(url);
        return std::string(got ? got->try_json<string_view>("/query").value_or("?") : got.error().detail());
    };
    const std::string string = "echo?string";
    const std::pmr::string other_allocator = "echo?pmr";
    char array[] = "echo?array";
    CHECK_VIEW(query_of("echo?literal"), "literal");
    CHECK_VIEW(query_of(array), "array");
    CHECK_VIEW(query_of(string), "string");
    CHECK_VIEW(query_of(other_allocator), "pmr");
    CHECK_VIEW(query_of(std::string("echo?") + "temporary"), "temporary");
    CHECK_VIEW(query_of(convertible()), "own");
    // What follows a view is not part of it, and not read: the heap block ends where the view does.
    const std::unique_ptr<char[]> exact(new char[6]);
    std::memcpy(exact.get(), "echo?v", 6);
    CHECK_VIEW(query_of(string_view(exact.get(), 6)), "v");
    CHECK_VIEW(query_of(string_view("echo?view&more").substr(0, 9)), "view");
    for (std::size_t length = 250; length < 262; length++) {
        const std::string wanted(length - 5, 'x');
        const std::string longer = "echo?" + wanted + "yyy";
        CHECK_VIEW(query_of(string_view(longer).substr(0, length)), wanted);
    }
}

TEST(texts_are_copied_only_when_they_must)
{
    const std::string string(1000, 's');
    const char *literal = "literal";
    CHECK(http::text(string).c_str() == string.c_str());
    CHECK(http::text(literal).c_str() == literal);
    CHECK(http::text(nullptr).c_str() == nullptr);
    const long before = allocations;
    const http::text small(string_view(string).substr(0, 255));
    CHECK_EQ(allocations - before, 0);
    CHECK_EQ(std::strlen(small.c_str()), 255);
    const http::text large(string_view(string).substr(0, 256));
    CHECK_EQ(allocations - before, 1);
    CHECK_EQ(std::strlen(large.c_str()), 256);
    CHECK_STR(http::text(string_view()).c_str(), "");
}

TEST(a_nul_inside_is_refused)
{
    const auto client = make_client();
    const auto key = new_key();
    const std::string url = std::string("echo?key=") + key;
    for (const auto &bad : {url + '\0', url + std::string(1, '\0') + "more", std::string(1, '\0') + url}) {
        const auto from_string = client.try_get(bad);
        const auto from_view = client.try_get(string_view(bad));
        CHECK_CODE(from_string.code(), HTTPC_E_INVALID_ARG);
        CHECK_CODE(from_view.code(), HTTPC_E_INVALID_ARG);
        if (!from_string) {
            CHECK_HAS(from_string.error().detail().data(), "url");
            CHECK(clean_error(from_string.error().native_handle()));
        }
    }
    std::string lengthy(600, 'x');
    for (const std::size_t at : {0u, 253u, 254u, 255u, 256u, 599u}) {
        std::string bad = lengthy;
        bad[at] = '\0';
        http::config config;
        CHECK_CODE(config.header("X-Long", bad).error().code(), HTTPC_E_INVALID_ARG);
        CHECK_CODE(http::config().header("X-Long", string_view(bad)).error().code(), HTTPC_E_INVALID_ARG);
        CHECK_CODE(http::config().bearer_token(string_view(bad).substr(0, at + 1)).error().code(), HTTPC_E_INVALID_ARG);
        CHECK_CODE(http::config().header(bad, "value").error().code(), HTTPC_E_INVALID_ARG);
    }
    CHECK_EQ(server_count(key), 0);
    const auto got = client.try_get("headers?X-One=1");
    CHECK(got && got->header(string_view("X-One\0", 6)) == std::nullopt);
    CHECK(got && got->json_type(string_view("\0", 1)) == HTTPC_JSON_MISSING);
    CHECK_CODE(client.try_get(nullptr).code(), HTTPC_E_INVALID_ARG);
}

// ---- No cost ----

TEST(success_allocates_nothing)
{
    const auto client = make_client();
    const auto request = make_request("GET", "status/200");
    const std::string path =
        "status/200?body=%7B%22a%22%3A%5B1%2C2.5%2Ctrue%2C%22s%22%5D%7D&a_long_one=" + std::string(300, 'x');
    const string_view view = "status/200|";
    long sum = 0;
    const long before = allocations;
    {
        auto first = client.try_get(path);
        const auto second = client.try_get(view.substr(0, 10));
        const auto third = client.try_send(request);
        const auto fourth = client.try_post("status/200", "text/plain", view);
        const auto moved = std::move(first);
        for (const auto header : moved->headers()) {
            sum += static_cast<long>(header.name.size() + header.value.size());
        }
        for (const auto attempt : moved->attempts()) {
            sum += attempt.status() + static_cast<long>(attempt.url().size());
        }
        sum += *moved->try_json<int>("/a/0") + static_cast<long>(moved->try_json<string_view>("/a/3")->size());
        sum += static_cast<long>(*moved->try_json<double>("/a/1")) + *moved->try_json<bool>("/a/2");
        sum += static_cast<long>(moved->header(string_view("Date")).value_or("").size());
        sum += second->status() + third->status() + fourth->status();
    }
    CHECK_EQ(allocations - before, 0);
    CHECK(sum > 800);
}

TEST(versions_and_names)
{
    CHECK(http::version().substr(0, 11) == "httpclient/");
    CHECK(http::version_number() > 0);
    CHECK_VIEW(http::stop_name(HTTPC_STOP_BUDGET), "HTTPC_STOP_BUDGET");
    CHECK_VIEW(http::delay_source_name(HTTPC_DELAY_BACKOFF), "HTTPC_DELAY_BACKOFF");
}

// httpclient.hpp, what a program sets: configs, requests, policies, tokens; what a moved-from object does; closing.
#include "hpp.hpp"

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

// ---- Options ----

TEST(a_client_has_its_options)
{
    const auto client = make_client(http::config()
                                        .base_url(address("URL"))
                                        .bearer_token(string_view("tokenX").substr(0, 5))
                                        .header("X-Plain", std::string("plain"))
                                        .secret_header("X-Secret", "hidden")
                                        .user_agent("test/1")
                                        .timeout(HTTPC_TIMEOUT_TOTAL, 20s)
                                        .timeout(HTTPC_TIMEOUT_ATTEMPT, 0ms)
                                        .max_connections(4)
                                        .max_connections_per_host(2)
                                        .max_idle(1)
                                        .idle_expiry(10s)
                                        .retry(nullptr)
                                        .status_errors(false)
                                        .max_body(1000)
                                        .max_headers(4096)
                                        .max_redirects(1)
                                        .redirect_post(false)
                                        .proxy("")
                                        .add_resolve("other.test", 80, "127.0.0.1")
                                        .protocol(HTTPC_PROTOCOL_HTTP_1_1)
                                        .engine_threads(2)
                                        .seed(1));
    const auto got = client.try_get("echo");
    if (CHECK(got.has_value())) {
        CHECK_VIEW(got->try_json<string_view>("/headers/authorization/0").value_or(""), "Bearer token");
        CHECK_VIEW(got->try_json<string_view>("/headers/x-plain/0").value_or(""), "plain");
        CHECK_VIEW(got->try_json<string_view>("/headers/x-secret/0").value_or(""), "hidden");
        CHECK_VIEW(got->try_json<string_view>("/headers/user-agent/0").value_or(""), "test/1");
    }
    const auto failing = client.try_get("status/503?body=busy");
    CHECK(failing && failing->status() == 503 && failing->attempts().size() == 1);
    CHECK(failing && failing->error_detail() == "busy");
    CHECK_CODE(client.try_get("bytes/1001").code(), HTTPC_E_BODY_TOO_LARGE);
    CHECK(client.try_get("redirect/302?to=/status/200").has_value());
    CHECK_CODE(client.try_get("redirect-chain/2").code(), HTTPC_E_REDIRECT);
    const auto unfollowed = client.try_post("redirect/303?to=/status/200");
    CHECK(unfollowed && unfollowed->status() == 303);

    const auto basic = make_client(http::config().base_url(address("URL")).basic_auth("user", "word"));
    const auto answer = basic.try_get("echo");
    CHECK(answer && answer->try_json<string_view>("/headers/authorization/0").value_or("") == "Basic dXNlcjp3b3Jk");
    const auto secured = make_client(http::config().base_url(address("TLS")).ca_file(address("CA")));
    CHECK(secured.try_get("echo").has_value());
    CHECK_CODE(http::client::try_make(http::config().ca_file("/nowhere")).code(), HTTPC_E_FILE);
    CHECK(http::client::try_make().has_value());
}

static std::string content_of(const char *path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(a_client_has_its_tls)
{
    const auto certified = [] {
        http::config config;
        config.base_url(address("TLS_CLIENT_CERT")).ca_directory(address("CA_DIR"));
        return config;
    };
    const auto name_of = [](const http::config &config) {
        const auto client = make_client(config);
        const auto got = client.try_get("tls");
        return std::string(got ? got->try_json<string_view>("/client").value_or("") : "");
    };
    const char *const secret = "s3cr3t-7f1c";
    const auto chain = content_of(address("CLIENT_CHAIN"));
    CHECK(name_of(certified().client_certificate(address("CLIENT_CHAIN"))) == "test client 2");
    CHECK(name_of(certified().client_certificate(address("CLIENT_CERT"), address("CLIENT_KEY_ENCRYPTED"), secret)) ==
          "test client");
    CHECK(name_of(certified().client_certificate_pem(chain)) == "test client 2");
    CHECK(name_of(certified().client_certificate_pem(content_of(address("CLIENT_CERT")),
                                                     content_of(address("CLIENT_KEY_ENCRYPTED")), secret)) ==
          "test client");
    CHECK(name_of(certified().client_pkcs12(address("CLIENT_P12"), secret)) == "test client 2");
    CHECK(name_of(certified().client_pkcs12_data(content_of(address("CLIENT_P12")), secret)) == "test client 2");

    const auto client = make_client(http::config()
                                        .base_url(address("TLS"))
                                        .add_ca_pem(content_of(address("CA")))
                                        .system_ca(true)
                                        .min_tls_version(HTTPC_TLS_1_3)
                                        .pinned_keys(address("TLS_PIN"))
                                        .keep_certificates(true));
    const auto got = client.try_get("tls");
    if (CHECK(got.has_value())) {
        CHECK(got->tls_version() == HTTPC_TLS_1_3);
        CHECK_VIEW(got->try_json<string_view>("/cipher").value_or(""), got->tls_cipher());
        CHECK(got->certificate_count() == 1 && !got->certificate_der(0).empty() && got->certificate_der(1).empty());
        CHECK(got->certificate_pem(0).has_value() && !got->certificate_pem(1).has_value());
    }
    const auto careless = make_client(http::config()
                                          .base_url(address("TLS_SELF_SIGNED"))
                                          .dangerously_skip_host_name_check(true)
                                          .dangerously_skip_certificate_verification(true));
    CHECK(careless.try_get("tls").has_value());
}

TEST(a_request_has_its_options)
{
    const auto client = make_client();
    const auto token = http::cancel_token::try_make();
    auto request = make_request("PATCH", "echo");
    request.add_query("q", string_view("a b|").substr(0, 3))
        .header("X-A", "first")
        .header("X-A", "second")
        .add_header("X-A", "third")
        .secret_header("X-S", "hidden")
        .body("application/octet-stream", "bytes")
        .timeout(HTTPC_TIMEOUT_READ, 5s)
        .retry(quick_retries())
        .status_errors(true)
        .max_body(4096)
        .max_redirects(0)
        .redirect_post(true)
        .idempotency_key("key-1")
        .idempotent(true)
        .cancel_token(*token);
    CHECK(!request.error());
    const auto got = client.try_send(request);
    if (!CHECK(got.has_value())) {
        return;
    }
    const auto text_at = [&](const char *pointer) { return got->try_json<string_view>(pointer).value_or("(nothing)"); };
    CHECK_VIEW(text_at("/method"), "PATCH");
    CHECK_VIEW(text_at("/query"), "q=a%20b");
    CHECK_VIEW(text_at("/headers/x-a/0"), "second");
    CHECK_VIEW(text_at("/headers/x-a/1"), "third");
    CHECK_VIEW(text_at("/headers/x-s/0"), "hidden");
    CHECK_VIEW(text_at("/headers/content-type/0"), "application/octet-stream");
    CHECK_VIEW(text_at("/headers/idempotency-key/0"), "key-1");
    CHECK_VIEW(text_at("/body"), "bytes");

    auto redirected = make_request("GET", "redirect/302?to=/status/200");
    const auto unfollowed = client.try_send(redirected.max_redirects(0));
    CHECK(unfollowed && unfollowed->status() == 302);

    request.json(R"({"a":1})").idempotency_key().retry(nullptr).cancel_token(nullptr);
    const auto again = client.try_send(request);
    CHECK(again && again->try_json<string_view>("/body").value_or("") == R"({"a":1})");
    CHECK(again && again->try_json<string_view>("/headers/idempotency-key/0").value_or("").size() == 36);
    const unsigned char raw[] = {1, 2, 3};
    const auto bytes = client.try_send(request.body(nullptr, raw, sizeof raw));
    CHECK(bytes && bytes->try_json<string_view>("/body").value_or("") == "\1\2\3");
}

TEST(setters_keep_the_first_failure)
{
    http::config config;
    CHECK(!config.error());
    CHECK_CODE(config.error().code(), HTTPC_OK);
    config.base_url("ftp://example.com").max_connections(0).user_agent("fine");
    CHECK(static_cast<bool>(config.error()));
    CHECK_CODE(config.error().code(), HTTPC_E_URL);
    const auto client = http::client::try_make(config);
    CHECK_CODE(client.code(), HTTPC_E_URL);
    CHECK(!client && client.error().detail() == config.error().detail());

    auto request = make_request("GET", "echo");
    request.header("not a name", "").timeout(HTTPC_TIMEOUT_TOTAL, -1s);
    CHECK_CODE(request.error().code(), HTTPC_E_INVALID_ARG);
    CHECK_HAS(request.error().detail().data(), "not a name");
    CHECK_CODE(make_client().try_send(request).code(), HTTPC_E_INVALID_ARG);
    CHECK_CODE(http::request::try_make("NO METHOD", "echo").code(), HTTPC_E_INVALID_ARG);

    http::retry_policy policy;
    CHECK(!policy.error());
    CHECK_CODE(policy.max_attempts(0).error().code(), HTTPC_E_INVALID_ARG);
    CHECK_CODE(http::config().retry(policy).error().code(), HTTPC_E_INVALID_ARG);
    CHECK_CODE(http::config().timeout(HTTPC_TIMEOUT_READ, -1ms).error().code(), HTTPC_E_INVALID_ARG);
    CHECK_CODE(http::config().timeout(static_cast<httpc_timeout>(99), 1ms).error().code(), HTTPC_E_INVALID_ARG);
}

// NULL would mean "all defaults", "no retries" and "no token": silently so.
TEST(moved_from_objects_are_refused)
{
    http::config config;
    const http::config kept = std::move(config);
    CHECK(!config); // NOLINT: that is what is tested, here and below
    CHECK(static_cast<bool>(kept));
    CHECK_CODE(http::client::try_make(config).code(), HTTPC_E_INVALID_ARG);
    CHECK_HAS(http::client::try_make(config).error().detail().data(), "moved from");
    CHECK_CODE(http::client::try_make(config.base_url(address("URL"))).code(), HTTPC_E_INVALID_ARG);
    CHECK(!config.error());

    http::retry_policy policy;
    const http::retry_policy kept_policy = std::move(policy);
    CHECK_HAS(http::config().retry(policy).error().detail().data(), "moved from");
    auto request = make_request("GET", "echo");
    CHECK_HAS(request.retry(policy).error().detail().data(), "moved from");

    auto token = http::cancel_token::try_make();
    const http::cancel_token kept_token = *std::move(token);
    request = make_request("GET", "echo");
    CHECK_HAS(request.cancel_token(*token).error().detail().data(), "moved from");
    token->cancel();
    CHECK(!token->is_cancelled() && !kept_token.is_cancelled());

    auto client = make_client();
    request = make_request("GET", "echo");
    const http::request kept_request = std::move(request);
    CHECK_CODE(client.try_send(request).code(), HTTPC_E_INVALID_ARG);
    const http::client kept_client = std::move(client);
    CHECK_CODE(client.try_get("echo").code(), HTTPC_E_INVALID_ARG);
    CHECK_CODE(client.try_close().code(), HTTPC_E_INVALID_ARG);
    CHECK(kept_client.try_send(kept_request).has_value());
    // A moved-from object takes a new value.
    client = make_client();
    CHECK(client.try_get("echo").has_value());
    policy.decider([](http::attempt) { return HTTPC_DECISION_STOP; }); // freed at once
}

TEST(every_verb)
{
    const auto client = make_client();
    const auto check_echo = [](const http::result<http::response> &got, string_view method, string_view body,
                               string_view type) {
        if (CHECK(got.has_value())) {
            CHECK_VIEW(got->try_json<string_view>("/method").value_or("?"), method);
            CHECK_VIEW(got->try_json<string_view>("/body").value_or("?"), body);
            CHECK_VIEW(got->try_json<string_view>("/headers/content-type/0").value_or("none"), type);
        }
    };
    check_echo(client.try_get("echo"), "GET", "", "none");
    check_echo(client.try_del("echo"), "DELETE", "", "none");
    check_echo(client.try_options("echo"), "OPTIONS", "", "none");
    check_echo(client.try_post("echo"), "POST", "", "none");
    check_echo(client.try_post("echo", nullptr, "x"), "POST", "x", "none");
    check_echo(client.try_post("echo", "text/csv", std::string("a,b")), "POST", "a,b", "text/csv");
    check_echo(client.try_put("echo", "text/csv", "a,b"), "PUT", "a,b", "text/csv");
    check_echo(client.try_patch("echo", "text/csv", "a,b"), "PATCH", "a,b", "text/csv");
    check_echo(client.try_post_json("echo", "[1]"), "POST", "[1]", "application/json");
    check_echo(client.try_put_json("echo", string_view("[2] ").substr(0, 3)), "PUT", "[2]", "application/json");
    check_echo(client.try_patch_json("echo", "[3]"), "PATCH", "[3]", "application/json");
    const auto head = client.try_head("echo");
    CHECK(head && head->status() == 200 && head->body().empty());
    CHECK_CODE(client.try_post_json("echo", "[").code(), HTTPC_E_INVALID_ARG);
}

// ---- Retry policies ----

TEST(a_policy_has_its_options)
{
    const std::vector<std::int32_t> list = {500, 503};
    http::retry_policy policy;
    policy.max_attempts(2)
        .backoff(1ms, 1.5, 2ms)
        .jitter(HTTPC_JITTER_NONE)
        .statuses(list.data(), list.size())
        .methods({"GET", "POST"})
        .retry_after(true, 1s)
        .retry_throttled(false)
        .throttled_base(2ms)
        .budget(100, 10, 5);
    CHECK(!policy.error());
    const auto client = make_client(http::config().base_url(address("URL")).retry(policy));
    const auto posted = client.try_post(text("sequence/500,200?key=%s", new_key()));
    CHECK(posted && posted->attempts().size() == 2 && posted->attempts()[1].delay() >= 1ms);
    const auto busy = client.try_get(text("sequence/503@2,200?key=%s", new_key()));
    CHECK(!busy && busy.error().stop_reason() == HTTPC_STOP_RETRY_AFTER_TOO_LONG);
    const auto throttled = client.try_get(text("sequence/429,200?key=%s", new_key()));
    CHECK(!throttled && throttled.error().stop_reason() == HTTPC_STOP_NOT_RETRYABLE);

    CHECK(!policy.statuses({}).methods({}).error());
    CHECK_CODE(policy.statuses({99}).error().code(), HTTPC_E_INVALID_ARG);
}

struct counted {
    explicit counted(int &live) : live(&live)
    {
        ++*this->live;
    }
    counted(counted &&other) noexcept : live(other.live)
    {
        ++*live;
    }
    counted(const counted &) = delete;
    ~counted()
    {
        --*live;
    }
    int *live;
};

TEST(a_decider_is_any_callable_and_is_dropped)
{
    int live = 0, asked = 0;
    {
        http::retry_policy policy = quick_retries();
        // Moved, not copied: what it holds cannot be.
        policy.decider(
            [held = counted(live), only = std::make_unique<int>(409), &asked](http::attempt attempt) mutable {
                asked++;
                return attempt.status() == *only ? HTTPC_DECISION_RETRY : HTTPC_DECISION_DEFAULT;
            });
        CHECK_EQ(live, 1);
        const auto client = make_client(http::config().base_url(address("URL")).retry(policy));
        policy.decider(nullptr);
        CHECK_EQ(live, 1);
        const auto got = client.try_get(text("sequence/409,200?key=%s", new_key()));
        CHECK(got && got->attempts().size() == 2);
        CHECK_EQ(asked, 1);
    }
    CHECK_EQ(live, 0);

    http::retry_policy none(nullptr);
    none.decider([held = counted(live)](http::attempt) { return HTTPC_DECISION_STOP; });
    CHECK_EQ(live, 0);

    // A function, and a functor that stays the caller's.
    struct stopping {
        httpc_decision operator()(const http::attempt &) const
        {
            return HTTPC_DECISION_STOP;
        }
    };
    const stopping judge;
    httpc_decision (*function)(http::attempt) = [](http::attempt) { return HTTPC_DECISION_STOP; };
    for (const auto &policy :
         {http::retry_policy().decider(judge).release(), http::retry_policy().decider(function).release()}) {
        const auto client = make_client(http::config().base_url(address("URL")).retry(http::retry_policy(policy)));
        const auto got = client.try_get("status/503");
        CHECK(!got && got.error().stop_reason() == HTTPC_STOP_DECIDER);
    }
}

// ---- Logs and statistics ----

TEST(a_log_is_any_callable_and_is_dropped)
{
    int live = 0;
    std::string lines;
    {
        const auto client = make_client(
            http::config()
                .base_url(address("URL"))
                .log(HTTPC_LOG_DEBUG, [held = counted(live), &lines](http::log_level level, string_view line) {
                    CHECK_EQ(level, HTTPC_LOG_DEBUG);
                    lines.append(line).append(";");
                }));
        CHECK_EQ(live, 1);
        CHECK(client.try_get("echo").has_value());
        CHECK_HAS(lines.c_str(), "/echo");
    }
    CHECK_EQ(live, 0);
    CHECK_CODE(http::config().log(static_cast<http::log_level>(99), [](http::log_level, string_view) {}).error().code(),
               HTTPC_E_INVALID_ARG);
    CHECK(!http::config().log(nullptr).error());
}

TEST(the_pool_is_counted)
{
    const auto client = make_client();
    CHECK(client.try_get("echo").has_value());
    CHECK(client.try_get("echo").has_value());
    const auto stats = client.try_stats();
    CHECK(stats && stats->opened() == 1 && stats->reused() == 1);
    CHECK(stats && stats->idle() == 1 && stats->in_use() == 0 && stats->waiting() == 0);
    CHECK_CODE(http::client(nullptr).try_stats().code(), HTTPC_E_INVALID_ARG);
}

// ---- Cancelling and closing ----

TEST(a_token_cancels_from_another_thread)
{
    const auto client = make_client();
    auto token = http::cancel_token::try_make();
    if (!CHECK(token.has_value())) {
        return;
    }
    auto request = make_request("GET", "delay/20000");
    request.cancel_token(*token);
    std::thread other([&] {
        wait_until_ms(now_ms() + 50);
        token->cancel();
    });
    const double start = now_ms();
    const auto got = client.try_send(request);
    CHECK_CODE(got.code(), HTTPC_E_CANCELLED);
    CHECK_BETWEEN(now_ms() - start, 40, 5000);
    other.join();
    CHECK(token->is_cancelled());
}

TEST(close_is_a_result_without_value)
{
    const auto client = make_client();
    const http::result<void> closed = client.try_close();
    CHECK(closed.has_value() && closed && closed.code() == HTTPC_OK);
    CHECK(client.try_close(0ms).has_value());
    CHECK(client.try_close(-1s).has_value());
    CHECK_CODE(client.try_get("echo").code(), HTTPC_E_CLOSED);

    const auto busy = make_client();
    auto request = make_request("GET", "status/503");
    http::result<void> inside;
    request.retry(http::retry_policy().decider([&](http::attempt) {
        inside = busy.try_close(1s);
        return HTTPC_DECISION_STOP;
    }));
    CHECK(!busy.try_send(request).has_value());
    CHECK_CODE(inside.code(), HTTPC_E_WOULD_DEADLOCK);
    CHECK(!inside && !inside.error().detail().empty());
}

// ---- Mocks ----

TEST(a_mock_answers_and_tells_what_was_asked)
{
    const http::mock mock;
    const auto made_clock = http::clock::try_make();
    const http::clock &clock = *made_clock;
    auto rule = mock.on("POST", "https://api.test/items")
                    .match_header("X-Kind", "a*")
                    .match_json("{\"n\": 1}")
                    .times(1)
                    .reply_json(201, "{\"id\":7}")
                    .reply_header("X-Id", "7")
                    .reply_delay(1500ms);
    const auto client = make_client(http::config().base_url("https://api.test").mock(mock).clock(clock));
    auto request = make_request("POST", "items");
    request.header("X-Kind", "abc").json("{\"n\":1}");
    const auto made = client.try_send(request);
    CHECK(made && made->status() == 201 && made->header("x-id") == "7");
    CHECK(clock.now() == 1500ms);
    CHECK(mock.try_verify().has_value());
    CHECK(rule.answered() == 1 && mock.calls() == 1);
    CHECK_VIEW(mock.call_at(0).method(), "POST");
    CHECK_VIEW(mock.call_at(0).url(), "https://api.test/items");
    CHECK_VIEW(mock.call_at(0).header("content-type"), "application/json");
    CHECK_VIEW(mock.call_at(0).body(), "{\"n\":1}");
    CHECK_CODE(client.try_send(request).code(), HTTPC_E_NOT_MOCKED);
    CHECK_CODE(mock.try_verify().code(), HTTPC_E_NOT_MOCKED);
}

TEST(mocked_failures_and_bodies)
{
    const http::mock mock;
    const auto made_clock = http::clock::try_make();
    const http::clock &clock = *made_clock;
    mock.on(nullptr, "/refused").fail(HTTPC_E_CERTIFICATE);
    mock.on("POST", "/cut").match_body("abc").reply(200, "0123456789").reply_break(HTTPC_E_TRUNCATED, 3);
    const auto client = make_client(http::config().base_url("https://api.test").mock(mock).clock(clock).retry(nullptr));
    CHECK_CODE(client.try_get("refused").code(), HTTPC_E_CERTIFICATE);
    CHECK_CODE(client.try_post("cut", "text/plain", "abc").code(), HTTPC_E_TRUNCATED);
    CHECK_CODE(mock.try_add_har("/nowhere.har", true).code(), HTTPC_E_FILE);
    CHECK_CODE(http::client::try_make(http::config().record("/nowhere/a.har")).code(), HTTPC_E_FILE);
    http::mock moved;
    const http::mock there = std::move(moved);
    CHECK_CODE(http::client::try_make(http::config().mock(moved)).code(), HTTPC_E_INVALID_ARG);
}

// httpclient.hpp without HTTP: virtual clocks, rate limiters, retry_run() and the loop that a program drives itself.
#include "hpp.hpp"

#include <thread>
#include <vector>

static_assert(is_handle<http::clock> && is_handle<http::rate_limiter> && is_handle<http::retry>,
              "owners like the others");

static http::clock make_clock()
{
    auto made = http::clock::try_make();
    CHECK(made.has_value());
    return *std::move(made);
}

static http::rate_limiter make_limiter(std::uint64_t tokens, http::milliseconds period, std::uint64_t burst,
                                       const http::clock *time)
{
    auto made = http::rate_limiter::try_make(tokens, period, burst, time);
    CHECK(made.has_value());
    return *std::move(made);
}

TEST(a_clock_is_advanced)
{
    const auto time = make_clock();
    CHECK_CODE(time.manual(true), HTTPC_OK);
    CHECK(time.now() == 0ms);
    CHECK_CODE(time.advance(2s), HTTPC_OK);
    CHECK(time.now() == 2000ms);
    CHECK_CODE(time.advance(-1ms), HTTPC_E_INVALID_ARG);
    CHECK_CODE(http::clock(nullptr).manual(true), HTTPC_E_INVALID_ARG);
}

TEST(counted_threads_each_see_their_own_time)
{
    const auto time = make_clock();
    CHECK_CODE(time.add_threads(-1), HTTPC_E_INVALID_ARG);
    std::vector<std::thread> threads;
    http::counted_thread starter(time);
    for (int number = 1; number <= 4; number++) {
        threads.emplace_back([&time, number, counted = http::counted_thread(time)] {
            const auto limiter = make_limiter(1, std::chrono::seconds(number), 1, &time);
            for (int turn = 0; turn < 5; turn++) {
                CHECK(limiter.try_acquire().has_value());
                CHECK(time.now() == std::chrono::seconds(number * turn));
            }
        });
    }
    CHECK(time.now() == 0ms);
    {
        const http::counted_thread ended = std::move(starter);
    }
    for (auto &thread : threads) {
        thread.join();
    }
    CHECK(time.now() == 16s);
    CHECK_CODE(time.add_threads(-1), HTTPC_E_INVALID_ARG);
}

TEST(a_limiter_hands_out_tokens)
{
    const auto time = make_clock();
    const auto limiter = make_limiter(10, 1s, 2, &time);
    CHECK(limiter.try_acquire().has_value());
    const auto taken = limiter.try_take();
    CHECK(taken && *taken == 0ms);
    const auto wait = limiter.try_take(2);
    CHECK(wait && *wait == 200ms);
    CHECK(limiter.try_acquire(1, 1s).has_value());
    CHECK(time.now() == 100ms);
    const auto too_long = limiter.try_acquire(2, 0ms);
    CHECK_CODE(too_long.code(), HTTPC_E_RATE_LIMITED);
    CHECK(!too_long && too_long.error().retry_after() == 200ms);
    CHECK_CODE(limiter.try_take(3).code(), HTTPC_E_INVALID_ARG);
    CHECK_CODE(limiter.max_wait(50ms), HTTPC_OK);
    CHECK_CODE(limiter.try_acquire(2).code(), HTTPC_E_RATE_LIMITED);
    const auto token = http::cancel_token::try_make();
    token->cancel();
    CHECK_CODE(limiter.try_acquire(1, http::forever, &*token).code(), HTTPC_E_CANCELLED);
    CHECK_CODE(http::rate_limiter::try_make(0, 1s, 1).code(), HTTPC_E_INVALID_ARG);
    CHECK(http::rate_limiter::try_make(1, 1s, 1).has_value());
}

TEST(a_client_goes_by_a_limiter)
{
    const auto time = make_clock();
    const auto limiter = make_limiter(1, 1h, 1, &time);
    const auto client = make_client(
        http::config().base_url(address("URL")).add_rate_limiter(limiter).timeout(HTTPC_TIMEOUT_TOTAL, 10s));
    CHECK(client.try_get("echo").has_value());
    CHECK_CODE(client.try_get("echo").code(), HTTPC_E_RATE_LIMITED);
}

TEST(any_callable_is_run_again)
{
    const auto time = make_clock();
    http::retry_policy policy;
    policy.backoff(100ms, 2.0, 1s).jitter(HTTPC_JITTER_NONE).idempotent(true).max_attempts(4);
    const auto full = policy.budget_left();
    std::vector<std::uint32_t> numbers;
    const auto done = http::try_retry_run(
        policy, 10s,
        [&, only = std::make_unique<int>(3)](http::trial &now) mutable {
            numbers.push_back(now.attempt);
            CHECK(now.left.has_value() && *now.left <= 10s);
            CHECK(!now.retry_after.has_value());
            if (now.attempt == 2) {
                now.retry_after = 3s;
                return HTTPC_OUTCOME_THROTTLED;
            }
            return static_cast<int>(now.attempt) < *only ? HTTPC_OUTCOME_MAYBE_SENT : HTTPC_OUTCOME_SUCCESS;
        },
        nullptr, &time);
    CHECK(done.has_value());
    CHECK(numbers == std::vector<std::uint32_t>({1, 2, 3}));
    CHECK(time.now() == 3100ms);
    CHECK(policy.budget_left() <= full);

    const auto given_up = http::try_retry_run(policy, 0ms, [](http::trial &now) {
        CHECK(!now.left.has_value());
        return HTTPC_OUTCOME_FATAL;
    });
    CHECK_CODE(given_up.code(), HTTPC_E_ABORTED);
    CHECK(!given_up && given_up.error().attempts().size() == 1);
    CHECK(!given_up && given_up.error().stop_reason() == HTTPC_STOP_NOT_RETRYABLE);

    // The function itself stays where it is.
    int count = 0;
    auto counting = [count](http::trial &) mutable {
        return ++count < 3 ? HTTPC_OUTCOME_NEVER_SENT : HTTPC_OUTCOME_SUCCESS;
    };
    CHECK(http::try_retry_run(policy, 1s, counting, nullptr, &time).has_value());
    http::trial next = {1, std::nullopt, std::nullopt};
    CHECK_EQ(counting(next), HTTPC_OUTCOME_SUCCESS);
    const auto token = http::cancel_token::try_make();
    token->cancel();
    CHECK_CODE(http::try_retry_run(policy, 1s, counting, &*token).code(), HTTPC_E_CANCELLED);
}

TEST(a_loop_of_ones_own)
{
    http::retry_policy policy;
    policy.backoff(100ms, 2.0, 1s).jitter(HTTPC_JITTER_NONE);
    auto made = http::retry::try_make(policy, true, 10s, 5s);
    if (!CHECK(made.has_value())) {
        return;
    }
    http::retry loop = *std::move(made);
    CHECK(loop.left(6s) == 9s);
    const auto again = loop.try_next(HTTPC_OUTCOME_MAYBE_SENT, 6s);
    CHECK(again && *again && again->delay == 100ms);
    const auto asked = loop.try_next(HTTPC_OUTCOME_STATUS, 7s, 503, 2s);
    CHECK(asked && *asked && asked->delay == 2s);
    const auto end = loop.try_next(HTTPC_OUTCOME_SUCCESS, 9s);
    CHECK(end && !*end && end->stop == HTTPC_STOP_SUCCESS && end->delay == 0ms);
    CHECK_EQ(loop.attempts(), 3);
    CHECK_CODE(loop.try_next(HTTPC_OUTCOME_SUCCESS, 9s).code(), HTTPC_E_INVALID_ARG);
    const auto unlimited = http::retry::try_make(policy, true, 0ms, 0ms);
    CHECK(unlimited && unlimited->left(1h) == std::nullopt);
}

TEST(retry_after_is_read)
{
    const auto seconds = http::try_retry_after_parse(string_view("120 ").substr(0, 3));
    CHECK(seconds && *seconds == 120s);
    const auto date = http::try_retry_after_parse("Fri, 31 Dec 1999 23:59:59 GMT", "Fri, 31 Dec 1999 23:59:49 GMT",
                                                  std::chrono::system_clock::time_point(946684789s));
    CHECK(date && *date == 10s);
    CHECK_CODE(http::try_retry_after_parse("soon").code(), HTTPC_E_PROTOCOL);
}

// NULL would mean the real time and no token.
TEST(moved_from_arguments_are_refused)
{
    auto time = make_clock();
    const auto kept_time = std::move(time);
    auto token = *http::cancel_token::try_make();
    const auto kept_token = std::move(token);
    http::retry_policy policy;
    const auto success = [](http::trial &) { return HTTPC_OUTCOME_SUCCESS; };
    CHECK_CODE(http::rate_limiter::try_make(1, 1s, 1, &time).code(), HTTPC_E_INVALID_ARG); // NOLINT: here and below
    CHECK_CODE(make_limiter(1, 1s, 1, &kept_time).try_acquire(1, 0ms, &token).code(), HTTPC_E_INVALID_ARG);
    CHECK_CODE(http::try_retry_run(policy, 1s, success, &token).code(), HTTPC_E_INVALID_ARG);
    CHECK_CODE(http::try_retry_run(policy, 1s, success, nullptr, &time).code(), HTTPC_E_INVALID_ARG);
    const auto kept_policy = std::move(policy);
    const auto refused = http::try_retry_run(policy, 1s, success);
    CHECK_CODE(refused.code(), HTTPC_E_INVALID_ARG);
    CHECK(!refused && refused.error().detail().find("moved from") != string_view::npos);
    CHECK_CODE(http::retry::try_make(policy, true, 1s, 0ms).code(), HTTPC_E_INVALID_ARG);
    http::rate_limiter limiter(nullptr);
    CHECK_CODE(http::config().add_rate_limiter(limiter).error().code(), HTTPC_E_INVALID_ARG);
}

#if HTTPCLIENT_EXCEPTIONS
TEST(retry_throws)
{
    const http::clock time;
    const http::retry_policy policy;
    http::retry_run(policy, 1s, [](http::trial &) { return HTTPC_OUTCOME_SUCCESS; });
    int runs = 0;
    const auto thrown_by = [&](auto &&call) -> std::string {
        try {
            call();
        } catch (const http::exception &error) {
            return std::string(http::code_name(error.code()));
        } catch (const char *own) {
            return own;
        }
        return "nothing";
    };
    CHECK_VIEW(thrown_by([&] {
                   http::retry_run(policy, 0ms, [&](http::trial &) -> httpc_outcome {
                       runs++;
                       throw "its own";
                   });
               }),
               "its own");
    CHECK_EQ(runs, 1);
    CHECK_VIEW(thrown_by([&] { http::retry_run(policy, 1s, [](http::trial &) { return HTTPC_OUTCOME_FATAL; }); }),
               "HTTPC_E_ABORTED");
    const http::rate_limiter limiter(1, 1s, 1, &time);
    limiter.acquire();
    CHECK(limiter.take() == 1s);
    CHECK_VIEW(thrown_by([&] { limiter.acquire(1, 0ms); }), "HTTPC_E_RATE_LIMITED");
    http::retry loop(policy, false, 1s, 0ms);
    CHECK_EQ(loop.next(HTTPC_OUTCOME_FATAL, 1ms).stop, HTTPC_STOP_NOT_RETRYABLE);
    CHECK(http::retry_after_parse("3") == 3s);
}
#endif

// Tests of code that calls an API, with GoogleTest and without a network; testing.c does the same in C.
//
// Usage: testing_gtest
#include <httpclient.hpp>

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <optional>
#include <string>

using namespace std::chrono_literals;

namespace
{

// ---- The code under test ----

std::optional<std::int64_t> age_of(const httpclient::client &client, const std::string &user)
{
    return client.get("users/" + user).json<std::int64_t>("/age");
}

// ---- Its tests ----

class Users : public testing::Test
{
  protected:
    // Every rule was asked as often as it wanted, and nothing else was asked.
    void TearDown() override
    {
        const auto verified = mock.try_verify();
        EXPECT_TRUE(verified) << verified.error().detail();
    }

    httpclient::config config()
    {
        httpclient::config config;
        config.base_url("https://api.test").mock(mock).clock(clock).seed(1);
        return config;
    }

    httpclient::mock mock;
    httpclient::clock clock;
};

TEST_F(Users, GetReturnsJson)
{
    mock.on("GET", "/users/ann").reply_json(200, R"({"age": 41})");
    EXPECT_EQ(age_of(httpclient::client(config()), "ann"), 41);
    EXPECT_EQ(mock.call_at(0).url(), "https://api.test/users/ann");
}

TEST_F(Users, ATimeoutBecomesTheTimeoutError)
{
    mock.on("GET", "/users/*").fail(HTTPC_E_TIMEOUT_READ);
    const httpclient::client client(std::move(config().retry(nullptr)));
    try {
        age_of(client, "ann");
        FAIL() << "it did not throw";
    } catch (const httpclient::exception &failure) {
        EXPECT_EQ(failure.code(), HTTPC_E_TIMEOUT_READ);
    }
    EXPECT_EQ(clock.now(), 30s); // the default, waited for in no time
}

TEST_F(Users, RetriesComeAfterOneTwoAndFourSeconds)
{
    httpclient::retry_policy policy;
    policy.max_attempts(4).backoff(1s, 2.0, 60s).jitter(HTTPC_JITTER_NONE);
    mock.on("GET", "/users/ann")
        .reply(503)
        .fail(HTTPC_E_CONNECT)
        .reply(503)
        .reply_json(200, R"({"age": 41})")
        .times(4);
    EXPECT_EQ(age_of(httpclient::client(config().retry(policy)), "ann"), 41);
    EXPECT_EQ(clock.now(), 1s + 2s + 4s);
}

TEST_F(Users, AHundredCallsKeepToSixAMinute)
{
    const auto limiter = httpclient::rate_limiter::try_make(6, 60s, 1, &clock);
    ASSERT_TRUE(limiter);
    mock.on("GET", "/users/ann").reply_json(200, R"({"age": 41})");
    const httpclient::client client(config().add_rate_limiter(*limiter));
    for (int i = 0; i < 100; i++) {
        age_of(client, "ann");
    }
    EXPECT_EQ(clock.now(), 99 * 10s);
}

TEST_F(Users, ARecordedApiIsReplayed)
{
    const std::string path = "recording_gtest.har";
    std::ofstream(path) << R"({"log": {"version": "1.2", "creator": {"name": "a browser", "version": "1"}, "entries": [{
        "request": {"method": "GET", "url": "https://api.test/users/ann"},
        "response": {"status": 200, "headers": [], "content": {"text": "{\"age\": 41}"}}}]}})";
    mock.add_har(path, true);
    std::remove(path.c_str());
    EXPECT_EQ(age_of(httpclient::client(config()), "ann"), 41);
}

} // namespace

int main(int argc, char **argv)
{
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}

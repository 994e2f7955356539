// httpclient.hpp, coroutines: where they go on, and what happens to calls that nobody waits for.
// test_hpp_coroutines_cxx20_noexceptions.cpp runs it again.
#include "hpp.hpp"

#if HTTPCLIENT_COROUTINES

#include <coroutine>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

using outcome_of_call = http::result<http::response>;

// A coroutine that runs at once and is destroyed with its owner.
class job
{
  public:
    struct promise_type {
        job get_return_object()
        {
            return job(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_never initial_suspend() noexcept
        {
            return {};
        }
        std::suspend_always final_suspend() noexcept
        {
            return {};
        }
        void return_void() {}
        void unhandled_exception()
        {
            std::abort();
        }
    };

    explicit job(std::coroutine_handle<promise_type> coroutine) : coroutine_(coroutine) {}
    job(job &&other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
    job &operator=(job &&) = delete;
    ~job()
    {
        if (coroutine_) {
            coroutine_.destroy();
        }
    }
    bool is_done() const
    {
        return coroutine_.done();
    }

  private:
    std::coroutine_handle<promise_type> coroutine_;
};

// One that nobody owns.
struct detached {
    struct promise_type {
        detached get_return_object()
        {
            return {};
        }
        std::suspend_never initial_suspend() noexcept
        {
            return {};
        }
        std::suspend_never final_suspend() noexcept
        {
            return {};
        }
        void return_void() {}
        void unhandled_exception()
        {
            std::abort();
        }
    };
};

// Opens the gate of a key.
static void open_gate(const char *key)
{
    struct outcome opened = ask_server(text("/_open?key=%s", key));
    done(&opened);
}

// ---- On the loop ----

static job fetch_twice(const http::client &client, http::run_loop &loop, std::vector<int> &statuses)
{
    for (const char *path : {"status/200", "status/204"}) {
        const auto outcome = co_await client.try_async(make_request("GET", path), loop);
        CHECK(outcome.has_value());
        statuses.push_back(outcome->status());
    }
    const auto failed = co_await client.try_async(make_request("GET", "status/404"), loop);
    CHECK_CODE(failed.code(), HTTPC_E_STATUS);
    statuses.push_back(failed.error().status());
}

TEST(a_coroutine_goes_on_where_the_loop_runs)
{
    const auto client = make_client();
    http::run_loop loop;
    std::vector<int> statuses;
    const auto job = fetch_twice(client, loop, statuses);
    CHECK(!job.is_done());
    CHECK_EQ(loop.length(), 1);
    loop.run();
    CHECK(job.is_done());
    CHECK_EQ(loop.length(), 0);
    CHECK((statuses == std::vector<int>{200, 204, 404}));
}

TEST(many_coroutines_share_a_loop)
{
    const auto client = make_client();
    http::run_loop loop;
    std::vector<int> statuses;
    std::vector<job> jobs;
    for (int i = 0; i < 50; i++) {
        jobs.push_back(fetch_twice(client, loop, statuses));
    }
    loop.run();
    CHECK_EQ(statuses.size(), 150);
    for (const auto &job : jobs) {
        CHECK(job.is_done());
    }
}

static job fetch_at_once(const http::client &client, http::run_loop &loop, const char *key, bool &together)
{
    auto first = client.try_async(make_request("GET", text("gate?key=%s", key)), loop);
    auto second = client.try_async(make_request("GET", text("gate?key=%s", key)), loop);
    while (server_count(key) < 2) {
        wait_until_ms(now_ms() + 1);
    }
    together = true;
    open_gate(key);
    CHECK((co_await second).has_value());
    CHECK((co_await first).has_value());
    CHECK_CODE((co_await first).code(), HTTPC_E_INVALID_ARG);
}

TEST(calls_run_from_their_start_and_are_awaited_in_any_order)
{
    const auto client = make_client();
    http::run_loop loop;
    bool together = false;
    const auto job = fetch_at_once(client, loop, new_key(), together);
    CHECK(together);
    loop.run();
    CHECK(job.is_done());
}

TEST(a_loop_waits_as_long_as_it_was_told)
{
    const auto client = make_client();
    http::run_loop loop;
    std::vector<int> statuses;
    CHECK(!loop.run_one());
    CHECK_EQ(loop.run_ready(), 0);
    const char *key = new_key();
    const auto waiting = client.try_async(make_request("GET", text("gate?key=%s", key)), loop);
    const double start = now_ms();
    CHECK(!loop.run_one(30ms));
    CHECK_BETWEEN(now_ms() - start, 30, 280);
    CHECK(!waiting.is_over());
    open_gate(key);
    CHECK(loop.run_one());
    CHECK(waiting.is_over());
    CHECK(loop.fd() >= 0);
}

static job fail_to_start(const http::client &client, http::run_loop &loop, httpc_code &on_loop, httpc_code &on_engine)
{
    const auto bad = make_request("GET", "ftp://example.com/");
    on_loop = (co_await client.try_async(bad, loop)).code();
    on_engine = (co_await client.try_async(bad)).code();
}

TEST(what_cannot_be_submitted_does_not_suspend)
{
    const auto client = make_client();
    http::run_loop loop;
    httpc_code on_loop = HTTPC_OK, on_engine = HTTPC_OK;
    CHECK(fail_to_start(client, loop, on_loop, on_engine).is_done());
    CHECK_CODE(on_loop, HTTPC_E_URL);
    CHECK_CODE(on_engine, HTTPC_E_URL);
    CHECK_EQ(loop.length(), 0);
}

// ---- On the engine thread, and wherever one likes ----

static detached fetch_on_engine(const http::client &client, std::promise<std::thread::id> &over)
{
    const auto first = co_await client.try_async(make_request("GET", "delay/20"));
    CHECK(first.has_value());
    const auto second = co_await client.try_async(make_request("GET", "delay/20"));
    CHECK(second.has_value());
    over.set_value(std::this_thread::get_id());
}

TEST(without_a_loop_a_coroutine_goes_on_on_an_engine_thread)
{
    const auto client = make_client();
    std::promise<std::thread::id> over;
    fetch_on_engine(client, over);
    CHECK(over.get_future().get() != std::this_thread::get_id());
}

static detached own_the_client(std::unique_ptr<http::client> client, std::promise<void> over)
{
    CHECK((co_await client->try_async(make_request("GET", "delay/20"))).has_value());
    client.reset();
    over.set_value();
}

TEST(a_coroutine_may_own_its_client)
{
    std::promise<void> over;
    auto future = over.get_future();
    own_the_client(std::make_unique<http::client>(make_client()), std::move(over));
    future.get();
}

static job fetch_by(const http::client &client, std::function<void(std::coroutine_handle<>)> post,
                    std::thread::id &thread)
{
    CHECK((co_await client.try_async(make_request("GET", "delay/20"), post)).has_value());
    thread = std::this_thread::get_id();
}

TEST(an_executor_resumes_a_coroutine_where_it_likes)
{
    const auto client = make_client();
    std::promise<std::coroutine_handle<>> posted;
    std::thread::id thread;
    const auto post = [&posted](std::coroutine_handle<> waiter) { posted.set_value(waiter); };
    const auto job = fetch_by(client, post, thread);
    posted.get_future().get().resume();
    CHECK(job.is_done());
    CHECK(thread == std::this_thread::get_id());
}

// The outcome may come before, while and after the coroutine is suspended.
static detached fetch_in_a_race(const http::client &client, std::atomic<int> &left, std::promise<void> &over)
{
    auto call = client.try_async(make_request("GET", "status/200"));
    while (left % 3 == 0 && !call.is_over()) {
        std::this_thread::yield();
    }
    CHECK((co_await call).has_value());
    if (--left == 0) {
        over.set_value();
    }
}

TEST(an_outcome_that_comes_before_it_is_awaited_is_not_lost)
{
    const auto client = make_client();
    std::atomic<int> left{300};
    std::promise<void> over;
    for (int i = 0; i < 300; i++) {
        fetch_in_a_race(client, left, over);
    }
    over.get_future().get();
}

// ---- Calls that nobody waits for ----

static job wait_for_ever(const http::client &client, http::run_loop &loop)
{
    static_cast<void>(co_await client.try_async(make_request("GET", "delay/30000"), loop));
    CHECK(false);
}

TEST(a_coroutine_that_is_destroyed_cancels_its_call_and_is_not_resumed)
{
    const auto client = make_client();
    http::run_loop loop;
    {
        const auto job = wait_for_ever(client, loop);
        CHECK(!job.is_done());
    }
    const double start = now_ms();
    loop.run();
    CHECK_BETWEEN(now_ms() - start, 0, 1000);
}

TEST(a_loop_that_is_destroyed_cancels_its_calls_and_resumes_nothing)
{
    const auto client = make_client();
    auto loop = std::make_unique<http::run_loop>();
    const auto job = wait_for_ever(client, *loop);
    auto unused = client.try_async(make_request("GET", "delay/30000"), *loop);
    {
        const auto abandoned = client.try_async(make_request("GET", "delay/30000"), *loop);
    }
    loop.reset();
    CHECK(!job.is_done());
    CHECK(unused.is_over());
    CHECK_CODE(unused.await_resume().code(), HTTPC_E_CLOSED);
    CHECK(client.try_close().has_value());
}

TEST(an_operation_that_is_dropped_cancels_its_call)
{
    const auto client = make_client();
    for (int i = 0; i < 100; i++) {
        const auto dropped = client.try_async(make_request("GET", i % 2 ? "delay/30000" : "status/200"));
    }
    const double start = now_ms();
    CHECK(client.try_close().has_value());
    CHECK_BETWEEN(now_ms() - start, 0, 1000);
}

TEST(an_operation_is_cancelled)
{
    const auto client = make_client();
    http::run_loop loop;
    auto call = client.try_async(make_request("GET", "delay/30000"), loop);
    call.cancel();
    loop.run();
    CHECK_CODE(call.await_resume().code(), HTTPC_E_CANCELLED);
    const auto moved = std::move(call);
    call.cancel();
    CHECK_CODE(call.await_resume().code(), HTTPC_E_INVALID_ARG);
}

#if HTTPCLIENT_EXCEPTIONS
static job throw_inside(const http::client &client, http::run_loop &loop, int &status, httpc_code &code)
{
    status = (co_await client.async(make_request("GET", "status/200"), loop)).status();
    try {
        static_cast<void>(co_await client.async(make_request("GET", "status/404"), loop));
    } catch (const http::exception &exception) {
        code = exception.code();
    }
}

TEST(without_try_a_failure_is_thrown_where_it_is_awaited)
{
    const auto client = make_client();
    http::run_loop loop;
    int status = 0;
    httpc_code code = HTTPC_OK;
    const auto job = throw_inside(client, loop, status, code);
    loop.run();
    CHECK(job.is_done());
    CHECK_EQ(status, 200);
    CHECK_CODE(code, HTTPC_E_STATUS);
}
#endif

#else

TEST(this_compiler_has_no_coroutines)
{
    skip_all("this compiler has no coroutines");
}

#endif

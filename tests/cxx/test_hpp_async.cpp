// httpclient.hpp, submitted calls: callables, queues, futures. test_hpp_cxx20.cpp and test_hpp_noexceptions.cpp run it
// again.
#include "hpp.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

static_assert(is_handle<http::call> && is_handle<http::queue> && is_handle<http::event>, "an owner is a pointer");

// Only what takes an outcome may be submitted.
template <class Done, class = void> struct is_submitted : std::false_type {
};
template <class Done>
struct is_submitted<Done, std::void_t<decltype(std::declval<const http::client &>().try_submit(
                              std::declval<const http::request &>(), std::declval<Done>()))>> : std::true_type {
};
static_assert(is_submitted<void (*)(http::result<http::response>)>::value, "");
static_assert(is_submitted<int (*)(http::result<http::response> &&)>::value, "");
static_assert(!is_submitted<void (*)()>::value && !is_submitted<void (*)(http::response)>::value, "");

// Waits for what another thread does once.
class flag
{
  public:
    void raise()
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        raised_ = true;
        changed_.notify_all();
    }
    void wait()
    {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [this] { return raised_; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool raised_ = false;
};

// Opens the gate of a key.
static void open_gate(const char *key)
{
    struct outcome opened = ask_server(text("/_open?key=%s", key));
    done(&opened);
}

// ---- Callables ----

TEST(a_callable_gets_the_outcome_on_an_engine_thread)
{
    const auto client = make_client();
    flag over;
    std::thread::id thread;
    std::string body;
    const auto call = client.try_submit(make_request("GET", "status/200?body=hello"), [&](auto outcome) {
        thread = std::this_thread::get_id();
        body = outcome.has_value() ? outcome->body() : outcome.error().detail();
        over.raise();
    });
    CHECK(call.has_value());
    over.wait();
    CHECK(call->try_wait().has_value());
    CHECK(call->is_over());
    CHECK(thread != std::this_thread::get_id());
    CHECK_VIEW(body, "hello");
}

TEST(a_callable_gets_errors_too)
{
    const auto client = make_client();
    flag over;
    const auto call = client.try_submit(make_request("GET", "status/404"), [&](http::result<http::response> outcome) {
        CHECK_CODE(outcome.code(), HTTPC_E_STATUS);
        CHECK_EQ(outcome.error().status(), 404);
        over.raise();
    });
    CHECK(call.has_value());
    over.wait();
}

// Counts how often it was destroyed while it held something.
struct owned_callable {
    std::unique_ptr<int> held = std::make_unique<int>(1);
    std::atomic<int> *runs, *drops;

    owned_callable(std::atomic<int> *runs_, std::atomic<int> *drops_) : runs(runs_), drops(drops_) {}
    owned_callable(owned_callable &&) = default;
    ~owned_callable()
    {
        if (held) {
            ++*drops;
        }
    }
    void operator()(http::result<http::response>) &&
    {
        ++*runs;
    }
};

TEST(a_callable_may_be_move_only_and_is_run_and_destroyed_once)
{
    std::atomic<int> runs{0}, drops{0};
    auto client = make_client();
    const auto call = client.try_submit(make_request("GET", "echo"), owned_callable(&runs, &drops));
    CHECK(call.has_value() && call->try_wait().has_value());
    CHECK_EQ(runs, 1);
    CHECK_EQ(drops, 1);
}

TEST(a_callable_that_could_not_be_submitted_is_destroyed_and_not_run)
{
    std::atomic<int> runs{0}, drops{0};
    const auto client = make_client();
    const auto call = client.try_submit(make_request("GET", "ftp://example.com/"), owned_callable(&runs, &drops));
    CHECK_CODE(call.code(), HTTPC_E_URL);
    CHECK_EQ(runs, 0);
    CHECK_EQ(drops, 1);
}

TEST(a_client_that_is_destroyed_has_run_all_its_callables)
{
    std::atomic<int> runs{0}, drops{0};
    {
        const auto client = make_client();
        for (int i = 0; i < 10; i++) {
            CHECK(client.try_submit(make_request("GET", "delay/30000"), owned_callable(&runs, &drops)).has_value());
        }
    }
    CHECK_EQ(runs, 10);
    CHECK_EQ(drops, 10);
}

TEST(a_callable_may_own_its_client)
{
    auto client = std::make_unique<http::client>(make_client());
    auto &lent = *client;
    flag over;
    auto free_it = [client = std::move(client), &over](http::result<http::response> outcome) mutable {
        CHECK(outcome.has_value());
        client.reset();
        over.raise();
    };
    CHECK(lent.try_submit(make_request("GET", "echo"), std::move(free_it)).has_value());
    over.wait();
}

TEST(a_callable_costs_one_allocation)
{
    const auto client = make_client();
    const auto request = make_request("GET", "echo");
    int unused = 0;
    const long before = allocations;
    const auto call = client.try_submit(request, [&unused](auto outcome) { unused = outcome->status(); });
    CHECK(call.has_value() && call->try_wait().has_value());
    CHECK_EQ(allocations - before, 1);
    CHECK_EQ(unused, 200);
}

// ---- Calls ----

TEST(a_result_is_taken)
{
    const auto client = make_client();
    const char *key = new_key();
    const auto call = client.try_submit(make_request("GET", text("gate?key=%s", key)));
    CHECK(call.has_value());
    CHECK(!call->is_over());
    CHECK_CODE(call->try_wait(0ms).code(), HTTPC_E_AGAIN);
    CHECK_CODE(call->try_take_result().code(), HTTPC_E_AGAIN);
    open_gate(key);
    CHECK(call->try_wait().has_value());
    const auto taken = call->try_take_result();
    CHECK(taken.has_value() && taken->status() == 200);
    CHECK_CODE(call->try_take_result().code(), HTTPC_E_INVALID_ARG);
}

TEST(a_call_is_cancelled)
{
    const auto client = make_client();
    const auto call = client.try_submit(make_request("GET", "delay/30000"));
    CHECK(call.has_value());
    call->cancel();
    CHECK(call->try_wait().has_value());
    CHECK_CODE(call->try_take_result().code(), HTTPC_E_CANCELLED);
}

// ---- Queues ----

TEST(a_queue_gives_events_with_their_tags)
{
    const auto client = make_client();
    const http::queue queue;
    int tag = 0;
    CHECK(queue.fd() >= 0);
    CHECK_CODE(queue.try_next(0ms).code(), HTTPC_E_AGAIN);
    CHECK(client.try_submit_to(make_request("GET", "status/200?body=1"), queue, &tag).has_value());
    const auto event = queue.try_next();
    if (CHECK(event.has_value())) {
        CHECK(event->tag() == &tag);
        CHECK_CODE(event->code(), HTTPC_OK);
        const auto outcome = event->take();
        CHECK(outcome.has_value() && outcome->body() == "1");
        CHECK_CODE(event->take().code(), HTTPC_E_INVALID_ARG);
    }
    CHECK(client.try_submit_to(make_request("GET", "status/404"), queue).has_value());
    const auto failed = queue.try_next();
    if (CHECK(failed.has_value())) {
        CHECK(failed->tag() == nullptr);
        CHECK_CODE(failed->code(), HTTPC_E_STATUS);
        CHECK_EQ(failed->take().error().status(), 404);
    }
    CHECK_EQ(queue.length(), 0);
}

TEST(a_queue_that_was_moved_from_is_refused)
{
    const auto client = make_client();
    http::queue from;
    const http::queue to(std::move(from));
    CHECK_CODE(client.try_submit_to(make_request("GET", "echo"), from).code(), HTTPC_E_INVALID_ARG);
    CHECK_CODE(from.try_next(0ms).code(), HTTPC_E_INVALID_ARG);
    CHECK_CODE(to.try_next(0ms).code(), HTTPC_E_AGAIN);
}

// ---- Futures ----

TEST(a_future_gives_a_result)
{
    const auto client = make_client();
    auto good = client.try_future(make_request("GET", "status/200?body=1"));
    auto bad = client.try_future(make_request("GET", "status/404"));
    auto ugly = client.try_future(make_request("GET", "ftp://example.com/"));
    CHECK_VIEW(good.get()->body(), "1");
    CHECK_CODE(bad.get().code(), HTTPC_E_STATUS);
    CHECK(ugly.wait_for(0s) == std::future_status::ready);
    CHECK_CODE(ugly.get().code(), HTTPC_E_URL);
}

TEST(a_future_nobody_waits_for_is_harmless)
{
    auto client = make_client();
    {
        auto unused = client.try_future(make_request("GET", "delay/30000"));
        CHECK(unused.valid());
    }
    CHECK(client.try_close().has_value());
}

TEST(a_future_outlives_its_client)
{
    std::future<http::result<http::response>> future;
    {
        const auto client = make_client();
        future = client.try_future(make_request("GET", "delay/30000"));
    }
    CHECK_CODE(future.get().code(), HTTPC_E_CLOSED);
}

#if HTTPCLIENT_EXCEPTIONS
template <class Function> static httpc_code thrown(Function function)
{
    try {
        function();
    } catch (const http::exception &exception) {
        return exception.code();
    }
    return HTTPC_OK;
}

TEST(what_has_no_try_throws)
{
    const auto client = make_client();
    const auto bad = make_request("GET", "ftp://example.com/");
    const http::queue queue;
    CHECK_CODE(thrown([&] { client.submit(bad); }), HTTPC_E_URL);
    CHECK_CODE(thrown([&] { client.submit(bad, [](auto) {}); }), HTTPC_E_URL);
    CHECK_CODE(thrown([&] { client.submit_to(bad, queue); }), HTTPC_E_URL);
    CHECK_CODE(thrown([&] { queue.next(0ms); }), HTTPC_E_AGAIN);

    const auto call = client.submit(make_request("GET", "echo"));
    call.wait();
    CHECK_EQ(call.take_result().status(), 200);
    CHECK_CODE(thrown([&] { call.take_result(); }), HTTPC_E_INVALID_ARG);
    client.submit_to(make_request("GET", "echo"), queue);
    CHECK_EQ(queue.next().take().value().status(), 200);
}

TEST(a_future_throws_what_send_would)
{
    const auto client = make_client();
    CHECK_EQ(client.future(make_request("GET", "echo")).get().status(), 200);
    CHECK_CODE(thrown([&] { client.future(make_request("GET", "status/404")).get(); }), HTTPC_E_STATUS);
    CHECK_CODE(thrown([&] { client.future(make_request("GET", "ftp://example.com/")).get(); }), HTTPC_E_URL);
}
#endif

// C++20 coroutines: code that reads as if it blocked, for any number of calls on one thread. A run_loop resumes them,
// here in main(); nothing of the program runs on another thread.
//
// Usage: coroutines URL REFUSED_URL
#include <httpclient.hpp>

#include <coroutine>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

// The smallest coroutine there is: it starts at once and cleans up after itself. Programs use the task type of their
// coroutine library; anything that can co_await will do.
struct job {
    struct promise_type {
        job get_return_object()
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
        // Out of run_loop::run(), or of the function that started it.
        void unhandled_exception()
        {
            throw;
        }
    };
};

static httpclient::request get_item(int number)
{
    return {"GET", "items/" + std::to_string(number)};
}

// Fetches some items at the same time, then does one thing after the other. Failures are exceptions.
static job buy(const httpclient::client &client, httpclient::run_loop &loop, std::vector<int> numbers, std::string &log)
{
    std::vector<httpclient::operation<httpclient::response>> items;
    for (const int number : numbers) {
        items.push_back(client.async(get_item(number), loop)); // under way from here on
    }
    try {
        for (auto &item : items) {
            const httpclient::response response = co_await item;
            log.append("have ").append(response.json<std::string_view>("/name")).append("; ");
        }
        httpclient::request order("POST", "items");
        order.json(R"({"name": "Order", "price": 3})");
        const httpclient::response ordered = co_await client.async(order, loop);
        log.append("ordered: ").append(std::to_string(ordered.status()));
    } catch (const httpclient::exception &exception) {
        log.append(exception.what());
    }
}

// Without exceptions: try_async() gives a result.
static job ask(const httpclient::client &client, httpclient::run_loop &loop, std::string &log)
{
    const auto busy = co_await client.try_async(httpclient::request("GET", "busy?key=coroutines"), loop);
    log.append(busy ? "after " + std::to_string(busy->attempts().size()) + " attempts" : busy.error().detail());
}

static void run(const std::string &server)
{
    // In this order: what a coroutine uses lives longer than the loop that resumes it.
    std::string first, second, third;
    const httpclient::client client(httpclient::config()
                                        .base_url(server + "/v1")
                                        .bearer_token("demo-token")
                                        .retry(httpclient::retry_policy().backoff(10ms, 2.0, 1s)));
    httpclient::run_loop loop;
    buy(client, loop, {1, 2, 3}, first);
    buy(client, loop, {4, 900}, second);
    ask(client, loop, third);
    loop.run(); // until no call is under way. A program with a loop of its own watches loop.fd() and calls run_ready()
    std::cout << first << '\n' << second << '\n' << third << '\n';
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        std::cerr << "usage: " << argv[0] << " URL REFUSED_URL\n";
        return EXIT_FAILURE;
    }
    try {
        run(argv[1]);
    } catch (const std::exception &exception) {
        std::cerr << exception.what() << '\n';
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

// The same tour as quickstart.c with the C++ wrapper: try_ functions return a value or an error, the others throw.
//
// Usage: quickstart_hpp URL REFUSED_URL
#include <httpclient.hpp>

#include <cstdlib>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

static const char *reason_of_pause(const httpclient::attempt &attempt)
{
    switch (attempt.delay_source()) {
    case HTTPC_DELAY_RETRY_AFTER:
        return "the server asked for it";
    case HTTPC_DELAY_BACKOFF:
        return "backoff";
    default:
        return "no pause";
    }
}

static void print_answer(const httpclient::response &response)
{
    std::cout << "  status " << response.status() << ": " << response.body() << '\n';
}

// A response and an error have attempts alike.
template <class Outcome> static void print_attempts(const Outcome &outcome)
{
    int number = 0;
    for (const auto attempt : outcome.attempts()) {
        std::cout << "  attempt " << ++number;
        if (number > 1) {
            std::cout << ", after " << attempt.delay().count() << " ms (" << reason_of_pause(attempt) << ')';
        }
        if (attempt.status() != 0) {
            std::cout << ": " << attempt.status() << '\n';
        } else {
            std::cout << ": " << httpclient::code_name(attempt.code()) << '\n';
        }
    }
}

// Prints all there is to know of a call's outcome.
static void report(const char *title, const httpclient::result<httpclient::response> &result)
{
    std::cout << title << ": " << httpclient::code_name(result.code()) << '\n';
    if (result) {
        print_answer(*result);
        print_attempts(*result);
        return;
    }
    const httpclient::error &error = result.error();
    // A failure for its status carries the whole response.
    if (const auto answer = error.response()) {
        print_answer(answer);
    }
    print_attempts(error);
    std::cout << "  detail: " << error.detail() << '\n';
}

static void tour(const std::string &server, const char *refused)
{
    // Setters need no check each: the config keeps the first failure, and the client's constructor throws it.
    const httpclient::client client(httpclient::config()
                                        .base_url(server + "/v1")
                                        .bearer_token("demo-token")
                                        .retry(httpclient::retry_policy().backoff(50ms, 2.0, 1s)));

    report("GET an item", client.try_send(httpclient::request("GET", "items/42").add_query("fields", "name")));
    report("POST an item", client.try_post_json("items", R"({"name": "Lamp", "price": 12.5})"));
    report("GET from a busy server", client.try_get("busy"));
    report("GET what is not there", client.try_get("items/999"));
    report("GET with a deadline",
           client.try_send(httpclient::request("GET", "slow").timeout(HTTPC_TIMEOUT_TOTAL, 300ms)));
    report("GET where nobody listens", client.try_get(refused));

    // Where a failure is somebody else's to handle, leave out try_.
    const httpclient::response item = client.get("items/42");
    std::cout << item.json<std::string_view>("/name") << " costs " << item.json<double>("/price") << '\n';
    try {
        std::cout << item.json<int>("/name") << '\n';
    } catch (const httpclient::exception &exception) {
        std::cout << httpclient::code_name(exception.code()) << ": " << exception.what() << '\n';
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        std::cerr << "usage: " << argv[0] << " URL REFUSED_URL\n";
        return EXIT_FAILURE;
    }
    try {
        tour(argv[1], argv[2]);
    } catch (const httpclient::exception &exception) {
        std::cerr << exception.what() << '\n';
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

// Calls that give std::future: start several, do something else, and take the answers when they are needed.
//
// Usage: futures URL REFUSED_URL
#include <httpclient.hpp>

#include <cstdlib>
#include <exception>
#include <future>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

static void run(const std::string &server)
{
    const httpclient::client client(httpclient::config().base_url(server + "/v1").bearer_token("demo-token"));

    // All three run at the same time. A future throws what send() would have thrown.
    std::vector<std::future<httpclient::response>> items;
    for (const char *path : {"items/1", "items/2", "items/900"}) {
        items.push_back(client.future(httpclient::request("GET", path)));
    }
    for (auto &item : items) {
        try {
            std::cout << item.get().json<std::string_view>("/name") << '\n';
        } catch (const httpclient::exception &exception) {
            std::cout << exception.what() << '\n';
        }
    }

    // Without exceptions. Who loses patience cancels; the future is ready then, as after any other end.
    const httpclient::cancel_token patience;
    auto slow = client.try_future(httpclient::request("GET", "slow").cancel_token(patience));
    if (slow.wait_for(100ms) == std::future_status::timeout) {
        patience.cancel();
    }
    std::cout << "slow: " << httpclient::code_name(slow.get().code()) << '\n';
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

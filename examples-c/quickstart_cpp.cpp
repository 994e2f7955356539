// The same tour as quickstart.c for C++17: unique_ptr frees what the library hands out, and an exception carries the error.
//
// Usage: quickstart_cpp URL REFUSED_URL
#include <httpclient.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

template <auto Free>
struct Deleter {
    template <class T>
    void operator()(T *object) const
    {
        Free(object);
    }
};

using Error = std::unique_ptr<httpc_error, Deleter<httpc_error_free>>;
using Config = std::unique_ptr<httpc_config, Deleter<httpc_config_free>>;
using Client = std::unique_ptr<httpc_client, Deleter<httpc_client_free>>;
using Request = std::unique_ptr<httpc_request, Deleter<httpc_request_free>>;
using Response = std::unique_ptr<httpc_response, Deleter<httpc_response_free>>;
using RetryPolicy = std::unique_ptr<httpc_retry_policy, Deleter<httpc_retry_policy_free>>;

// Calls a function that ends in (..., T **out, httpc_error **err); the result is owned, a failure is thrown.
template <class Owner, class Function, class... Arguments>
Owner make(Function function, Arguments... arguments)
{
    typename Owner::pointer result = nullptr;
    httpc_error *error = nullptr;
    if (function(arguments..., &result, &error) != HTTPC_OK) {
        throw Error(error);
    }
    return Owner(result);
}

static const char *reason_of_pause(const httpc_attempt *attempt)
{
    switch (httpc_attempt_delay_source(attempt)) {
    case HTTPC_DELAY_RETRY_AFTER:
        return "the server asked for it";
    case HTTPC_DELAY_BACKOFF:
        return "backoff";
    default:
        return "no pause";
    }
}

static void print_answer(const httpc_response *response)
{
    if (response != nullptr) {
        std::cout << "  status " << httpc_response_status(response) << ": "
                  << static_cast<const char *>(httpc_response_body(response, nullptr)) << '\n';
    }
}

static void print_attempt(std::size_t index, const httpc_attempt *attempt)
{
    std::cout << "  attempt " << index + 1;
    if (index > 0) {
        std::cout << ", after " << httpc_attempt_delay_ms(attempt) << " ms (" << reason_of_pause(attempt) << ')';
    }
    if (httpc_attempt_status(attempt) != 0) {
        std::cout << ": " << httpc_attempt_status(attempt) << '\n';
    } else {
        std::cout << ": " << httpc_code_name(httpc_attempt_code(attempt)) << '\n';
    }
}

// Runs a call and prints all there is to know of its outcome.
template <class Call>
void report(const char *title, Call call)
{
    try {
        const Response response = call();
        std::cout << title << ": " << httpc_code_name(HTTPC_OK) << '\n';
        print_answer(response.get());
        for (std::size_t i = 0; i < httpc_response_attempts(response.get()); i++) {
            print_attempt(i, httpc_response_attempt(response.get(), i));
        }
    } catch (const Error &error) {
        std::cout << title << ": " << httpc_code_name(httpc_error_code(error.get())) << '\n';
        print_answer(httpc_error_response(error.get()));
        for (std::size_t i = 0; i < httpc_error_attempts(error.get()); i++) {
            print_attempt(i, httpc_error_attempt(error.get(), i));
        }
        std::cout << "  detail: " << httpc_error_detail(error.get()) << '\n';
    }
}

static Client new_client(const std::string &server)
{
    const auto retry = make<RetryPolicy>(httpc_retry_policy_new);
    httpc_retry_policy_set_backoff(retry.get(), 50, 2.0, 1000);

    const auto config = make<Config>(httpc_config_new);
    httpc_config_set_base_url(config.get(), (server + "/v1").c_str());
    httpc_config_set_bearer_token(config.get(), "demo-token");
    httpc_config_set_retry(config.get(), retry.get());
    return make<Client>(httpc_client_new, config.get());
}

static void tour(const std::string &server, const char *refused)
{
    const Client client = new_client(server);

    report("GET an item", [&] {
        const auto request = make<Request>(httpc_request_new, "GET", "items/42");
        httpc_request_add_query(request.get(), "fields", "name");
        return make<Response>(httpc_send, client.get(), request.get());
    });
    report("POST an item", [&] {
        return make<Response>(httpc_post_json, client.get(), "items", R"({"name": "Lamp", "price": 12.5})");
    });
    report("GET from a busy server", [&] { return make<Response>(httpc_get, client.get(), "busy"); });
    report("GET what is not there", [&] { return make<Response>(httpc_get, client.get(), "items/999"); });
    report("GET with a deadline", [&] {
        const auto request = make<Request>(httpc_request_new, "GET", "slow");
        httpc_request_set_timeout(request.get(), HTTPC_TIMEOUT_TOTAL, 300);
        return make<Response>(httpc_send, client.get(), request.get());
    });
    report("GET where nobody listens", [&] { return make<Response>(httpc_get, client.get(), refused); });
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        std::cerr << "usage: " << argv[0] << " URL REFUSED_URL\n";
        return EXIT_FAILURE;
    }
    try {
        tour(argv[1], argv[2]);
    } catch (const Error &error) {
        std::cerr << httpc_error_detail(error.get()) << '\n';
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

// The header in C++17: it compiles beside the standard library, its types are incomplete and distinct, its functions have C
// linkage and work, and its objects fit unique_ptr.
#include <httpclient.h>
// Twice is once.
#include <httpclient.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>

static_assert(HTTPC_FOREVER == UINT64_MAX && HTTPC_UNSET == UINT64_MAX, "the constants are usable in expressions");
static_assert(sizeof(httpc_code) == 4, "an enum of the ABI has 32 bits");
static_assert(!std::is_same_v<httpc_client *, httpc_request *>, "objects are types of their own");
static_assert(std::is_same_v<decltype(&httpc_error_detail), const char *(*)(const httpc_error *)>, "as documented");
static_assert(std::is_enum_v<httpc_code> && std::is_convertible_v<httpc_code, int>, "codes can be used as numbers");

template <auto Free>
struct Deleter {
    template <class T>
    void operator()(T *object) const
    {
        Free(object);
    }
};

template <class T, auto Free>
using Owner = std::unique_ptr<T, Deleter<Free>>;

using Client = Owner<httpc_client, httpc_client_free>;
using Config = Owner<httpc_config, httpc_config_free>;
using Error = Owner<httpc_error, httpc_error_free>;
using Policy = Owner<httpc_retry_policy, httpc_retry_policy_free>;
using Request = Owner<httpc_request, httpc_request_free>;
using Response = Owner<httpc_response, httpc_response_free>;
using Token = Owner<httpc_cancel_token, httpc_cancel_token_free>;

static int passed = 0, failed = 0;

static void check(bool holds, const char *what)
{
    (holds ? passed : failed)++;
    if (!holds) {
        std::fprintf(stderr, "%s: not true: %s\n", __FILE__, what);
    }
}
#define CHECK(condition) check((condition), #condition)

template <class T>
struct Out {
    explicit Out(T &owner) : owner(owner) {}
    Out(const Out &) = delete;
    Out &operator=(const Out &) = delete;
    ~Out() { owner.reset(raw); }
    operator typename T::pointer *() { return &raw; }
    T &owner;
    typename T::pointer raw = nullptr;
};

// A capture-less lambda is a decider.
static void decider_may_be_a_lambda(const std::string &base_url)
{
    Policy policy;
    CHECK(httpc_retry_policy_new(Out(policy), nullptr) == HTTPC_OK);
    int seen = 0;
    CHECK(httpc_retry_policy_set_decider(
              policy.get(),
              [](void *userdata, const httpc_attempt *attempt) -> int32_t {
                  *static_cast<int *>(userdata) = httpc_attempt_status(attempt);
                  return HTTPC_DECISION_STOP;
              },
              &seen, nullptr) == HTTPC_OK);
    Config config;
    CHECK(httpc_config_new(Out(config), nullptr) == HTTPC_OK);
    CHECK(httpc_config_set_base_url(config.get(), base_url.c_str()) == HTTPC_OK);
    CHECK(httpc_config_set_retry(config.get(), policy.get()) == HTTPC_OK);
    Client client;
    CHECK(httpc_client_new(config.get(), Out(client), nullptr) == HTTPC_OK);
    Response response;
    Error error;
    CHECK(httpc_get(client.get(), "/status/503", Out(response), Out(error)) == HTTPC_E_STATUS);
    CHECK(response == nullptr);
    CHECK(httpc_error_stop_reason(error.get()) == HTTPC_STOP_DECIDER);
    CHECK(seen == 503);
}

static void calls_work(const std::string &base_url)
{
    Client client;
    CHECK(httpc_client_new(nullptr, Out(client), nullptr) == HTTPC_OK);
    Request request;
    CHECK(httpc_request_new("POST", (base_url + "/echo").c_str(), Out(request), nullptr) == HTTPC_OK);
    const std::string body("with\0NUL", 8);
    CHECK(httpc_request_set_body(request.get(), "text/plain", body.data(), body.size()) == HTTPC_OK);
    Token token;
    CHECK(httpc_cancel_token_new(Out(token), nullptr) == HTTPC_OK);
    CHECK(httpc_request_set_cancel_token(request.get(), token.get()) == HTTPC_OK);
    Response response;
    CHECK(httpc_send(client.get(), request.get(), Out(response), nullptr) == HTTPC_OK);
    std::size_t length = 0;
    const char *echoed = httpc_response_json_string(response.get(), "/body", &length);
    CHECK(echoed != nullptr && std::string(echoed, length) == body);
    CHECK(httpc_response_http_version(response.get()) == HTTPC_HTTP_1_1);

    httpc_cancel_token_cancel(token.get());
    Error error;
    CHECK(httpc_send(client.get(), request.get(), Out(response), Out(error)) == HTTPC_E_CANCELLED);
    CHECK(httpc_error_code(error.get()) == HTTPC_E_CANCELLED);
    CHECK(std::strcmp(httpc_code_name(HTTPC_E_CANCELLED), "HTTPC_E_CANCELLED") == 0);
}

int main()
{
    const char *base_url = std::getenv("HTTPC_TEST_URL");
    if (base_url == nullptr) {
        std::fprintf(stderr, "HTTPC_TEST_URL is not set; run this as: testserver run -- PROGRAM\n");
        return 2;
    }
    calls_work(base_url);
    decider_may_be_a_lambda(base_url);
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed != 0 || passed == 0;
}

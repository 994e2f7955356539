// httpclient.hpp under -fno-exceptions: all its tests but those that throw, and that nothing that throws is declared.
#include "test_hpp.cpp"
#include "test_hpp_async.cpp"
#include "test_hpp_bodies.cpp"
#include "test_hpp_options.cpp"
#include "test_hpp_retry.cpp"

static_assert(!HTTPCLIENT_EXCEPTIONS, "this file is compiled with -fno-exceptions");

template <class Client, class = void> struct throws : std::false_type {
};
template <class Client> struct throws<Client, std::void_t<decltype(std::declval<Client>().get(""))>> : std::true_type {
};
static_assert(!throws<http::client>::value && !std::is_default_constructible_v<http::client>);
static_assert(std::is_default_constructible_v<http::config> && std::is_default_constructible_v<http::retry_policy>);

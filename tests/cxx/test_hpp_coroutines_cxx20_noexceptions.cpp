// Coroutines under -fno-exceptions: what returns results is there, what throws is not declared.
#include "test_hpp_coroutines_cxx20.cpp"

static_assert(!HTTPCLIENT_EXCEPTIONS, "this file is compiled with -fno-exceptions");

template <class Client, class = void> struct throws : std::false_type {
};
template <class Client>
struct throws<Client, std::void_t<decltype(std::declval<Client>().async(std::declval<http::request &>()))>>
    : std::true_type {
};
static_assert(!throws<http::client>::value);

// What the tests of httpclient.hpp share: a count of C++'s allocations, and objects made with try_make(), so that every
// test runs without exceptions too.
#ifndef HPP_HPP
#define HPP_HPP

// Before anything else, as in a program.
#include <httpclient.hpp>

#include "../c/server.h"

#include <atomic>
#include <new>
#include <string>

namespace http = httpclient;
using namespace std::chrono_literals;
using std::string_view;

// An owner is a pointer, moved and never copied.
template <class T>
constexpr bool is_handle =
    std::is_nothrow_move_constructible_v<T> &&std::is_nothrow_move_assignable_v<T> &&
    !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T> && sizeof(T) == sizeof(void *);

// How often C++ asked for memory.
inline std::atomic<long> allocations{0};

// Not inlined: gcc takes the pair apart and finds new and free() mismatched.
__attribute__((noinline)) void *operator new(std::size_t size)
{
    allocations++;
    if (void *memory = std::malloc(size)) {
        return memory;
    }
    std::abort();
}
void *operator new[](std::size_t size)
{
    return operator new(size);
}
__attribute__((noinline)) void operator delete(void *memory) noexcept
{
    std::free(memory);
}
void operator delete(void *memory, std::size_t) noexcept
{
    operator delete(memory);
}
void operator delete[](void *memory) noexcept
{
    operator delete(memory);
}
void operator delete[](void *memory, std::size_t) noexcept
{
    operator delete(memory);
}

#define CHECK_VIEW(actual, wanted) check_view(__FILE__, __LINE__, #actual, (actual), (wanted))
inline bool check_view(const char *file, int line, const char *what, string_view actual, string_view wanted)
{
    return actual == wanted ||
           check_fail(file, line, "%s is \"%.*s\", not \"%.*s\"", what, static_cast<int>(actual.size()), actual.data(),
                      static_cast<int>(wanted.size()), wanted.data());
}

inline http::retry_policy quick_retries()
{
    return std::move(http::retry_policy().backoff(1ms, 1.0, 1ms));
}

inline http::client make_client(const http::config &config)
{
    auto client = http::client::try_make(config);
    if (!client) {
        check_fail(__FILE__, __LINE__, "%s", client.error().detail().data());
        std::exit(1);
    }
    return *std::move(client);
}

inline http::client make_client()
{
    return make_client(http::config().base_url(address("URL")).retry(quick_retries()));
}

inline http::request make_request(const http::text &method, const http::text &url)
{
    auto request = http::request::try_make(method, url);
    CHECK(request.has_value());
    return *std::move(request);
}

#endif
